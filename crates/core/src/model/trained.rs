//! A model that was trained, as it is kept: what it learnt, from whom, and how well it does.

use chrono::NaiveDate;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

use super::{BgNbd, CustomerValue, GammaGamma};

/// Decimal places of a parameter or a measure.
const SCALE: usize = 9;

/// A model of customer value that was trained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    /// Its id.
    pub id: String,
    /// From what it learnt.
    pub window: Window,
    /// The features that it reads of a customer.
    pub features: Vec<String>,
    /// r, α (weeks), a and b of BG/NBD.
    pub purchases: [Decimal; 4],
    /// p, q and γ (base currency) of gamma-gamma.
    pub spending: [Decimal; 3],
    /// The logarithms of the likelihoods of both.
    pub log_likelihoods: [Decimal; 2],
    /// The share of an amount that is profit; `None` where no cost is known and none was stated.
    pub margin: Option<Decimal>,
    /// The yearly rate by which what is to come is discounted: 0.1 is 10 %.
    pub discount_rate: Decimal,
    /// How well it foretold the days after its window; `None` where none were left out.
    pub holdout: Option<Holdout>,
}

/// What a model learnt from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The last day whose facts it knows.
    pub through: NaiveDate,
    /// Customers who had bought by then.
    pub customers: u64,
    /// Those of them who had bought on two days or more.
    pub repeaters: u64,
}

/// What happened after the window, beside what the model had foretold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holdout {
    /// Days after the window.
    pub days: u32,
    /// Days with purchases of all customers.
    pub actual: u64,
    /// What was foretold of them.
    pub expected: Decimal,
    /// Mean over customers of how far it was off.
    pub mean_absolute_error: Decimal,
    /// Root of the mean of the squares of that.
    pub root_mean_square_error: Decimal,
}

impl Trained {
    /// The models with the parameters as they are kept.
    pub fn model(&self) -> CustomerValue {
        let [r, alpha, a, b] = self.purchases.map(number);
        let [p, q, gamma] = self.spending.map(number);
        CustomerValue { purchases: BgNbd { r, alpha, a, b }, spending: GammaGamma { p, q, gamma } }
    }

    /// The parameters of models as they are kept, first those of purchases, then of spending.
    pub fn parameters(model: &CustomerValue) -> ([Decimal; 4], [Decimal; 3]) {
        let BgNbd { r, alpha, a, b } = model.purchases;
        let GammaGamma { p, q, gamma } = model.spending;
        ([r, alpha, a, b].map(kept), [p, q, gamma].map(kept))
    }
}

/// A figure as it is kept: so the model that is shown is the one that is used. One too large to be
/// kept is the largest.
pub fn kept(figure: f64) -> Decimal {
    format!("{figure:.SCALE$}").parse().map_or(Decimal::MAX, |kept: Decimal| kept.normalize())
}

fn number(kept: Decimal) -> f64 {
    kept.to_f64().unwrap_or(f64::NAN)
}
