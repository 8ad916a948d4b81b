//! Analytics: what Kehu computes from the facts, on DataFusion.
//!
//! [`features::compute`] reads facts from storage and answers with a [`Frame`]: one row a
//! customer, one column a feature. [`predicate`]s are SQL boolean expressions over the columns
//! of a frame. Everything is exact and does not depend on which customers are computed together
//! or on how many threads: sums are of integers and decimals, a quotient is divided once.
//!
//! This is the only crate that knows DataFusion; nothing of it shows in what is public here.

mod engine;
mod error;
pub mod features;
mod frame;
mod kind;
pub mod predicate;
mod schema;
mod tables;

pub use error::Error;
pub use frame::Frame;
pub use kehu_storage::facts::CustomerSet;
pub use kind::ColumnKind;
pub use predicate::{Predicate, PredicateError};
pub use schema::Schema;
