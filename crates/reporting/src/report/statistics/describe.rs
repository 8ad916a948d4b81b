//! Figures of a distribution. Values are in billionths and ascend, so that sums of binary fractions
//! come out the same in whatever order the values came.

use rust_decimal::{Decimal, prelude::FromPrimitive};

/// Decimals of a value.
pub(super) const SCALE: u32 = 9;
/// Decimals of a figure.
const PLACES: u32 = 4;

/// The shares below which quantiles lie, in percent.
pub(super) const QUANTILES: [usize; 5] = [10, 25, 50, 75, 90];

/// What a distribution comes to, four decimals each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Description {
    /// The mean.
    pub(super) mean: Option<Decimal>,
    /// Standard deviation of a sample, over n − 1; `None` of one value.
    pub(super) deviation: Option<Decimal>,
    /// The least and the greatest value.
    pub(super) ends: [Option<Decimal>; 2],
    /// [`QUANTILES`], interpolated between neighbours (Hyndman and Fan 1996, type 7).
    pub(super) quantiles: [Option<Decimal>; 5],
    /// Gini coefficient, 0 when all are equal, towards 1 when one has all; `None` with values below
    /// zero or nothing to share.
    pub(super) gini: Option<Decimal>,
}

/// The value in billionths; `None` for one too large.
pub(super) fn billionths(value: Decimal) -> Option<i128> {
    let missing = SCALE.checked_sub(value.scale())?;
    value.mantissa().checked_mul(10_i128.pow(missing))
}

/// Describes values, of which there is at least one; `None` without.
pub(super) fn describe(values: &[i128]) -> Option<Description> {
    let (first, last) = (*values.first()?, *values.last()?);
    let sum = values.iter().try_fold(0_i128, |sum, value| sum.checked_add(*value));
    let count = values.len();
    let mean = sum.map(|sum| sum as f64 / count as f64);
    Some(Description {
        mean: sum.and_then(|sum| mean_of(sum, count)),
        deviation: mean.and_then(|mean| deviation(values, mean)),
        ends: [number(first), number(last)],
        quantiles: QUANTILES.map(|percent| number(quantile(values, percent))),
        gini: sum.and_then(|sum| gini(values, sum)),
    })
}

fn mean_of(sum: i128, count: usize) -> Option<Decimal> {
    let count = i128::try_from(count).ok()?;
    // In billionths of billionths a sum may be too large; what is left over is below a billionth.
    number(sum.checked_div(count)?)
}

fn deviation(values: &[i128], mean: f64) -> Option<Decimal> {
    let squares = values.iter().map(|value| (*value as f64 - mean).powi(2));
    let others = values.len().checked_sub(1).filter(|others| *others > 0)?;
    float((squares.sum::<f64>() / others as f64).sqrt() / unit())
}

/// The value below which so many percent lie.
fn quantile(values: &[i128], percent: usize) -> i128 {
    let hundredths = (values.len() - 1) * percent;
    let (below, part) = (hundredths / 100, hundredths % 100);
    let low = values[below];
    let high = values.get(below + 1).copied().unwrap_or(low);
    low + (high - low) * part as i128 / 100
}

/// Twice the ranks times the values over n times their sum, less (n + 1) / n.
fn gini(values: &[i128], sum: i128) -> Option<Decimal> {
    if sum <= 0 || values.first().is_some_and(|least| *least < 0) {
        return None;
    }
    let count = values.len() as f64;
    let ranked = (1_u32..).zip(values).map(|(rank, value)| f64::from(rank) * *value as f64);
    float(2.0 * ranked.sum::<f64>() / (count * sum as f64) - (count + 1.0) / count)
}

