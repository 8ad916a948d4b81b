//! Exact amounts: money, quantities and exchange rates as integers of a fixed scale.
//!
//! Neither database agrees with the other on decimals, so both store these integers; every
//! rounding is half-to-even, at the one place where a product is brought back to scale.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// Decimal places of [`Money`] and [`Quantity`].
pub const AMOUNT_SCALE: u32 = 4;
/// Decimal places of [`Rate`].
pub const RATE_SCALE: u32 = 10;

/// The amount does not fit, or has more digits than can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("out of range: at most 922,337,203,685,477.5807 in either direction")]
pub struct OutOfRange;

/// An amount of money: a count of 1/10,000 of the currency unit. The currency stands beside it.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(pub i64);

/// A quantity of goods: a count of 1/10,000 of the unit of sale; negative when returned.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Quantity(pub i64);

/// Units of the base currency for one unit of another, a count of 1/10,000,000,000; above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(pub i64);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// From a decimal, rounded half-to-even to four places.
    pub fn from_decimal(value: Decimal) -> Result<Self, OutOfRange> {
        to_scaled(value, AMOUNT_SCALE).map(Self)
    }

    /// The exact decimal, with four places.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, AMOUNT_SCALE)
    }

    /// From the two halves of `google.type.Money`: whole units and billionths, of one sign.
    pub fn from_units_nanos(units: i64, nanos: i32) -> Result<Self, OutOfRange> {
        let scaled = i128::from(units) * 10_000 + round_div(i128::from(nanos), 100_000);
        i64::try_from(scaled).map(Self).map_err(|_| OutOfRange)
    }

    /// Whole units and billionths, of one sign: the two halves of `google.type.Money`.
    pub fn units_nanos(self) -> (i64, i32) {
        let nanos = (self.0 % 10_000) * 100_000;
        (self.0 / 10_000, i32::try_from(nanos).expect("below one billion by the remainder"))
    }

    /// The sum, or an error where it does not fit.
    pub fn checked_add(self, other: Self) -> Result<Self, OutOfRange> {
        self.0.checked_add(other.0).map(Self).ok_or(OutOfRange)
    }

    /// The sum of all, in whatever order: an error only where it does not fit itself.
    pub fn sum(all: impl IntoIterator<Item = Self>) -> Result<Self, OutOfRange> {
        let sum: i128 = all.into_iter().map(|amount| i128::from(amount.0)).sum();
        i64::try_from(sum).map(Self).map_err(|_| OutOfRange)
    }

    /// The difference, or an error where it does not fit.
    pub fn checked_sub(self, other: Self) -> Result<Self, OutOfRange> {
        self.0.checked_sub(other.0).map(Self).ok_or(OutOfRange)
    }

    /// Price times quantity.
    pub fn times(self, quantity: Quantity) -> Result<Self, OutOfRange> {
        product(self.0, quantity.0, 10_000).map(Self)
    }

    /// The same amount in the base currency at `rate`.
    pub fn convert(self, rate: Rate) -> Result<Self, OutOfRange> {
        product(self.0, rate.0, 10_000_000_000).map(Self)
    }
}

impl Quantity {
    /// From a decimal, rounded half-to-even to four places.
    pub fn from_decimal(value: Decimal) -> Result<Self, OutOfRange> {
        to_scaled(value, AMOUNT_SCALE).map(Self)
    }

    /// The exact decimal, with four places.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, AMOUNT_SCALE)
    }
}

impl Rate {
    /// One for one: the rate of the base currency to itself.
    pub const ONE: Self = Self(10_000_000_000);

    /// From a decimal above zero, rounded half-to-even to ten places.
    pub fn from_decimal(value: Decimal) -> Result<Self, OutOfRange> {
        let rate = to_scaled(value, RATE_SCALE).map(Self)?;
        if rate.0 > 0 { Ok(rate) } else { Err(OutOfRange) }
    }

    /// The exact decimal, with ten places.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, RATE_SCALE)
    }
}

fn to_scaled(value: Decimal, scale: u32) -> Result<i64, OutOfRange> {
    let mut rounded = value.round_dp_with_strategy(scale, RoundingStrategy::MidpointNearestEven);
    rounded.rescale(scale);
    if rounded.scale() != scale {
        return Err(OutOfRange);
    }
    i64::try_from(rounded.mantissa()).map_err(|_| OutOfRange)
}

fn product(left: i64, right: i64, unit: i128) -> Result<i64, OutOfRange> {
    i64::try_from(round_div(i128::from(left) * i128::from(right), unit)).map_err(|_| OutOfRange)
}

/// Integer division, rounded half-to-even; `unit` is positive.
fn round_div(value: i128, unit: i128) -> i128 {
    let quotient = value.div_euclid(unit);
    let twice = value.rem_euclid(unit) * 2;
    let up = twice > unit || (twice == unit && quotient % 2 != 0);
    quotient + i128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn price_times_quantity_rounds_half_to_even() {
        for (price, quantity, amount) in [
            ("2.55", "6", "15.3"),
            ("0.0001", "0.5", "0"),
            ("0.0003", "0.5", "0.0002"),
            ("-0.0001", "0.5", "0"),
            ("1.0005", "-3", "-3.0015"),
        ] {
            let price = Money::from_decimal(decimal(price)).unwrap();
            let quantity = Quantity::from_decimal(decimal(quantity)).unwrap();
            assert_eq!(price.times(quantity).unwrap().to_decimal(), decimal(amount));
        }
    }

    #[test]
    fn units_and_nanos_keep_the_sign() {
        for (text, units, nanos) in
            [("12.34", 12, 340_000_000), ("-0.5", 0, -500_000_000), ("-7.25", -7, -250_000_000)]
        {
            let money = Money::from_decimal(decimal(text)).unwrap();
            assert_eq!(money.units_nanos(), (units, nanos));
            assert_eq!(Money::from_units_nanos(units, nanos), Ok(money));
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(Money::from_decimal(decimal("1e15")), Err(OutOfRange));
        assert_eq!(Money(i64::MAX).checked_add(Money(1)), Err(OutOfRange));
        assert_eq!(Money(i64::MAX).times(Quantity(20_000)), Err(OutOfRange));
        assert_eq!(Rate::from_decimal(Decimal::ZERO), Err(OutOfRange));
    }
}
