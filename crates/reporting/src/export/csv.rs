//! CSV by RFC 4180: CRLF, quotes where they are needed, UTF-8 without a byte order mark.

use kehu_core::text::{is_invisible, narrowed};
use kehu_server::Fault;
use prost::bytes::Bytes;
use rust_decimal::Decimal;

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// Nothing to say.
    Null,
    /// A text, made harmless for spreadsheets.
    Text(String),
    /// A number, a date or a name of ours, as it stands.
    Plain(String),
}

/// A row.
pub(super) type Row = Vec<Cell>;

impl Cell {
    /// A text from outside.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A number, a date or a name of ours.
    pub(super) fn plain(value: impl ToString) -> Self {
        Self::Plain(value.to_string())
    }

    /// An amount or a share, with four decimals.
    pub(super) fn decimal(number: Decimal) -> Self {
        let mut number = number;
        number.rescale(4);
        Self::plain(number)
    }

    /// An amount or a share that may be missing.
    pub(super) fn optional(number: Option<Decimal>) -> Self {
        number.map_or(Self::Null, Self::decimal)
    }

    fn field(self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Plain(text) => text,
            Self::Text(text) if is_formula(&text) => format!("'{text}"),
            Self::Text(text) => text,
        }
    }
}

/// What makes a spreadsheet take a text for a formula (OWASP, *CSV Injection*).
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// Whether a spreadsheet may take the text for a formula: some look past what cannot be seen and
/// read full-width characters as ASCII, and all take a tab or a line break for the end of the cell
/// before.
fn is_formula(text: &str) -> bool {
    let seen = text.chars().find(|c| !c.is_whitespace() && !is_invisible(*c));
    seen.is_some_and(|c| FORMULA.contains(&narrowed(c))) || text.starts_with(['\t', '\r', '\n'])
}

/// Rows as bytes.
pub(super) fn write(rows: impl IntoIterator<Item = Row>) -> Result<Bytes, Fault> {
    let mut writer =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.into_iter().map(Cell::field)).map_err(Fault::internal)?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| Fault::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_harmless() {
        for (cell, expected) in [
            (Cell::text("a,b"), "\"a,b\""),
            (Cell::text("say \"hi\""), "\"say \"\"hi\"\"\""),
            (Cell::text("two\r\nlines"), "\"two\r\nlines\""),
            (Cell::text("客户"), "客户"),
            (Cell::text("=HYPERLINK(1)"), "'=HYPERLINK(1)"),
            (Cell::text("+49"), "'+49"),
            (Cell::text("-1"), "'-1"),
            (Cell::text("@x"), "'@x"),
            (Cell::text("\tx"), "'\tx"),
            (Cell::text("\nx"), "\"'\nx\""),
            (Cell::text("\n=x"), "\"'\n=x\""),
            (Cell::text(" =x"), "' =x"),
            (Cell::text("\u{a0}\u{feff}+x"), "'\u{a0}\u{feff}+x"),
            (Cell::text("\u{200b}-x"), "'\u{200b}-x"),
            (Cell::text("＝x"), "'＝x"),
            (Cell::text("＋x"), "'＋x"),
            (Cell::text("－x"), "'－x"),
            (Cell::text("＠x"), "'＠x"),
            (Cell::text("a=b"), "a=b"),
            (Cell::text(" a"), " a"),
            (Cell::plain(-1), "-1"),
            (Cell::decimal("-12.5".parse().unwrap()), "-12.5000"),
            (Cell::optional(None), ""),
        ] {
            let line = write([vec![Cell::plain("x"), cell]]).unwrap();
            assert_eq!(line, format!("x,{expected}\r\n"));
        }
    }
}
