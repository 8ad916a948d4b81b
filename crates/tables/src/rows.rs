//! Cuts a file into rows, line by line. A line ends with a line feed, a carriage return or both,
//! whichever comes.
//!
//! A quote that never closes makes every reader of CSV take the rest of the file for one cell.
//! Here it costs one line: a row of several lines that does not fit the header, or whose quotes
//! close in the middle of a word, is taken apart: its first line is refused and reading goes on
//! with the second.

use std::io::{self, BufRead, Read};

use crate::row::{RAW_LIMIT, Row, RowFault, State};

/// The most bytes of a row that are looked at.
const ROW_LIMIT: u64 = 1024 * 1024;

/// The mark with which DOS ends a text.
const DOS_END: u8 = 0x1a;

/// The rows of a file.
pub(crate) struct Rows<R> {
    input: Replay<R>,
    delimiter: u8,
    /// How many columns have a name, and how many there are; `None` for any number.
    columns: Option<(usize, usize)>,
    /// The lines read so far.
    line: u64,
}

impl<R: BufRead> Rows<R> {
    /// The rows of `input`, which is UTF-8.
    pub(crate) fn new(input: R, delimiter: u8) -> Self {
        let input = Replay { front: Vec::new(), at: 0, inner: input };
        Self { input, delimiter, columns: None, line: 0 }
    }

    /// From now on every row must fit a header with `all` columns, of which the first `named`
    /// reach to the last that has a name.
    pub(crate) fn expect(&mut self, named: usize, all: usize) {
        self.columns = Some((named, all));
    }

    /// The lines read so far.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// What the rows were cut from.
    pub(crate) fn into_inner(self) -> R {
        self.input.inner
    }

    /// Reads the next row into `row`; `false` at the end. Empty lines are passed over.
    pub(crate) fn read(&mut self, row: &mut Row) -> io::Result<bool> {
        if !self.next_line(row)? {
            return Ok(false);
        }
        if row.raw.contains(&b'"') && row.raw_length <= ROW_LIMIT {
            self.read_quoted(row)?;
        } else {
            self.finish(row);
            trim_raw(row);
        }
        Ok(true)
    }

    /// Reads the next line that says something as it came, whatever quotes are in it; `false` at the
    /// end.
    pub(crate) fn read_whole(&mut self, row: &mut Row) -> io::Result<bool> {
        let read = self.next_line(row)?;
        if row.raw_length > row.raw.len() as u64 {
            row.fault = Some(RowFault::TooLong);
        }
        trim_raw(row);
        Ok(read)
    }

    fn next_line(&mut self, row: &mut Row) -> io::Result<bool> {
        row.fault = None;
        loop {
            row.raw.clear();
            row.raw_length = self.read_line(&mut row.raw)?;
            if row.raw_length == 0 {
                return Ok(false);
            }
            if !is_blank(trim_line_end(&row.raw)) {
                break;
            }
        }
        row.line = self.line;
        Ok(true)
    }

    /// Reads on until the quotes of the row are closed.
    fn read_quoted(&mut self, row: &mut Row) -> io::Result<()> {
        let first_line = row.raw.len();
        let mut state = scan(&row.raw, State::Start, self.delimiter);
        while state == State::Quoted && row.raw_length < ROW_LIMIT {
            let start = row.raw.len();
            let length = self.read_line(&mut row.raw)?;
            if length == 0 {
                break;
            }
            row.raw_length += length;
            state = scan(&row.raw[start..], state, self.delimiter);
        }
        let whole = row.raw_length == row.raw.len() as u64;
        if state == State::Quoted {
            row.fault = Some(RowFault::Quote);
        } else {
            self.finish(row);
        }
        let fits =
            matches!(row.fault, None | Some(RowFault::Encoding | RowFault::Nul)) && !row.sloppy;
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
        let (text, valid) = match std::str::from_utf8(line) {
            Ok(text) => (text.into(), true),
            Err(_) => (String::from_utf8_lossy(line), false),
        };
        row.split(&text, self.delimiter);
        row.fault = if row.raw_length > raw.len() as u64 || row.longest() > RAW_LIMIT {
            Some(RowFault::TooLong)
        } else if self.columns.is_some_and(|(named, all)| !row.fits(named, all)) {
            Some(RowFault::Columns)
        } else if line.contains(&0) {
            Some(RowFault::Nul)
        } else if !valid {
            Some(RowFault::Encoding)
        } else {
            None
        };
        row.raw = raw;
    }