/// Pearson's correlation of pairs, which are sorted; `None` where one of the two never varies.
pub(super) fn correlation(pairs: &mut [(i128, i128)]) -> Option<Decimal> {
    pairs.sort_unstable();
    let count = pairs.len() as f64;
    let mean = |of: fn(&(i128, i128)) -> i128| {
        pairs.iter().map(|pair| of(pair) as f64 / unit()).sum::<f64>() / count
    };
    let means = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut both, mut squares) = (0.0, (0.0, 0.0));
    for (one, two) in pairs {
        let (one, two) = (*one as f64 / unit() - means.0, *two as f64 / unit() - means.1);
        both += one * two;
        squares = (squares.0 + one * one, squares.1 + two * two);
    }
    let scale = squares.0.sqrt() * squares.1.sqrt();
    // What is left of a value that never varies is rounding.
    let varies = |squares: f64, mean: f64| squares > count * (mean * 1e-12).powi(2);
    if !varies(squares.0, means.0) || !varies(squares.1, means.1) {
        return None;
    }
    float((both / scale).clamp(-1.0, 1.0))
}

/// How many values are in each of `bins` equally wide parts from `low` to `high`; what is on an edge is
/// in the upper one, and `high` in the last.
pub(super) fn histogram(values: &[i128], (low, high): (i128, i128), bins: usize) -> Vec<i64> {
    let mut counts = vec![0; bins];
    for value in values {
        let part = (value - low) * bins as i128 / (high - low).max(1);
        let bin = usize::try_from(part).unwrap_or_default().min(bins - 1);
        counts[bin] += 1;
    }
    counts
}

/// A value in billionths as a number.
pub(super) fn number(billionths: i128) -> Option<Decimal> {
    let number = Decimal::try_from_i128_with_scale(billionths, SCALE).ok()?;
    Some(number.round_dp(PLACES))
}

fn float(value: f64) -> Option<Decimal> {
    Decimal::from_f64(value).map(|number| number.round_dp(PLACES))
}

fn unit() -> f64 {
    10_f64.powi(SCALE.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(numbers: &[i128]) -> Vec<i128> {
        numbers.iter().map(|number| number * 1_000_000_000).collect()
    }

    fn some(text: &str) -> Option<Decimal> {
        Some(text.parse().unwrap())
    }

    /// By hand, and as numpy has them.
    #[test]
    fn a_distribution_is_described() {
        let found = describe(&values(&[1, 2, 4, 8, 15])).unwrap();
        assert_eq!(found.mean, some("6"));
        assert_eq!(found.deviation, some("5.7009"));
        assert_eq!(found.ends, [some("1"), some("15")]);
        let quantiles = ["1.4", "2", "4", "8", "12.2"].map(some);
        assert_eq!(found.quantiles, quantiles);
        assert_eq!(found.gini, some("0.4533"));

        let one = describe(&values(&[7])).unwrap();
        assert_eq!((one.mean, one.deviation, one.gini), (some("7"), None, some("0")));
        assert_eq!(describe(&values(&[-1, 5])).unwrap().gini, None);
        assert_eq!(describe(&values(&[0, 0])).unwrap().gini, None);
        assert_eq!(describe(&[]), None);
    }

    #[test]
    fn correlation_is_the_same_in_any_order() {
        let pairs = [(1, 2), (2, 4), (3, 5), (4, 4), (5, 5)];
        let mut pairs = pairs.map(|(one, two)| (one * 1_000_000_000, two * 1_000_000_000));
        assert_eq!(correlation(&mut pairs), some("0.7746"));
        pairs.reverse();
        assert_eq!(correlation(&mut pairs), some("0.7746"));
        assert_eq!(correlation(&mut [(1, 5), (2, 5)]), None);
        assert_eq!(correlation(&mut []), None);
    }

    #[test]
    fn values_on_an_edge_are_in_the_upper_part() {
        assert_eq!(histogram(&[0, 1, 2, 5, 9, 10], (0, 10), 5), [2, 1, 1, 0, 2]);
        assert_eq!(histogram(&[3, 3], (3, 3), 2), [2, 0]);
    }
}
