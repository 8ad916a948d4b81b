//! Finds what a file is before its rows are read: its encoding, what separates its cells, and
//! the row that names its columns.

use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use kehu_core::key;

use crate::columns::Layout;
use crate::encoding::{self, Finder};
use crate::mapping::Mapping;
use crate::row::Row;
use crate::rows::Rows;
use crate::source::{Head, Source};
use crate::{Error, body::Body, json};

/// So many rows may stand above the header.
pub(crate) const TITLES: usize = 40;
/// What may separate cells; of equally good ones the first is taken.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) encoding: &'static Encoding,
    pub(crate) delimiter: u8,
    /// Each line is a JSON object.
    pub(crate) json: bool,
    /// Rows above the header.
    pub(crate) titles: usize,
    pub(crate) layout: Layout,
}

impl Start {
    /// Looks at the start of a file.
    pub(crate) fn find(path: &Path, mapping: &Mapping) -> Result<Self, Error> {
        let head = Head::read(path)?;
        let marked = encoding::of_mark(&head.bytes).unwrap_or(UTF_8);
        if json::is_json(&head.decode(marked))? {
            return Self::of_json(path, marked, mapping);
        }
        if let Some(encoding) = encoding::of_mark(&head.bytes).or(mapping.encoding()) {
            return Self::of(&head, encoding, mapping);
        }
        let mut finder = Finder::new();
        head.bytes.split(|byte| *byte == b'\n').for_each(|line| finder.look_at(line));
        Self::likely(&head, &finder, mapping)
    }

    /// A file of JSON objects, one a line: its columns are the members that any of them has.
    fn of_json(path: &Path, encoding: &'static Encoding, mapping: &Mapping) -> Result<Self, Error> {
        let failed = |source| Error::Read { line: 0, source };
        let rows = Rows::new(Source::open(path, encoding)?, DELIMITERS[0]);
        let members = json::members(rows).map_err(failed)?;
        let layout = Layout::find(mapping, members)?;
        Ok(Self { encoding, delimiter: DELIMITERS[0], json: true, titles: 0, layout })
    }

    /// Looks at it again, knowing lines further down that are not UTF-8.
    pub(crate) fn find_again(
        path: &Path,
        finder: &Finder,
        mapping: &Mapping,
    ) -> Result<Self, Error> {
        Self::likely(&Head::read(path)?, finder, mapping)
    }

    /// The likely encoding, or the first other one in which the header has known names.
    fn likely(head: &Head, finder: &Finder, mapping: &Mapping) -> Result<Self, Error> {
        let mut candidates = finder.candidates().into_iter();
        let likely = candidates.next().unwrap_or(UTF_8);
        let found = Self::of(head, likely, mapping);
        if !matches!(found, Err(Error::Header { .. })) {
            return found?.undoubted(finder);
        }
        for encoding in candidates {
            if let Ok(start) = Self::of(head, encoding, mapping) {
                return Ok(start);
            }
        }
        found
    }

    /// [`Error::Encoding`] where neither the rows nor the header tell the encoding.
    fn undoubted(self, finder: &Finder) -> Result<Self, Error> {
        let told = self.layout.header.iter().any(|name| !name.is_ascii());
        match finder.doubt().filter(|_| !told) {
            Some(readings) => Err(Error::Encoding(readings)),
            None => Ok(self),
        }
    }

    /// Reads the header of a file in this encoding.
    fn of(head: &Head, encoding: &'static Encoding, mapping: &Mapping) -> Result<Self, Error> {
        let text = head.decode(encoding);
        let (delimiter, titles, layout) = find(&text, encoding, mapping)?;
        Ok(Self { encoding, delimiter, json: false, titles, layout })
    }

