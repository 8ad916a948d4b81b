//! What the tests of all crates share: databases to test on, the services in the test's own
//! process, the program as a process of its own, and sample data.

pub mod background;
mod database;
mod dates;
mod postgres;
pub mod program;
pub mod sample;
mod served;
pub mod shop;

pub use database::{TestDatabase, databases, each_database};
pub use dates::{at, date, day};
pub use served::Served;
