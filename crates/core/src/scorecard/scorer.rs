//! Scoring one customer with a calibrated scorecard.

use rust_decimal::Decimal;

use super::calibration::{Calibration, CalibrationError};
use super::definition::{Grading, Scorecard};
use super::grading::Grader;
use super::layout::Layout;
use super::line::{Line, Mark};
use super::score::Score;
use super::statistics::{points, round_div};
use crate::{Reference, Value};

/// A scorecard and its calibration, prepared once; scoring a customer then reads nothing else.
#[derive(Debug, Clone)]
pub struct Scorer {
    width: usize,
    lines: Vec<Line>,
    grader: Grader,
}

/// Σ weight·points and Σ weight over the indicators in force.
#[derive(Default)]
struct Total {
    points: i128,
    weight: i128,
}

/// Scores one customer; a [`Scorer`] does the same for many without preparing each time.
///
/// # Errors
/// As [`Scorer::new`].
///
/// # Panics
/// As [`Scorer::score`].
pub fn score(
    card: &Scorecard,
    calibration: &Calibration,
    customer: &Reference,
    values: &[Value],
) -> Result<Score, CalibrationError> {
    Ok(Scorer::new(card, calibration)?.score(customer, values))
}

impl Scorer {
    /// Prepares a scorecard with its calibration.
    ///
    /// # Errors
    /// `Invalid` for a definition on which scoring is not defined, `Mismatch` for the
    /// calibration of another one.
    pub fn new(card: &Scorecard, calibration: &Calibration) -> Result<Self, CalibrationError> {
        let mut scorer = Self::without_grades(card, calibration)?;
        scorer.grader = grader(card, calibration).ok_or_else(|| mismatch(card))?;
        Ok(scorer)
    }

    /// The same with composites only: what grades are calibrated with.
    pub(super) fn without_grades(
        card: &Scorecard,
        calibration: &Calibration,
    ) -> Result<Self, CalibrationError> {
        card.check_structure()?;
        let width = card.features().len();
        if calibration.indicators.len() != card.indicators.len() {
            return Err(mismatch(card));
        }
        let mut lines = Vec::with_capacity(card.indicators.len());
        let places = Layout::new(card).places;
        for ((indicator, frozen), place) in
            card.indicators.iter().zip(&calibration.indicators).zip(places)
        {
            let line = Line::new(indicator, frozen, place);
            lines.push(line.ok_or_else(|| mismatch(card))?);
        }
        Ok(Self { width, lines, grader: Grader::None })
    }

    /// The score of one customer, by its first reference, which only gradings by shares look at
    /// (for ties), whether or not it was in the calibration population. Values
    /// stand in the order of [`Scorecard::features`]; one of a kind that its indicator cannot
    /// read counts as missing.
    ///
    /// # Panics
    /// When the number of values is not the number of features.
    pub fn score(&self, customer: &Reference, values: &[Value]) -> Score {
        assert_eq!(values.len(), self.width, "one value for each feature of the scorecard");
        let mut marks: Vec<Mark> = self.lines.iter().map(|line| line.mark(values)).collect();
        let failed = marks.iter().any(Mark::failed);
        if failed {
            marks.iter_mut().for_each(Mark::clear);
        }
        let mut total = Total::default();
        marks.iter().for_each(|mark| total.add(mark));
        let composite = total.composite();
        let shares = apportion(&marks, &total, composite.unwrap_or(0));
        let composite = composite.map(points);
        let number = |place: usize| values[place].number();
        let grade = if failed { None } else { self.grader.grade(composite, customer, number) };
        let contributions = self.lines.iter().zip(marks).zip(shares);
        Score {
            composite,
            grade: grade.map(str::to_owned),
            contributions: contributions
                .map(|((line, mark), share)| line.contribution(values, mark, share))
                .collect(),
        }
    }

    /// Only the composite of one customer.
    pub(super) fn composite(&self, values: &[Value]) -> Option<Decimal> {
        let mut total = Total::default();
        for line in &self.lines {
            let mark = line.mark(values);
            if mark.failed() {
                return None;
            }
            total.add(&mark);
        }
        total.composite().map(points)
    }
}

/// Splits the composite into contributions by largest remainder: each starts at its exact part
/// rounded down, and what is left of the composite goes, one unit each, to the largest remainders.
fn apportion(marks: &[Mark], total: &Total, composite: i64) -> Vec<i64> {
    let mut shares = vec![0; marks.len()];
    let mut remainders = vec![-1; marks.len()];
    let mut left = composite;
    for (index, mark) in marks.iter().enumerate() {
        let Some(points) = mark.points.filter(|_| mark.weight > 0) else { continue };
        let part = mark.weight * i128::from(points);
        shares[index] = i64::try_from(part / total.weight).expect("a part of the composite");
        remainders[index] = part % total.weight;
        left -= shares[index];
    }
    for _ in 0..left {
        let index = first_largest(&remainders);
        shares[index] += 1;
        remainders[index] = -1;
    }
    shares
}

impl Total {
    fn add(&mut self, mark: &Mark) {
        if let Some(points) = mark.points {
            self.points += mark.weight * i128::from(points);
            self.weight += mark.weight;
        }
    }

    /// A count of 1/10,000 point, rounded half-to-even; `None` when nothing is in force.
    fn composite(&self) -> Option<i64> {
        if self.weight == 0 {
            return None;
        }
        let mean = round_div(self.points, self.weight);
        Some(i64::try_from(mean).expect("a mean of points is at most one hundred"))
    }
}

/// `None` when the calibration's boundaries are not those of the grading.
fn grader(card: &Scorecard, calibration: &Calibration) -> Option<Grader> {
    let boundaries = calibration.grades.clone();
    let (cuts, rest) = match &card.grading {
        Grading::None => return Some(Grader::None),
        Grading::Cuts { cuts } => return Some(Grader::Cuts(cuts.clone())),
        Grading::RankShare { cuts, rest } | Grading::CumulativeShare { cuts, rest, .. } => {
            (cuts, rest.clone())
        }
    };
    if !boundaries.iter().map(|boundary| &boundary.grade).eq(cuts.iter().map(|cut| &cut.grade)) {
        return None;
    }
    match &card.grading {
        Grading::CumulativeShare { indicator, .. } => {
            let place = Layout::new(card).measure(card, indicator)?;
            Some(Grader::Amount { place, boundaries, rest })
        }
        Grading::None | Grading::Cuts { .. } | Grading::RankShare { .. } => {
            Some(Grader::Rank { boundaries, rest })
        }
    }
}

/// The place of the largest number, the first of equal ones.
fn first_largest(numbers: &[i128]) -> usize {
    let mut best = 0;
    for (index, number) in numbers.iter().enumerate() {
        if *number > numbers[best] {
            best = index;
        }
    }
    best
}

fn mismatch(card: &Scorecard) -> CalibrationError {
    CalibrationError::Mismatch { card: card.id.clone() }
}
