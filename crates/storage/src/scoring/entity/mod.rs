//! The rows of the tables that scoring owns.

pub(crate) mod score_day;
pub(crate) mod score_span;
