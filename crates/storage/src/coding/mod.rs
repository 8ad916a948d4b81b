//! What coding keeps: taxonomies and the classes of customers, with what changed of them and what
//! there is to do because of that, code schemes and codes.
//!
//! Only the coding service writes here; ingestion resolves codes and reporting reads classes.

pub mod actions;
pub mod changes;
pub mod classes;
pub mod codes;
mod customers;
mod entity;
pub mod evaluations;
mod evidence;
pub mod overrides;
pub mod pins;
pub mod schemes;
pub mod taxonomies;
pub mod watch;
