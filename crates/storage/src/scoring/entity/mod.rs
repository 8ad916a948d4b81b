//! The rows of the tables that scoring owns.

pub(crate) mod score;
pub(crate) mod scorecard_version;
