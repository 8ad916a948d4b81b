//! What several reports rest on, read from the stores of the other services.

mod amounts;
mod classes;
mod codes;
mod scores;
mod values;

pub(crate) use amounts::{amounts, without_class};
pub(crate) use classes::{
    Classified, basis, check_classified, classes_of, classified, place, unclassified, year,
};
pub(crate) use codes::{Examples, examples, scheme_of};
pub(crate) use scores::rfm_bins;
pub(crate) use values::{Values, values};

use kehu_server::Fault;

/// What went wrong with analytics, to a caller.
pub(crate) fn fault(error: kehu_analytics::Error) -> Fault {
    match error {
        kehu_analytics::Error::Storage(error) => error.into(),
        error => Fault::internal(error),
    }
}
