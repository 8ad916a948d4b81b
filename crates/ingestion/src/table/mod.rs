//! Reads orders and customers from delimited text: CSV and its relatives, plain or gzip.
//!
//! A pure library: nothing here knows who calls it or where the records go. A file is read
//! twice. [`Table::scan`] finds its columns, the place where each order ends, and the digest
//! that names its stream; [`Table::read`] then gives the records in batches, the same ones each
//! time, so that an import can be resumed. A row that cannot be read becomes a refused record
//! with its place and reasons, and holds up nothing else.

mod batch;
mod clean;
mod columns;
mod customer;
mod date;
mod error;
mod kind;
mod line;
mod mapping;
mod number;
mod order;
mod problem;
mod profile;
mod reader;
mod row;
mod rows;
mod scan;
mod source;
mod text;
mod windows_1252;

pub use columns::Role;
pub use error::Error;
pub use mapping::{Encoding, MappedRate, Mapping, Names, Returns, StatusValues};
pub use profile::{Profile, Tally};
pub use reader::{ReadBatch, Reader};
pub use scan::Table;
