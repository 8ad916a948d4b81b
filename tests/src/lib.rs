//! What the tests of all crates share: databases to test on, the services in the test's own
//! process, the program as a process of its own, a collector of telemetry, and sample data.

pub mod background;
pub mod changes;
pub mod classes;
pub mod collector;
mod customers;
mod database;
mod dates;
mod disk;
mod memory;
mod patience;
mod postgres;
pub mod program;
pub mod sample;
#[cfg(debug_assertions)]
pub mod schedule;
pub mod scores;
mod served;
pub mod shop;

pub use customers::customers;
pub use database::{TestDatabase, databases, each_database, embedded};
pub use dates::{at, date, day, now};
pub use disk::SmallDisk;
pub use memory::resident;
pub use patience::until;
pub use postgres::ServerDatabase;
pub use served::Served;
