//! Collects records into batches, always the same ones for the same file.

use std::collections::VecDeque;

use kehu_contract::ingestion::{Record, RecordBatch, record::Kind};

use crate::profile::OrderFigures;

/// A batch is closed once it has so many lines and other records.
const WEIGHT: usize = 2_000;
/// A batch is closed once it has so many bytes of the file; the largest order still fits below
/// the 4 MiB that a batch may have.
const BYTES: u64 = 1024 * 1024;

/// The batches of a file.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    records: Vec<Record>,
    orders: Vec<OrderFigures>,
    weight: usize,
    bytes: u64,
    sequence: i64,
    ready: VecDeque<(RecordBatch, Vec<OrderFigures>)>,
}

impl Batches {
    /// Adds a record that took `bytes` in the file.
    pub(crate) fn push(&mut self, line: i64, kind: Kind, bytes: u64) {
        self.weight += match &kind {
            Kind::Order(order) => order.lines.len(),
            _ => 1,
        };
        self.bytes += bytes;
        self.records.push(Record { line_number: line, kind: Some(kind) });
        if self.weight >= WEIGHT || self.bytes >= BYTES {
            self.close();
        }
    }

    /// Adds an order that took `bytes` in the file; its place in the batch is put into `figures`.
    pub(crate) fn push_order(&mut self, line: i64, kind: Kind, bytes: u64, figures: OrderFigures) {
        let record = self.records.len();
        self.orders.push(OrderFigures { record, line, ..figures });
        self.push(line, kind, bytes);
    }

    /// Closes the batch that is open, if it holds anything.
    pub(crate) fn close(&mut self) {
        if self.records.is_empty() {
            return;
        }
        self.sequence += 1;
        let records = std::mem::take(&mut self.records);
        let orders = std::mem::take(&mut self.orders);
        self.ready.push_back((RecordBatch { sequence: self.sequence, records }, orders));
        self.weight = 0;
        self.bytes = 0;
    }

    /// The next closed batch, with the figures of its orders.
    pub(crate) fn pop(&mut self) -> Option<(RecordBatch, Vec<OrderFigures>)> {
        self.ready.pop_front()
    }
}
