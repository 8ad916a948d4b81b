//! What every role needs round its RPCs: the clock, faults and their gRPC statuses, names,
//! page tokens, conversions of the shared types, health, the listener with its shutdown, and who
//! gets through it: TLS and sign-on.

pub mod auth;
pub mod clock;
pub mod convert;
pub mod fault;
pub mod listener;
pub mod names;
pub mod page;
pub mod reload;
pub mod telemetry;
pub mod tls;

pub use fault::{Fault, Violation, Violations};
