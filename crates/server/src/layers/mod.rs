//! What stands between the connection and a service, a layer each.

pub mod trace;
