//! The second pass over a file: its records in batches, and its profile.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use encoding_rs::UTF_8;
use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    ExchangeRate, Invoice, Problem, ProblemReason, RecordBatch, RecordKey, RecordKind, RefusedRow,
    record::Kind,
};
use kehu_core::calendar::BusinessCalendar;
use kehu_core::{Money, limits};
use rust_decimal::Decimal;

use crate::batch::Batches;
use crate::body::Body;
use crate::cells::Cells;
use crate::choice::Words;
use crate::clean::Cleaned;
use crate::columns::{FileKind, Layout, Role};
use crate::customer::Profiles;
use crate::date::Dates;
use crate::facts::digest;
use crate::kind::{Kinds, RowKind};
use crate::line::{LineReader, ReadLine};
use crate::number::Notation;
use crate::order::Orders;
use crate::problem::{of_clash, of_fault, problem};
use crate::profile::{Distinct, OrderFigures, Profile};
use crate::record::{self, ReadRecord, RecordReader};
use crate::row::Row;
use crate::scan::{Extent, Table};
use crate::year::Years;
use crate::{Error, mapping::Mapping, refused, wire};

/// The most bytes of the file that an order may take, so that it fits into a batch.
const ORDER_BYTES: u64 = 1_500_000;
/// So many columns are named of which nothing is read.
const UNREAD: usize = 10;

/// A batch that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadBatch {
    /// The batch.
    pub batch: RecordBatch,
    /// How many rows of the file had been read when it was complete.
    pub lines_read: u64,
    /// The figures of its orders, to be counted once it is known what became of them.
    pub orders: Vec<OrderFigures>,
}

/// Reads the records of a file: an iterator of batches, the same ones each time. An order comes
/// when its last row has been read, so memory grows with the orders that are open at a time.
pub struct Reader {
    body: Body,
    row: Row,
    lines: LineReader,
    /// Reads what is no line of an order.
    records: RecordReader,
    /// Invoices whose last payment has not come.
    invoices: HashMap<String, OpenInvoice>,
    profiles: Option<Profiles>,
    extents: Arc<HashMap<String, Extent>>,
    expected: u64,
    /// A digest of the currency of rows that state none.
    currency: u64,
    found: Vec<String>,
    orders: Orders,
    batches: Batches,
    counts: Counts,
    ended: bool,
}

/// An invoice some of whose rows may still come.
struct OpenInvoice {
    line: i64,
    lines: u64,
    bytes: u64,
    invoice: Invoice,
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
    pub(crate) fn open(table: Table, time_zone: &str, currency: &str) -> Result<Self, Error> {
        let found = found(&table, &table.mapping);
        let Table { path, mapping, start, forms, orders, lines: expected, .. } = table;
        let body = start.open(&path)?;
        let layout = start.layout;
        let zone = mapping.time_zone.as_deref().unwrap_or(time_zone);
        let calendar = BusinessCalendar::new(zone)
            .map_err(|error| Error::Mapping(vec![format!("time_zone: {error}")]))?;
        let mut batches = Batches::default();
        push_rates(&mapping, currency, &mut batches);
        let profiles = Profiles::are_in(&layout).then(Profiles::default);
        let kinds = Kinds::new(&mapping, layout.invoices);
        let years = forms.of_date().and_then(|dates| Years::new(&mapping, dates));
        let records = RecordReader::new(Words::new(layout.kind, &mapping));
        let currency = mapping.currency.unwrap_or_else(|| currency.to_owned());
        let own = digest(&currency.trim().to_ascii_uppercase());
        let counts = Counts {
            profile: Profile {
                encoding: start.encoding.name().to_owned(),
                kind: layout.kind.name(),
                ..Profile::default()
            },
            ..Counts::default()
        };
        let dates = forms.dates.into_iter().map(|(role, form)| (role, Dates::new(form, calendar)));
        let cells = Cells {
            layout,
            numbers: forms.numbers,
            dates: dates.collect(),
            calendar,
            currency,
            cleaned: Cleaned::default(),
        };
        let lines = LineReader { cells, kinds, years };
        Ok(Self {
            body,
            row: Row::default(),
            lines,
            records,
            invoices: HashMap::new(),
            profiles,
            extents: orders,
            expected,
            currency: own,
            found,
            orders: Orders::default(),
            batches,
            counts,
            ended: false,
        })
    }

