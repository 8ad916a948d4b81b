//! Exact statistics over sorted decimals. `None` means that the result does not fit a decimal.
//! Sums run over sorted values and are divided once, so the order of customers never matters.

use rust_decimal::Decimal;

/// A hundred points, as a count of 1/10,000 point.
pub(super) const FULL: i64 = 1_000_000;

/// Beyond this many deviations the logistic is 0 or 100 points to four decimals.
const FAR: Decimal = Decimal::from_parts(15, 0, 0, false, 0);

/// The linear interpolation at position (N − 1)·numerator/denominator of `sorted`, which is not
/// empty; the position lies within it.
pub(super) fn interpolate(
    sorted: &[Decimal],
    numerator: i128,
    denominator: i128,
) -> Option<Decimal> {
    let position = i128::try_from(sorted.len() - 1).ok()?.checked_mul(numerator)?;
    let below = usize::try_from(position / denominator).ok()?;
    let part = position % denominator;
    let low = *sorted.get(below)?;
    if part == 0 {
        return Some(low.normalize());
    }
    let step = sorted.get(below + 1)?.checked_sub(low)?;
    let moved = step.checked_mul(decimal(part)?)?.checked_div(decimal(denominator)?)?;
    Some(low.checked_add(moved)?.normalize())
}

/// The arithmetic mean of `sorted`, which is not empty.
pub(super) fn mean(sorted: &[Decimal]) -> Option<Decimal> {
    let sum = sorted.iter().try_fold(Decimal::ZERO, |sum, value| sum.checked_add(*value))?;
    Some(sum.checked_div(Decimal::from(sorted.len()))?.normalize())
}

/// The standard deviation of a whole population about its `mean`.
pub(super) fn deviation(sorted: &[Decimal], mean: Decimal) -> Option<Decimal> {
    let below = mean.checked_sub(*sorted.first()?)?;
    let above = sorted.last()?.checked_sub(mean)?;
    // Distances are divided by the longest one first, or squares of large amounts would not fit.
    let longest = below.max(above);
    if longest.is_zero() {
        return Some(Decimal::ZERO);
    }
    let mut sum = Decimal::ZERO;
    for value in sorted {
        let distance = value.checked_sub(mean)?.checked_div(longest)?;
        sum = sum.checked_add(distance.checked_mul(distance)?)?;
    }
    let variance = sum.checked_div(Decimal::from(sorted.len()))?;
    Some(longest.checked_mul(square_root(variance)?)?.normalize())
}

/// The square root of a number from 0 to 1, by Newton's method from above: it falls until it
/// has converged.
fn square_root(square: Decimal) -> Option<Decimal> {
    let mut root = Decimal::ONE;
    if square.is_zero() {
        return Some(Decimal::ZERO);
    }
    loop {
        let next = root.checked_add(square.checked_div(root)?)?.checked_div(Decimal::TWO)?;
        if next >= root {
            return Some(root);
        }
        root = next;
    }
}

/// 100/(1 + e^−z) points, as a count of 1/10,000 point.
pub(super) fn logistic(z: Decimal) -> i64 {
    let distance = z.abs();
    let best = if distance >= FAR { FULL } else { logistic_above(distance) };
    if z.is_sign_negative() { FULL - best } else { best }
}

/// The same for z from 0 to 15: 100 − 100/(1 + e^z).
fn logistic_above(z: Decimal) -> i64 {
    let rest = Decimal::ONE_HUNDRED / (Decimal::ONE + exponential(z));
    FULL - units(rest)
}

/// e^z for z from 0 to 15: the Taylor series of e^(z/16), below e, squared four times.
fn exponential(z: Decimal) -> Decimal {
    let part = z / Decimal::from(16);
    let (mut sum, mut term) = (Decimal::ONE, Decimal::ONE);
    for order in 1_u32..40 {
        term = term * part / Decimal::from(order);
        if term.is_zero() {
            break;
        }
        sum += term;
    }
    (0..4).fold(sum, |power, _| power * power)
}

/// Points from 0 to 100 as a count of 1/10,000 point, rounded half-to-even.
pub(super) fn units(points: Decimal) -> i64 {
    let mut rounded = points.round_dp(4);
    rounded.rescale(4);
    i64::try_from(rounded.mantissa()).expect("points are at most one hundred")
}

/// Points from a count of 1/10,000 point.
pub(super) fn points(units: i64) -> Decimal {
    Decimal::new(units, 4)
}

/// The quotient of two numbers that are not negative, rounded half-to-even.
pub(super) fn round_div(value: i128, unit: i128) -> i128 {
    let (quotient, rest) = (value / unit, value % unit * 2);
    let up = rest > unit || (rest == unit && quotient % 2 != 0);
    quotient + i128::from(up)
}

fn decimal(value: i128) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(value, 0).ok()
}
