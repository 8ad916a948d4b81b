//! P-values of many tests at once.

/// P-values, ascending with those that are none last, adjusted by Benjamini and Hochberg (Controlling
/// the false discovery rate, Journal of the Royal Statistical Society B 57, 1995): of those whose
/// adjusted value is below a bound, no greater share is to be expected to be chance.
pub(super) fn adjusted(ascending: &[Option<f64>]) -> Vec<Option<f64>> {
    let tests = ascending.iter().flatten().count();
    let mut least = 1.0_f64;
    let mut adjusted = vec![None; ascending.len()];
    for (place, p) in ascending.iter().enumerate().rev() {
        if let Some(p) = p {
            least = least.min(p * tests as f64 / (place + 1) as f64);
            adjusted[place] = Some(least);
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What R's `p.adjust(p, "BH")` gives.
    #[test]
    fn many_tests_make_each_of_them_say_less() {
        let p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205];
        let expected = [0.008, 0.032, 0.067_2, 0.067_2, 0.067_2, 0.08, 0.084_571, 0.205];
        let found = adjusted(&p.map(Some));
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found.unwrap() - expected).abs() < 1e-6);
        }
        assert_eq!(adjusted(&[Some(0.5), None]), [Some(0.5), None]);
        assert_eq!(adjusted(&[]), []);
    }
}
