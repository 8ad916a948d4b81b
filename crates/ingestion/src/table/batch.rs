//! Collects records into batches, always the same ones for the same file.

use std::collections::VecDeque;

use kehu_contract::ingestion::{Record, RecordBatch, record::Kind};

/// A batch is closed once it has so many lines and other records.
const WEIGHT: usize = 2_000;
/// A batch is closed once it has so many bytes of the file; the largest order still fits below
/// the 4 MiB that a batch may have.
const BYTES: u64 = 1024 * 1024;

/// The batches of a file.
#[derive(Debug, Default)]
pub(super) struct Batches {
    records: Vec<Record>,
    weight: usize,
    bytes: u64,
    sequence: i64,
    ready: VecDeque<RecordBatch>,
}

impl Batches {
    /// Adds a record that took `bytes` in the file.
    pub(super) fn push(&mut self, line: i64, kind: Kind, bytes: u64) {
        self.weight += match &kind {
            Kind::Order(order) => order.lines.len(),
            Kind::Customer(_) | Kind::ExchangeRate(_) | Kind::RefusedRow(_) => 1,
        };
        self.bytes += bytes;
        self.records.push(Record { line_number: line, kind: Some(kind) });
        if self.weight >= WEIGHT || self.bytes >= BYTES {
            self.close();
        }
    }

    /// Closes the batch that is open, if it holds anything.
    pub(super) fn close(&mut self) {
        if self.records.is_empty() {
            return;
        }
        self.sequence += 1;
        let records = std::mem::take(&mut self.records);
        self.ready.push_back(RecordBatch { sequence: self.sequence, records });
        self.weight = 0;
        self.bytes = 0;
    }

    /// The next closed batch.
    pub(super) fn pop(&mut self) -> Option<RecordBatch> {
        self.ready.pop_front()
    }
}
