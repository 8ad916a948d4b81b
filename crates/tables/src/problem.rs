//! What is wrong with a row, in the contract's words.

use kehu_contract::ingestion::{Problem, ProblemReason};

use crate::columns::Role;
use crate::date;
use crate::facts::Clash;
use crate::row::RowFault;

/// A problem of a column.
pub(crate) fn problem(column: &str, reason: ProblemReason, description: &str) -> Problem {
    let (field, description) = (column.to_owned(), description.to_owned());
    Problem { field, reason: reason.into(), description }
}

/// The problem of a row that is no row.
pub(crate) fn of_fault(fault: RowFault, cells: usize, columns: usize) -> Problem {
    let (reason, description) = match fault {
        RowFault::Columns => (
            ProblemReason::ColumnsMismatch,
            format!("the row has {cells} cells, the header {columns}: check quotes and separators"),
        ),
        RowFault::TooLong => (
            ProblemReason::FieldTooLong,
            "a cell is longer than 64 KiB: shorten it, or check the quotes".to_owned(),
        ),
        RowFault::Quote => (
            ProblemReason::ColumnsMismatch,
            "a quote that opens on this line does not close: close it, or double it".to_owned(),
        ),
        RowFault::Encoding => (
            ProblemReason::TextInvalid,
            "the row holds bytes that are nothing in the file's encoding: save the file as UTF-8, \
             or state its encoding in the mapping"
                .to_owned(),
        ),
        RowFault::Json => (
            ProblemReason::ColumnsMismatch,
            "the line is no JSON object of at most 1 MiB: each line must be one, such as \
             {\"customer_id\": \"c1\"}"
                .to_owned(),
        ),
        RowFault::Nul => (
            ProblemReason::TextInvalid,
            "the row holds NUL characters: remove them, or state the file's encoding in the \
             mapping"
                .to_owned(),
        ),
    };
    Problem { field: String::new(), reason: reason.into(), description }
}

/// The problem of an order or an invoice whose lines disagree.
pub(crate) fn of_clash(clash: Clash, column: &str, noun: &str) -> Problem {
    let (one, two) = clash.lines;
    let years = match clash.role {
        Role::Date if noun == "order" => {
            ", or state numbers_by_year = true where they begin anew each year"
        }
        _ => "",
    };
    let description = format!(
        "lines {one} and {two} of this {noun} differ in it, so the whole {noun} is refused: correct \
         them, or give each {noun} a number of its own{years}"
    );
    problem(column, ProblemReason::OrderInconsistent, &description)
}

/// What a number would be as a date, and the setting that says so: nothing in it tells.
pub(crate) fn of_count(cell: &str) -> String {
    let Some((form, day)) = date::counted(cell) else {
        return "a number, and a date in no usual form: correct it, or state date_formats in the \
                mapping, such as [\"%Y%m%d\"]"
            .to_owned();
    };
    let counts = match form {
        "%s" => "seconds since 1970",
        "unix-ms" => "milliseconds since 1970",
        _ => "days as spreadsheets do",
    };
    format!(
        "a number, not a date. If it counts {counts} it is {day}: state date_formats = \
         [\"{form}\"] in the mapping then, with the forms of other dates of the column behind it"
    )
}
