//! The first pass over a file: what it is, how its columns are written, where its orders end and
//! whether their lines agree.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use encoding_rs::UTF_8;
use kehu_contract::ingestion::IngestStart;
use kehu_core::{currency, key};
use sha2::{Digest, Sha256};

use crate::body::Body;
use crate::columns::{FileKind, Layout, Role};
use crate::date;
use crate::encoding::Finder;
use crate::facts::{Facts, Said, digest};
use crate::header::Start;
use crate::kind::{Kinds, RowKind};
use crate::mapping::Mapping;
use crate::number::{self, NumberFormat};
use crate::problem;
use crate::row::Row;
use crate::year::Years;
use crate::{Error, Reader};

/// Changes whenever the same file and mapping would give other batches than before, so that an
/// import is not resumed with them.
const BATCHES: &[u8] = b"3";

/// With so many dates of unknown form, and none of a known one, the mapping is wrong and not
/// the rows.
const DATES_LOOKED_AT: u64 = 10;

/// The most bytes of rows that may wait for the last row of their order at a time.
const WAITING: u64 = 256 * 1024 * 1024;

/// A file that has been read through once.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) path: PathBuf,
    pub(crate) mapping: Mapping,
    pub(crate) start: Start,
    pub(crate) forms: Forms,
    pub(crate) orders: Arc<HashMap<String, Extent>>,
    pub(crate) lines: u64,
    stream_id: String,
}

/// How the columns of a file are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forms {
    /// By the role of the column.
    pub(crate) dates: Vec<(Role, date::DateFormat)>,
    /// By the place of the column.
    pub(crate) numbers: Vec<(usize, NumberFormat)>,
}

impl Forms {
    /// How the dates of orders, contacts and the like are written.
    pub(crate) fn of_date(&self) -> Option<&date::DateFormat> {
        self.dates.first().map(|(_, format)| format)
    }
}

/// Where the rows of an order are, and what they say of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The number of its first row.
    pub(crate) first: u64,
    /// The number of its last row.
    pub(crate) last: u64,
    /// How many it has.
    pub(crate) rows: u64,
    /// The bytes of all of them.
    pub(crate) bytes: u64,
    pub(crate) facts: Facts,
}

impl Table {
    /// Reads a file through, plain or gzip: finds what it is, how its columns are written, where
    /// each order ends, and the digest that makes its stream's id. Blocks; memory grows with the
    /// number of orders.
    pub fn scan(path: &Path, mapping: Mapping) -> Result<Self, Error> {
        let mut start = Start::find(path, &mapping)?;
        let mut scan = Scan::run(path, &start, &mapping, None)?;
        // Bytes far down may show another encoding than those at the start, unless a header that
        // is not ASCII shows that it is UTF-8.
        let open = mapping.encoding.is_none() && start.layout.header.iter().all(|n| n.is_ascii());
        if start.encoding == UTF_8 && open && !start.json && scan.finder.likely() != UTF_8 {
            start = Start::find_again(path, &scan.finder, &mapping)?;
            scan = Scan::run(path, &start, &mapping, None)?;
        }
        // Which orders there are is known once the form of their dates is.
        let years = scan.format(Role::Date).and_then(|dates| Years::new(&mapping, &dates));
        if years.is_some() {
            scan = Scan::run(path, &start, &mapping, years)?;
        }
        scan.check(&start.layout, &mapping)?;
        let forms = scan.forms(&mapping);
        let stream_id = stream_id(scan.body.into_source().digest(), &mapping);
        Ok(Self {
            path: path.to_owned(),
            mapping,
            start,
            forms,
            orders: Arc::new(scan.orders),
            lines: scan.lines,
            stream_id,
        })
    }

    /// The id of the stream of this content under this mapping.
    pub fn stream_id(&self) -> &str {
        &self.stream_id
    }

    /// What its records are.
    pub fn kind(&self) -> FileKind {
        self.start.layout.kind
    }

    /// Rows below the header.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The first message of the file's ingest call.
    pub fn start(&self) -> IngestStart {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        IngestStart {
            stream_id: self.stream_id.clone(),
            source: self.mapping.source().to_owned(),
            origin: name.to_string_lossy().into_owned(),
        }
    }

    /// The second pass, which reads the records. Times are local in `time_zone` and amounts in
    /// `base_currency` where neither the file nor the mapping states others.
    pub fn read(self, time_zone: &str, base_currency: &str) -> Result<Reader, Error> {
        Reader::open(self, time_zone, base_currency)
    }
}

