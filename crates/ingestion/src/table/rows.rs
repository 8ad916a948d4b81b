//! Cuts a file into rows, line by line.
//!
//! A quote that never closes makes every reader of CSV take the rest of the file for one cell.
//! Here it costs one line: a row of several lines that does not fit the header, or whose quotes
//! close in the middle of a word, is taken apart: its first line is refused and reading goes on
//! with the second.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use super::mapping::Encoding;
use super::row::{RAW_LIMIT, Row, RowFault, State};
use super::windows_1252;

/// The most bytes of a row that are looked at.
const ROW_LIMIT: u64 = 1024 * 1024;

/// How a file is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) delimiter: u8,
    pub(super) encoding: Encoding,
}

/// The rows of a file.
pub(super) struct Rows<R> {
    input: Replay<R>,
    format: Format,
    /// The number of columns; 0 for any.
    width: usize,
    /// The lines read so far.
    line: u64,
}

impl<R: BufRead> Rows<R> {
    /// The rows of `input`.
    pub(super) fn new(input: R, format: Format) -> Self {
        let input = Replay { front: Vec::new(), at: 0, inner: input };
        Self { input, format, width: 0, line: 0 }
    }

    /// From now on every row must have this many cells.
    pub(super) fn expect_width(&mut self, width: usize) {
        self.width = width;
    }

    /// The lines read so far.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// What the rows were cut from.
    pub(super) fn into_inner(self) -> R {
        self.input.inner
    }

    /// Reads the next row into `row`; `false` at the end. Empty lines are passed over.
    pub(super) fn read(&mut self, row: &mut Row) -> io::Result<bool> {
        row.fault = None;
        loop {
            row.raw.clear();
            row.raw_length = self.read_line(&mut row.raw)?;
            if row.raw_length == 0 {
                return Ok(false);
            }
            if !trim_line_end(&row.raw).is_empty() {
                break;
            }
        }
        row.line = self.line;
        if row.raw.contains(&b'"') && row.raw_length <= ROW_LIMIT {
            self.read_quoted(row)?;
        } else {
            self.finish(row);
            trim_raw(row);
        }
        Ok(true)
    }

    /// Reads on until the quotes of the row are closed.
    fn read_quoted(&mut self, row: &mut Row) -> io::Result<()> {
        let first_line = row.raw.len();
        let mut state = scan(&row.raw, State::Start, self.format.delimiter);
        while state == State::Quoted && row.raw_length < ROW_LIMIT {
            let start = row.raw.len();
            let length = self.read_line(&mut row.raw)?;
            if length == 0 {
                break;
            }
            row.raw_length += length;
            state = scan(&row.raw[start..], state, self.format.delimiter);
        }
        let whole = row.raw_length == row.raw.len() as u64;
        if state == State::Quoted {
            row.fault = Some(RowFault::Quote);
        } else {
            self.finish(row);
        }
        let fits = matches!(row.fault, None | Some(RowFault::Encoding)) && !row.sloppy;
        if !fits && whole && row.raw.len() > first_line {
            self.take_apart(row, first_line);
        }
        trim_raw(row);
        Ok(())
    }

    /// Refuses the first line of the row, and gives the others back to be read again.
    fn take_apart(&mut self, row: &mut Row, first_line: usize) {
        self.line = row.line;
        self.input.push_front(&row.raw[first_line..]);
        row.raw.truncate(first_line);
        row.raw_length = first_line as u64;
        row.fault = Some(RowFault::Quote);
    }

    /// Cuts a row that has been read into cells.
    fn finish(&mut self, row: &mut Row) {
        let raw = std::mem::take(&mut row.raw);
        let line = trim_line_end(&raw);
        let (text, valid) = decode(line, self.format.encoding);
        row.split(&text, self.format.delimiter);
        row.fault = if row.raw_length > raw.len() as u64 || row.longest() > RAW_LIMIT {
            Some(RowFault::TooLong)
        } else if self.width != 0 && row.width() != self.width {
            Some(RowFault::Columns)
        } else if !valid {
            Some(RowFault::Encoding)
        } else {
            None
        };
        row.raw = raw;
    }

    /// Reads one line with its end, and returns its length, 0 at the end of the file. Of a
    /// line longer than a row may be the rest is read but not kept.
    fn read_line(&mut self, lines: &mut Vec<u8>) -> io::Result<u64> {
        let kept = self.input.by_ref().take(ROW_LIMIT).read_until(b'\n', lines)?;
        let mut length = kept as u64;
        if length == ROW_LIMIT && !lines.ends_with(b"\n") {
            length += self.skip_line()?;
        }
        self.line += u64::from(length > 0);
        Ok(length)
    }

    /// Passes over the rest of a line with its end, and returns its length without.
    fn skip_line(&mut self) -> io::Result<u64> {
        let mut length = 0;
        loop {
            let available = self.input.fill_buf()?;
            let end = available.iter().position(|byte| *byte == b'\n');
            let rest = end.unwrap_or(available.len());
            let count = end.map_or(rest, |end| end + 1);
            length += rest as u64;
            self.input.consume(count);
            if end.is_some() || count == 0 {
                return Ok(length);
            }
        }
    }
}

