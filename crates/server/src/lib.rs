//! What every role needs round its RPCs: configuration, telemetry, health, the listener with its
//! layers, TLS and sign-on, the client that calls others; and what their handlers share: the
//! clock, faults and their gRPC statuses, names, page tokens, conversions of the shared types.

pub mod aside;
pub mod auth;
pub mod client;
pub mod clock;
pub mod config;
pub mod convert;
pub mod deadline;
pub mod fault;
pub mod freshness;
pub mod health;
pub mod layers;
pub mod listener;
pub mod method;
pub mod names;
pub mod page;
pub mod reload;
pub mod security;
pub mod shares;
pub mod summaries;
pub mod telemetry;
pub mod tls;

pub use fault::{Fault, Violation, Violations};
pub use summaries::Summaries;
