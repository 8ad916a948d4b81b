//! How good data is: what is counted of it, and the ratios of that. The dimensions are those of
//! ISO/IEC 25012 that can be counted without a second source: completeness, validity (there:
//! accuracy, as far as syntax goes), uniqueness and currentness.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A value that its source has said within so many days, the last of them the date, is recent.
pub const RECENT_DAYS: i64 = 365;

/// Decimals of a ratio.
const PLACES: u32 = 4;

/// What a ratio is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// How many of the values that there should be are there.
    Completeness,
    /// How many of the values that came were good.
    Validity,
    /// How many of the values that are there are no repetition of another.
    Uniqueness,
    /// How many of the values that are there are recent.
    Timeliness,
}

/// What is counted of a field, or of a kind of record as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// What is held and was looked at: the values of a field that are there, or records.
    pub held: i64,
    /// The values that there should be: one for each record that is held. Of records those of all their
    /// fields. 0 of a field that is known from refused records alone.
    pub expected: i64,
    /// Those of them that are there.
    pub present: i64,
    /// Refused records that nobody has seen to yet because the field is empty.
    pub missing: i64,
    /// Refused records that nobody has seen to yet: those in which something is wrong with the field
    /// other than that it is empty, or all of them.
    pub invalid: i64,
    /// Of what is held, what says the same as another where no two should; `None` where they may.
    pub repeated: Option<i64>,
    /// Of what is held, what its source has said within [`RECENT_DAYS`]; `None` of what happened once
    /// and is as good as ever.
    pub recent: Option<i64>,
    /// The latest time of a source, in microseconds since 1970; `None` where nothing is held.
    pub latest_at: Option<i64>,
}

impl Counts {
    /// Adds what was counted elsewhere of the same.
    pub fn add(&mut self, other: &Self) {
        self.held += other.held;
        self.expected += other.expected;
        self.present += other.present;
        self.missing += other.missing;
        self.invalid += other.invalid;
        self.repeated = sum(self.repeated, other.repeated);
        self.recent = sum(self.recent, other.recent);
        self.latest_at = self.latest_at.max(other.latest_at);
    }

    /// A ratio from 0 to 1, cut to four decimals, so that 1 means all; `None` where there is nothing
    /// to measure.
    pub fn ratio(&self, dimension: Dimension) -> Option<Decimal> {
        let (good, all) = match dimension {
            Dimension::Completeness => (self.present, self.expected + self.missing),
            Dimension::Validity => (self.held, self.held + self.invalid),
            Dimension::Uniqueness => (self.held - self.repeated?, self.held),
            Dimension::Timeliness => (self.recent?, self.held),
        };
        if all <= 0 {
            return None;
        }
        let ratio = Decimal::from(good.clamp(0, all)) / Decimal::from(all);
        Some(ratio.trunc_with_scale(PLACES).normalize())
    }
}

fn sum(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_what_there_is_to_measure() {
        let counts = Counts {
            held: 8,
            expected: 9,
            present: 8,
            missing: 1,
            invalid: 2,
            repeated: Some(2),
            recent: None,
            latest_at: None,
        };
        let ratio = |dimension| counts.ratio(dimension).map(|ratio| ratio.to_string());
        assert_eq!(ratio(Dimension::Completeness).as_deref(), Some("0.8"));
        assert_eq!(ratio(Dimension::Validity).as_deref(), Some("0.8"));
        assert_eq!(ratio(Dimension::Uniqueness).as_deref(), Some("0.75"));
        assert_eq!(ratio(Dimension::Timeliness), None);
        assert_eq!(Counts::default().ratio(Dimension::Completeness), None);
    }

    #[test]
    fn only_all_is_one() {
        let nearly = Counts { present: 99_999, expected: 100_000, ..Counts::default() };
        assert_eq!(nearly.ratio(Dimension::Completeness).unwrap().to_string(), "0.9999");
        let mut sum = Counts { repeated: Some(1), latest_at: Some(5), ..nearly };
        sum.add(&Counts { present: 1, expected: 1, latest_at: Some(3), ..Counts::default() });
        assert_eq!((sum.present, sum.repeated, sum.latest_at), (100_000, Some(1), Some(5)));
    }
}
