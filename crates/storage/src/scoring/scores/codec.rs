//! How a score is kept: bins and points as short texts that are quick to read, the rest of the
//! explanation as JSON, in the order of the scorecard's indicators.

use kehu_core::Value;
use kehu_core::scorecard::{Contribution, Indicator, MissingPolicyApplied, Score, Scorecard};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::scoring::entity::score::Model;

/// Places of points, composites and contributions.
const SCALE: u32 = 4;

/// A score without its customer and dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) score: Option<i64>,
    pub(super) grade: Option<String>,
    pub(super) bins: String,
    pub(super) points: String,
    pub(super) detail: String,
}

/// What is kept of an indicator besides bin and points: the value as measured, the
/// contribution in 1/10,000 point, what was done about a missing value.
#[derive(Serialize, Deserialize)]
struct Line(Value, i64, Option<MissingPolicyApplied>);

pub(super) fn encode(score: &Score) -> Content {
    let parts = &score.contributions;
    let bins: Vec<String> = parts.iter().map(|part| optional(part.bin)).collect();
    let points: Vec<String> = parts.iter().map(|part| optional(part.points.map(units))).collect();
    let lines: Vec<Line> = parts.iter().map(line).collect();
    Content {
        score: score.composite.map(units),
        grade: score.grade.clone(),
        bins: bins.join(","),
        points: points.join(","),
        detail: serde_json::to_string(&lines).expect("writing to memory cannot fail"),
    }
}

fn optional(number: Option<impl ToString>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn line(part: &Contribution) -> Line {
    Line(plain(&part.value), units(part.contribution), part.policy.as_ref().map(plain_policy))
}

/// A value whose number has no trailing zeros, so that equal ones are equal texts.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(number.normalize()),
        Value::Null | Value::Bool(_) | Value::Text(_) => value.clone(),
    }
}

fn plain_policy(policy: &MissingPolicyApplied) -> MissingPolicyApplied {
    use MissingPolicyApplied::{Failed, Ignored, Imputed, Substituted, Uncalibrated};
    match policy {
        Imputed { value } => Imputed { value: value.normalize() },
        Substituted { feature, value } => {
            Substituted { feature: feature.clone(), value: plain(value) }
        }
        Ignored | Failed | Uncalibrated => policy.clone(),
    }
}

/// The score of a row under its scorecard.
pub(super) fn decode(row: &Model, card: &Scorecard) -> Result<Score, Error> {
    let bins: Vec<Option<u32>> = split(&row.bins, card)?;
    let points: Vec<Option<i64>> = split(&row.points, card)?;
    let lines: Vec<Line> = serde_json::from_str(&row.detail).map_err(|error| {
        Error::Corrupt(format!("the detail of a score cannot be read: {error}"))
    })?;
    if lines.len() != card.indicators.len() {
        return Err(mismatch(card));
    }
    let parts = bins.into_iter().zip(points).zip(lines);
    let contributions = card.indicators.iter().zip(parts);
    Ok(Score {
        composite: row.score.map(decimal),
        grade: row.grade.clone(),
        contributions: contributions
            .map(|(indicator, ((bin, points), line))| contribution(indicator, bin, points, line))
            .collect(),
    })
}

fn contribution(
    indicator: &Indicator,
    bin: Option<u32>,
    points: Option<i64>,
    Line(value, share, policy): Line,
) -> Contribution {
    Contribution {
        indicator: indicator.id.clone(),
        value,
        bin,
        points: points.map(decimal),
        weight: indicator.weight,
        contribution: decimal(share),
        policy,
    }
}

/// One number for each indicator, from `bins` or `points`.
pub(super) fn split<T: std::str::FromStr>(
    text: &str,
    card: &Scorecard,
) -> Result<Vec<Option<T>>, Error> {
    let mut numbers = Vec::with_capacity(card.indicators.len());
    for part in text.split(',') {
        let number = match part {
            "" => None,
            part => Some(part.parse().map_err(|_| mismatch(card))?),
        };
        numbers.push(number);
    }
    if numbers.len() != card.indicators.len() {
        return Err(mismatch(card));
    }
    Ok(numbers)
}

/// A decimal with four places from a count of 1/10,000.
pub(super) fn decimal(units: i64) -> Decimal {
    Decimal::new(units, SCALE)
}

/// A count of 1/10,000; points and contributions have no more than four places.
fn units(number: Decimal) -> i64 {
    let mut number = number;
    number.rescale(SCALE);
    i64::try_from(number.mantissa()).expect("points are 0 to 100")
}

fn mismatch(card: &Scorecard) -> Error {
    Error::Corrupt(format!("a score does not fit its version of scorecard {}", card.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_core::scorecard::templates;

    fn part(
        card: &Scorecard,
        index: usize,
        value: Value,
        policy: Option<MissingPolicyApplied>,
    ) -> Contribution {
        Contribution {
            indicator: card.indicators[index].id.clone(),
            value,
            bin: (index != 1).then_some(5),
            points: (index != 1).then_some(Decimal::new(1_000_000, 4)),
            weight: card.indicators[index].weight,
            contribution: Decimal::new(500_000, 4),
            policy,
        }
    }

    #[test]
    fn a_score_is_read_as_it_was_written() {
        let card = templates().into_iter().find(|card| card.id == "rfm").unwrap();
        let substituted = MissingPolicyApplied::Substituted {
            feature: "amount_365d".to_owned(),
            value: Value::Text("12".to_owned()),
        };
        let score = Score {
            composite: Some(Decimal::new(1_000_000, 4)),
            grade: Some("客\"A\"".to_owned()),
            contributions: vec![
                part(&card, 0, Value::Number(Decimal::new(125_000, 4)), None),
                part(&card, 1, Value::Null, Some(MissingPolicyApplied::Ignored)),
                part(&card, 2, Value::Text("2011".to_owned()), Some(substituted)),
            ],
        };
        let content = encode(&score);
        assert_eq!(content.bins, "5,,5");
        assert_eq!(content.points, "1000000,,1000000");
        assert_eq!(
            content.detail,
            concat!(
                r#"[[{"number":"12.5"},500000,null],["null",500000,{"applied":"ignored"}],"#,
                r#"[{"text":"2011"},500000,"#,
                r#"{"applied":"substituted","feature":"amount_365d","value":{"text":"12"}}]]"#
            )
        );
        let row = Model {
            score_id: 1,
            customer_id: 1,
            scorecard_id: card.id.clone(),
            version_id: 1,
            as_of: 0,
            score: content.score,
            grade: content.grade,
            bins: content.bins,
            points: content.points,
            detail: content.detail,
            facts_position: crate::change_log::Position::START,
            run_id: None,
            recorded_at: 0,
            superseded_at: None,
        };
        assert_eq!(decode(&row, &card).unwrap(), score);
        let other = templates().into_iter().find(|card| card.id == "abc").unwrap();
        assert!(matches!(decode(&row, &other), Err(Error::Corrupt(_))));
    }
}
