//! Scores as callers see them.

use kehu_contract::scoring as contract;
use kehu_core::Value;
use kehu_core::scorecard::{Contribution, Indicator, MissingPolicyApplied, Score, Scorecard};
use kehu_server::{convert, names};
use kehu_storage::scoring::scores::ScoreRecord;

/// A score without its explanation.
pub(crate) fn score_view(record: &ScoreRecord) -> contract::Score {
    let card = &record.version.definition;
    contract::Score {
        customer: names::customer(record.customer),
        scorecard: names::resource(names::SCORECARDS, &card.id),
        version: record.version.version,
        as_of_date: Some(convert::date(record.as_of)),
        record_time: Some(convert::timestamp(record.recorded_at)),
        supersede_time: record.superseded_at.map(convert::timestamp),
        run: record.run_id.map(names::run).unwrap_or_default(),
        ..result(card, &record.score)
    }
}

/// What came out, without whose it is and when.
pub(crate) fn result(card: &Scorecard, score: &Score) -> contract::Score {
    let lines = card.indicators.iter().zip(&score.contributions);
    let with_bins = lines.filter(|(indicator, _)| indicator.transform.bins().is_some());
    let bins = with_bins.map(|(indicator, part)| contract::IndicatorBin {
        indicator: indicator.id.clone(),
        bin: bin(part),
    });
    contract::Score {
        score: score.composite.map(convert::decimal),
        grade: score.grade.clone().unwrap_or_default(),
        bins: bins.collect(),
        ..Default::default()
    }
}

/// What each indicator adds to a score, in the scorecard's order.
pub(crate) fn contributions(card: &Scorecard, score: &Score) -> Vec<contract::Contribution> {
    let indicators = card.indicators.iter();
    indicators
        .zip(&score.contributions)
        .map(|(indicator, part)| contribution(indicator, part))
        .collect()
}

fn contribution(indicator: &Indicator, part: &Contribution) -> contract::Contribution {
    let (missing_policy, stand_in) = policy(part.policy.as_ref());
    contract::Contribution {
        indicator: indicator.id.clone(),
        label: Some(convert::label(&indicator.label)),
        feature: indicator.feature.clone(),
        value: Some(convert::value(&part.value)),
        bin: bin(part),
        points: part.points.map(convert::decimal),
        weight: Some(convert::decimal(part.weight)),
        contribution: Some(convert::decimal(part.contribution)),
        missing_policy: missing_policy.to_owned(),
        stand_in: Some(convert::value(&stand_in)),
        faded_weight: part.faded.map(convert::decimal),
        substitute_feature: match &part.policy {
            Some(MissingPolicyApplied::Substituted { feature, .. }) => feature.clone(),
            _ => String::new(),
        },
    }
}

fn policy(policy: Option<&MissingPolicyApplied>) -> (&'static str, Value) {
    match policy {
        None => ("", Value::Null),
        Some(MissingPolicyApplied::Ignored) => ("ignored", Value::Null),
        Some(MissingPolicyApplied::Failed) => ("failed", Value::Null),
        Some(MissingPolicyApplied::Uncalibrated) => ("uncalibrated", Value::Null),
        Some(MissingPolicyApplied::Imputed { value }) => ("imputed", Value::Number(*value)),
        Some(MissingPolicyApplied::Substituted { value, .. }) => ("substituted", value.clone()),
    }
}

fn bin(part: &Contribution) -> i32 {
    let bin = part.bin.unwrap_or_default();
    i32::try_from(bin).expect("there are at most a hundred bins")
}
