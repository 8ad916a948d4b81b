//! Features: what is measured of a customer as of a date.
//!
//! To add one: a file in the folder `features` of this crate, as [`definition`] says, and a line
//! in the table of expected values of the tests.

mod attribute;
mod catalogue;
mod definition;
mod plan;
#[cfg(test)]
mod tests;

pub(crate) use catalogue::is_fixed;
pub use catalogue::{Catalogue, Feature};
pub(crate) use plan::Plan;
