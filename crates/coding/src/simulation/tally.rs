//! What a simulation counts: piece by piece, and then all pieces together.

use std::collections::BTreeMap;

use kehu_core::{CustomerId, Reference};
use kehu_storage::document::Document;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Most customers of a simulation who are named because they would move.
pub(crate) const MOST_MOVERS: usize = 100;

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

/// Customers for whom a second class holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Overlap {
    pub(crate) customers: i64,
    /// One of them, that of the least number.
    pub(crate) example: i64,
}

/// A customer who would move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mover {
    pub(crate) customer: i64,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) amount: Decimal,
    /// The source and the key of its first reference, which decides between equal amounts.
    reference: (String, String),
}

/// What was counted of some customers. The class of those who have none is the empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tally {
    /// By the class before and the class after.
    pub(crate) moves: BTreeMap<String, BTreeMap<String, Sum>>,
    /// For how many customers the predicate of a class holds, whoever takes them.
    pub(crate) matched: BTreeMap<String, i64>,
    /// By the class that takes them and the other one.
    pub(crate) overlaps: BTreeMap<String, BTreeMap<String, Overlap>>,
    /// The greatest amounts first.
    pub(crate) movers: Vec<Mover>,
    /// Customers whose code would change, by scheme.
    pub(crate) recoded: BTreeMap<String, i64>,
}

impl Document for Tally {
    const NAME: &'static str = "tally of a simulation";
}

impl Tally {
    /// Counts a customer who goes from one class to another, or stays.
    pub(crate) fn count(&mut self, from: &str, to: &str, amount: Decimal) {
        let of_class = self.moves.entry(from.to_owned()).or_default();
        of_class.entry(to.to_owned()).or_default().add(Sum { customers: 1, amount });
    }

    /// Counts whom the predicates of classes, in their order, hold for: each a class with one answer
    /// for each of `customers`.
    pub(crate) fn match_all(&mut self, customers: &[CustomerId], holding: &[(&str, Vec<bool>)]) {
        for (class, holds) in holding {
            let matched = holds.iter().filter(|holds| **holds).count();
            let matched = i64::try_from(matched).unwrap_or(i64::MAX);
            *self.matched.entry((*class).to_owned()).or_default() += matched;
        }
        for (row, customer) in customers.iter().enumerate() {
            let mut holding = holding.iter().filter(|(_, holds)| holds[row]);
            let Some((first, _)) = holding.next() else { continue };
            for (other, _) in holding {
                let overlap = Overlap { customers: 1, example: customer.0 };
                self.overlap(first, other, overlap);
            }
        }
    }

    fn overlap(&mut self, first: &str, other: &str, overlap: Overlap) {
        let of_class = self.overlaps.entry(first.to_owned()).or_default();
        let held = of_class
            .entry(other.to_owned())
            .or_insert(Overlap { customers: 0, example: overlap.example });
        held.customers += overlap.customers;
        held.example = held.example.min(overlap.example);
    }

    /// Names a customer who moves.
    pub(crate) fn mover(
        &mut self,
        customer: CustomerId,
        (from, to): (&str, &str),
        amount: Decimal,
        reference: Option<&Reference>,
    ) {
        let reference = reference.map(|it| (it.source.clone(), it.external_id.clone()));
        self.movers.push(Mover {
            customer: customer.0,
            from: from.to_owned(),
            to: to.to_owned(),
            amount,
            reference: reference.unwrap_or_default(),
        });
    }

    /// Adds what was counted of others.
    pub(crate) fn merge(&mut self, other: Self) {
        for (from, of_class) in other.moves {
            for (to, sum) in of_class {
                self.moves.entry(from.clone()).or_default().entry(to).or_default().add(sum);
            }
        }
        for (first, of_class) in other.overlaps {
            for (second, overlap) in of_class {
                self.overlap(&first, &second, overlap);
            }
        }
        for (class, customers) in other.matched {
            *self.matched.entry(class).or_default() += customers;
        }
        for (scheme, customers) in other.recoded {
            *self.recoded.entry(scheme).or_default() += customers;
        }
        self.movers.extend(other.movers);
        self.keep_greatest();
    }

    /// Lets go of those who move, but for the greatest.
    pub(crate) fn keep_greatest(&mut self) {
        self.movers.sort_by(|left, right| {
            right.amount.cmp(&left.amount).then_with(|| left.reference.cmp(&right.reference))
        });
        self.movers.truncate(MOST_MOVERS);
    }

    /// How many customers went from one class to another.
    pub(crate) fn moved(&self) -> i64 {
        let cells = self.moves.iter().flat_map(|(from, of_class)| {
            of_class.iter().filter(move |(to, _)| *to != from).map(|(_, sum)| sum.customers)
        });
        cells.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_storage::{Error, document};

    fn tally(first: i64) -> Tally {
        let mut tally = Tally::default();
        let customers = [CustomerId(first), CustomerId(first + 1)];
        tally.count("a", "b", Decimal::new(100, 2));
        tally.count("a", "a", Decimal::new(205, 2));
        tally.match_all(&customers, &[("a", vec![true, false]), ("b", vec![true, true])]);
        let reference =
            Reference { source: "erp".to_owned(), external_id: format!("{:03}", 500 - first) };
        tally.mover(customers[0], ("a", "b"), Decimal::ONE, Some(&reference));
        *tally.recoded.entry("standard".to_owned()).or_default() += 1;
        tally
    }

    #[test]
    fn pieces_add_up() {
        let mut all = Tally::default();
        for first in (1..=201).step_by(2) {
            all.merge(tally(first));
        }
        assert_eq!(all.moves["a"]["b"], Sum { customers: 101, amount: Decimal::from(101) });
        assert_eq!(all.moves["a"]["a"].amount, Decimal::new(20705, 2));
        assert_eq!((all.moved(), all.matched["a"], all.matched["b"]), (101, 101, 202));
        assert_eq!(all.overlaps["a"]["b"], Overlap { customers: 101, example: 1 });
        assert_eq!(all.recoded["standard"], 101);
        // Of equal amounts the least references stay.
        assert_eq!((all.movers.len(), all.movers[0].customer), (MOST_MOVERS, 201));
        assert!(all.movers.iter().all(|mover| mover.customer != 1));
    }

    #[test]
    fn tallies_survive_the_formats_around_theirs() {
        let own = document::write(&tally(1));
        assert_eq!(document::read::<Tally>(&own).unwrap(), tally(1));
        let more = own.replacen("[1,1,{", "[2,1,{\"added\":[7],", 1);
        assert_eq!(document::read::<Tally>(&more).unwrap(), tally(1));
        let newer = document::read::<Tally>(&more.replacen("[2,1,", "[2,2,", 1));
        assert!(matches!(newer, Err(Error::NewerFormat { needed: 2, .. })));
    }
}
