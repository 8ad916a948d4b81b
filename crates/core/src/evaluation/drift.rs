//! How far a distribution has moved from that of a base population.

use crate::model::special::chi_square_tail;

/// Bins that a base population is cut into, as many customers in each.
const BINS: usize = 10;

/// How far counts have moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// The population stability index, from 0 on: Σ (q − p) ln(q / p) over the bins, p and q their
    /// shares of the base and of now; a bin without anybody counts half a customer, so that it is
    /// finite (Siddiqi, Credit Risk Scorecards, 2006; it is the divergence of Jeffreys).
    pub psi: f64,
    /// The probability of an index at least as great where nothing has moved: PSI / (1/n + 1/m)
    /// follows χ² of one degree less than bins (Yurdakul and Naranjo, Journal of Risk Model
    /// Validation 14, 2020). Small populations have great indices by chance.
    pub p_value: f64,
}

/// The drift of counts, bin by bin, from those of the base. `None` where either is of nobody, or
/// fewer than two bins are of anybody.
pub fn drift(base: &[u64], now: &[u64]) -> Option<Drift> {
    let used: Vec<(u64, u64)> =
        base.iter().copied().zip(now.iter().copied()).filter(|pair| *pair != (0, 0)).collect();
    let all_base: u64 = used.iter().map(|(base, _)| base).sum();
    let all_now: u64 = used.iter().map(|(_, now)| now).sum();
    if all_base == 0 || all_now == 0 || used.len() < 2 {
        return None;
    }
    let share = |count: u64, all: u64| (count as f64).max(0.5) / all as f64;
    let mut psi = 0.0;
    for (base, now) in &used {
        let (before, after) = (share(*base, all_base), share(*now, all_now));
        psi += (after - before) * (after / before).ln();
    }
    let statistic = psi / (1.0 / all_base as f64 + 1.0 / all_now as f64);
    let degrees = u32::try_from(used.len() - 1).unwrap_or(u32::MAX);
    Some(Drift { psi, p_value: chi_square_tail(statistic, degrees) })
}

/// The upper ends of bins that hold about as many of the base each, ascending, each once; values
/// beyond the last are of one bin more. Equal values stay together.
pub fn cuts(base: &[f64]) -> Vec<f64> {
    let mut sorted = base.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut cuts = Vec::with_capacity(BINS);
    for bin in 1..BINS {
        let Some(cut) = sorted.get((sorted.len() * bin / BINS).saturating_sub(1)) else { break };
        if cuts.last().is_none_or(|last| last < cut) && sorted.last() > Some(cut) {
            cuts.push(*cut);
        }
    }
    cuts
}

/// How many of the values are in each bin.
pub fn binned(cuts: &[f64], values: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; cuts.len() + 1];
    for value in values {
        counts[cuts.partition_point(|cut| cut < value)] += 1;
    }
    counts
}

/// The limit that as many of `now` lie at or above as lay of the base at or above the old one, by
/// share: what a bound would be to choose as large a part as it did, the old one where it still does.
/// `None` where it chose nobody or everybody of the base, or there is nobody now.
pub fn moved_limit(base: &[f64], now: &[f64], limit: f64) -> Option<f64> {
    let above = base.iter().filter(|value| **value >= limit).count();
    if above == 0 || above == base.len() || now.is_empty() {
        return None;
    }
    let mut sorted = now.to_vec();
    sorted.sort_unstable_by(|one, other| other.total_cmp(one));
    // Half up, in whole numbers.
    let wanted = (2 * above * sorted.len() + base.len()) / (2 * base.len());
    if sorted.partition_point(|value| *value >= limit) == wanted {
        return Some(limit);
    }
    sorted.get(wanted.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: 0.1 ln 1.2 − 0.1 ln 0.8 = 0.1 ln 1.5.
    #[test]
    fn an_index_by_hand() {
        let found = drift(&[500, 500], &[600, 400]).unwrap();
        assert!((found.psi - 0.1 * 1.5_f64.ln()).abs() < 1e-12, "{found:?}");
        // 0.0405465 / (2 / 1000) = 20.27 of one degree.
        assert!(found.p_value < 1e-5, "{found:?}");
        // The same shares of ten customers say nothing.
        let few = drift(&[5, 5], &[6, 4]).unwrap();
        assert!((few.psi - found.psi).abs() < 1e-12 && few.p_value > 0.6, "{few:?}");
    }

    #[test]
    fn empty_bins_are_finite_and_bins_of_nobody_are_none() {
        let found = drift(&[10, 0, 0], &[5, 5, 0]).unwrap();
        // (0.5 − 1) ln 0.5 + (0.5 − 0.05) ln 10.
        let expected = 0.5 * 2_f64.ln() + 0.45 * 10_f64.ln();
        assert!((found.psi - expected).abs() < 1e-12, "{found:?}");
        assert_eq!(drift(&[1, 2], &[3, 6]).map(|it| it.psi.abs() < 1e-12), Some(true));
        assert_eq!(
            (drift(&[0, 0], &[1, 2]), drift(&[1], &[1]), drift(&[], &[])),
            (None, None, None)
        );
    }

    #[test]
    fn bins_hold_as_many_each_and_keep_equal_values_together() {
        let base: Vec<f64> = (1..=20).map(f64::from).collect();
        let bins = cuts(&base);
        assert_eq!(bins, [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0]);
        assert_eq!(binned(&bins, &base), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(binned(&bins, &[-9.0, 99.0])[0], 1);
        assert_eq!(cuts(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]), [0.0]);
        assert!(cuts(&[3.0, 3.0]).is_empty() && cuts(&[]).is_empty());
    }

    #[test]
    fn a_limit_moves_with_the_population() {
        let base: Vec<f64> = (1..=10).map(f64::from).collect();
        let doubled: Vec<f64> = base.iter().map(|value| value * 2.0).collect();
        // Two of ten are at 9 or above; of the doubled ones at 18.
        assert_eq!(moved_limit(&base, &doubled, 9.0), Some(18.0));
        assert_eq!(moved_limit(&base, &base, 8.5), Some(8.5));
        assert_eq!(moved_limit(&base, &[1.0, 2.0, 3.0], 9.0), Some(3.0));
        assert_eq!(
            (moved_limit(&base, &doubled, 11.0), moved_limit(&base, &doubled, 1.0)),
            (None, None)
        );
        assert_eq!(moved_limit(&base, &[], 9.0), None);
    }
}
