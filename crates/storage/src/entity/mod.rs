//! The rows of the tables that every service builds on.

#![expect(unreachable_pub, reason = "sea-orm's macros make everything of an entity pub")]

pub(crate) mod business_date;
pub(crate) mod change;
pub(crate) mod change_cursor;
pub(crate) mod definition;
pub(crate) mod definition_event;
pub(crate) mod definition_version;
pub(crate) mod request;
pub(crate) mod run;
pub(crate) mod run_partition;
pub(crate) mod run_pin;
pub(crate) mod run_request;
pub(crate) mod settings;
