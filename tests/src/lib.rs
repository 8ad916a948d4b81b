//! What the tests of all crates share: databases to test on.

mod database;
mod postgres;

pub use database::{TestDatabase, databases, each_database};
