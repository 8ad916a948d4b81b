//! What the tests of all crates share: databases to test on, the program as a process, and the
//! sample data.

mod database;
mod postgres;
pub mod program;
pub mod sample;
pub mod worker;

pub use database::{TestDatabase, databases, each_database};
