//! What scoring keeps: [`scorecards`] and [`models`], which are [definitions](crate::definitions), and
//! scores with their history ([`scores`]).
//!
//! Only the scoring service writes here; coding and reporting read scores.

pub mod models;
pub mod scorecards;
pub mod scores;
