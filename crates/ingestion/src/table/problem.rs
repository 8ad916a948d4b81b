//! What is wrong with a row, in the contract's words.

use kehu_contract::ingestion::{Problem, ProblemReason};

use super::row::RowFault;

/// A problem of a column.
pub(super) fn problem(column: &str, reason: ProblemReason, description: &str) -> Problem {
    let (field, description) = (column.to_owned(), description.to_owned());
    Problem { field, reason: reason.into(), description }
}

/// The problem of a row that is no row.
pub(super) fn of_fault(fault: RowFault, cells: usize, columns: usize) -> Problem {
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
            "the row is not UTF-8: save the file as UTF-8, or state its encoding in the mapping"
                .to_owned(),
        ),
    };
    Problem { field: String::new(), reason: reason.into(), description }
}

/// The name of the first problem's reason, without its prefix.
pub(super) fn reason_name(problems: &[Problem]) -> &'static str {
    let reason = problems.first().map_or(ProblemReason::Unspecified, Problem::reason);
    reason.as_str_name().trim_start_matches("PROBLEM_REASON_")
}
