//! What a batch holds, checked and ready to be written.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use super::Entry;

/// The records of one batch of a stream. They are written in one transaction, or not at all.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Its place in the stream: 1 for the first, then one more each time.
    pub sequence: i64,
    /// The good records, in the order they came.
    pub entries: Vec<Entry>,
    /// The currencies of records that are not in the base currency. Their amounts in it are those
    /// at the rates held when the batch is written.
    pub foreign: BTreeSet<String>,
    /// Rows for what was refused, in the order it came; an order gives one a line.
    pub rejects: Vec<NewReject>,
    /// How many records were refused.
    pub rejected: i64,
    /// How many keys and texts were cleaned, those of refused records among them.
    pub cleaned: i64,
}

/// A refused record, or one line of a refused order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReject {
    /// Line of the origin; 0 when it did not come from a file.
    pub line_number: i64,
    /// Everything that is wrong with it; at least one.
    pub problems: Vec<Problem>,
    /// The record as it came, at most 64 KiB.
    pub raw: String,
    /// Its length in bytes as it came.
    pub raw_length: i64,
    /// Which record it was to be, as far as that is known.
    pub key: Option<RecordKey>,
    /// It may be but a part of that record, as a line of a file is.
    pub part: bool,
}

/// A record of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKey {
    /// The name of its kind.
    pub kind: String,
    /// The source's key of it.
    pub external_id: String,
}

/// One thing that is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The field, in the words of the sender.
    pub field: String,
    /// The number of the contract's `ProblemReason`.
    pub reason: i32,
    /// What is wrong, for people.
    pub description: String,
}

impl Batch {
    /// The source's keys of all customers, each once, in the order of their first appearance.
    pub(super) fn customers(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let mut customers = Vec::new();
        for external_id in self.entries.iter().filter_map(Entry::customer) {
            // Records of one customer often come together.
            if customers.last() != Some(&external_id) && seen.insert(external_id) {
                customers.push(external_id);
            }
        }
        customers
    }
}
