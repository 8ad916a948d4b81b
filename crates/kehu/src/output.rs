//! What a command prints: a table for people, or the answer of the API as JSON for programs.

use crate::exit::Failure;
use comfy_table::{CellAlignment, Table, TableComponent, presets};
use kehu_contract::{
    DESCRIPTORS,
    google::r#type::{Date, Decimal, Money},
    shared::{CustomerSummary, Value, value::Kind},
};
use kehu_core::text::{is_invisible, is_joiner, is_separator};
use prost::Name;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use prost_types::Timestamp;
use serde::Serializer;
use std::{borrow::Cow, io::Write, sync::LazyLock};

/// The form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs: the message of the API in the JSON form of protobuf; one a line where there
    /// are several.
    Json,
}

/// Prints a message of the API in the JSON form of protobuf.
pub(crate) fn json(message: &impl Name) -> Result<(), Failure> {
    let mut text = Vec::new();
    serialize(message, &mut serde_json::Serializer::pretty(&mut text))?;
    line(&String::from_utf8_lossy(&text))
}

/// Prints one of several messages, on one line.
pub(crate) fn json_line(message: &impl Name) -> Result<(), Failure> {
    let mut text = Vec::new();
    serialize(message, &mut serde_json::Serializer::new(&mut text))?;
    line(&String::from_utf8_lossy(&text))
}

fn serialize<S>(message: &impl Name, serializer: S) -> Result<(), Failure>
where
    S: Serializer<Ok = (), Error = serde_json::Error>,
{
    static CONTRACT: LazyLock<DescriptorPool> = LazyLock::new(|| {
        DescriptorPool::decode(DESCRIPTORS).expect("the contract was compiled with its descriptors")
    });
    let name = <_ as NameOf>::full_name_of(message);
    let descriptor = CONTRACT
        .get_message_by_name(&name)
        .ok_or_else(|| Failure::internal(format!("{name} is not in the contract")))?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
        .map_err(Failure::internal)?;
    let options = SerializeOptions::new().skip_default_fields(false);
    dynamic.serialize_with_options(serializer, &options).map_err(Failure::internal)
}

/// The full name of a message's type, from a value of it.
trait NameOf: Name {
    fn full_name_of(&self) -> String {
        Self::full_name()
    }
}

impl<T: Name> NameOf for T {}

/// A text as a terminal may show it: what it would take for an order, or not show, is written as
/// `\u{1b}`. Texts come from files and from other programs.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    // Joiners belong to the writing of some languages.
    let harmful = |c| is_separator(c) || (is_invisible(c) && c != '\n' && !is_joiner(c));
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        // The line ends of CSV overwrite nothing.
        let line_end = character == '\r' && rest.peek() == Some(&'\n');
        if harmful(character) && !line_end {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Prints a line.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    let written = writeln!(output, "{}", harmless(text)).and_then(|()| output.flush());
    match written {
        // The reader of a pipe has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(source) => Err(Failure::Output { path: "standard output".to_owned(), source }),
        Ok(()) => Ok(()),
    }
}

/// The key by which a source knows the customer, `erp/C-1`; empty for who may not see it.
pub(crate) fn key(who: &CustomerSummary) -> String {
    if who.source.is_empty() {
        String::new()
    } else {
        format!("{}/{}", who.source, who.external_id)
    }
}

/// A date as people write it.
pub(crate) fn date(date: Option<&Date>) -> String {
    date.map_or_else(
        || "–".to_owned(),
        |date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day),
    )
}

/// A time as RFC 3339 writes it.
pub(crate) fn time(time: Option<&Timestamp>) -> String {
    time.map_or_else(|| "–".to_owned(), ToString::to_string)
}

/// A share, 0 to 1, as a percentage with two decimals.
pub(crate) fn percent(share: Option<&Decimal>) -> String {
    let share = share.and_then(|share| share.value.parse::<rust_decimal::Decimal>().ok());
    share.map_or_else(
        || "–".to_owned(),
        |share| format!("{:.2} %", share * rust_decimal::Decimal::ONE_HUNDRED),
    )
}

/// A value of a feature.
pub(crate) fn value(value: Option<&Value>) -> String {
    match value.and_then(|value| value.kind.as_ref()) {
        None => "–".to_owned(),
        Some(Kind::Number(number)) => number.value.clone(),
        Some(Kind::Text(text)) => text.clone(),
        Some(Kind::Boolean(boolean)) => boolean.to_string(),
    }
}

/// A table with its columns' names; those named in `right` hold numbers.
pub(crate) fn table(header: &[&str], right: &[&str], rows: Vec<Vec<String>>) -> String {
    // A cell stays on its line.
    let cells = |row: Vec<String>| row.into_iter().map(|cell| harmless(&cell).replace('\n', " "));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| cells(row).collect()).collect();
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─')
        .set_header(header)
        .add_rows(rows);
    for (column, name) in table.column_iter_mut().zip(header) {
        if right.contains(name) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// A number as it was sent.
pub(crate) fn decimal(number: Option<&Decimal>) -> String {
    number.map_or_else(|| "–".to_owned(), |number| number.value.clone())
}

/// An amount to the cent, as people write it.
pub(crate) fn cents(money: Option<&Money>) -> String {
    let Some(money) = money else { return "–".to_owned() };
    let sign = if money.units < 0 || money.nanos < 0 { "-" } else { "" };
    let cents = money.nanos.unsigned_abs() / 10_000_000;
    format!("{sign}{}.{cents:02} {}", money.units.unsigned_abs(), money.currency_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_no_orders() {
        for (text, shown) in [
            ("高价值 High value", "高价值 High value"),
            ("two\nlines", "two\nlines"),
            ("two\r\nlines\rover", "two\r\nlines\\u{d}over"),
            ("\u{1b}[2Jx", "\\u{1b}[2Jx"),
            ("a\0b\u{9b}c", "a\\u{0}b\\u{9b}c"),
            ("\u{202e}txt", "\\u{202e}txt"),
        ] {
            assert_eq!(harmless(text), shown);
        }
        let table = table(&["name"], &[], vec![vec!["a\nb\u{1b}".to_owned()]]);
        assert_eq!(table.lines().last(), Some(" a b\\u{1b}"));
    }
}
