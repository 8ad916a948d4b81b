//! How well each customer fits each profile, counted some customers at a time.

use crate::{Reporting, request::Question, source};
use kehu_core::{CustomerId, Label, Value};
use kehu_server::Fault;
use kehu_storage::{
    coding::classes::{self, View},
    facts::{self, CustomerSet},
    scoring::scores,
};
use rust_decimal::Decimal;
use std::collections::HashMap;

/// Customers in memory at once.
const CUSTOMERS: u64 = 20_000;

/// The least of a strong, a good and a weak fit.
const STRONG: Decimal = Decimal::from_parts(80, 0, 0, false, 0);
const GOOD: Decimal = Decimal::from_parts(60, 0, 0, false, 0);
const WEAK: Decimal = Decimal::from_parts(40, 0, 0, false, 0);

/// A target market.
#[derive(Debug)]
pub(super) struct Profile {
    /// Id of the scorecard.
    pub(super) id: String,
    /// What it is called.
    pub(super) label: Label,
    /// The column of its score.
    pub(super) column: String,
}

/// How well a profile is covered.
#[derive(Debug, Default, Clone)]
pub(super) struct Covered {
    pub(super) strong: i64,
    pub(super) good: i64,
    pub(super) weak: i64,
    pub(super) no_fit: i64,
    /// The sum of all fits.
    pub(super) sum: Decimal,
    /// Whose best fit it is.
    pub(super) best: i64,
    /// What customers with a good or a strong fit bring.
    pub(super) amount: Decimal,
}

/// All customers that have a class.
#[derive(Debug, Default)]
pub(super) struct Base {
    pub(super) customers: i64,
    pub(super) amount: Decimal,
    /// In the order of the profiles.
    pub(super) profiles: Vec<Covered>,
    /// Who fits none, and what they bring.
    pub(super) without: i64,
    pub(super) amount_without: Decimal,
}

/// Counts the customers of a question.
pub(super) async fn read(
    reporting: &Reporting,
    question: &Question,
    profiles: &[Profile],
) -> Result<Base, Fault> {
    let mut base = Base { profiles: vec![Covered::default(); profiles.len()], ..Base::default() };
    if profiles.is_empty() {
        return Ok(base);
    }
    let amounts = source::amounts(&reporting.db, question.moment.as_of).await?;
    let amounts: HashMap<CustomerId, Decimal> = amounts.into_iter().collect();
    let view = View { true_on: Some(question.moment.as_of), known_at: question.moment.known_at };
    let ids: Vec<&str> = profiles.iter().map(|profile| profile.id.as_str()).collect();
    for set in facts::split(&reporting.db, &CustomerSet::All, CUSTOMERS).await? {
        let found = classes::at(&reporting.db, &question.taxonomy, &set, view).await?;
        let customers: Vec<CustomerId> = found.customers.into_iter().map(CustomerId).collect();
        let columns = scores::columns(&reporting.db, &ids, &set, view).await?;
        let columns = columns.of(&customers);
        let of_profile = |profile: &Profile| {
            let column = columns.iter().find(|(name, ..)| *name == profile.column);
            column.map_or(&[][..], |(.., values)| values.as_slice())
        };
        let fits: Vec<&[Value]> = profiles.iter().map(of_profile).collect();
        for (place, customer) in customers.iter().enumerate() {
            let fit = |values: &&[Value]| values.get(place).and_then(Value::number);
            let fits: Vec<Option<Decimal>> = fits.iter().map(fit).collect();
            base.add(&fits, amounts.get(customer).copied().unwrap_or_default());
        }
    }
    Ok(base)
}

impl Base {
    /// Adds a customer: its fit with each profile, and what it brings.
    fn add(&mut self, fits: &[Option<Decimal>], amount: Decimal) {
        self.customers += 1;
        self.amount += amount;
        let mut best: Option<(usize, Decimal)> = None;
        for (place, (covered, fit)) in self.profiles.iter_mut().zip(fits).enumerate() {
            let Some(fit) = *fit else { continue };
            covered.add(fit, amount);
            if fit >= GOOD && best.is_none_or(|(_, greatest)| fit > greatest) {
                best = Some((place, fit));
            }
        }
        match best {
            Some((place, _)) => self.profiles[place].best += 1,
            None => {
                self.without += 1;
                self.amount_without += amount;
            }
        }
    }
}

impl Covered {
    /// How many have a fit.
    pub(super) fn scored(&self) -> i64 {
        self.strong + self.good + self.weak + self.no_fit
    }

    fn add(&mut self, fit: Decimal, amount: Decimal) {
        self.sum += fit;
        if fit >= GOOD {
            self.amount += amount;
        }
        let count = if fit >= STRONG {
            &mut self.strong
        } else if fit >= GOOD {
            &mut self.good
        } else if fit >= WEAK {
            &mut self.weak
        } else {
            &mut self.no_fit
        };
        *count += 1;
    }
}
