//! The coding service on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broken;
mod changes;
mod classes;
mod codes;
mod coding_runs;
mod evaluations;
mod governance;
mod imports;
#[cfg(debug_assertions)]
mod schedules;
mod simulations;
mod taxonomies;
#[cfg(debug_assertions)]
mod told;
mod world;
