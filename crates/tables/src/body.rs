//! The rows below the header, without those that say nothing.

use std::io;

use kehu_core::key;

use crate::row::{Row, RowFault};
use crate::rows::Rows;
use crate::source::Source;
use crate::{json, refused};

/// The rows of a table.
pub(crate) struct Body {
    rows: Rows<Source>,
    header: Vec<String>,
    /// Each row is a JSON object, and not separated cells.
    json: bool,
    /// It was written by an import, to be corrected.
    ours: bool,
    /// Rows that are empty but for separators.
    pub(crate) blank: u64,
    /// Rows that repeat the header, where files were put one behind the other.
    pub(crate) headers: u64,
}

impl Body {
    /// The rows that follow a header.
    pub(crate) fn new(rows: Rows<Source>, header: Vec<String>) -> Self {
        let ours = header.iter().any(|name| name == refused::REASON);
        Self { rows, header, json: false, ours, blank: 0, headers: 0 }
    }

    /// JSON objects with these members, one a line.
    pub(crate) fn of_json(rows: Rows<Source>, members: Vec<String>) -> Self {
        Self { rows, header: members, json: true, ours: false, blank: 0, headers: 0 }
    }

    /// Reads the next row that says something; `false` at the end.
    pub(crate) fn read(&mut self, row: &mut Row) -> io::Result<bool> {
        if self.json {
            return json::read(&mut self.rows, &self.header, row);
        }
        while self.rows.read(row)? {
            if matches!(row.fault, None | Some(RowFault::Columns)) && row.is_blank() {
                self.blank += 1;
            } else if row.fault.is_none() && self.is_header(row) {
                self.headers += 1;
            } else {
                if self.ours {
                    row.as_it_was();
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The lines read so far.
    pub(crate) fn line(&self) -> u64 {
        self.rows.line()
    }

    /// What the rows were cut from.
    pub(crate) fn into_source(self) -> Source {
        self.rows.into_inner()
    }

    fn is_header(&self, row: &Row) -> bool {
        let same = |(place, name): (usize, &String)| key::clean(row.cell(place)).0 == *name;
        self.header.iter().enumerate().all(same)
    }
}
