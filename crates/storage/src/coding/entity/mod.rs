//! The rows of the tables that coding owns.

pub(super) mod code;
pub(super) mod code_left_out;
