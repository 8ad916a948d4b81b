//! One row of a table: its cells, and itself as it came.

use kehu_core::text::is_formula;

/// The most of a row that is kept as it came.
pub(crate) const RAW_LIMIT: usize = 64 * 1024;

/// A row.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// The line it starts on; the header is on line 1.
    pub(crate) line: u64,
    /// As it came, without its line end; at most 1 MiB of it.
    pub(crate) raw: Vec<u8>,
    /// How long it was.
    pub(crate) raw_length: u64,
    /// Why it cannot be taken as a row.
    pub(crate) fault: Option<RowFault>,
    /// Text follows a quote that closes: the quotes are not what they seem.
    pub(crate) sloppy: bool,
    text: String,
    cells: Vec<(usize, usize)>,
}

/// What is wrong with a row as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowFault {
    /// It has more or fewer cells than the header.
    Columns,
    /// It is longer than a row may be.
    TooLong,
    /// A quote that was opened on its first line does not close.
    Quote,
    /// It holds bytes that are nothing in the file's encoding.
    Encoding,
    /// It holds NUL characters.
    Nul,
    /// It is no JSON object.
    Json,
}

impl Row {
    /// The number of its cells.
    pub(crate) fn width(&self) -> usize {
        self.cells.len()
    }

    /// A cell, with its quotes undone; the empty text where there is none.
    pub(crate) fn cell(&self, place: usize) -> &str {
        let (start, end) = self.cells.get(place).copied().unwrap_or_default();
        &self.text[start..end]
    }

    /// Whether it has a cell for each of the first `named` columns of a header, and nothing
    /// behind the last of `all`.
    pub(crate) fn fits(&self, named: usize, all: usize) -> bool {
        let nothing = |place: usize| self.cell(place).trim().is_empty();
        self.width() >= named && (all..self.width()).all(nothing)
    }

    /// Whether no cell holds anything.
    pub(crate) fn is_blank(&self) -> bool {
        (0..self.width()).all(|place| self.cell(place).trim().is_empty())
    }

    /// The bytes of the longest cell.
    pub(crate) fn longest(&self) -> usize {
        self.cells.iter().map(|(start, end)| end - start).max().unwrap_or(0)
    }

    /// As it came, for people: at most 64 KiB, what is not UTF-8 shown as U+FFFD.
    pub(crate) fn raw_text(&self) -> String {
        let end = self.raw.len().min(RAW_LIMIT);
        let mut text = String::from_utf8_lossy(&self.raw[..end]).into_owned();
        let mut end = text.len().min(RAW_LIMIT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.replace('\0', "\u{fffd}")
    }

    /// Undoes what made formulas harmless when the row was written to be corrected.
    pub(crate) fn as_it_was(&mut self) {
        for (start, end) in &mut self.cells {
            let rest = self.text[*start..*end].strip_prefix('\'');
            if rest.is_some_and(|rest| is_formula(rest.trim_start_matches('\''))) {
                *start += 1;
            }
        }
    }

    /// Takes these cells.
    pub(crate) fn fill(&mut self, cells: &[String]) {
        self.text.clear();
        self.cells.clear();
        self.sloppy = false;
        for cell in cells {
            let start = self.text.len();
            self.text.push_str(cell);
            self.cells.push((start, self.text.len()));
        }
    }

    /// Cuts `text`, the row decoded, into cells.
    pub(crate) fn split(&mut self, text: &str, delimiter: u8) {
        self.text.clear();
        self.cells.clear();
        self.sloppy = false;
        if text.as_bytes().contains(&b'"') {
            self.split_quoted(text, delimiter);
        } else {
            self.split_plain(text, delimiter);
        }
    }

    fn split_plain(&mut self, text: &str, delimiter: u8) {
        self.text.push_str(text);
        let mut start = 0;
        for (place, byte) in text.bytes().enumerate() {
            if byte == delimiter {
                self.cells.push((start, place));
                start = place + 1;
            }
        }
        self.cells.push((start, text.len()));
    }

    fn split_quoted(&mut self, text: &str, delimiter: u8) {
        let mut start = 0;
        let mut copied = 0;
        let mut state = State::Start;
        for (place, byte) in text.bytes().enumerate() {
            let before = state;
            state = state.next(byte, delimiter);
            match (before, state) {
                // A quote that opens or closes, or the first of two that stand for one.
                (State::Start, State::Quoted) | (State::Quoted, State::Closing) => {
                    self.text.push_str(&text[copied..place]);
                    copied = place + 1;
                }
                (_, State::Start) => {
                    self.text.push_str(&text[copied..place]);
                    copied = place + 1;
                    self.cells.push((start, self.text.len()));
                    start = self.text.len();
                }
                (State::Closing, State::Plain) => self.sloppy = true,
                _ => {}
            }
        }
        self.text.push_str(&text[copied..]);
        self.cells.push((start, self.text.len()));
    }
}

/// Where in a cell a reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Before its first character.
    Start,
    /// In a cell without quotes, or after the closing one.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote between quotes: the closing one, or the first of two.
    Closing,
}

impl State {
    /// Where it stands after `byte`.
    pub(crate) fn next(self, byte: u8, delimiter: u8) -> Self {
        match self {
            Self::Quoted if byte == b'"' => Self::Closing,
            Self::Quoted => Self::Quoted,
            Self::Start | Self::Closing if byte == b'"' => Self::Quoted,
            _ if byte == delimiter => Self::Start,
            _ => Self::Plain,
        }
    }
}
