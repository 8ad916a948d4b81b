//! The first pass over a file: what it is, whether it can be read, and where its orders end.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kehu_contract::ingestion::IngestStart;
use sha2::{Digest, Sha256};

use super::columns::{Layout, Role};
use super::mapping::Mapping;
use super::row::Row;
use super::rows::{Format, Rows};
use super::source::Source;
use super::{Error, Reader, date};

/// Changes whenever the same file and mapping would give other batches than before, so that an
/// import is not resumed with them.
const BATCHES: &[u8] = b"1";

/// With so many dates of unknown form, and none of a known one, the mapping is wrong and not
/// the rows.
const DATES_LOOKED_AT: u32 = 10;

/// A file that has been read through once.
#[derive(Debug, Clone)]
pub struct Table {
    pub(super) path: PathBuf,
    pub(super) mapping: Mapping,
    pub(super) layout: Layout,
    pub(super) orders: Arc<HashMap<String, Extent>>,
    pub(super) lines: u64,
    stream_id: String,
}

/// Where the rows of an order are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// The number of its last row.
    pub(super) last: u64,
    /// How many it has.
    pub(super) rows: u64,
    /// The bytes of all of them.
    pub(super) bytes: u64,
}

impl Table {
    /// Reads a file through, plain or gzip: finds its columns, where each order ends, and the
    /// digest that makes its stream's id. Blocks; memory grows with the number of orders.
    pub fn scan(path: &Path, mapping: Mapping) -> Result<Self, Error> {
        let source = Source::open(path)?;
        let (layout, rows) = open(source, &mapping)?;
        let mut scan = Scan { rows, orders: HashMap::new(), lines: 0 };
        scan.run(&layout, &mapping)?;
        let Scan { rows, orders, lines } = scan;
        let stream_id = stream_id(rows.into_inner().digest(), &mapping);
        Ok(Self {
            path: path.to_owned(),
            mapping,
            layout,
            orders: Arc::new(orders),
            lines,
            stream_id,
        })
    }

    /// The id of the stream of this content under this mapping.
    pub fn stream_id(&self) -> &str {
        &self.stream_id
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

/// Reads the header: the layout, and the rows below.
pub(super) fn open(mut source: Source, mapping: &Mapping) -> Result<(Layout, Rows<Source>), Error> {
    use std::io::BufRead;
    let failed = |source| Error::Read { line: 0, source };
    let delimiter = match mapping.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok()) {
        Some(delimiter) => delimiter,
        None => likely_delimiter(source.fill_buf().map_err(failed)?),
    };
    let format = Format { delimiter, encoding: mapping.encoding };
    let mut rows = Rows::new(source, format);
    let mut row = Row::default();
    if !rows.read(&mut row).map_err(failed)? {
        return Err(Error::Empty);
    }
    let header = (0..row.width()).map(|place| row.cell(place).trim().to_owned()).collect();
    let layout = Layout::find(mapping, header)?;
    rows.expect_width(layout.header.len());
    Ok((layout, rows))
}

/// The separator that stands most often in the first line.
fn likely_delimiter(start: &[u8]) -> u8 {
    let line = start.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let count =
        |delimiter: u8| line.unwrap_or_default().iter().filter(|byte| **byte == delimiter).count();
    // Of equally frequent ones the last is taken: the comma.
    b"|\t;,".iter().copied().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

struct Scan {
    rows: Rows<Source>,
    orders: HashMap<String, Extent>,
    lines: u64,
}

impl Scan {
    fn run(&mut self, layout: &Layout, mapping: &Mapping) -> Result<(), Error> {
        let order = layout.place(Role::OrderId);
        let mut dates = FirstDates::new(layout, mapping);
        let mut row = Row::default();
        while self.read(&mut row)? {
            self.lines += 1;
            if row.fault.is_some() {
                continue;
            }
            let key = order.map_or("", |place| row.cell(place).trim());
            self.note(key, row.raw_length);
            dates.look_at(&row)?;
        }
        Ok(())
    }

    fn read(&mut self, row: &mut Row) -> Result<bool, Error> {
        let read = self.rows.read(row);
        read.map_err(|source| Error::Read { line: self.rows.line(), source })
    }

    fn note(&mut self, key: &str, bytes: u64) {
        if key.is_empty() {
            return;
        }
        if !self.orders.contains_key(key) {
            self.orders.insert(key.to_owned(), Extent::default());
        }
        if let Some(extent) = self.orders.get_mut(key) {
            extent.last = self.lines;
            extent.rows += 1;
            extent.bytes += bytes;
        }
    }
}

/// Looks at the first dates, so that a mapping without the right form is found out at once.
struct FirstDates {
    date: Option<usize>,
    time: Option<usize>,
    column: String,
    formats: Vec<String>,
    looked_at: u32,
}

impl FirstDates {
    fn new(layout: &Layout, mapping: &Mapping) -> Self {
        Self {
            date: layout.place(Role::Date),
            time: layout.place(Role::Time),
            column: layout.column(Role::Date).to_owned(),
            formats: mapping.date_formats(),
            looked_at: 0,
        }
    }

    fn look_at(&mut self, row: &Row) -> Result<(), Error> {
        if self.looked_at >= DATES_LOOKED_AT {
            return Ok(());
        }
        let cell = |place: Option<usize>| place.map_or("", |place| row.cell(place).trim());
        let (date, time) = (cell(self.date), cell(self.time));
        if date.is_empty() {
            return Ok(());
        }
        if date::is_date(format!("{date} {time}").trim(), &self.formats) {
            self.looked_at = DATES_LOOKED_AT;
            return Ok(());
        }
        self.looked_at += 1;
        if self.looked_at < DATES_LOOKED_AT {
            return Ok(());
        }
        let (column, formats) = (self.column.clone(), self.formats.clone());
        Err(Error::Dates { column, line: row.line, formats })
    }
}

fn stream_id(content: [u8; 32], mapping: &Mapping) -> String {
    let mut digest = Sha256::new();
    digest.update(BATCHES);
    digest.update(content);
    digest.update(serde_json::to_vec(mapping).expect("a mapping is always JSON"));
    hex::encode(digest.finalize())
}
