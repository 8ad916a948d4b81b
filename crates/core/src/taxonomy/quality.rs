//! How good the data must be before a taxonomy is published.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Taxonomy;
use crate::limits;
use crate::quality::Dimension;
use crate::scorecard::{Problem, problem};
use crate::yaml::Exact;

/// Demands of a taxonomy at most.
const MOST: usize = 50;
/// Decimals of a ratio, as it is measured.
const PLACES: u32 = 4;

/// The kinds of record that are measured, as they are kept.
pub const RECORDS: [&str; 6] =
    ["customer", "order", "invoice", "interaction", "survey_answer", "prospect_assessment"];

/// What a ratio must come to at least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityDemand {
    /// One of [`RECORDS`].
    pub record: String,
    /// The field, as measurements name it; empty for the records as a whole.
    pub field: String,
    /// Which ratio.
    pub dimension: Dimension,
    /// Above 0 and at most 1, four decimals at most.
    pub at_least: Decimal,
}

impl QualityDemand {
    /// What it is about, for people: `customer industry_code`.
    pub fn subject(&self) -> String {
        format!("{} {}", self.record, self.field).trim_end().to_owned()
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if !RECORDS.contains(&self.record.as_str()) {
            problems.push(("record", format!("must be one of {}", RECORDS.join(", "))));
        }
        let control = self.field.chars().any(char::is_control);
        if control || self.field.chars().count() > limits::KEY {
            let text = format!("must be the name of a field, {} characters at most", limits::KEY);
            problems.push(("field", text));
        }
        let fits = self.at_least.normalize().scale() <= PLACES;
        if !fits || self.at_least <= Decimal::ZERO || self.at_least > Decimal::ONE {
            let text = "must be above 0 and at most 1, with four decimals at most";
            problems.push(("at_least", text.to_owned()));
        }
        problems
    }
}

impl Taxonomy {
    /// What is wrong with what it asks of the data.
    pub(super) fn quality_problems(&self, problems: &mut Vec<Problem>) {
        if self.data_quality.len() > MOST {
            problems.push(problem("data_quality", format!("must be at most {MOST}")));
        }
        for (index, demand) in self.data_quality.iter().enumerate().take(MOST) {
            for (field, message) in demand.problems() {
                problems.push(problem(format!("data_quality[{index}].{field}"), message));
            }
            let same = |other: &QualityDemand| {
                let of =
                    |one: &QualityDemand| (one.record.clone(), one.field.clone(), one.dimension);
                of(other) == of(demand)
            };
            if self.data_quality[..index].iter().any(same) {
                let text = "asks for what stands above already: state each once";
                problems.push(problem(format!("data_quality[{index}]"), text));
            }
        }
    }
}

/// A demand as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a demand: record, field, dimension, at_least")]
pub(super) struct WrittenDemand {
    record: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    field: String,
    dimension: Dimension,
    at_least: Exact,
}

impl From<&QualityDemand> for WrittenDemand {
    fn from(demand: &QualityDemand) -> Self {
        Self {
            record: demand.record.clone(),
            field: demand.field.clone(),
            dimension: demand.dimension,
            at_least: Exact(demand.at_least),
        }
    }
}

impl From<WrittenDemand> for QualityDemand {
    fn from(written: WrittenDemand) -> Self {
        Self {
            record: written.record,
            field: written.field,
            dimension: written.dimension,
            at_least: written.at_least.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(record: &str, field: &str, at_least: &str) -> QualityDemand {
        QualityDemand {
            record: record.to_owned(),
            field: field.to_owned(),
            dimension: Dimension::Completeness,
            at_least: at_least.parse().unwrap(),
        }
    }

    #[test]
    fn demands_are_of_what_is_measured() {
        for (demand, expected) in [
            (demand("customer", "city", "0.9"), ""),
            (demand("order", "", "1.0000"), ""),
            (demand("client", "city", "0.9"), "data_quality[0].record"),
            (demand("customer", "a\nb", "0.9"), "data_quality[0].field"),
            (demand("customer", "city", "0"), "data_quality[0].at_least"),
            (demand("customer", "city", "90"), "data_quality[0].at_least"),
            (demand("customer", "city", "0.99999"), "data_quality[0].at_least"),
        ] {
            let taxonomy = Taxonomy { data_quality: vec![demand], ..Taxonomy::default() };
            let mut problems = Vec::new();
            taxonomy.quality_problems(&mut problems);
            let fields: Vec<&str> = problems.iter().map(|found| found.field.as_str()).collect();
            assert_eq!(fields.join(" "), expected);
        }
    }

    #[test]
    fn what_is_asked_twice_and_too_much_is_told() {
        let many = vec![demand("customer", "city", "0.9"); MOST + 1];
        let taxonomy = Taxonomy { data_quality: many, ..Taxonomy::default() };
        let mut problems = Vec::new();
        taxonomy.quality_problems(&mut problems);
        assert_eq!(problems.len(), MOST, "{problems:?}");
    }

    #[test]
    fn a_demand_is_read_as_it_was_written() {
        let taxonomy = "id: size\nlabel: {en: Size}\ndefault_class: all\ndata_quality:\n  \
                        - {record: customer, field: city, dimension: validity, at_least: 0.95}\n\
                        classes:\n  - {id: all, code: A, label: {en: All}}\n";
        let read = Taxonomy::from_yaml(taxonomy).unwrap();
        let expected =
            QualityDemand { dimension: Dimension::Validity, ..demand("customer", "city", "0.95") };
        assert_eq!(read.data_quality, [expected]);
        assert_eq!(Taxonomy::from_yaml(&read.to_yaml()), Ok(read));
    }
}
