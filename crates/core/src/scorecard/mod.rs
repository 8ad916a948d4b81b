//! Scorecards: features to points, points to scores, scores to grades.
//!
//! A [`Scorecard`] is a definition. [`calibrate`] computes once, over a stated population, the
//! thresholds that depend on it and freezes them in a [`Calibration`]. A [`Scorer`] holds the
//! two and scores any customer, in the population or not, alone and reproducibly: the result
//! depends on nothing else. Points, composites and contributions are decimals from 0 to 100
//! with four places.

mod aging;
mod calibration;
mod definition;
mod grading;
mod layout;
mod line;
mod problem;
mod score;
mod scorer;
mod statistics;
mod step;
mod templates;
mod validate;
mod written;

#[cfg(test)]
mod tests;

pub use aging::grows_daily;
pub use calibration::{
    Calibration, CalibrationError, GradeBoundary, IndicatorCalibration, LastInGrade, Thresholds,
    calibrate, calibrate_on_nobody,
};
pub use definition::{
    Centre, ColumnKind, Direction, Fade, FeatureKind, GradeCut, GradeShare, Grading, Imputation,
    Indicator, Missing, Scorecard, Transform,
};
pub use problem::Problem;
pub(crate) use problem::problem;
pub use score::{Contribution, MissingPolicyApplied, Score};
pub use scorer::{Scorer, score};
pub use templates::templates;
