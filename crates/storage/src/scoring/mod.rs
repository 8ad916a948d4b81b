//! The tables that scoring owns: scorecards, calibrations, scores.
