//! What every role needs round its RPCs: the clock, faults and their gRPC statuses, names,
//! page tokens, conversions of the shared types, health, the listener with its shutdown,
//! and the client that calls others.

pub mod client;
pub mod clock;
pub mod convert;
pub mod deadline;
pub mod fault;
pub mod listener;
pub mod names;
pub mod page;
pub mod telemetry;

pub use fault::{Fault, Violation, Violations};
