//! The rows of a binary COPY, read into columns.

use std::num::TryFromIntError;

use super::columns::HEADER;
use crate::Error;
use crate::bulk::{Column, ColumnType};

/// Columns that grow by what comes in.
#[derive(Debug)]
pub(super) struct Rows {
    columns: Vec<Column>,
    /// Bytes of a row that is not all there.
    rest: Vec<u8>,
    begun: bool,
}

impl Rows {
    pub(super) fn new(columns: &[(&str, ColumnType)]) -> Self {
        let columns = columns.iter().map(|(_, kind)| Column::new(*kind)).collect();
        Self { columns, rest: Vec::new(), begun: false }
    }

    /// Takes in the next bytes, wherever they are cut.
    pub(super) fn push(&mut self, data: &[u8]) -> Result<(), Error> {
        if self.rest.is_empty() {
            let read = self.read(data)?;
            self.rest.extend_from_slice(&data[read..]);
            return Ok(());
        }
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(data);
        let read = self.read(&rest)?;
        rest.drain(..read);
        self.rest = rest;
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<Column> {
        self.columns
    }

    /// Reads the rows that are all there; returns how many bytes they took.
    fn read(&mut self, data: &[u8]) -> Result<usize, Error> {
        let mut place = 0;
        if !self.begun {
            if data.len() < HEADER.len() {
                return Ok(0);
            }
            // No flag is set and no extension follows, or it is something else.
            if !data.starts_with(HEADER) {
                return Err(corrupt());
            }
            (self.begun, place) = (true, HEADER.len());
        }
        while let Some(end) = self.end(data, place)? {
            let mut field = place + 2;
            for column in &mut self.columns {
                let value = value(data, &mut field)?;
                push(column, value)?;
            }
            place = end;
        }
        Ok(place)
    }

    /// Where the row at `place` ends; `None` when it is not all there, and after the last one.
    fn end(&self, data: &[u8], place: usize) -> Result<Option<usize>, Error> {
        let Some(fields) = data.get(place..place + 2) else { return Ok(None) };
        let fields = i16::from_be_bytes([fields[0], fields[1]]);
        if fields == -1 {
            return Ok(None);
        }
        if usize::try_from(fields).is_ok_and(|fields| fields != self.columns.len()) {
            return Err(corrupt());
        }
        let mut end = place + 2;
        for _ in 0..fields {
            let Some(length) = length(data, end)? else { return Ok(None) };
            end += 4 + length.unwrap_or(0);
        }
        Ok((end <= data.len()).then_some(end))
    }
}

/// The length of the field at `place`, none of a null; `None` when it is not there yet.
fn length(data: &[u8], place: usize) -> Result<Option<Option<usize>>, Error> {
    let Some(bytes) = data.get(place..place + 4) else { return Ok(None) };
    let length = i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    if length == -1 {
        return Ok(Some(None));
    }
    Ok(Some(Some(usize::try_from(length).map_err(|_: TryFromIntError| corrupt())?)))
}

/// The value of a field that is all there; moves `place` behind it.
fn value<'a>(data: &'a [u8], place: &mut usize) -> Result<Option<&'a [u8]>, Error> {
    let length = length(data, *place)?.ok_or_else(corrupt)?;
    *place += 4;
    let Some(length) = length else { return Ok(None) };
    let value = data.get(*place..*place + length).ok_or_else(corrupt)?;
    *place += length;
    Ok(Some(value))
}

fn push(column: &mut Column, value: Option<&[u8]>) -> Result<(), Error> {
    match column {
        Column::I64(values) => values.push(long(value)?.ok_or_else(corrupt)?),
        Column::OptI64(values) => values.push(long(value)?),
        Column::I32(values) => values.push(int(value)?.ok_or_else(corrupt)?),
        Column::OptI32(values) => values.push(int(value)?),
        Column::Text(values) => values.push(text(value)?.ok_or_else(corrupt)?),
        Column::OptText(values) => values.push(text(value)?),
    }
    Ok(())
}

fn long(value: Option<&[u8]>) -> Result<Option<i64>, Error> {
    let Some(value) = value else { return Ok(None) };
    Ok(Some(i64::from_be_bytes(value.try_into().map_err(|_| corrupt())?)))
}

fn int(value: Option<&[u8]>) -> Result<Option<i32>, Error> {
    let Some(value) = value else { return Ok(None) };
    Ok(Some(i32::from_be_bytes(value.try_into().map_err(|_| corrupt())?)))
}

fn text(value: Option<&[u8]>) -> Result<Option<String>, Error> {
    let Some(value) = value else { return Ok(None) };
    Ok(Some(std::str::from_utf8(value).map_err(|_| corrupt())?.to_owned()))
}

fn corrupt() -> Error {
    Error::Corrupt("a COPY gave something else than was asked for".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::columns::{TRAILER, push_row};
    use super::*;

    #[test]
    fn rows_are_read_wherever_they_are_cut() {
        let columns = [
            ("a", Column::I64(vec![1, i64::MIN])),
            ("b", Column::OptI32(vec![None, Some(-7)])),
            ("c", Column::Text(vec!["客户".to_owned(), String::new()])),
            ("d", Column::OptText(vec![Some("x".to_owned()), None])),
        ];
        let mut data = HEADER.to_vec();
        let given: Vec<&(&str, Column)> = columns.iter().collect();
        push_row(&mut data, &given, 0);
        push_row(&mut data, &given, 1);
        data.extend_from_slice(&TRAILER);
        let types = [
            ("a", ColumnType::I64),
            ("b", ColumnType::OptI32),
            ("c", ColumnType::Text),
            ("d", ColumnType::OptText),
        ];
        for size in 1..=data.len() {
            let mut rows = Rows::new(&types);
            for chunk in data.chunks(size) {
                rows.push(chunk).unwrap();
            }
            let read = rows.finish();
            assert!(read.iter().eq(columns.iter().map(|(_, column)| column)), "{size} bytes");
        }
        for wrong in [[("a", ColumnType::I32); 4], [("a", ColumnType::I64); 4]] {
            assert!(Rows::new(&wrong).push(&data).is_err());
        }
        assert!(Rows::new(&types[..3]).push(&data).is_err());
    }
}
