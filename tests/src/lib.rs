//! What the tests of all crates share: databases to test on, a collector of telemetry, the program as a process, and the
//! sample data.

pub mod collector;
mod database;
mod postgres;
pub mod program;
pub mod sample;

pub use database::{TestDatabase, databases, each_database};
