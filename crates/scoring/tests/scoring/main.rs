//! The scoring service on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broken;
mod changes;
mod days;
mod now;
mod runs;
#[cfg(debug_assertions)]
mod schedules;
mod scorecards;
mod scores;
mod simulations;
mod world;