struct Scan {
    body: Body,
    finder: Finder,
    orders: HashMap<String, Extent>,
    lines: u64,
    kinds: Kinds,
    /// Where order numbers begin anew each year.
    years: Option<Years>,
    dates: Vec<(Role, date::Evidence)>,
    numbers: Vec<(usize, number::Evidence)>,
    customer: Digests,
    currency: Digests,
}

/// The digest of a cell; neighbouring rows mostly have the same one.
#[derive(Default)]
struct Digests {
    cell: String,
    digest: Option<u64>,
}

impl Scan {
    fn run(
        path: &Path,
        start: &Start,
        mapping: &Mapping,
        years: Option<Years>,
    ) -> Result<Self, Error> {
        let layout = &start.layout;
        let mut scan = Self {
            body: start.open(path)?,
            finder: Finder::new(),
            orders: HashMap::new(),
            lines: 0,
            kinds: Kinds::new(mapping, layout.invoices),
            years,
            dates: layout
                .dates()
                .map(|role| (role, date::Evidence::new(&mapping.date_formats)))
                .collect(),
            numbers: layout.numbers().map(|place| (place, number::Evidence::default())).collect(),
            customer: Digests::default(),
            currency: Digests::default(),
        };
        let mut row = Row::default();
        while scan.read(&mut row)? {
            scan.lines += 1;
            if !row.raw.is_ascii() {
                scan.finder.look_at(&row.raw);
            }
            if row.fault.is_none() {
                scan.look_at(&row, layout, mapping.thousands);
            }
        }
        Ok(scan)
    }

    fn read(&mut self, row: &mut Row) -> Result<bool, Error> {
        let read = self.body.read(row);
        read.map_err(|source| Error::Read { line: self.body.line(), source })
    }

    fn look_at(&mut self, row: &Row, layout: &Layout, grouping: Option<char>) {
        let cell = |role: Role| layout.place(role).map_or("", |place| row.cell(place));
        let mut beside = None;
        for (place, evidence) in &mut self.numbers {
            beside = beside.or(evidence.look_at(row.cell(*place), grouping));
        }
        let mut day = None;
        for (role, evidence) in &mut self.dates {
            let time = if *role == Role::Date { cell(Role::Time) } else { "" };
            let date = date_cell(cell(*role), time);
            let shown = if date.is_empty() { None } else { evidence.look_at(&date) };
            if matches!(role, Role::Date | Role::IssueDate) {
                day = shown;
            }
        }
        if !layout.kind.gathers() {
            return;
        }
        let date = date_cell(cell(Role::Date), cell(Role::Time));
        let (order, _) = key::clean(cell(layout.kind.key()));
        if order.is_empty() {
            return;
        }
        let customer = self.customer.of(cell(Role::CustomerId), |cell| {
            let (key, _) = key::clean_customer(cell);
            (!key.is_empty()).then(|| digest(&key))
        });
        let stated = self
            .currency
            .of(cell(Role::Currency), |cell| currency::parse(&key::clean(cell).0).map(digest));
        let currency = stated.or_else(|| beside?.only().map(digest));
        let invoice = layout.kind == FileKind::Invoices;
        let kind = if invoice { RowKind::Plain } else { self.kinds.of(&order, cell(Role::Status)) };
        // What all rows of an invoice must say alike besides is its head.
        let sale =
            if invoice { Cow::Owned(head(row, layout)) } else { key::clean(cell(Role::SaleId)).0 };
        let (order, sale) = match &mut self.years {
            Some(years) => (years.key(&order, &date).into(), years.sale_key(&sale, &date).into()),
            None => (order, sale),
        };
        let sale = (!sale.is_empty()).then(|| digest(&sale));
        let said = Said { line: row.line, customer, currency, kind, sale, day };
        self.note(&order, row.raw_length, said);
    }

    fn note(&mut self, order: &str, bytes: u64, said: Said) {
        if !self.orders.contains_key(order) {
            self.orders.insert(order.to_owned(), Extent { first: self.lines, ..Extent::default() });
        }
        if let Some(extent) = self.orders.get_mut(order) {
            extent.last = self.lines;
            extent.rows += 1;
            extent.bytes += bytes;
            extent.facts.add(said);
        }
    }

