//! Amounts of lines and orders.

use crate::money::OutOfRange;
use crate::{Money, Quantity};

/// The amount of a line: quantity times price, and its size less the discount. What came back
/// (a quantity below zero) takes its discount back with it.
pub fn of_line(
    quantity: Quantity,
    unit_price: Money,
    discount: Option<Money>,
) -> Result<Money, OutOfRange> {
    let gross = unit_price.times(quantity)?;
    let Some(discount) = discount else { return Ok(gross) };
    if quantity.0 < 0 { gross.checked_add(discount) } else { gross.checked_sub(discount) }
}

/// The price of one unit where only amount and discount are known, rounded half to even; the
/// amount itself for a quantity of zero.
pub fn price_of(
    amount: Money,
    discount: Option<Money>,
    quantity: Quantity,
) -> Result<Money, OutOfRange> {
    if quantity.0 == 0 {
        return Ok(amount);
    }
    let discount = discount.unwrap_or(Money::ZERO);
    let gross = if quantity.0 < 0 {
        amount.checked_sub(discount)?
    } else {
        amount.checked_add(discount)?
    };
    Money::from_decimal(gross.to_decimal() / quantity.to_decimal())
}

/// What a line cost: what is stated, with the sign of the quantity, else quantity times the cost of
/// one unit; `None` where neither is known.
pub fn cost_of(
    quantity: Quantity,
    unit_cost: Option<Money>,
    stated: Option<Money>,
) -> Result<Option<Money>, OutOfRange> {
    let Some(stated) = stated else {
        return unit_cost.map(|cost| cost.times(quantity)).transpose();
    };
    let size = stated.0.checked_abs().ok_or(OutOfRange)?;
    Ok(Some(match quantity.0 {
        0 => stated,
        ..0 => Money(-size),
        _ => Money(size),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs() {
        for (quantity, unit_cost, stated, cost) in [
            (60_000, Some(20_000), None, Some(120_000)),
            (-60_000, Some(20_000), None, Some(-120_000)),
            (60_000, Some(20_000), Some(110_000), Some(110_000)),
            (-60_000, None, Some(110_000), Some(-110_000)),
            (60_000, None, Some(-110_000), Some(110_000)),
            (0, None, Some(-5), Some(-5)),
            (60_000, None, None, None),
        ] {
            let found = cost_of(Quantity(quantity), unit_cost.map(Money), stated.map(Money));
            assert_eq!(found, Ok(cost.map(Money)));
        }
        assert_eq!(cost_of(Quantity(1), None, Some(Money(i64::MIN))), Err(OutOfRange));
    }

    #[test]
    fn lines() {
        for (quantity, price, discount, amount) in [
            (60_000, 25_500, None, 153_000),
            (60_000, 25_500, Some(3_000), 150_000),
            (-60_000, 25_500, Some(3_000), -150_000),
            (0, 25_500, None, 0),
        ] {
            let (quantity, price) = (Quantity(quantity), Money(price));
            let discount = discount.map(Money);
            assert_eq!(of_line(quantity, price, discount), Ok(Money(amount)));
            let unit = if quantity.0 == 0 { Money(amount) } else { price };
            assert_eq!(price_of(Money(amount), discount, quantity), Ok(unit));
        }
        assert_eq!(price_of(Money(10_000), None, Quantity(30_000)), Ok(Money(3_333)));
    }
}
