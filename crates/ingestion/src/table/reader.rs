//! The second pass over a file: its records in batches, and its profile.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    ExchangeRate, Problem, ProblemReason, RecordBatch, RefusedRow, record::Kind,
};
use kehu_core::Money;
use kehu_core::calendar::BusinessCalendar;
use kehu_server::convert;
use rust_decimal::Decimal;

use super::batch::Batches;
use super::clean::Cleaned;
use super::columns::Role;
use super::customer::Profiles;
use super::date::Dates;
use super::kind::{Kinds, RowKind};
use super::line::{LineReader, ReadLine};
use super::number::NumberFormat;
use super::order::Orders;
use super::problem::{of_fault, problem, reason_name};
use super::profile::{Distinct, Profile};
use super::row::Row;
use super::rows::Rows;
use super::scan::{Extent, Table, open};
use super::source::Source;
use super::{Error, mapping::Mapping};
use crate::limits;

/// The most bytes of the file that an order may take, so that it fits into a batch.
const ORDER_BYTES: u64 = 1_500_000;

/// A batch that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadBatch {
    /// The batch.
    pub batch: RecordBatch,
    /// How many rows of the file had been read when it was complete.
    pub lines_read: u64,
}

/// Reads the records of a file: an iterator of batches, the same ones each time. An order comes
/// when its last row has been read, so memory grows with the orders that are open at a time.
pub struct Reader {
    rows: Rows<Source>,
    row: Row,
    lines: LineReader,
    profiles: Option<Profiles>,
    extents: Arc<HashMap<String, Extent>>,
    expected: u64,
    orders: Orders,
    batches: Batches,
    counts: Counts,
    ended: bool,
}

/// What is counted besides the records.
#[derive(Debug, Default)]
struct Counts {
    profile: Profile,
    customers: Distinct,
    countries: Distinct,
    cancellations: Distinct,
    /// Digests of all rows, for repeats.
    seen: HashSet<u64>,
    /// In 1/10,000.
    total: i128,
}

impl Reader {
    pub(super) fn open(table: Table, time_zone: &str, currency: &str) -> Result<Self, Error> {
        let Table { path, mapping, layout, orders, lines: expected, .. } = table;
        let (found, rows) = open(Source::open(&path)?, &mapping)?;
        if found != layout {
            return Err(Error::Changed);
        }
        let zone = mapping.time_zone.as_deref().unwrap_or(time_zone);
        let calendar = BusinessCalendar::new(zone)
            .map_err(|error| Error::Mapping(vec![format!("time_zone: {error}")]))?;
        let mut batches = Batches::default();
        push_rates(&mapping, currency, &mut batches);
        let profiles = Profiles::are_in(&layout).then(Profiles::default);
        let kinds = Kinds::new(&mapping, layout.invoices);
        let point = mapping.decimal_point();
        let lines = LineReader {
            layout,
            numbers: NumberFormat { point, thousands: mapping.thousands() },
            dates: Dates::new(mapping.date_formats(), calendar),
            kinds,
            currency: mapping.currency.unwrap_or_else(|| currency.to_owned()),
            cleaned: Cleaned::default(),
        };
        Ok(Self {
            rows,
            row: Row::default(),
            lines,
            profiles,
            extents: orders,
            expected,
            orders: Orders::default(),
            batches,
            counts: Counts::default(),
            ended: false,
        })
    }

    /// What the file holds; complete once the iterator has ended.
    pub fn profile(&self) -> Profile {
        let mut profile = self.counts.profile.clone();
        profile.orders = self.extents.len() as u64;
        profile.customers = self.counts.customers.len();
        profile.countries = self.counts.countries.len();
        profile.cancellation_orders = self.counts.cancellations.len();
        profile.total_amount = Decimal::from_i128_with_scale(self.counts.total, 4).normalize();
        profile.cleaned = self.lines.cleaned.counts();
        profile
    }

    /// Reads one row; `false` at the end.
    fn step(&mut self) -> Result<bool, Error> {
        let line = self.rows.line();
        let mut row = std::mem::take(&mut self.row);
        let read = self.rows.read(&mut row).map_err(|source| Error::Read { line, source })?;
        if read {
            self.counts.profile.lines += 1;
            self.take(&row);
        } else {
            self.end()?;
        }
        self.row = row;
        Ok(read)
    }

    fn end(&mut self) -> Result<(), Error> {
        self.ended = true;
        if self.counts.profile.lines != self.expected || !self.orders.is_empty() {
            return Err(Error::Changed);
        }
        self.batches.close();
        Ok(())
    }

