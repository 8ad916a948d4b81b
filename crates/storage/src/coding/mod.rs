//! What coding keeps: taxonomies and the classes of customers, code schemes and codes.
//!
//! Only the coding service writes here; ingestion resolves codes and reporting reads classes.

pub mod classes;
pub mod codes;
mod customers;
mod entity;
mod evidence;
pub mod pins;
pub mod schemes;
pub mod taxonomies;
