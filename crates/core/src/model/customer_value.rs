//! What a customer is still worth: how often it comes back, and for how much.

use super::{BgNbd, GammaGamma, Holdout, NotFitted, Purchases, Spending};

/// Months that a year of expected orders is discounted by.
pub const DISCOUNT_MONTHS: u32 = 12;

const DAYS_OF_WEEK: f64 = 7.0;
const DAYS_OF_YEAR: f64 = 365.0;

/// The two models together: BG/NBD of when, gamma-gamma of how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CustomerValue {
    /// When customers come back.
    pub purchases: BgNbd,
    /// What they spend.
    pub spending: GammaGamma,
}

/// What a customer bought up to a date. Orders of one day are one purchase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct History {
    /// Days with purchases, at least 1.
    pub days: u32,
    /// Days from the first to the last of them.
    pub last: u32,
    /// Days from the first of them to the date.
    pub age: u32,
    /// Mean amount of the days after the first, in the base currency; 0 without any.
    pub mean: f64,
}

impl History {
    /// What the model of purchases knows of it, in weeks.
    pub fn purchases(&self) -> Purchases {
        Purchases {
            repeats: f64::from(self.days.saturating_sub(1)),
            last: f64::from(self.last) / DAYS_OF_WEEK,
            age: f64::from(self.age) / DAYS_OF_WEEK,
        }
    }

    /// What the model of spending knows of it; `None` of one that did not come back, or spent nothing.
    pub fn spending(&self) -> Option<Spending> {
        let repeats = f64::from(self.days.saturating_sub(1));
        (repeats > 0.0 && self.mean > 0.0).then_some(Spending { repeats, mean: self.mean })
    }
}

impl CustomerValue {
    /// Fits both models; the logarithms of their likelihoods with them.
    pub fn fit(customers: &[History]) -> Result<(Self, [f64; 2]), NotFitted> {
        let purchases: Vec<Purchases> = customers.iter().map(History::purchases).collect();
        let spending: Vec<Spending> = customers.iter().filter_map(History::spending).collect();
        let (purchases, of_purchases) = BgNbd::fit(&purchases)?;
        let (spending, of_spending) = GammaGamma::fit(&spending)?;
        Ok((Self { purchases, spending }, [of_purchases, of_spending]))
    }

    /// The days with purchases to expect in so many days from the date on.
    pub fn expected_orders(&self, customer: &History, days: f64) -> f64 {
        self.purchases.expected_purchases(&customer.purchases(), days / DAYS_OF_WEEK)
    }

    /// The amount to expect of a day with purchases.
    pub fn expected_amount(&self, customer: &History) -> f64 {
        let repeats = f64::from(customer.days.saturating_sub(1));
        self.spending.expected_amount(repeats, customer.mean)
    }

    /// What the orders of the next 365 days are worth on the date: those to expect in each twelfth of
    /// them, times the expected amount and `margin`, discounted from its end at a yearly rate.
    pub fn value_of_year(&self, customer: &History, margin: f64, yearly_rate: f64) -> f64 {
        let months = f64::from(DISCOUNT_MONTHS);
        let monthly = (1.0 + yearly_rate).powf(1.0 / months) - 1.0;
        let orders = |days| self.expected_orders(customer, days);
        let orders = discounted(orders, DISCOUNT_MONTHS, DAYS_OF_YEAR / months, monthly);
        orders * self.expected_amount(customer) * margin
    }

    /// How well it foretold what customers did in so many days after those it knows: `actual` are
    /// their days with purchases then, in the order of `customers`.
    pub fn holdout(&self, customers: &[History], actual: &[u32], days: u32) -> Option<Holdout> {
        let count = customers.len().min(actual.len());
        if count == 0 || days == 0 {
            return None;
        }
        let mut errors = Vec::with_capacity(count);
        let (mut expected, mut happened) = (Vec::with_capacity(count), 0_u64);
        for (customer, actual) in customers.iter().zip(actual) {
            let orders = self.expected_orders(customer, f64::from(days));
            errors.push((orders - f64::from(*actual)).abs());
            expected.push(orders);
            happened += u64::from(*actual);
        }
        // In order, so that it does not matter in which one the customers came.
        errors.sort_by(f64::total_cmp);
        expected.sort_by(f64::total_cmp);
        let squares: f64 = errors.iter().map(|error| error * error).sum();
        let per_customer = |sum: f64| sum / count as f64;
        Some(Holdout {
            days,
            actual: happened,
            expected: super::trained::kept(expected.iter().sum()),
            mean_absolute_error: super::trained::kept(per_customer(errors.iter().sum())),
            root_mean_square_error: super::trained::kept(per_customer(squares).sqrt()),
        })
    }
}

/// The sum over `steps` spans of so many days of what `by` grows by in each, discounted at `rate` a
/// span from its end.
pub(super) fn discounted(by: impl Fn(f64) -> f64, steps: u32, days: f64, rate: f64) -> f64 {
    let (mut before, mut sum) = (0.0, 0.0);
    for step in 1..=steps {
        let until = by(days * f64::from(step));
        sum += (until - before) / (1.0 + rate).powf(f64::from(step));
        before = until;
    }
    sum
}
