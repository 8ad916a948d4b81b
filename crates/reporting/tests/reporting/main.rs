//! The reporting service on both databases, against figures computed by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ageing;
mod exports;
mod figures;
mod refusals;
mod world;