/// The text of a line, and whether it was in the encoding.
fn decode(line: &[u8], encoding: Encoding) -> (Cow<'_, str>, bool) {
    match encoding {
        Encoding::Utf8 => match std::str::from_utf8(line) {
            Ok(text) => (text.into(), true),
            Err(_) => (String::from_utf8_lossy(line), false),
        },
        Encoding::Windows1252 => (windows_1252::decode(line).into(), true),
    }
}

fn scan(bytes: &[u8], state: State, delimiter: u8) -> State {
    bytes.iter().fold(state, |state, byte| state.next(*byte, delimiter))
}

fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn trim_raw(row: &mut Row) {
    let end = trim_line_end(&row.raw).len();
    row.raw_length -= (row.raw.len() - end) as u64;
    row.raw.truncate(end);
}

/// A reader that takes bytes back.
struct Replay<R> {
    front: Vec<u8>,
    at: usize,
    inner: R,
}

impl<R: BufRead> Replay<R> {
    fn push_front(&mut self, bytes: &[u8]) {
        let mut front = bytes.to_vec();
        front.extend_from_slice(&self.front[self.at..]);
        self.front = front;
        self.at = 0;
    }
}

impl<R: BufRead> Read for Replay<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Replay<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at < self.front.len() {
            return Ok(&self.front[self.at..]);
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if self.at < self.front.len() {
            self.at += count;
        } else {
            self.inner.consume(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8], width: usize) -> Vec<(u64, Option<RowFault>, Vec<String>)> {
        let format = Format { delimiter: b',', encoding: Encoding::Utf8 };
        let mut rows = Rows::new(content, format);
        rows.expect_width(width);
        let mut row = Row::default();
        let mut read = Vec::new();
        while rows.read(&mut row).unwrap() {
            let cells = match row.fault {
                None => (0..row.width()).map(|place| row.cell(place).to_owned()).collect(),
                Some(_) => vec![row.raw_text()],
            };
            read.push((row.line, row.fault, cells));
        }
        read
    }

    fn good(line: u64, cells: &[&str]) -> (u64, Option<RowFault>, Vec<String>) {
        (line, None, cells.iter().map(|cell| cell.to_string()).collect())
    }

    fn bad(line: u64, fault: RowFault, raw: &str) -> (u64, Option<RowFault>, Vec<String>) {
        (line, Some(fault), vec![raw.to_owned()])
    }

    #[test]
    fn cells_and_quotes() {
        let content =
            b"a,b,c\r\n,,\n\n\"x, y\",\"say \"\"hi\"\"\",\"\"\n5\" pipe,z\"z,\"q\"r\nend,of,file";
        let expected = [
            good(1, &["a", "b", "c"]),
            good(2, &["", "", ""]),
            good(4, &["x, y", "say \"hi\"", ""]),
            good(5, &["5\" pipe", "z\"z", "qr"]),
            good(6, &["end", "of", "file"]),
        ];
        assert_eq!(read(content, 3), expected);
    }

    #[test]
    fn a_quoted_cell_may_hold_lines() {
        let content = b"1,\"two\nlines\",3\n4,5,6\n";
        assert_eq!(
            read(content, 3),
            [good(1, &["1", "two\nlines", "3"]), good(3, &["4", "5", "6"])]
        );
    }

    #[test]
    fn a_quote_that_does_not_close_costs_one_line() {
        for (content, raw) in [
            (&b"1,\"open,3\n4,5,6\n7,8,9\n"[..], "1,\"open,3"),
            (b"1,\"open,3\n4,5,6\n7,8,9", "1,\"open,3"),
        ] {
            let expected = [
                bad(1, RowFault::Quote, raw),
                good(2, &["4", "5", "6"]),
                good(3, &["7", "8", "9"]),
            ];
            assert_eq!(read(content, 3), expected);
        }
        let content = b"1,\"open,3\n4,5,6\n7,\"x\",9\n";
        let expected = [
            bad(1, RowFault::Quote, "1,\"open,3"),
            good(2, &["4", "5", "6"]),
            good(3, &["7", "x", "9"]),
        ];
        assert_eq!(read(content, 3), expected);
    }

    #[test]
    fn what_does_not_fit_is_refused_alone() {
        let content = b"1,2\n\xff,2,3\n1,2,3,4\n1,2,3\n";
        let expected = [
            bad(1, RowFault::Columns, "1,2"),
            bad(2, RowFault::Encoding, "\u{fffd},2,3"),
            bad(3, RowFault::Columns, "1,2,3,4"),
            good(4, &["1", "2", "3"]),
        ];
        assert_eq!(read(content, 3), expected);
    }

    #[test]
    fn a_huge_cell_is_not_kept() {
        for quote in ["", "\""] {
            let huge = "x".repeat(10_000_000);
            let content = format!("1,{quote}{huge}{quote},3\n4,5,6\n");
            let rows = read(content.as_bytes(), 3);
            assert_eq!((rows[0].0, rows[0].1), (1, Some(RowFault::TooLong)));
            assert_eq!(rows[0].2[0].len(), RAW_LIMIT);
            assert_eq!(rows[1..], [good(2, &["4", "5", "6"])]);
        }
    }
}
