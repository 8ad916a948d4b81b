//! Why a file cannot be read at all. What is wrong with single rows is no error.

use std::{io, path::PathBuf};

/// An error of a file, a mapping, or the two together.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Reading broke off: the disk, or a damaged gzip file.
    #[error("cannot read on after line {line}: {source}")]
    Read {
        /// The last line that was read.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// The file has no line.
    #[error("the file is empty: its first line must name the columns")]
    Empty,
    /// The file is UTF-16.
    #[error("the file is UTF-16: save it as UTF-8 and try again")]
    Utf16,
    /// The mapping breaks rules; all of them are listed.
    #[error("the mapping cannot be used: {}", .0.join("; "))]
    Mapping(Vec<String>),
    /// The header lacks columns; all of them are listed.
    #[error("the header lacks {}; it has {}", missing.join(", "), found.join(", "))]
    Header {
        /// What was looked for, with the names that would do.
        missing: Vec<String>,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// None of the first dates has a known form.
    #[error(
        "no date of the column {column:?} up to line {line} has one of the forms {}: state its \
         form in the mapping, such as date_formats = [\"%d/%m/%Y %H:%M\"]",
        formats.join(", ")
    )]
    Dates {
        /// The column.
        column: String,
        /// The last line that was looked at.
        line: u64,
        /// The forms that were tried.
        formats: Vec<String>,
    },
    /// The file is not what it was when it was first read through.
    #[error("the file changed while it was read: start again")]
    Changed,
}
