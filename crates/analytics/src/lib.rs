//! Analytics: what Kehu computes from the facts, on DataFusion.
//!
//! [`Analytics::features`] reads facts and answers with a [`Frame`]: one row a customer, one
//! column a feature. [`predicate`]s are SQL boolean expressions over the columns of a frame.
//! Everything is exact and does not depend on which customers are computed together or on how
//! many threads: sums are of integers and decimals, a quotient is divided once.
//!
//! This is the only crate that knows DataFusion; nothing of it shows in what is public here.
//! What it knows of storage is in `facts`: a source of tables, behind which others fit.

mod analytics;
mod cache;
mod engine;
mod error;
mod facts;
pub mod features;
mod frame;
mod functions;
mod kind;
pub mod predicate;
mod schema;

pub use analytics::Analytics;
pub use engine::Limits;
pub use error::Error;
pub use features::{Catalogue, Feature};
pub use frame::Frame;
pub use kehu_storage::facts::CustomerSet;
pub use kind::ColumnKind;
pub use predicate::{Bound, Near, Predicate, PredicateError};
pub use schema::Schema;
