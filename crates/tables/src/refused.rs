//! The refused rows of a file as a file of their own, to be corrected and sent again.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io::Write;

use kehu_core::{key, text::is_formula};

use crate::Error;
use crate::columns::Layout;
use crate::row::{Row, RowFault};
use crate::scan::Table;

/// The column that says what is wrong with a row; nothing is read of it.
pub(crate) const REASON: &str = "kehu_reason";

impl Table {
    /// Writes the rows of these lines under their header, with what is wrong with each in a last
    /// column: UTF-8 with its mark, the separator of the file, formulas made harmless. With them come all other rows of their
    /// orders, since an order that is sent again takes the place of all that is held of it. Gives the
    /// number of rows. Blocks; reads the file twice.
    pub fn write_refused(
        &self,
        refused: &BTreeMap<u64, String>,
        out: &mut impl Write,
    ) -> Result<u64, Error> {
        let orders = self.orders_of(refused)?;
        let mut write = |line: &str| out.write_all(line.as_bytes()).map_err(Error::Write);
        let header = self.start.layout.header.iter().map(String::as_str);
        write(&format!("\u{feff}{}", self.line(header, REASON)))?;
        let mut rows = 0;
        self.each_row(|row| {
            let reason = refused.get(&row.line).map(String::as_str);
            if reason.is_some() || self.order(row).is_some_and(|key| orders.contains(&key)) {
                rows += 1;
                write(&self.row(row, reason.unwrap_or_default()))?;
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
        let layout = &self.start.layout;
        order(row, layout).filter(|_| layout.kind.gathers())
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

    /// A row with what is wrong with it in the column behind the last. One that is not cut into cells
    /// for sure is one cell as it came: an open quote would take the next rows with it.
    fn row(&self, row: &Row, reason: &str) -> String {
        match row.fault {
            Some(RowFault::Quote | RowFault::TooLong | RowFault::Json) => {
                self.line([row.raw_text().as_str()].into_iter(), reason)
            }
            _ => self.line((0..row.width()).map(|place| row.cell(place)), reason),
        }
    }

    /// Cells and the reason, without the reason of a time before.
    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>, reason: &str) -> String {
        let delimiter = char::from(self.start.delimiter);
        let header = &self.start.layout.header;
        let before = header.iter().position(|name| name == REASON);
        let mut cells: Vec<&str> = cells.collect();
        cells.resize(cells.len().max(header.len()), "");
        if let Some(before) = before {
            cells.remove(before);
        }
        let cells = cells.into_iter().chain([reason]);
        let cells: Vec<String> = cells.map(|cell| quoted(&harmless(cell), delimiter)).collect();
        format!("{}\n", cells.join(&delimiter.to_string()))
    }
}

/// A cell that no spreadsheet takes for a formula; [`Row::as_it_was`] undoes it. Plain numbers stay.
fn harmless(cell: &str) -> Cow<'_, str> {
    let signed = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let number = signed.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' '));
    if number || !is_formula(cell.trim_start_matches('\'')) {
        return cell.into();
    }
    format!("'{cell}").into()
}

/// The key of the record of a row, where its cell is surely where the header has it: the first is,
/// however many there are.
pub(crate) fn order(row: &Row, layout: &Layout) -> Option<String> {
    let place = layout.place(layout.kind.key())?;
    let sure = row.fault.is_none() || (row.fault == Some(RowFault::Columns) && place == 0);
    let key = key::clean(row.cell(place)).0.into_owned();
    Some(key).filter(|key| sure && !key.is_empty())
}

/// A cell, between quotes where it needs them.
fn quoted(text: &str, delimiter: char) -> String {
    if text.contains([delimiter, '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}