    fn take(&mut self, row: &Row) {
        self.counts.note_repeat(row);
        if let Some(fault) = row.fault {
            let columns = self.lines.layout.header.len();
            self.refuse(row, vec![of_fault(fault, row.width(), columns)]);
            return;
        }
        self.count_cells(row);
        let mut read = self.lines.read(row);
        self.counts.note_line(&read);
        let key = self.lines.layout.place(Role::OrderId).map_or("", |place| row.cell(place).trim());
        let extent = self.extents.get(key).copied().unwrap_or_default();
        let mut problems = std::mem::take(&mut read.problems);
        if extent.rows > limits::LINES as u64 || extent.bytes > ORDER_BYTES {
            let column = self.lines.layout.column(Role::OrderId);
            let text = "an order has at most 10,000 lines and 1.5 MB: split it";
            problems.push(problem(column, ProblemReason::OutOfRange, text));
        }
        let profile = self.profiles.as_mut().map(|profiles| {
            let (profile, wrong) = profiles.read(row, &self.lines.layout, &mut self.lines.cleaned);
            problems.extend_from_slice(wrong);
            profile
        });
        if problems.is_empty() {
            let added = self.orders.add(key, read, profile, row.raw_length, &self.lines.layout);
            problems = added.err().unwrap_or_default();
        }
        if !problems.is_empty() {
            self.refuse(row, problems);
        }
        if extent.last == self.counts.profile.lines {
            self.finish(key);
        }
    }

    /// Sends an order whose last row was read.
    fn finish(&mut self, key: &str) {
        let Some(finished) = self.orders.finish(key) else { return };
        let lines = finished.order.lines.len() as u64;
        self.counts.profile.add_time(finished.at);
        self.counts.profile.add_order(
            finished.kind,
            &finished.order.currency_code,
            lines,
            finished.amount.to_decimal(),
        );
        if let Some(customer) = finished.customer {
            self.batches.push(finished.line, Kind::Customer(customer), 0);
        }
        self.batches.push(finished.line, Kind::Order(finished.order), finished.bytes);
    }

    fn refuse(&mut self, row: &Row, problems: Vec<Problem>) {
        self.counts.profile.add_refused(reason_name(&problems));
        let raw = row.raw_text();
        let raw_length = i64::try_from(row.raw_length).unwrap_or(i64::MAX);
        let bytes = raw.len() as u64;
        let line = i64::try_from(row.line).unwrap_or(i64::MAX);
        let refused = RefusedRow { raw, raw_length, problems };
        self.batches.push(line, Kind::RefusedRow(refused), bytes);
    }

    fn count_cells(&mut self, row: &Row) {
        let layout = &self.lines.layout;
        let cell = |role: Role| layout.place(role).map(|place| row.cell(place).trim());
        self.counts.customers.insert(cell(Role::CustomerId).unwrap_or_default());
        self.counts.countries.insert(cell(Role::Country).unwrap_or_default());
        let profile = &mut self.counts.profile;
        profile.lines_without_customer += u64::from(cell(Role::CustomerId) == Some(""));
        profile.lines_without_description += u64::from(cell(Role::Description) == Some(""));
    }
}

impl Counts {
    fn note_repeat(&mut self, row: &Row) {
        let mut hasher = DefaultHasher::new();
        row.raw.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            self.profile.repeated_lines += 1;
        }
    }

    fn note_line(&mut self, read: &ReadLine) {
        let profile = &mut self.profile;
        match read.kind {
            RowKind::Cancellation | RowKind::CalledOff => {
                profile.cancellation_lines += 1;
                self.cancellations.insert(&read.order);
            }
            RowKind::Adjustment => profile.adjustment_lines += 1,
            RowKind::Plain | RowKind::Return => {}
        }
        let below_zero =
            |number: Option<Decimal>| number.is_some_and(|number| number < Decimal::ZERO);
        profile.negative_quantities += u64::from(below_zero(read.quantity));
        profile.negative_prices += u64::from(below_zero(read.unit_price));
        profile.zero_prices += u64::from(read.unit_price.is_some_and(|price| price.is_zero()));
        self.total += read.amount.map_or(0, |Money(amount)| i128::from(amount));
    }
}

/// The rates of a mapping come before all orders; one of the base currency is not needed.
fn push_rates(mapping: &Mapping, base_currency: &str, batches: &mut Batches) {
    for rate in &mapping.rates {
        let Some((start, value)) = rate.parse() else { continue };
        if rate.currency.trim().eq_ignore_ascii_case(base_currency) {
            continue;
        }
        let record = ExchangeRate {
            currency_code: rate.currency.trim().to_ascii_uppercase(),
            start_date: Some(convert::date(start)),
            rate: Some(google::Decimal { value: value.to_decimal().normalize().to_string() }),
        };
        batches.push(0, Kind::ExchangeRate(record), 0);
    }
}

impl Iterator for Reader {
    type Item = Result<ReadBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.batches.pop() {
                return Some(Ok(ReadBatch { batch, lines_read: self.counts.profile.lines }));
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.step() {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }
}
