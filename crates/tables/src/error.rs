//! Why a file cannot be read at all. What is wrong with single rows is no error.

use std::{io, path::PathBuf};

use crate::encoding::Reading;

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
    /// The file is one JSON text, and not one a line.
    #[error(
        "the file is one JSON text: write one object a line (JSON Lines), such as \
         {{\"customer_id\": \"c1\"}}"
    )]
    JsonText,
    /// The file is no text.
    #[error("the file is {format}: save it as CSV and try again")]
    NotText {
        /// What it looks like.
        format: &'static str,
    },
    /// The mapping breaks rules; all of them are listed.
    #[error("the mapping cannot be used: {}", .0.join("; "))]
    Mapping(Vec<String>),
    /// The header lacks columns; all of them are listed.
    #[error(
        "the header lacks {}; it has {}{}",
        missing.join(", "),
        found.join(", "),
        as_read(*encoding)
    )]
    Header {
        /// What was looked for, with the names that would do.
        missing: Vec<String>,
        /// The columns that are there.
        found: Vec<String>,
        /// The encoding it was read in, where that may be what is wrong.
        encoding: Option<&'static str>,
    },
    /// What is not ASCII in the file is too little to tell the encoding.
    #[error(
        "what is not ASCII in the file may be {} or {}: state which, such as encoding = \"{}\" in \
         the mapping, or save the file as UTF-8",
        .0[0], .0[1], .0[0].encoding
    )]
    Encoding([Reading; 2]),
    /// Columns that are needed stand there twice.
    #[error(
        "the header names {} more than once: rename one of them, or state another in the mapping",
        .0.join(", ")
    )]
    Twice(Vec<String>),
    /// None of the dates has a known form.
    #[error(
        "no date of the column {column:?} has a known form{}: {}",
        stated(formats),
        number.as_deref().unwrap_or(
            "state it in the mapping, such as date_formats = [\"%d/%m/%Y %H:%M\"], or \"excel\" \
             for the days of a spreadsheet"
        )
    )]
    Dates {
        /// The column.
        column: String,
        /// The forms that the mapping states.
        formats: Vec<String>,
        /// Where its first cell is a number: what that may be, and the setting that says so.
        number: Option<String>,
    },
    /// Too much of the file lies between the first and the last lines of its orders.
    #[error(
        "the lines of the orders lie too far apart ({bytes} bytes of them would wait for their \
         last ones): sort the file by order"
    )]
    Scattered {
        /// The most bytes of rows that wait for the last line of their order at a time.
        bytes: u64,
    },
    /// The rows that were refused cannot be written.
    #[error("the refused rows cannot be written: {0}")]
    Write(io::Error),
    /// The file is not what it was when it was first read through.
    #[error("the file changed while it was read: start again")]
    Changed,
}

fn as_read(encoding: Option<&str>) -> String {
    let text = |name| {
        format!(
            "; read as {name}, which it may not be: state the encoding in the mapping, or save the file as UTF-8"
        )
    };
    encoding.map(text).unwrap_or_default()
}

fn stated(formats: &[String]) -> String {
    if formats.is_empty() { String::new() } else { format!(" of {}", formats.join(", ")) }
}
