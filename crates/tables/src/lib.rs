//! Reads orders, customers and other records from delimited text (CSV and its relatives) and from
//! JSON Lines, plain or gzip.
//!
//! A pure library: nothing here knows who calls it or where the records go. A file is read
//! twice. [`Table::scan`] finds what it is (encoding, separator, header), how the columns of its
//! numbers and dates are written, the place where each order ends, whether the lines of each
//! agree, and the digest that names its stream; [`Table::read`] then gives the records in
//! batches, the same ones each time, so that an import can be resumed. A row that cannot be read
//! becomes a refused record with its place and reasons, and holds up nothing else. What is
//! written one way or another is decided once for a column, by what all its cells prove, and
//! never guessed.

mod batch;
mod body;
mod cells;
mod choice;
mod clean;
mod columns;
mod customer;
mod date;
mod encoding;
mod error;
mod facts;
mod guess;
mod header;
mod json;
mod kind;
mod line;
mod mapping;
mod number;
mod order;
mod problem;
mod profile;
mod reader;
mod record;
mod refused;
mod row;
mod rows;
mod scan;
mod sign;
mod source;
mod text;
mod wire;
mod year;

pub use columns::{Column, FileKind, Role};
pub use encoding::Reading;
pub use error::Error;
pub use guess::guess;
pub use mapping::{MappedRate, Mapping, Names, Returns, StatusValues};
pub use profile::{OrderFigures, Profile, Tally};
pub use reader::{ReadBatch, Reader};
pub use scan::Table;
