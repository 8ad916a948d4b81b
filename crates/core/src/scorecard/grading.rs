//! Grades: the boundaries that a population fixes, and the grade of one customer.

use rust_decimal::Decimal;

use super::calibration::{GradeBoundary, LastInGrade};
use super::definition::{GradeCut, GradeShare};
use crate::Reference;

/// How to grade one customer.
#[derive(Debug, Clone)]
pub(super) enum Grader {
    None,
    Cuts(Vec<GradeCut>),
    /// Of the composite.
    Rank {
        boundaries: Vec<GradeBoundary>,
        rest: String,
    },
    /// Of the feature at this place in the values.
    Amount {
        place: usize,
        boundaries: Vec<GradeBoundary>,
        rest: String,
    },
}

/// The boundaries of shares of customers, by composite.
pub(super) fn by_rank(
    mut composites: Vec<(Decimal, &Reference)>,
    cuts: &[GradeShare],
) -> Vec<GradeBoundary> {
    rank(&mut composites);
    let total = Decimal::from(composites.len());
    boundaries(&composites, total, cuts, |_| Decimal::ONE)
        .expect("a number of customers fits a decimal")
}

/// The boundaries of shares of the positive total, by amount; `None` where that does not fit.
pub(super) fn by_amount(
    mut amounts: Vec<(Decimal, &Reference)>,
    cuts: &[GradeShare],
) -> Option<Vec<GradeBoundary>> {
    amounts.retain(|(amount, _)| *amount > Decimal::ZERO);
    rank(&mut amounts);
    let mut total = Decimal::ZERO;
    for (amount, _) in &amounts {
        total = total.checked_add(*amount)?;
    }
    boundaries(&amounts, total, cuts, |amount| amount)
}

/// Largest measure first, ties by reference.
fn rank(measures: &mut [(Decimal, &Reference)]) {
    measures.sort_unstable_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(right.1)));
}

/// A grade holds the customers before whom less than its share of the total is reached.
fn boundaries(
    ranked: &[(Decimal, &Reference)],
    total: Decimal,
    cuts: &[GradeShare],
    weight: impl Fn(Decimal) -> Decimal,
) -> Option<Vec<GradeBoundary>> {
    let mut rest = ranked.iter();
    let mut before = Decimal::ZERO;
    let mut boundaries = Vec::with_capacity(cuts.len());
    for cut in cuts {
        let end = cut.share.checked_mul(total)?;
        let mut last = None;
        while before < end {
            let Some((measure, customer)) = rest.next() else { break };
            last =
                Some(LastInGrade { measure: measure.normalize(), customer: (*customer).clone() });
            before = before.checked_add(weight(*measure))?;
        }
        boundaries.push(GradeBoundary { grade: cut.grade.clone(), last });
    }
    Some(boundaries)
}

impl Grader {
    /// The grade of a customer with this composite and these values.
    pub(super) fn grade(
        &self,
        composite: Option<Decimal>,
        customer: &Reference,
        measure: impl Fn(usize) -> Option<Decimal>,
    ) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Cuts(cuts) => {
                let composite = composite?;
                cuts.iter().find(|cut| composite >= cut.min).map(|cut| cut.grade.as_str())
            }
            Self::Rank { boundaries, rest } => {
                Some(within(boundaries, composite?, customer).unwrap_or(rest))
            }
            Self::Amount { place, boundaries, rest } => {
                let amount = measure(*place).filter(|amount| *amount > Decimal::ZERO);
                let grade = amount.and_then(|amount| within(boundaries, amount, customer));
                Some(grade.unwrap_or(rest))
            }
        }
    }
}

/// The first grade whose last customer does not come before this one.
fn within<'b>(
    boundaries: &'b [GradeBoundary],
    measure: Decimal,
    customer: &Reference,
) -> Option<&'b str> {
    let holds = |last: &LastInGrade| {
        measure > last.measure || (measure == last.measure && *customer <= last.customer)
    };
    let found = boundaries.iter().find(|boundary| boundary.last.as_ref().is_some_and(holds));
    found.map(|boundary| boundary.grade.as_str())
}