    /// Opens the file and reads up to its header. [`Error::Changed`] where it is another now.
    pub(crate) fn open(&self, path: &Path) -> Result<Body, Error> {
        let failed = |source| Error::Read { line: 0, source };
        let mut rows = Rows::new(Source::open(path, self.encoding)?, self.delimiter);
        if self.json {
            return Ok(Body::of_json(rows, self.layout.header.clone()));
        }
        let mut row = Row::default();
        for _ in 0..=self.titles {
            if !rows.read(&mut row).map_err(failed)? {
                return Err(Error::Changed);
            }
        }
        if names(&row) != self.layout.header {
            return Err(Error::Changed);
        }
        rows.expect(self.layout.named(), self.layout.header.len());
        Ok(Body::new(rows, self.layout.header.clone()))
    }
}

/// The names in a row.
pub(crate) fn names(row: &Row) -> Vec<String> {
    (0..row.width()).map(|place| key::clean(row.cell(place)).0.into_owned()).collect()
}

/// The separator, the number of rows above the header, and the columns.
fn find(
    text: &[u8],
    encoding: &'static Encoding,
    mapping: &Mapping,
) -> Result<(u8, usize, Layout), Error> {
    let stated = mapping.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok());
    let delimiters = match stated.or_else(|| of_sep_line(text)) {
        Some(delimiter) => vec![delimiter],
        None => DELIMITERS.to_vec(),
    };
    let mut found: Option<(u8, usize, Layout)> = None;
    let mut nearest = Nearest::default();
    for delimiter in delimiters {
        let mut rows = Rows::new(text, delimiter);
        let mut row = Row::default();
        let limit = found.as_ref().map_or(TITLES, |(_, titles, _)| *titles);
        for titles in 0..limit {
            // Reading from memory cannot fail.
            if !rows.read(&mut row).unwrap_or(false) {
                break;
            }
            match Layout::find(mapping, names(&row)) {
                Ok(layout) => {
                    found = Some((delimiter, titles, layout));
                    break;
                }
                Err(Error::Header { missing, found, .. }) => nearest.offer(missing, found),
                Err(error) => return Err(error),
            }
        }
    }
    found.ok_or_else(|| nearest.error(encoding))
}

/// The separator that a first line `sep=;` states, as spreadsheets write and read it.
fn of_sep_line(text: &[u8]) -> Option<u8> {
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(line);
    let (name, value) = line.split_at_checked(4)?;
    let [delimiter] = value else { return None };
    (name.eq_ignore_ascii_case(b"sep=") && DELIMITERS.contains(delimiter)).then_some(*delimiter)
}

/// The row that comes nearest to a header, for people who look for what is wrong.
#[derive(Debug, Default)]
struct Nearest(Option<(Vec<String>, Vec<String>)>);

impl Nearest {
    fn offer(&mut self, missing: Vec<String>, found: Vec<String>) {
        let rank = |missing: &[String], found: &[String]| (missing.len(), usize::MAX - found.len());
        let better = match &self.0 {
            None => true,
            Some((least, most)) => rank(&missing, &found) < rank(least, most),
        };
        if better {
            self.0 = Some((missing, found));
        }
    }

    fn error(self, encoding: &'static Encoding) -> Error {
        match self.0 {
            None => Error::Empty,
            Some((missing, found)) => {
                let garbled = found.iter().any(|name| name.contains('\u{fffd}'));
                let encoding = (garbled || encoding != UTF_8).then(|| encoding.name());
                Error::Header { missing, found, encoding }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_they_come() {
        for (text, delimiter, titles) in [
            ("order_id,customer_id,date,amount\n", b',', 0),
            ("order_id;customer_id;date;amount\n", b';', 0),
            ("order_id\tcustomer_id\tdate\tamount\n", b'\t', 0),
            ("order_id|customer_id|date|amount|net,gross\n", b'|', 0),
            ("sep=;\norder_id;customer_id;date;amount\n", b';', 1),
            ("\"sep=|\"\r\norder_id|customer_id|date|amount\r\n", b'|', 1),
            ("Sales of 2024, all shops\n\norder_id;customer_id;date;amount\n1;2;3;4\n", b';', 1),
            ("\n\norder_id,customer_id,date,amount,,\n", b',', 0),
        ] {
            let found = find(text.as_bytes(), UTF_8, &Mapping::default()).unwrap();
            assert_eq!((found.0, found.1), (delimiter, titles), "{text}");
        }
    }
}
