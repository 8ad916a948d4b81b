//! The scoring service on both databases.

mod changes;
mod runs;
mod scorecards;
mod scores;
mod world;
