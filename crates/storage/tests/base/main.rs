//! The base of the storage crate on both databases.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails it by panicking")]

mod bulk;
mod business_date;
mod change_log;
mod definitions;
mod documents;
mod durable;
mod leases;
mod merges;
mod orders;
mod profiles;
mod queue;
mod requests;
mod retention;
mod runs;
mod settings;
mod transactions;
