//! Evaluations of taxonomies.

use kehu_analytics::Catalogue;
use kehu_contract::coding as contract;
use kehu_core::Label;
use kehu_core::evaluation::{
    self as core, Evaluation, Finding, FindingKind, Input, Level, Measured, Shift,
};
use kehu_core::taxonomy::Taxonomy;
use kehu_server::{convert, names};
use kehu_storage::coding::evaluations::Kept;
use rust_decimal::Decimal;

/// An evaluation, with what its numbers mean. `taxonomy` is the version that was evaluated.
pub(crate) fn evaluation(
    kept: &Kept,
    taxonomy: &Taxonomy,
    catalogue: &Catalogue,
) -> contract::TaxonomyEvaluation {
    let (of, found) = (&kept.of, &kept.evaluation);
    let findings = findings(found, taxonomy, catalogue);
    let gravest = found.findings(taxonomy);
    let text = findings.first().map(|finding| convert::core_label(finding.text.clone()));
    contract::TaxonomyEvaluation {
        name: names::evaluation(kept.evaluation_id),
        taxonomy: names::resource(names::TAXONOMIES, &of.taxonomy),
        version: of.version,
        as_of_date: Some(convert::date(of.as_of)),
        base_date: found.base_on.map(convert::date),
        run: names::run(of.run_id),
        create_time: Some(convert::timestamp(of.at)),
        level: level(gravest.first().map_or(Level::Good, |finding| finding.level)).into(),
        verdict: Some(convert::label(&core::verdict(&gravest, text.as_ref()))),
        findings,
        customer_count: count(found.customers),
        sampled_count: count(found.sampled),
        separations: found.measures.iter().map(separation).collect(),
        override_count: count(found.judged.customers),
        disagreement_count: count(found.judged.disagreed),
        kappa: found.judged.kappa.map(convert::decimal),
        stayed_share: found.stayed().map(convert::decimal),
        months: found.months.iter().map(month).collect(),
        class_drift: found.class_mix.as_ref().map(drift),
        inputs: found.inputs.iter().map(input).collect(),
    }
}

fn findings(
    found: &Evaluation,
    taxonomy: &Taxonomy,
    catalogue: &Catalogue,
) -> Vec<contract::EvaluationFinding> {
    let shown = |finding: Finding| {
        let feature = finding.feature.as_deref().and_then(|id| catalogue.find(id));
        let label = match (feature, &finding.feature) {
            (Some(feature), _) => feature.label.clone(),
            (None, Some(id)) => Label::new(id, id),
            (None, None) => Label::default(),
        };
        let text = core::sentence(&finding, found, taxonomy, &label);
        let [class_id, other_class_id] = finding.classes.unwrap_or_default();
        contract::EvaluationFinding {
            kind: kind(finding.kind).into(),
            level: level(finding.level).into(),
            feature: finding.feature.unwrap_or_default(),
            class_id,
            other_class_id,
            value: Some(convert::decimal(finding.value)),
            bound: Some(convert::decimal(finding.bound)),
            text: Some(convert::label(&text)),
        }
    };
    found.findings(taxonomy).into_iter().map(shown).collect()
}

fn kind(kind: FindingKind) -> contract::EvaluationFindingKind {
    use contract::EvaluationFindingKind as To;
    match kind {
        FindingKind::Separation => To::Separation,
        FindingKind::Inversion => To::Inversion,
        FindingKind::Disagreement => To::Disagreement,
        FindingKind::Instability => To::Instability,
        FindingKind::ClassDrift => To::ClassDrift,
        FindingKind::InputDrift => To::InputDrift,
    }
}

fn level(level: Level) -> contract::EvaluationLevel {
    match level {
        Level::Good => contract::EvaluationLevel::Good,
        Level::Watch => contract::EvaluationLevel::Watch,
        Level::Alarm => contract::EvaluationLevel::Alarm,
    }
}

fn separation(measured: &Measured) -> contract::MeasureSeparation {
    let medians = measured.classes.iter().map(|class| contract::ClassMedian {
        class_id: class.class.clone(),
        customers: count(class.customers),
        median: Some(convert::decimal(class.median)),
    });
    contract::MeasureSeparation {
        feature: measured.feature.clone(),
        customers: count(measured.customers),
        eta_squared: measured.eta_squared.map(convert::decimal),
        epsilon_squared: measured.epsilon_squared.map(convert::decimal),
        medians: medians.collect(),
    }
}

fn month(month: &core::Month) -> contract::EvaluationMonth {
    contract::EvaluationMonth {
        last_date: Some(convert::date(month.through)),
        customers: count(month.customers),
        stayed_count: count(month.stayed),
    }
}

fn input(input: &Input) -> contract::EvaluationInput {
    let decimal = |number: Decimal| convert::decimal(number.normalize());
    let limits = input.limits.iter().map(|limit| contract::EvaluationLimit {
        class_id: limit.class.clone(),
        limit: Some(decimal(limit.limit)),
        proposed_limit: limit.proposed.map(decimal),
    });
    let scorecards = input.scorecards.iter();
    contract::EvaluationInput {
        feature: input.feature.clone(),
        scorecards: scorecards.map(|id| names::resource(names::SCORECARDS, id)).collect(),
        drift: input.shift.as_ref().map(drift),
        limits: limits.collect(),
    }
}

fn drift(shift: &Shift) -> contract::PopulationDrift {
    contract::PopulationDrift {
        psi: Some(convert::decimal(shift.psi)),
        p_value: Some(convert::decimal(shift.p_value)),
    }
}

/// A count of customers, of whom there are fewer than 2^63.
fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
