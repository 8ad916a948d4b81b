//! Calibrating a scorecard over the customers of a frame.

use kehu_analytics::Frame;
use kehu_core::scorecard::{
    Calibration, CalibrationError, Scorecard, calibrate, calibrate_on_nobody,
};
use kehu_server::{Fault, names};

use crate::evaluate::{self, FirstReferences};

/// The thresholds of a scorecard over the customers of a frame; over nobody only where that is allowed.
/// [`Fault::Precondition`] when there are none.
pub(crate) fn over(
    definition: &Scorecard,
    frame: &Frame,
    first: &FirstReferences,
    allow_empty: bool,
) -> Result<Calibration, Fault> {
    let population = evaluate::values(frame, definition)?.into_iter();
    let population: Vec<_> =
        population.map(|(customer, values)| (first.of(customer).clone(), values)).collect();
    match calibrate(definition, &population) {
        Ok(calibration) => Ok(calibration),
        Err(CalibrationError::EmptyPopulation { .. }) if allow_empty => {
            calibrate_on_nobody(definition).map_err(|error| fault(definition, &error))
        }
        Err(error) => Err(fault(definition, &error)),
    }
}

fn fault(definition: &Scorecard, error: &CalibrationError) -> Fault {
    let kind = match error {
        CalibrationError::EmptyPopulation { .. } => "POPULATION_NOT_EMPTY",
        CalibrationError::Overflow { .. } => "VALUES_WITHIN_RANGE",
        CalibrationError::Invalid { .. } => "DEFINITION_VALID",
        CalibrationError::WrongWidth { .. } | CalibrationError::Mismatch { .. } => {
            return Fault::internal(error.to_string());
        }
    };
    let subject = names::resource(names::SCORECARDS, &definition.id);
    Fault::Precondition { kind, subject, description: error.to_string() }
}