    /// What the file holds, but for what becomes of its orders ([`Profile::with_orders`]);
    /// complete once the iterator has ended.
    pub fn profile(&self) -> Profile {
        let mut profile = self.counts.profile.clone();
        profile.found.clone_from(&self.found);
        profile.blank_lines = self.body.blank;
        profile.header_lines = self.body.headers;
        profile.lookalikes = self.counts.customers.lookalikes();
        profile.orders = self.extents.len() as u64;
        profile.customers = self.counts.customers.len();
        profile.countries = self.counts.countries.len();
        profile.cancellation_orders = self.counts.cancellations.len();
        profile.total_amount = Decimal::from_i128_with_scale(self.counts.total, 4).normalize();
        profile.cleaned = self.lines.cells.cleaned.counts();
        profile
    }

    /// Reads one row; `false` at the end.
    fn step(&mut self) -> Result<bool, Error> {
        let line = self.body.line();
        let mut row = std::mem::take(&mut self.row);
        let read = self.body.read(&mut row).map_err(|source| Error::Read { line, source })?;
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
        let open = !self.orders.is_empty() || !self.invoices.is_empty();
        if self.counts.profile.lines != self.expected || open {
            return Err(Error::Changed);
        }
        self.batches.close();
        Ok(())
    }

    fn take(&mut self, row: &Row) {
        self.counts.note_repeat(row);
        if let Some(fault) = row.fault {
            let columns = self.lines.cells.layout.header.len();
            let order = refused::order(row, &self.lines.cells.layout).unwrap_or_default();
            self.refuse(row, vec![of_fault(fault, row.width(), columns)], &order);
            return;
        }
        match self.lines.cells.layout.kind {
            FileKind::Orders => self.take_line(row),
            kind => self.take_record(kind, row),
        }
    }

    /// Takes a row that is a record of its own, or an invoice with one of its payments.
    fn take_record(&mut self, kind: FileKind, row: &Row) {
        let ReadRecord { key, customer, at, record, mut problems } =
            self.records.read(kind, row, &mut self.lines.cells);
        self.counts.customers.insert(&customer);
        let nobody = |problem: &Problem| problem.reason() == ProblemReason::CustomerMissing;
        self.counts.profile.lines_without_customer += u64::from(problems.iter().any(nobody));
        let extents = Arc::clone(&self.extents);
        let extent = extents.get(&key);
        if let Some(extent) = extent {
            self.check_order(extent, &mut problems);
        }
        let line = i64::try_from(row.line).unwrap_or(i64::MAX);
        match record {
            _ if !problems.is_empty() => self.refuse(row, problems, &key),
            Kind::Invoice(invoice) => self.add_invoice(&key, line, row.raw_length, invoice),
            record => {
                let figures = figures(&record, line, 1, at);
                self.batches.push_order(line, record, row.raw_length, figures);
            }
        }
        if extent.is_some_and(|extent| extent.last == self.counts.profile.lines) {
            self.finish_invoice(&key, at);
        }
    }

    fn add_invoice(&mut self, key: &str, line: i64, bytes: u64, invoice: Invoice) {
        let keyed = self.lines.cells.layout.place(Role::PaymentId).is_some();
        if let Some(open) = self.invoices.get_mut(key) {
            open.lines += 1;
            open.bytes += bytes;
            record::add_payments(&mut open.invoice, invoice.payments, keyed);
            return;
        }
        self.invoices.insert(key.to_owned(), OpenInvoice { line, lines: 1, bytes, invoice });
    }

    /// Sends an invoice whose last row was read.
    fn finish_invoice(&mut self, key: &str, at: DateTime<Utc>) {
        let Some(open) = self.invoices.remove(key) else { return };
        let OpenInvoice { line, lines, bytes, invoice } = open;
        let record = Kind::Invoice(invoice);
        let figures = figures(&record, line, lines, at);
        self.batches.push_order(line, record, bytes, figures);
    }

