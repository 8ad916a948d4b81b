//! What a simulation counts: every customer under two versions of a scorecard.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use kehu_core::{CustomerId, Reference};
use kehu_storage::document::Document;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Most customers who are named because their composite changes.
pub(crate) const MOST_MOVERS: usize = 100;
/// The places of a distribution that are told, in per cent.
const PERCENTILES: [usize; 7] = [0, 10, 25, 50, 75, 90, 100];

/// How many customers, and what they bought in the base currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sum {
    pub(crate) customers: i64,
    pub(crate) amount: Decimal,
}

impl Sum {
    pub(crate) fn add(&mut self, other: Self) {
        self.customers += other.customers;
        // What no sum can hold, 7 × 10^24 units, is more than the money of the world.
        self.amount = self.amount.saturating_add(other.amount);
    }
}

/// What a customer scores under one version; nothing at all where there is no version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scored {
    pub(crate) composite: Option<Decimal>,
    /// The empty one where the scorecard gives none.
    pub(crate) grade: String,
}

/// A customer whose composite changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mover {
    pub(crate) customer: i64,
    pub(crate) before: Scored,
    pub(crate) after: Scored,
    pub(crate) amount: Decimal,
    /// The source and the key of its first reference, which decides between equal changes.
    reference: (String, String),
}

impl Mover {
    /// How much the composite changes; `None`, which is more than any number, where one version
    /// gives none.
    fn change(&self) -> Option<Decimal> {
        Some((self.after.composite? - self.before.composite?).abs())
    }
}

/// How composites are spread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Distribution {
    /// How many there are.
    pub(crate) scored: i64,
    /// Rounded half to even to four decimals.
    pub(crate) mean: Option<Decimal>,
    /// At [`PERCENTILES`], by nearest rank; empty when there are none.
    pub(crate) quantiles: Vec<Decimal>,
}

impl Distribution {
    fn of(mut composites: Vec<Decimal>) -> Self {
        composites.sort_unstable();
        let (Some(last), count) = (composites.len().checked_sub(1), composites.len()) else {
            return Self::default();
        };
        let sum: Decimal = composites.iter().sum();
        let rank = |percent: &usize| (percent * count).div_ceil(100).saturating_sub(1).min(last);
        Self {
            scored: i64::try_from(count).unwrap_or(i64::MAX),
            mean: Some((sum / Decimal::from(count)).round_dp(4)),
            quantiles: PERCENTILES.iter().map(|percent| composites[rank(percent)]).collect(),
        }
    }
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tally {
    /// By the grade before and the grade after.
    pub(crate) moves: BTreeMap<String, BTreeMap<String, Sum>>,
    pub(crate) before: Distribution,
    pub(crate) after: Distribution,
    /// The greatest changes first.
    pub(crate) movers: Vec<Mover>,
}

impl Document for Tally {
    const NAME: &'static str = "tally of a simulation of a scorecard";
}

/// A customer, what it bought, and what it scores before and after.
pub(crate) struct Compared {
    pub(crate) customer: CustomerId,
    pub(crate) reference: Reference,
    pub(crate) amount: Decimal,
    pub(crate) before: Scored,
    pub(crate) after: Scored,
}

impl Tally {
    /// Counts customers.
    pub(crate) fn of(compared: Vec<Compared>) -> Self {
        let mut tally = Self::default();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for one in compared {
            before.extend(one.before.composite);
            after.extend(one.after.composite);
            let of_grade = tally.moves.entry(one.before.grade.clone()).or_default();
            let sum = Sum { customers: 1, amount: one.amount };
            of_grade.entry(one.after.grade.clone()).or_default().add(sum);
            if one.before.composite != one.after.composite {
                tally.movers.push(Mover {
                    customer: one.customer.0,
                    before: one.before,
                    after: one.after,
                    amount: one.amount,
                    reference: (one.reference.source, one.reference.external_id),
                });
            }
        }
        tally.before = Distribution::of(before);
        tally.after = Distribution::of(after);
        tally.keep_greatest();
        tally
    }

    /// Lets go of those whose composite changes, but for the greatest changes.
    fn keep_greatest(&mut self) {
        self.movers.sort_by(|left, right| {
            let key = |mover: &Mover| {
                let change = mover.change();
                (change.is_some(), Reverse(change))
            };
            key(left).cmp(&key(right)).then_with(|| left.reference.cmp(&right.reference))
        });
        self.movers.truncate(MOST_MOVERS);
    }

    /// How many customers were counted.
    pub(crate) fn counted(&self) -> i64 {
        self.moves.values().flat_map(BTreeMap::values).map(|sum| sum.customers).sum()
    }

    /// How many of them go from one grade to another.
    pub(crate) fn moved(&self) -> i64 {
        let stay = self.moves.iter().filter_map(|(grade, of_grade)| of_grade.get(grade));
        self.counted() - stay.map(|sum| sum.customers).sum::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(number: i64, before: Option<i64>, after: Option<i64>) -> Compared {
        let scored = |composite: Option<i64>| Scored {
            composite: composite.map(Decimal::from),
            grade: composite.map_or("", |it| if it > 50 { "A" } else { "B" }).to_owned(),
        };
        Compared {
            customer: CustomerId(number),
            reference: Reference { source: "shop".to_owned(), external_id: number.to_string() },
            amount: Decimal::from(10 * number),
            before: scored(before),
            after: scored(after),
        }
    }

    #[test]
    fn everybody_is_counted_and_the_greatest_changes_come_first() {
        let tally = Tally::of(vec![
            compared(1, Some(40), Some(60)),
            compared(2, Some(40), Some(41)),
            compared(3, Some(70), Some(70)),
            compared(4, Some(60), Some(40)),
            compared(5, None, Some(10)),
            compared(6, None, None),
        ]);
        assert_eq!((tally.counted(), tally.moved()), (6, 3));
        let movers: Vec<i64> = tally.movers.iter().map(|mover| mover.customer).collect();
        assert_eq!(movers, [5, 1, 4, 2]);
        let up = Sum { customers: 1, amount: Decimal::from(10) };
        assert_eq!(tally.moves["B"]["A"], up);
        assert_eq!((tally.before.scored, tally.after.scored), (4, 5));
        assert_eq!(tally.before.mean, Some(Decimal::new(525, 1)));
        let quantiles: Vec<Decimal> =
            [10, 10, 40, 41, 60, 70, 70].into_iter().map(Decimal::from).collect();
        assert_eq!(tally.after.quantiles, quantiles);
    }

    #[test]
    fn nobody_has_no_distribution() {
        assert_eq!(Distribution::of(Vec::new()), Distribution::default());
        let one = Distribution::of(vec![Decimal::TEN]);
        assert_eq!((one.scored, one.quantiles), (1, vec![Decimal::TEN; PERCENTILES.len()]));
    }
}
