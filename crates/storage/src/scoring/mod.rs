//! What scoring keeps: scorecards with their versions ([`scorecards`]), the versions that runs
//! are pinned to ([`pins`]), and scores with their history ([`scores`]).
//!
//! Only the scoring service writes here; coding and reporting read scores.

mod entity;
pub mod pins;
pub mod scorecards;
pub mod scores;
