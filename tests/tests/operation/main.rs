//! The program as its operator meets it.

mod configuration;
mod exposure;
mod health;
mod keys;
mod logs;
mod metrics;
mod stopping;
mod takeover;
mod trace;
