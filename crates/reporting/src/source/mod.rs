//! What the reports rest on, read from the stores of the other services.

mod activity;
mod classes;
mod codes;
mod scores;

pub(crate) use activity::{Activity, activity, orders};
pub(crate) use classes::{Classified, check_classified, classified, unclassified};
pub(crate) use codes::{Examples, examples, scheme_of};
pub(crate) use scores::rfm_bins;

use kehu_server::Fault;

/// What went wrong with analytics, to a caller.
pub(crate) fn fault(error: kehu_analytics::Error) -> Fault {
    match error {
        kehu_analytics::Error::Storage(error) => error.into(),
        error => Fault::internal(error),
    }
}
