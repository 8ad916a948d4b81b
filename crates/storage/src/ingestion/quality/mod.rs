//! How good data is: what a run counts, piece by piece, and what was measured on a day.
//!
//! A piece counts of its customers what is known of them, and of the records that are theirs, in one
//! reading of each kind ([`count_range`]). What is no matter of one range, rejects and values that no
//! two customers should share, is counted once, as the part of the run's preparation
//! ([`count_refused`], [`count_faults`], [`count_repeats`]). The end of the run adds the parts up and keeps them under
//! their business date ([`finish`]), in the place of what was measured on it before. Answers, the
//! trend and whoever asks whether data is good enough read that.

mod keep;
mod range;
mod read;
mod rejects;
mod repeats;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::quality::{Counts, Dimension};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::document::Document;

pub use keep::{finish, has_part, keep_part};
pub use range::count_range;
pub use read::{
    LineFilter, Measurement, day_lines, last_measured, measurement_on, source_number, trend,
};
pub use rejects::{count_faults, count_refused};
pub use repeats::count_repeats;

/// The number that stands for all sources.
pub const ALL_SOURCES: i64 = 0;

/// The part of a run that is of no range of customers.
pub const OF_ALL: i32 = 0;

/// What is counted: a field of a kind of record of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The name of the kind; empty for rejects of which it is not known.
    pub kind: String,
    /// The number of the source; [`ALL_SOURCES`] for all of them.
    pub source_id: i64,
    /// The field as the contract names it, of a reject also in the words of its sender; empty for the
    /// records as a whole.
    pub field: String,
}

impl Key {
    pub(super) fn new(kind: &str, source_id: i64, field: &str) -> Self {
        Self { kind: kind.to_owned(), source_id, field: field.to_owned() }
    }
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Key, Counts>);

impl Tally {
    pub(super) fn at(&mut self, kind: &str, source_id: i64, field: &str) -> &mut Counts {
        self.0.entry(Key::new(kind, source_id, field)).or_default()
    }

    /// Adds what was counted of others.
    pub fn add(&mut self, other: Self) {
        for (key, counts) in other.0 {
            self.0.entry(key).or_default().add(&counts);
        }
    }
}

/// How it is kept: a list, because a key of JSON is a text.
#[derive(Debug, Serialize, Deserialize)]
struct Kept(Vec<(Key, Counts)>);

impl Document for Kept {
    const NAME: &'static str = "part of a measurement of data quality";
}

/// What was measured of a field, or of records as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Of what.
    pub key: Key,
    /// The name of the source; empty for all.
    pub source: String,
    /// What was counted.
    pub counts: Counts,
}

impl Line {
    /// A ratio; `None` where there is nothing to measure, as of a field that is known from refused
    /// records alone.
    pub fn ratio(&self, dimension: Dimension) -> Option<Decimal> {
        let is_measured = self.key.field.is_empty() || self.counts.expected > 0;
        self.counts.ratio(dimension).filter(|_| is_measured)
    }
}

/// What was measured of the records of a kind, of all sources, on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The business date.
    pub measured_on: NaiveDate,
    /// The name of the kind.
    pub kind: String,
    /// What was counted.
    pub counts: Counts,
}

/// As of when a measurement looks, for what is recent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// What a source said at this time or later is recent, in microseconds since 1970.
    pub recent_from: i64,
}

impl Since {
    /// What is recent on a day that ends at this instant.
    pub fn of(end: DateTime<Utc>) -> Self {
        let days = chrono::TimeDelta::days(kehu_core::quality::RECENT_DAYS);
        let from = end.checked_sub_signed(days).unwrap_or(DateTime::UNIX_EPOCH);
        Self { recent_from: crate::time::micros(from) }
    }
}
