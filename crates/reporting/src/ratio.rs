//! Shares and means: sums are exact, and divided once, half-to-even.

use kehu_core::money::AMOUNT_SCALE;
use rust_decimal::Decimal;

/// Decimal places of a share: 0.7462 is 74.62 %.
pub const SHARE_SCALE: u32 = 4;

/// `part` over `whole` with `places` decimals (at most 6), or `None` when the whole is not
/// above zero. Both have at most four decimals.
pub fn share(part: Decimal, whole: Decimal, places: u32) -> Option<Decimal> {
    let (part, whole) = (scaled(part), scaled(whole));
    if whole <= 0 {
        return None;
    }
    Some(Decimal::from_i128_with_scale(divide(part * 10_i128.pow(places), whole), places))
}

/// The share of a count, as [`share`].
pub fn count_share(part: i64, whole: i64, places: u32) -> Option<Decimal> {
    share(Decimal::from(part), Decimal::from(whole), places)
}

/// `sum` over `count` with the four decimals of an amount, or `None` when the count is not
/// above zero.
pub fn mean(sum: Decimal, count: i64) -> Option<Decimal> {
    if count <= 0 {
        return None;
    }
    let mean = divide(scaled(sum), i128::from(count));
    Some(Decimal::from_i128_with_scale(mean, AMOUNT_SCALE))
}

/// The number as a count of 1/10,000.
fn scaled(number: Decimal) -> i128 {
    let mut number = number;
    number.rescale(AMOUNT_SCALE);
    number.mantissa()
}

/// Integer division, rounded half-to-even; the divisor is above zero.
fn divide(number: i128, divisor: i128) -> i128 {
    let quotient = number.div_euclid(divisor);
    let twice = number.rem_euclid(divisor) * 2;
    let up = twice > divisor || (twice == divisor && quotient % 2 != 0);
    quotient + i128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn shares_round_half_to_even() {
        for (part, whole, places, expected) in [
            ("1", "3", 4, "0.3333"),
            ("2", "3", 4, "0.6667"),
            ("1", "16", 3, "0.062"),
            ("3", "16", 3, "0.188"),
            ("-1", "16", 3, "-0.062"),
            ("12.5", "10", 4, "1.2500"),
            ("0", "10", 4, "0.0000"),
        ] {
            assert_eq!(share(decimal(part), decimal(whole), places), Some(decimal(expected)));
        }
        assert_eq!(share(decimal("1"), decimal("0"), 4), None);
        assert_eq!(share(decimal("1"), decimal("-2"), 4), None);
    }

    #[test]
    fn means_keep_four_decimals() {
        assert_eq!(mean(decimal("100"), 3), Some(decimal("33.3333")));
        assert_eq!(mean(decimal("0.0001"), 2), Some(decimal("0")));
        assert_eq!(mean(decimal("0.0003"), 2), Some(decimal("0.0002")));
        assert_eq!(mean(decimal("100"), 0), None);
    }

    #[test]
    fn the_largest_amounts_fit() {
        let whole = Decimal::new(i64::MAX, AMOUNT_SCALE) * decimal("1000000");
        assert_eq!(share(whole, whole, 6), Some(decimal("1.000000")));
    }
}
