//! The gamma-gamma model of what a purchase is worth (Fader and Hardie, The gamma-gamma model of
//! monetary value, note 025, 2013).
//!
//! What a customer spends on a day varies by chance round a mean of its own; days are gamma
//! distributed with shape p and a scale of the customer's, the scales with shape q and scale γ.

use super::{
    fit::{NotFitted, positive},
    special::ln_gamma,
};

/// The parameters, all above zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaGamma {
    /// Shape of what a customer spends on a day.
    pub p: f64,
    /// Shape of the customers' scales.
    pub q: f64,
    /// Scale of the customers' scales, in the unit of the amounts.
    pub gamma: f64,
}

/// What the model knows of a customer that came back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spending {
    /// Days with purchases after the first, above zero.
    pub repeats: f64,
    /// Mean amount of these days, above zero.
    pub mean: f64,
}

impl GammaGamma {
    /// The parameters under which these customers are likeliest, and the logarithm of their
    /// likelihood. [`NotFitted`] when it has no greatest value, as where all spend the same.
    pub fn fit(customers: &[Spending]) -> Result<(Self, f64), NotFitted> {
        let mut sorted = customers.to_vec();
        sorted.sort_by(|one, other| {
            one.repeats.total_cmp(&other.repeats).then(one.mean.total_cmp(&other.mean))
        });
        let count = sorted.len() as f64;
        // In units of the mean, so that the currency does not matter to the search.
        let unit = sorted.iter().map(|customer| customer.mean).sum::<f64>() / count;
        if sorted.is_empty() || !unit.is_finite() || unit <= 0.0 {
            return Err(NotFitted::NobodyRepeats);
        }
        for customer in &mut sorted {
            customer.mean /= unit;
        }
        let ([p, q, gamma], likelihood) = positive(["p", "q", "gamma"], |&[p, q, gamma]| {
            Self { p, q, gamma }.log_likelihood(&sorted)
        })?;
        Ok((Self { p, q, gamma: gamma * unit }, likelihood - count * unit.ln()))
    }

    /// The logarithm of the likelihood of customers: equation 1a of the note.
    pub fn log_likelihood(&self, customers: &[Spending]) -> f64 {
        let Self { p, q, gamma } = *self;
        let whole = q * gamma.ln() - ln_gamma(q);
        let (mut of, mut counted, mut sum) = (f64::NAN, 0.0, 0.0);
        for customer in customers {
            let (x, mean) = (customer.repeats, customer.mean);
            if x != of {
                of = x;
                counted = whole + ln_gamma(p * x + q) - ln_gamma(p * x) + p * x * x.ln();
            }
            sum += counted + (p * x - 1.0) * mean.ln() - (p * x + q) * (gamma + mean * x).ln();
        }
        sum
    }

    /// The amount to expect of a day with purchases of a customer: between its own mean and that of
    /// all, the nearer to its own the more often it came back; of one that did not the mean of all.
    /// Infinite when q is at most 1 and there is nothing to lean on.
    pub fn expected_amount(&self, repeats: f64, mean: f64) -> f64 {
        let weight = self.p * repeats + self.q - 1.0;
        if weight <= 0.0 {
            return f64::INFINITY;
        }
        self.p * (self.gamma + mean * repeats) / weight
    }
}
