//! Everything Kehu keeps, in SQLite (embedded) or PostgreSQL (production), through sea-orm.
//!
//! The base, used by every service: [`Database`] and [`Transaction`], [`bulk`] inserts, the
//! [`change_log`] that hands work from one service to the next, [`run`]s (long work with a
//! lease), [`definitions`] in versions, [`history`] (two axes of time), [`idempotency`] by request
//! id, [`identity`], [`settings`], the [`business_date`], keyset [`page`]s, [`document`]s kept as JSON.
//! Above it one folder a service: [`ingestion`], [`scoring`], [`coding`]; every table has one
//! owner, the only service that writes it. [`facts`] is what analytics reads, [`reports`] what
//! reporting does, [`lookup`] what is asked of one customer at once.
//!
//! Days are `i32` days since 1970-01-01, instants `i64` microseconds UTC, money an `i64` count
//! of 1/10,000 of the unit, on both databases (SQLite has no date and no exact decimal). Only
//! `dialect` knows which database it is.

pub mod bulk;
pub mod business_date;
pub mod change_log;
pub mod coding;
mod database;
pub mod definitions;
mod dialect;
pub mod document;
mod entity;
mod error;
pub mod facts;
pub mod faults;
pub mod history;
pub mod idempotency;
pub mod identity;
pub mod ingestion;
pub mod lookup;
mod migrations;
pub mod page;
pub mod pauses;
mod published;
pub mod reports;
pub mod run;
pub mod scoring;
pub mod settings;
pub mod time;
mod trace;
pub mod writes;

pub use database::{Changes, Committed, Database, Options, Transaction};
pub use dialect::Reader;
pub use error::Error;
pub use page::{Page, PageRequest};
