//! Features from facts that are in a database, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod assessments;
mod facts;
mod features;
mod interactions;
mod invoices;
mod margins;
mod surveys;