    fn take_line(&mut self, row: &Row) {
        let mut read = self.lines.read(row);
        self.count_cells(row, &read);
        self.counts.note_line(&read);
        let mut problems = std::mem::take(&mut read.problems);
        let extents = Arc::clone(&self.extents);
        let extent = extents.get(&read.order);
        if let Some(extent) = extent {
            self.check_order(extent, &mut problems);
        }
        let profile = self.profiles.as_mut().map(|profiles| {
            let (profile, wrong) =
                profiles.read(row, &self.lines.cells.layout, &mut self.lines.cells.cleaned);
            problems.extend_from_slice(wrong);
            profile
        });
        let ends = extent.is_some_and(|extent| extent.last == self.counts.profile.lines);
        let last = ends.then(|| read.order.clone());
        if problems.is_empty() {
            self.orders.add(read, profile, row.raw_length);
        } else {
            self.refuse(row, problems, &read.order);
        }
        if let Some(key) = last {
            self.finish(&key);
        }
    }

    /// Notes what is wrong with the order of a row as a whole.
    fn check_order(&self, extent: &Extent, problems: &mut Vec<Problem>) {
        let layout = &self.lines.cells.layout;
        if extent.rows > limits::LINES as u64 || extent.bytes > ORDER_BYTES {
            let column = layout.column(layout.kind.key());
            let text = "an order has at most 10,000 lines and 1.5 MB: split it";
            problems.push(problem(column, ProblemReason::OutOfRange, text));
        }
        if extent.rows < 2 {
            return;
        }
        let cells = &self.lines.cells;
        let mut dates = cells.dates.iter();
        let dates = dates.find(|(role, _)| matches!(role, Role::Date | Role::IssueDate));
        let Some((_, dates)) = dates else { return };
        for clash in extent.facts.clashes(dates.format(), &cells.calendar, self.currency) {
            let noun = if layout.kind == FileKind::Invoices { "invoice" } else { "order" };
            problems.push(of_clash(clash, &clash_column(layout, clash.role), noun));
        }
    }

    /// Sends an order whose last row was read.
    fn finish(&mut self, key: &str) {
        let Some(finished) = self.orders.finish(key, &self.lines.cells.layout) else { return };
        let line = finished.figures.line;
        if let Some(customer) = finished.customer {
            self.batches.push(line, Kind::Customer(customer), 0);
        }
        let order = Kind::Order(finished.order);
        self.batches.push_order(line, order, finished.bytes, finished.figures);
    }

    /// Refuses a row of an order, whose key is empty where it cannot be read.
    fn refuse(&mut self, row: &Row, problems: Vec<Problem>, order: &str) {
        let reason = problems.first().map_or(ProblemReason::Unspecified, Problem::reason);
        self.counts.profile.add_refused(reason, 1);
        let raw = row.raw_text();
        let raw_length = i64::try_from(row.raw_length).unwrap_or(i64::MAX);
        let bytes = raw.len() as u64;
        let line = i64::try_from(row.line).unwrap_or(i64::MAX);
        let kind = self.lines.cells.layout.kind.record_kind();
        let key = RecordKey { kind: kind.into(), external_id: order.to_owned() };
        let known = kind != RecordKind::Unspecified && !key.external_id.is_empty();
        let key = known.then_some(key);
        let refused = RefusedRow { raw, raw_length, problems, key };
        self.batches.push(line, Kind::RefusedRow(refused), bytes);
    }

