//! Tables as CSV by RFC 4180: CRLF, quotes where they are needed, UTF-8 without a byte order mark.
//! The first row names the columns.

use crate::report::table::{Cell, Row, Table};
use futures::stream::{self, BoxStream, StreamExt};
use kehu_core::text::is_formula;
use kehu_server::Fault;
use prost::bytes::Bytes;

/// The table in parts, as it comes.
pub(crate) fn write(table: Table) -> BoxStream<'static, Result<Bytes, Fault>> {
    let head = lines([table.columns.into_iter().map(|column| Cell::Id(column.id)).collect()]);
    let parts = table.parts.map(|rows| lines(rows?));
    stream::iter([head]).chain(parts).boxed()
}

fn lines(rows: impl IntoIterator<Item = Row>) -> Result<Bytes, Fault> {
    let mut writer =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.into_iter().map(field)).map_err(Fault::internal)?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| Fault::internal(error.to_string()))
}

fn field(cell: Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Id(id) => id,
        Cell::Text(text) if is_formula(&text) => format!("'{text}"),
        Cell::Text(text) => text,
        Cell::Date(date) => date.to_string(),
        Cell::Count(count) => count.to_string(),
        Cell::Number(mut number) => {
            number.rescale(4);
            number.to_string()
        }
    }
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
            (Cell::Count(-1), "-1"),
            (Cell::Number("-12.5".parse().unwrap()), "-12.5000"),
            (Cell::Date("2011-12-10".parse().unwrap()), "2011-12-10"),
            (Cell::optional(None), ""),
        ] {
            let line = lines([vec![Cell::id("x"), cell]]).unwrap();
            assert_eq!(line, format!("x,{expected}\r\n"));
        }
    }
}
