//! What every role needs round its RPCs: the clock, faults and their gRPC statuses, names,
//! page tokens, conversions of the shared types, health, and the listener with its shutdown.

pub mod clock;
pub mod convert;
pub mod fault;
pub mod layers;
pub mod listener;
pub mod names;
pub mod page;
pub mod telemetry;

pub use fault::{Fault, Violation, Violations};
