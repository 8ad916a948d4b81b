//! What the messages of several reports are made of.

use crate::{
    csv::Dialect,
    report::{
        Needs, REPORTS,
        table::{Cell, Column, Kind, Row},
    },
};
use kehu_contract::{google::r#type as google, reporting as contract, shared};
use kehu_server::{Fault, Violations, convert};
use prost::bytes::Bytes;
use rust_decimal::{Decimal, prelude::ToPrimitive};

/// Billionths in a unit of money.
const NANOS: u32 = 1_000_000_000;

/// An amount. Sums of amounts may be larger than the largest amount of a record, up to what the
/// contract's message holds.
pub(crate) fn money(amount: Decimal, currency: &str) -> Result<google::Money, Fault> {
    let units = amount.trunc();
    let nanos = ((amount - units) * Decimal::from(NANOS)).round();
    let (Some(units), Some(nanos)) = (units.to_i64(), nanos.to_i32()) else {
        return Err(Fault::Precondition {
            kind: "AMOUNT_IN_RANGE",
            subject: "reports".to_owned(),
            description: format!(
                "a sum of amounts comes to {amount} {currency}, more than an answer can hold: look \
                 for records whose amounts are too large"
            ),
        });
    };
    Ok(google::Money { currency_code: currency.to_owned(), units, nanos })
}

/// The format of a file. [`Fault::Invalid`] for one that is not known.
pub(crate) fn format(format: i32) -> Result<contract::ReportFormat, Fault> {
    let mut violations = Violations::new();
    let known = contract::ReportFormat::try_from(format);
    if known.is_err() {
        violations.add("format", "must be CSV, XLSX or SVG");
    }
    violations.finish()?;
    Ok(known.unwrap_or_default())
}

/// How a file of the format is written.
pub(crate) fn dialect(
    dialect: Option<contract::CsvDialect>,
    format: contract::ReportFormat,
    language: i32,
) -> Result<Dialect, Fault> {
    let Some(dialect) = dialect else { return Ok(Dialect::PLAIN) };
    let mut violations = Violations::new();
    if matches!(format, contract::ReportFormat::Xlsx | contract::ReportFormat::Svg) {
        violations.add("csv_dialect", "must be absent: the file is no CSV");
    }
    let delimiter = match dialect.delimiter.as_str() {
        "" => b',',
        one @ ("," | ";" | "|" | "\t") => one.as_bytes()[0],
        _ => {
            violations.add("csv_dialect.delimiter", "must be `,`, `;`, `|`, a tab, or empty");
            b','
        }
    };
    if dialect.decimal_comma && delimiter == b',' {
        let message = "must not be a comma where numbers have one: take `;`";
        violations.add("csv_dialect.delimiter", message);
    }
    violations.finish()?;
    Ok(Dialect {
        delimiter,
        decimal_comma: dialect.decimal_comma,
        byte_order_mark: dialect.byte_order_mark,
        labels: dialect.label_header.then(|| convert::language(language)),
    })
}

/// The next bytes of a file of a format.
pub(crate) fn piece(
    piece: Bytes,
    format: contract::ReportFormat,
) -> contract::ExportReportResponse {
    let empty = contract::ExportReportResponse::default();
    match format {
        contract::ReportFormat::Xlsx => contract::ExportReportResponse { xlsx: piece, ..empty },
        contract::ReportFormat::Svg => contract::ExportReportResponse { svg: piece, ..empty },
        contract::ReportFormat::Unspecified | contract::ReportFormat::Csv => {
            contract::ExportReportResponse { csv: piece, ..empty }
        }
    }
}

/// The reports that there are.
pub(crate) fn reports() -> Vec<contract::Report> {
    let report = |report: &&dyn crate::report::Report| {
        let facts = report.facts();
        contract::Report {
            id: facts.id.to_owned(),
            label: Some(convert::label(&facts.label())),
            has_charts: facts.charted,
            needs_taxonomy: facts.needs != Needs::Time,
            needs_comparison_date: facts.needs == Needs::Comparison,
            needs_other_taxonomy: facts.needs == Needs::TwoTaxonomies,
            default_features: facts.features.iter().map(|it| (*it).to_owned()).collect(),
        }
    };
    REPORTS.iter().map(report).collect()
}

/// A column of a table.
pub(crate) fn column(column: &Column) -> contract::ReportColumn {
    let kind = match column.kind {
        Kind::Id | Kind::Text => contract::ReportColumnKind::Text,
        Kind::Date => contract::ReportColumnKind::Date,
        Kind::Count => contract::ReportColumnKind::Count,
        Kind::Amount => contract::ReportColumnKind::Amount,
        Kind::Share => contract::ReportColumnKind::Share,
        Kind::Number => contract::ReportColumnKind::Number,
    };
    let label = Some(convert::label(&column.label));
    let definition = column.definition.as_ref().map(convert::label);
    contract::ReportColumn { id: column.id.clone(), label, kind: kind.into(), definition }
}

/// A row of a table.
pub(crate) fn row(row: Row) -> contract::ReportRow {
    contract::ReportRow { cells: row.into_iter().map(cell).collect() }
}

fn cell(cell: Cell) -> shared::Value {
    use shared::value::Kind;
    let kind = match cell {
        Cell::Null => None,
        Cell::Id(text) | Cell::Text(text) => Some(Kind::Text(text)),
        Cell::Date(date) => Some(Kind::Text(date.to_string())),
        Cell::Count(count) => Some(Kind::Number(convert::decimal(Decimal::from(count)))),
        Cell::Number(number) => Some(Kind::Number(convert::decimal(number))),
    };
    shared::Value { kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_beyond_the_largest_amount_are_exact() {
        for (amount, units, nanos) in [
            ("1844674407370954.1234", 1_844_674_407_370_954, 123_400_000),
            ("-0.0001", 0, -100_000),
            ("-9223372036854775807.9999", -9_223_372_036_854_775_807, -999_900_000),
            ("0.0000", 0, 0),
        ] {
            let money = money(amount.parse().unwrap(), "GBP").unwrap();
            assert_eq!((money.units, money.nanos), (units, nanos), "{amount}");
        }
        let refused = money("9223372036854775808".parse().unwrap(), "GBP");
        assert!(matches!(refused, Err(Fault::Precondition { kind: "AMOUNT_IN_RANGE", .. })));
    }
}
