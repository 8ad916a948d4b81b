//! What a caller asks for, checked: every violation is collected before the first read.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_contract::{google::r#type as google, reporting::ReportTime};
use kehu_server::{Violations, convert, freshness, names};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The two time axes of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The date that the report is true on.
    pub(crate) as_of: NaiveDate,
    /// When it must have been known; `None` for now.
    pub(crate) known_at: Option<DateTime<Utc>>,
}

/// Whose classes, when, and compared with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Id of the taxonomy.
    pub(crate) taxonomy: String,
    /// Id of the taxonomy to hold against it; empty where the report needs none.
    pub(crate) other_taxonomy: String,
    /// When.
    pub(crate) moment: Moment,
    /// The earlier date.
    pub(crate) comparison: Option<NaiveDate>,
    /// The features that a report is about, where it is about some.
    pub(crate) features: Vec<String>,
    /// The class whose customers are listed; `None` for all.
    pub(crate) class: Option<String>,
    /// Where numbers of them are cut into bands, ascending.
    pub(crate) bands: BTreeMap<String, Vec<Decimal>>,
}

impl Question {
    /// Where a feature is cut into bands; nowhere when it was not asked for.
    pub(crate) fn bands(&self, feature: &str) -> &[Decimal] {
        self.bands.get(feature).map_or(&[], Vec::as_slice)
    }
}

/// Reads the time of a report; the business date is `today`.
pub(crate) fn moment(
    time: &Option<ReportTime>,
    today: NaiveDate,
    violations: &mut Violations,
) -> Moment {
    let (as_of, known) = time.as_ref().map_or((None, None), |it| (it.as_of_date, it.known_time));
    Moment {
        as_of: convert::parse_date("time.as_of_date", as_of, violations).unwrap_or(today),
        known_at: convert::parse_timestamp("time.known_time", &known, violations),
    }
}

/// Reads how fresh a report must be.
pub(crate) fn fresh(time: &Option<ReportTime>, violations: &mut Violations) -> freshness::Wanted {
    let token = time.as_ref().map_or("", |time| &time.at_least_as_fresh);
    freshness::parse("time.at_least_as_fresh", token, violations)
}

/// Reads what all reports on classes have in common.
pub(crate) fn question(
    taxonomy: &str,
    time: &Option<ReportTime>,
    comparison: Option<google::Date>,
    today: NaiveDate,
    violations: &mut Violations,
) -> Question {
    let taxonomy = names::parse_resource("taxonomy", names::TAXONOMIES, taxonomy, violations);
    let moment = moment(time, today, violations);
    let comparison = convert::parse_date("comparison_date", comparison, violations);
    if let Some(comparison) = comparison {
        check_order(comparison, moment.as_of, violations);
    }
    let taxonomy = taxonomy.unwrap_or_default();
    let other_taxonomy = String::new();
    let (features, bands) = (Vec::new(), BTreeMap::new());
    Question { taxonomy, other_taxonomy, moment, comparison, features, bands, class: None }
}

/// The same, with another taxonomy that must be there.
pub(crate) fn two_taxonomies(
    (taxonomy, other): (&str, &str),
    time: &Option<ReportTime>,
    today: NaiveDate,
    violations: &mut Violations,
) -> Question {
    let mut question = question(taxonomy, time, None, today, violations);
    let other = names::parse_resource("other_taxonomy", names::TAXONOMIES, other, violations);
    if other.as_ref() == Some(&question.taxonomy) {
        violations.add("other_taxonomy", "must be another one than the taxonomy");
    }
    question.other_taxonomy = other.unwrap_or_default();
    question
}

/// The same, with an earlier date that must be there.
pub(crate) fn comparison(
    taxonomy: &str,
    time: &Option<ReportTime>,
    comparison: Option<google::Date>,
    today: NaiveDate,
    violations: &mut Violations,
) -> Question {
    if comparison.is_none() {
        violations.add("comparison_date", "must be a date before the business date");
    }
    question(taxonomy, time, comparison, today, violations)
}

/// The comparison must come first.
fn check_order(comparison: NaiveDate, as_of: NaiveDate, violations: &mut Violations) {
    if comparison >= as_of {
        violations.add("comparison_date", format!("must be before the business date, {as_of}"));
    }
}

/// A number within a range; 0 means the default.
pub(crate) fn number(
    field: &str,
    number: i32,
    (low, high): (i32, i32),
    default: u32,
    violations: &mut Violations,
) -> u32 {
    if number == 0 {
        return default;
    }
    if !(low..=high).contains(&number) {
        violations.add(field, format!("must be {low} to {high}, or 0 for {default}"));
    }
    u32::try_from(number).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_server::Fault;

    fn date(year: i32, month: i32, day: i32) -> Option<google::Date> {
        Some(google::Date { year, month, day })
    }

    fn today() -> NaiveDate {
        "2011-12-31".parse().unwrap()
    }

    fn fields(violations: Violations) -> Vec<String> {
        match violations.finish() {
            Err(Fault::Invalid(violations)) => violations.into_iter().map(|it| it.field).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_violation_is_named() {
        let mut violations = Violations::new();
        let time = ReportTime { as_of_date: date(2011, 2, 30), ..ReportTime::default() };
        comparison("", &Some(time), None, today(), &mut violations);
        number("point_count", 1, (2, 1_000), 100, &mut violations);
        let expected = ["comparison_date", "taxonomy", "time.as_of_date", "point_count"];
        assert_eq!(fields(violations), expected);
    }

    #[test]
    fn the_comparison_comes_first() {
        for (comparison, good) in [(date(2011, 12, 9), true), (date(2011, 12, 10), false)] {
            let mut violations = Violations::new();
            let time = ReportTime { as_of_date: date(2011, 12, 10), ..ReportTime::default() };
            question("abc", &Some(time), comparison, today(), &mut violations);
            assert_eq!(violations.is_empty(), good);
        }
    }

    #[test]
    fn nothing_asked_is_the_default() {
        let mut violations = Violations::new();
        let asked = question("abc", &None, None, today(), &mut violations);
        assert_eq!(asked.moment, Moment { as_of: today(), known_at: None });
        assert_eq!(number("month_count", 0, (1, 120), 13, &mut violations), 13);
        assert!(violations.is_empty());
    }
}