    /// Reads one line with its end, and returns its length, 0 at the end of the file. Of a
    /// line longer than a row may be the rest is read but not kept, nor is its end counted.
    fn read_line(&mut self, lines: &mut Vec<u8>) -> io::Result<u64> {
        let mut line = Line { kept: lines, length: 0 };
        loop {
            let available = self.input.fill_buf()?;
            let end = available.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let Some(end) = end else {
                let count = available.len();
                line.add(available);
                self.input.consume(count);
                if count == 0 {
                    break;
                }
                continue;
            };
            let returned = available[end] == b'\r';
            line.add(&available[..end]);
            line.end(available[end]);
            self.input.consume(end + 1);
            if returned && self.input.fill_buf()?.first() == Some(&b'\n') {
                line.end(b'\n');
                self.input.consume(1);
            }
            break;
        }
        let length = line.length;
        self.line += u64::from(length > 0);
        Ok(length)
    }
}

/// A line while it is read.
struct Line<'a> {
    kept: &'a mut Vec<u8>,
    length: u64,
}

impl Line<'_> {
    fn add(&mut self, bytes: &[u8]) {
        let room = usize::try_from(ROW_LIMIT.saturating_sub(self.length)).unwrap_or(usize::MAX);
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.length += bytes.len() as u64;
    }

    fn end(&mut self, byte: u8) {
        if self.length <= ROW_LIMIT {
            self.kept.push(byte);
            self.length += 1;
        }
    }
}

fn scan(bytes: &[u8], state: State, delimiter: u8) -> State {
    bytes.iter().fold(state, |state, byte| state.next(*byte, delimiter))
}

/// The line without its end, and without the mark with which DOS ends a text.
fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.strip_suffix(&[DOS_END]).unwrap_or(line)
}

/// Whether a line holds nothing: spaces, the padding of a block of a disk, the end of DOS.
fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(*byte, b' ' | 0 | DOS_END))
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
        let mut rows = Rows::new(content, b',');
        rows.expect(width, width);
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
    fn lines_end_as_they_come() {
        let content = b"1,2,3\r4,5,6\n7,8,9\r\n\r10,11,12\r\n\x1a";
        let expected = [
            good(1, &["1", "2", "3"]),
            good(2, &["4", "5", "6"]),
            good(3, &["7", "8", "9"]),
            good(5, &["10", "11", "12"]),
        ];
        assert_eq!(read(content, 3), expected);
    }

    #[test]
    fn empty_cells_behind_the_last_column_are_nothing() {
        let content = b"1,2,3,\n4,5,6, ,\n7,8,9,x\n";
        let rows = read(content, 3);
        assert_eq!(rows[0].1, None);
        assert_eq!(rows[1].1, None);
        assert_eq!(rows[2], bad(3, RowFault::Columns, "7,8,9,x"));
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
        let content = b"1,2\n\xff,2,3\n1,2,3,4\n1,2,3\n1,\0,3\n";
        let expected = [
            bad(1, RowFault::Columns, "1,2"),
            bad(2, RowFault::Encoding, "\u{fffd},2,3"),
            bad(3, RowFault::Columns, "1,2,3,4"),
            good(4, &["1", "2", "3"]),
            bad(5, RowFault::Nul, "1,\u{fffd},3"),
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
