//! What can go wrong with analytics.

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use crate::ColumnKind;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The facts could not be read.
    #[error(transparent)]
    Storage(#[from] kehu_storage::Error),
    /// There is no such feature; the caller asked for something else.
    #[error("feature {name} does not exist{}", hint(nearest))]
    UnknownFeature {
        /// What was asked for.
        name: String,
        /// The features with the most similar names, the best first; may be empty.
        nearest: Vec<String>,
    },
    /// The feature cannot be used as things are declared.
    #[error("feature {name} cannot be used: {reason}")]
    BlockedFeature {
        /// What was asked for.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The frame has no such column; compute it first.
    #[error("the frame has no column {name}")]
    UnknownColumn {
        /// The column.
        name: String,
    },
    /// The frame has a column of this name already.
    #[error("the frame already has a column {name}")]
    DuplicateColumn {
        /// The column.
        name: String,
    },
    /// A column is longer or shorter than the frame.
    #[error("column {name} has {found} values for {expected} customers")]
    Length {
        /// The column.
        name: String,
        /// The customers of the frame.
        expected: usize,
        /// The values of the column.
        found: usize,
    },
    /// A value is not of its column's kind, or has more digits than that keeps.
    #[error("column {name} cannot hold a value that is not {kind}")]
    Kind {
        /// The column.
        name: String,
        /// Its kind.
        kind: ColumnKind,
    },
    /// There is less memory than the work needs, and it cannot be done in parts on disk.
    #[error(
        "the analytical engine is out of memory: raise analytics.memory_limit_mib, or ask for \
         fewer at once: {0}"
    )]
    Memory(String),
    /// The rows of a table do not come in the order of customers.
    #[error("the rows of {table} are not in the order of customers")]
    Order {
        /// The table.
        table: &'static str,
    },
    /// The engine failed: a number too large for its type, or a fault in this crate.
    #[error("the analytical engine failed: {0}")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// "; did you mean a or b", or nothing.
pub(crate) fn hint(nearest: &[String]) -> String {
    if nearest.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}", nearest.join(" or "))
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(message) => Error::Memory(message.clone()),
            _ => Error::Engine(error.into()),
        }
    }
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        Error::Engine(error.into())
    }
}
