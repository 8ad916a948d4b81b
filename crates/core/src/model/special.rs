//! Special functions of positive arguments, in binary floating point.

/// Terms of a series at most; what is left out by then is below the precision of a figure.
const MOST_TERMS: u32 = 100_000;
/// A term that is this much smaller than the sum changes nothing any more.
const NEGLIGIBLE: f64 = 1e-16;

/// ln Γ(x) of x above zero, to about 1e-14: Stirling's series (Abramowitz and Stegun 6.1.41) from
/// 10 on, and below it by Γ(x) = Γ(x + 1) / x.
pub fn ln_gamma(x: f64) -> f64 {
    let (mut shifted, mut product) = (x, 1.0);
    while shifted < 10.0 {
        product *= shifted;
        shifted += 1.0;
    }
    let inverse = 1.0 / shifted;
    let square = inverse * inverse;
    let series = inverse
        * (1.0 / 12.0
            - square
                * (1.0 / 360.0
                    - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square / 1188.0))));
    let half_ln_two_pi = 0.918_938_533_204_672_7;
    (shifted - 0.5) * shifted.ln() - shifted + half_ln_two_pi + series - product.ln()
}

/// Gauss's hypergeometric function ₂F₁(a, b; c; z) by its series, for z from 0 to below 1 and c that
/// is not zero or a negative whole number.
pub fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for step in 0..MOST_TERMS {
        let step = f64::from(step);
        term *= (a + step) * (b + step) / ((c + step) * (1.0 + step)) * z;
        sum += term;
        if term.abs() <= NEGLIGIBLE * sum.abs() {
            break;
        }
    }
    sum
}

/// The upper regularised incomplete gamma function Q(s, x), of s above zero and x from zero on: by
/// the series of P below s + 1 (Abramowitz and Stegun 6.5.29), and by the continued fraction (6.5.31)
/// in the form of Lentz beyond, as neither loses digits there.
pub fn upper_gamma(s: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let scale = (s * x.ln() - x - ln_gamma(s)).exp();
    if x < s + 1.0 { 1.0 - scale * lower_series(s, x) } else { scale * upper_fraction(s, x) }
}

fn lower_series(s: f64, x: f64) -> f64 {
    let mut term = 1.0 / s;
    let mut sum = term;
    for step in 1..MOST_TERMS {
        term *= x / (s + f64::from(step));
        sum += term;
        if term <= NEGLIGIBLE * sum {
            break;
        }
    }
    sum
}

fn upper_fraction(s: f64, x: f64) -> f64 {
    let tiny = f64::MIN_POSITIVE / f64::EPSILON;
    let above_zero = |value: f64| if value.abs() < tiny { tiny } else { value };
    let mut denominator = x + 1.0 - s;
    let mut ratio = 1.0 / tiny;
    let mut inverse = 1.0 / above_zero(denominator);
    let mut fraction = inverse;
    for step in 1..MOST_TERMS {
        let step = f64::from(step);
        let numerator = -step * (step - s);
        denominator += 2.0;
        inverse = 1.0 / above_zero(numerator * inverse + denominator);
        ratio = above_zero(denominator + numerator / ratio);
        let change = inverse * ratio;
        fraction *= change;
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    fraction
}

/// The probability that χ² of so many degrees of freedom, at least 1, is at least `statistic`.
pub fn chi_square_tail(statistic: f64, degrees: u32) -> f64 {
    upper_gamma(f64::from(degrees) / 2.0, statistic / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-12 * expected.abs().max(1e-3)
    }

    /// Γ of whole and half numbers is known in closed form.
    #[test]
    fn the_logarithm_of_gamma() {
        let root_pi = std::f64::consts::PI.sqrt();
        for (x, expected) in [
            (1.0, 0.0),
            (2.0, 0.0),
            (5.0, 24_f64.ln()),
            (0.5, root_pi.ln()),
            (10.5, (654_729_075.0 / 1024.0 * root_pi).ln()),
            (0.001, 6.907_178_885_383_853),
            (101.0, 363.739_375_555_563_5),
        ] {
            assert!((ln_gamma(x) - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{x}");
        }
    }

    /// Some functions are hypergeometric: −ln(1 − z) / z, (1 − z)^−a, arcsin.
    #[test]
    fn the_hypergeometric_function() {
        for z in [0.0, 0.1, 0.5, 0.9, 0.99] {
            let logarithm = if z == 0.0 { 1.0 } else { -(1.0_f64 - z).ln() / z };
            assert!(is_close(hypergeometric(1.0, 1.0, 2.0, z), logarithm), "{z}");
            assert!(is_close(hypergeometric(0.3, 2.0, 2.0, z), (1.0 - z).powf(-0.3)), "{z}");
        }
        assert!(is_close(hypergeometric(0.5, 0.5, 1.5, 0.25), (0.5_f64).asin() / 0.5));
    }

    /// With two degrees of freedom the tail is exp(−x/2), with four (1 + x/2) exp(−x/2); the last two
    /// are critical values of printed tables (Abramowitz and Stegun, table 26.8).
    #[test]
    fn the_tail_of_chi_square() {
        for x in [0.0_f64, 0.5, 3.0, 4.1, 20.0, 600.0] {
            let half = x / 2.0;
            assert!(is_close(chi_square_tail(x, 2), (-half).exp()), "{x}");
            assert!(is_close(chi_square_tail(x, 4), (1.0 + half) * (-half).exp()), "{x}");
        }
        for (x, degrees, tail) in
            [(3.841_459, 1, 0.05), (124.342_11, 100, 0.05), (23.209_25, 10, 0.01)]
        {
            assert!((chi_square_tail(x, degrees) - tail).abs() < 1e-7, "{x} {degrees}");
        }
    }
}
