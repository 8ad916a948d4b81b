//! What a command prints: a table for people, or the answer of the API as JSON for programs.

use crate::exit::Failure;
use comfy_table::{CellAlignment, Table, TableComponent, presets};
use kehu_contract::DESCRIPTORS;
use prost::Name;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use std::io::Write;

/// The form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs: the message of the API in the JSON form of protobuf.
    Json,
}

/// Prints a message of the API in the JSON form of protobuf.
pub(crate) fn json(message: &impl Name) -> Result<(), Failure> {
    let pool = DescriptorPool::decode(DESCRIPTORS).map_err(Failure::internal)?;
    let name = <_ as NameOf>::full_name_of(message);
    let descriptor = pool
        .get_message_by_name(&name)
        .ok_or_else(|| Failure::internal(format!("{name} is not in the contract")))?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
        .map_err(Failure::internal)?;
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::pretty(&mut text);
    dynamic
        .serialize_with_options(
            &mut serializer,
            &SerializeOptions::new().skip_default_fields(false),
        )
        .map_err(Failure::internal)?;
    line(&String::from_utf8_lossy(&text))
}

/// The full name of a message's type, from a value of it.
trait NameOf: Name {
    fn full_name_of(&self) -> String {
        Self::full_name()
    }
}

impl<T: Name> NameOf for T {}

/// Prints a line.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    let written = writeln!(output, "{text}").and_then(|()| output.flush());
    match written {
        // The reader of a pipe has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(source) => Err(Failure::Output { path: "standard output".to_owned(), source }),
        Ok(()) => Ok(()),
    }
}

/// A table with its columns' names; those named in `right` hold numbers.
pub(crate) fn table(header: &[&str], right: &[&str], rows: Vec<Vec<String>>) -> String {
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