    /// What keeps the file from being read at all.
    fn check(&self, layout: &Layout, mapping: &Mapping) -> Result<(), Error> {
        for (role, dates) in &self.dates {
            if dates.hopeless().is_none_or(|cells| cells < DATES_LOOKED_AT) {
                continue;
            }
            let column = layout.column(*role).to_owned();
            let number = dates.number();
            let number = number.map(|cell| format!("{cell} is {}", problem::of_count(cell)));
            return Err(Error::Dates { column, formats: mapping.date_formats.clone(), number });
        }
        let bytes = self.waiting();
        if bytes > WAITING { Err(Error::Scattered { bytes }) } else { Ok(()) }
    }

    /// The most bytes of rows that wait for the last row of their order at a time.
    fn waiting(&self) -> u64 {
        let mut changes: Vec<(u64, i128)> = Vec::new();
        for extent in self.orders.values().filter(|extent| extent.first != extent.last) {
            changes.push((extent.first, i128::from(extent.bytes)));
            changes.push((extent.last, -i128::from(extent.bytes)));
        }
        changes.sort_unstable();
        let (mut now, mut most) = (0, 0);
        for (_, change) in changes {
            now += change;
            most = most.max(now);
        }
        u64::try_from(most).unwrap_or(u64::MAX)
    }

    fn forms(&self, mapping: &Mapping) -> Forms {
        let numbers = self.numbers.iter().map(|(place, evidence)| {
            let notation = mapping.notation().unwrap_or_else(|| evidence.notation());
            (*place, NumberFormat { notation, grouping: mapping.thousands })
        });
        let dates = self.dates.iter().map(|(role, evidence)| (*role, evidence.format()));
        Forms { dates: dates.collect(), numbers: numbers.collect() }
    }

    fn format(&self, role: Role) -> Option<date::DateFormat> {
        let dates = self.dates.iter().find(|(of, _)| *of == role);
        dates.map(|(_, evidence)| evidence.format())
    }
}

impl Digests {
    fn of(&mut self, cell: &str, digest: impl Fn(&str) -> Option<u64>) -> Option<u64> {
        if self.cell != cell {
            cell.clone_into(&mut self.cell);
            self.digest = digest(cell);
        }
        self.digest
    }
}

/// What all rows of an invoice must say alike, besides customer, day and currency.
fn head(row: &Row, layout: &Layout) -> String {
    let roles = [Role::Amount, Role::DueDate, Role::OrderId, Role::Status];
    let cells = roles.map(|role| key::clean(layout.cell(row, role)).0.into_owned());
    cells.join("\u{1f}")
}

/// The date of a row with its time of day, where that stands in a column of its own. A date that
/// has a time already keeps it, unless that is the midnight which spreadsheets write.
pub(crate) fn date_cell<'a>(date: &'a str, time: &str) -> Cow<'a, str> {
    let (date, _) = key::clean(date);
    let (time, _) = key::clean(time);
    if date.is_empty() || time.is_empty() {
        return date;
    }
    let day = without_midnight(&date);
    if day.contains(':') { date } else { format!("{day} {time}").into() }
}

fn without_midnight(date: &str) -> &str {
    let midnight = |date: &str| {
        let (day, clock) = date.split_once([' ', 'T'])?;
        let zeros = clock.contains(':') && clock.chars().all(|c| matches!(c, '0' | ':' | '.'));
        zeros.then_some(day.len())
    };
    midnight(date).map_or(date, |length| &date[..length])
}

fn stream_id(content: [u8; 32], mapping: &Mapping) -> String {
    let mut digest = Sha256::new();
    digest.update(BATCHES);
    digest.update(content);
    digest.update(serde_json::to_vec(mapping).expect("a mapping is always JSON"));
    hex::encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_with_a_time_beside_them() {
        for (date, time, joined) in [
            ("2024-01-05", "10:30", "2024-01-05 10:30"),
            ("2024-01-05 00:00:00", "10:30", "2024-01-05 10:30"),
            ("2024-01-05T00:00", " 10:30 ", "2024-01-05 10:30"),
            ("2024-01-05 09:15", "10:30", "2024-01-05 09:15"),
            ("2024-01-05 00:00", "", "2024-01-05 00:00"),
            ("5 Jan 2024", "1030", "5 Jan 2024 1030"),
            ("", "10:30", ""),
        ] {
            assert_eq!(date_cell(date, time), joined, "{date} {time}");
        }
    }
}
