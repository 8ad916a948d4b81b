//! The program as its operator meets it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bounds;
mod configuration;
#[cfg(unix)]
mod disk;
mod exposure;
mod health;
mod keys;
mod logs;
mod lookups;
mod metrics;
mod roles;
mod stopping;
mod takeover;
mod trace;
mod watching;
