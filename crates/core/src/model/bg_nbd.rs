//! The BG/NBD model of repeat purchases (Fader, Hardie and Lee, "Counting your customers" the easy
//! way: an alternative to the Pareto/NBD model, Marketing Science 24, 2005).
//!
//! While alive a customer buys by chance at a steady rate of its own; the rates are gamma
//! distributed with shape r and scale α. After each purchase it drops out with a probability of its
//! own; these are beta distributed with a and b. Times are in weeks.

use super::{
    fit::{LEAST, NotFitted, positive},
    special::{hypergeometric, ln_gamma},
};

/// The parameters, all above zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BgNbd {
    /// Shape of the purchase rates.
    pub r: f64,
    /// Scale of the purchase rates, weeks.
    pub alpha: f64,
    /// First parameter of the dropout probabilities.
    pub a: f64,
    /// Second parameter of the dropout probabilities.
    pub b: f64,
}

/// What the model knows of a customer.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Purchases {
    /// Days with purchases after the first.
    pub repeats: f64,
    /// Weeks from the first to the last of them, 0 without a repeat.
    pub last: f64,
    /// Weeks from the first of them to the date.
    pub age: f64,
}

impl BgNbd {
    /// The parameters under which these customers are likeliest, and the logarithm of their
    /// likelihood. Where they are likelier the fewer drop out, a is held at its least and b at 1,
    /// which is all but the NBD model (Ehrenberg, The pattern of consumer purchases, Applied
    /// Statistics 8, 1959). [`NotFitted`] when the likelihood has no greatest value.
    pub fn fit(customers: &[Purchases]) -> Result<(Self, f64), NotFitted> {
        let mut sorted = customers.to_vec();
        sorted.sort_by(|one, other| {
            let keys = [(one.repeats, other.repeats), (one.last, other.last), (one.age, other.age)];
            keys.iter().fold(std::cmp::Ordering::Equal, |order, (one, other)| {
                order.then(one.total_cmp(other))
            })
        });
        if !sorted.iter().any(|customer| customer.repeats > 0.0) {
            return Err(NotFitted::NobodyRepeats);
        }
        let counted = counted(&sorted);
        let fitted = positive(["r", "alpha", "a", "b"], |&[r, alpha, a, b]| {
            Self { r, alpha, a, b }.log_likelihood_of(&counted)
        });
        match fitted {
            Err(NotFitted::NoMaximum { parameter: "a", towards: "zero" }) => {
                Self::lasting(&counted)
            }
            fitted => fitted.map(|([r, alpha, a, b], likely)| (Self { r, alpha, a, b }, likely)),
        }
    }

    /// The same where nobody seems to drop out.
    fn lasting(customers: &[(Purchases, f64)]) -> Result<(Self, f64), NotFitted> {
        let with = |[r, alpha]: [f64; 2]| Self { r, alpha, a: LEAST, b: 1.0 };
        let (found, likelihood) =
            positive(["r", "alpha"], |&rates| with(rates).log_likelihood_of(customers))?;
        Ok((with(found), likelihood))
    }

    /// The logarithm of the likelihood of customers.
    pub fn log_likelihood(&self, customers: &[Purchases]) -> f64 {
        let counted: Vec<_> = customers.iter().map(|customer| (*customer, 1.0)).collect();
        self.log_likelihood_of(&counted)
    }

    /// The same of customers that are so many each; what depends on the number of repeats alone is
    /// computed once for those that follow each other with the same.
    fn log_likelihood_of(&self, customers: &[(Purchases, f64)]) -> f64 {
        let Self { r, alpha, a, b } = *self;
        let whole = r * alpha.ln() - ln_gamma(r) + ln_gamma(a + b) - ln_gamma(b);
        let (mut of, mut counted, mut sum) = (f64::NAN, 0.0, 0.0);
        for (customer, count) in customers {
            let x = customer.repeats;
            if x != of {
                of = x;
                counted = whole + ln_gamma(r + x) + ln_gamma(b + x) - ln_gamma(a + b + x);
            }
            sum += count * (counted + self.ln_of_times(customer));
        }
        sum
    }

    /// ln((α + T)^−(r + x) + [x > 0] a / (b + x − 1) (α + t)^−(r + x)), the greater term drawn out so
    /// that neither vanishes.
    fn ln_of_times(&self, customer: &Purchases) -> f64 {
        let alive = -(self.r + customer.repeats) * (self.alpha + customer.age).ln();
        if customer.repeats <= 0.0 {
            return alive;
        }
        alive + softplus(self.ln_odds_of_dropout(customer))
    }

    /// The logarithm of a / (b + x − 1) ((α + T) / (α + t))^(r + x).
    fn ln_odds_of_dropout(&self, customer: &Purchases) -> f64 {
        let Self { r, alpha, a, b } = *self;
        let x = customer.repeats;
        let waited = ((alpha + customer.age) / (alpha + customer.last)).ln();
        (a / (b + x - 1.0)).ln() + (r + x) * waited
    }

    /// The probability that a customer is still one on the date; 1 without a repeat, as the model
    /// has it (equation 4 of Fader, Hardie and Lee, A note on P(alive) for the BG/NBD model, 2008).
    pub fn p_alive(&self, customer: &Purchases) -> f64 {
        if customer.repeats <= 0.0 {
            return 1.0;
        }
        1.0 / (1.0 + self.ln_odds_of_dropout(customer).exp())
    }

    /// The days with purchases to expect of a customer in so many weeks from the date on: equation 10
    /// of the paper, its ₂F₁ by Euler's transformation (Abramowitz and Stegun 15.3.3), where its
    /// power of (α + T) / (α + T + weeks) cancels and nothing grows beyond what can be kept.
    pub fn expected_purchases(&self, customer: &Purchases, weeks: f64) -> f64 {
        let Self { r, alpha, a, b } = *self;
        let a = beside(a, 1.0);
        let c = beside(a + b + customer.repeats - 1.0, 0.0);
        let until = alpha + customer.age;
        let z = weeks / (until + weeks);
        let kept = (until / (until + weeks)).powf(a - 1.0)
            * hypergeometric(a + b - 1.0 - r, a - 1.0, c, z);
        c / (a - 1.0) * (1.0 - kept) * self.p_alive(customer)
    }

    /// The days with purchases after the first to expect of a new customer in so many weeks.
    pub fn expected_of_new(&self, weeks: f64) -> f64 {
        self.expected_purchases(&Purchases { repeats: 0.0, last: 0.0, age: 0.0 }, weeks)
    }
}

/// The value, or one a little beside it where it is at a gap of the formula: the function goes on
/// across the gap, and the formula does not.
fn beside(value: f64, gap: f64) -> f64 {
    if (value - gap).abs() < 1e-7 { gap + 1e-7 } else { value }
}

/// ln(1 + exp(x)), also where exp(x) is beyond what can be kept.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Equal customers once, with how many they are; they follow each other.
fn counted(sorted: &[Purchases]) -> Vec<(Purchases, f64)> {
    let mut counted: Vec<(Purchases, f64)> = Vec::new();
    for customer in sorted {
        match counted.last_mut() {
            Some((last, count)) if last == customer => *count += 1.0,
            _ => counted.push((*customer, 1.0)),
        }
    }
    counted
}
