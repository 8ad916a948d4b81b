//! The rows of the tables that coding owns.

pub(super) mod class_assignment;
pub(super) mod code;
pub(super) mod code_scheme;
pub(super) mod taxonomy_version;
