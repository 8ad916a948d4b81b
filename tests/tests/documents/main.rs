//! Rows of the list in `tests/README.md`, seen through the API as a caller sees it, on both
//! databases; a file for each document that users named.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attributes;
mod charts;
mod coding;
mod complete_journey;
mod composite;
mod credit;
mod dimensions;
mod enterprise;
mod for_and_against;
mod importance;
mod lookups;
mod loyalty;
mod markets;
mod missing_values;
mod models;
mod overrides;
mod phones;
mod quality;
mod records;
mod reports;
mod sources;
mod strategies;
mod table;
mod templates;
mod watching;
mod world;
