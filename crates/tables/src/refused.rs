//! The refused rows of a file as a file of their own, to be corrected and sent again.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;

use kehu_core::key;

use crate::Error;
use crate::columns::{Layout, Role};
use crate::row::{Row, RowFault};
use crate::scan::Table;

/// The column that says what is wrong with a row; nothing is read of it.
pub(crate) const REASON: &str = "kehu_reason";

impl Table {
    /// Writes the rows of these lines under their header, with what is wrong with each in a last
    /// column: UTF-8 with its mark, in the form of the file. With them come all other rows of their
    /// orders, since an order that is sent again takes the place of all that is held of it. Gives the
    /// number of rows. Blocks; reads the file twice.
    pub fn write_refused(
        &self,
        refused: &BTreeMap<u64, String>,
        out: &mut impl Write,
    ) -> Result<u64, Error> {
        let orders = self.orders_of(refused)?;
        let delimiter = char::from(self.start.delimiter);
        let names = self.start.layout.header.iter().map(|name| quoted(name));
        let header: Vec<String> = names.chain([REASON.to_owned()]).collect();
        let mut write = |line: &str| out.write_all(line.as_bytes()).map_err(Error::Write);
        write(&format!("\u{feff}{}\n", header.join(&delimiter.to_string())))?;
        let mut rows = 0;
        self.each_row(|row| {
            let reason = refused.get(&row.line).map(String::as_str);
            if reason.is_some() || self.order(row).is_some_and(|key| orders.contains(&key)) {
                rows += 1;
                write(&self.line(row, reason.unwrap_or_default()))?;
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// The keys of the orders of refused rows.
    fn orders_of(&self, refused: &BTreeMap<u64, String>) -> Result<HashSet<String>, Error> {
        let mut orders = HashSet::new();
        self.each_row(|row| {
            if refused.contains_key(&row.line) {
                orders.extend(self.order(row));
            }
            Ok(())
        })?;
        Ok(orders)
    }

    fn order(&self, row: &Row) -> Option<String> {
        order(row, &self.start.layout)
    }

    fn each_row(&self, mut take: impl FnMut(&Row) -> Result<(), Error>) -> Result<(), Error> {
        let mut body = self.start.open(&self.path)?;
        let mut row = Row::default();
        loop {
            let line = body.line();
            if !body.read(&mut row).map_err(|source| Error::Read { line, source })? {
                return Ok(());
            }
            take(&row)?;
        }
    }

    /// A row as it came, and what is wrong with it in the column behind the last.
    fn line(&self, row: &Row, reason: &str) -> String {
        let delimiter = char::from(self.start.delimiter);
        let raw = row.raw_text();
        // One whose quotes do not close would take the next rows with it.
        let (raw, width) = match row.fault {
            Some(RowFault::Quote) => (quoted(&raw), 1),
            _ => (raw, row.width()),
        };
        let missing = self.start.layout.header.len().saturating_sub(width);
        let gap: String = std::iter::repeat_n(delimiter, missing + 1).collect();
        format!("{raw}{gap}{}\n", quoted(reason))
    }
}

/// The key of the order of a row, where its cell is surely where the header has it: the first is,
/// however many there are.
pub(crate) fn order(row: &Row, layout: &Layout) -> Option<String> {
    let place = layout.place(Role::OrderId)?;
    let sure = row.fault.is_none() || (row.fault == Some(RowFault::Columns) && place == 0);
    let key = key::clean(row.cell(place)).0.into_owned();
    Some(key).filter(|key| sure && !key.is_empty())
}

/// A cell between quotes, unless it is empty.
fn quoted(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("\"{}\"", text.replace('"', "\"\"").replace(['\n', '\r'], " "))
}
