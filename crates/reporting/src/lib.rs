//! Answers about the customer base: who is in which class, what they bring, who moved.
//!
//! [`report`] computes the reports from plain rows, exactly; [`page`] draws them as one HTML
//! page. It reads what ingestion, scoring and coding wrote and writes nothing.

mod charts;
mod currency;
mod format;
mod html;
mod labels;
pub mod page;
pub mod ratio;
pub mod report;