    fn count_cells(&mut self, row: &Row, read: &ReadLine) {
        let layout = &self.lines.cells.layout;
        let cell = |role: Role| layout.place(role).map(|place| row.cell(place).trim());
        self.counts.customers.insert(&read.customer);
        self.counts.countries.insert(cell(Role::Country).unwrap_or_default());
        let profile = &mut self.counts.profile;
        let nobody = |problem: &Problem| problem.reason() == ProblemReason::CustomerMissing;
        profile.lines_without_customer += u64::from(read.problems.iter().any(nobody));
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

/// The column on which rows of one key disagree; of an invoice any of those that make its head.
fn clash_column(layout: &Layout, role: Role) -> String {
    if layout.kind != FileKind::Invoices {
        return layout.column(role).to_owned();
    }
    match role {
        Role::Date => layout.column(Role::IssueDate).to_owned(),
        Role::SaleId => {
            let roles = [Role::Amount, Role::DueDate, Role::OrderId, Role::Status];
            let stated = roles.into_iter().filter(|role| layout.place(*role).is_some());
            stated.map(|role| layout.column(role)).collect::<Vec<_>>().join(", ")
        }
        role => layout.column(role).to_owned(),
    }
}

/// The figures of a record that is no order.
fn figures(record: &Kind, line: i64, lines: u64, at: DateTime<Utc>) -> OrderFigures {
    let (kind, amount, currency) = match record {
        Kind::Customer(_) => ("customer", None, ""),
        Kind::Invoice(invoice) => {
            ("invoice", invoice.amount.as_ref(), invoice.currency_code.as_str())
        }
        Kind::Interaction(_) => ("interaction", None, ""),
        Kind::SurveyAnswer(_) => ("answer", None, ""),
        Kind::ProspectAssessment(_) => ("assessment", None, ""),
        Kind::ExchangeRate(_) => ("rate", None, ""),
        Kind::Order(_) | Kind::RefusedRow(_) => ("order", None, ""),
    };
    let amount = amount.and_then(|it| Money::from_units_nanos(it.units, it.nanos).ok());
    OrderFigures {
        record: 0,
        line,
        kind,
        currency: currency.to_owned(),
        lines,
        amount: amount.map_or(Decimal::ZERO, Money::to_decimal),
        at,
    }
}

/// How the file is to be read, where that was found out and is not the usual.
fn found(table: &Table, mapping: &Mapping) -> Vec<String> {
    let start = &table.start;
    let mut found = Vec::new();
    if start.json {
        found.push("JSON objects, one a line".to_owned());
    }
    if start.encoding != UTF_8 {
        found.push(format!("encoding {}", start.encoding.name()));
    }
    if start.titles > 0 {
        found.push(format!("{} rows above the header", start.titles));
    }
    for (place, format) in &table.forms.numbers {
        if mapping.notation().is_none() && format.notation == Notation::Comma {
            found.push(format!("decimal comma in {}", start.layout.header[*place]));
        }
    }
    let mut shown: Vec<&str> = table.forms.dates.iter().filter_map(|(_, it)| it.shown()).collect();
    shown.dedup();
    found.extend(shown.into_iter().map(|order| format!("dates as {order}")));
    if start.layout.kind != FileKind::Orders && mapping.kind.is_none() {
        found.push(format!("records are {}", start.layout.kind.name()));
    }
    if mapping.columns.is_empty() {
        found.extend(unread(&start.layout));
    }
    found
}

/// The columns that have no usual name, or are a second one that would do.
fn unread(layout: &Layout) -> Option<String> {
    let names: Vec<&str> = layout.unread().filter(|name| *name != refused::REASON).collect();
    let shown = names[..names.len().min(UNREAD)].join(", ");
    let more = names.len().saturating_sub(UNREAD);
    match (names.len(), more) {
        (0, _) => None,
        (_, 0) => Some(format!("no use for {shown} (a mapping can name what they are)")),
        _ => Some(format!("no use for {shown} and {more} more (a mapping can name what they are)")),
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
            start_date: Some(wire::date(start)),
            rate: Some(google::Decimal { value: value.to_decimal().normalize().to_string() }),
        };
        batches.push(0, Kind::ExchangeRate(record), 0);
    }
}

impl Iterator for Reader {
    type Item = Result<ReadBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((batch, orders)) = self.batches.pop() {
                let lines_read = self.counts.profile.lines;
                return Some(Ok(ReadBatch { batch, lines_read, orders }));
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
