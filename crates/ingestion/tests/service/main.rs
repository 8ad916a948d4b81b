//! The ingestion service as its callers see it, over a real connection, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod assessments;
mod customers;
mod files;
mod held;
mod interactions;
mod invoices;
mod matching;
mod merges;
mod names;
mod orders;
mod problems;
mod profiles;
mod quality;
mod rates;
mod records;
mod rejects;
mod server;
mod streams;
mod surveys;
