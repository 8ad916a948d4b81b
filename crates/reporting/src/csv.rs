//! Tables as CSV by RFC 4180: CRLF, quotes where they are needed, UTF-8 without a byte order mark.
//! The first row names the columns. Spreadsheets get the dialect that they open without being asked.

use crate::report::table::{Cell, Column, Row, Table};
use futures::stream::{self, BoxStream, StreamExt};
use kehu_core::{label::Language, text::is_formula};
use kehu_server::Fault;
use prost::bytes::Bytes;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// What stands between fields.
    pub(crate) delimiter: u8,
    /// Whether numbers have a decimal comma.
    pub(crate) decimal_comma: bool,
    /// Whether the file says that it is UTF-8.
    pub(crate) byte_order_mark: bool,
    /// The language of the labels that head the columns; `None` for their names.
    pub(crate) labels: Option<Language>,
}

impl Dialect {
    /// RFC 4180.
    pub(crate) const PLAIN: Self =
        Self { delimiter: b',', decimal_comma: false, byte_order_mark: false, labels: None };
}

/// The table in parts, as it comes.
pub(crate) fn write(table: Table, dialect: Dialect) -> BoxStream<'static, Result<Bytes, Fault>> {
    let name = |column: Column| match dialect.labels {
        Some(language) => Cell::text(column.label.get(language)),
        None => Cell::Id(column.id),
    };
    let head = lines([table.columns.into_iter().map(name).collect()], dialect);
    let mark = dialect.byte_order_mark.then(|| Ok(Bytes::from_static("\u{feff}".as_bytes())));
    let parts = table.parts.map(move |rows| lines(rows?, dialect));
    stream::iter(mark.into_iter().chain([head])).chain(parts).boxed()
}

fn lines(rows: impl IntoIterator<Item = Row>, dialect: Dialect) -> Result<Bytes, Fault> {
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .delimiter(dialect.delimiter)
        .from_writer(Vec::new());
    for row in rows {
        let fields = row.into_iter().map(|cell| field(cell, dialect.decimal_comma));
        writer.write_record(fields).map_err(Fault::internal)?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| Fault::internal(error.to_string()))
}

fn field(cell: Cell, decimal_comma: bool) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Id(id) => id,
        Cell::Text(text) if is_formula(&text) => format!("'{text}"),
        Cell::Text(text) => text,
        Cell::Date(date) => date.to_string(),
        Cell::Count(count) => count.to_string(),
        Cell::Number(mut number) => {
            number.rescale(4);
            let text = number.to_string();
            if decimal_comma { text.replace('.', ",") } else { text }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::Kind;

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
            (Cell::Count(-1), "-1"),
            (Cell::Number("-12.5".parse().unwrap()), "-12.5000"),
            (Cell::Date("2011-12-10".parse().unwrap()), "2011-12-10"),
            (Cell::optional(None), ""),
        ] {
            let line = lines([vec![Cell::id("x"), cell]], Dialect::PLAIN).unwrap();
            assert_eq!(line, format!("x,{expected}\r\n"));
        }
    }

    #[tokio::test]
    async fn a_spreadsheet_gets_its_own_dialect() {
        let columns = [("name", Kind::Text, "名称", "Name"), ("sum", Kind::Amount, "金额", "Sum")];
        let row = vec![Cell::text("a;b"), Cell::Number("-1234.5".parse().unwrap())];
        let dialect = Dialect {
            delimiter: b';',
            decimal_comma: true,
            byte_order_mark: true,
            labels: Some(Language::ZhCn),
        };
        let parts: Vec<_> = write(Table::new(&columns, vec![row]), dialect).collect().await;
        let file: Vec<u8> = parts.into_iter().flat_map(Result::unwrap).collect();
        let text = String::from_utf8(file).unwrap();
        assert_eq!(text, "\u{feff}名称;金额\r\n\"a;b\";-1234,5000\r\n");
    }
}
