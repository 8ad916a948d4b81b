//! How far classes set customers apart by a measure.

/// What a measure of customers owes to their classes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Separation {
    /// η², 0 to 1: the share of the sum of squares that lies between classes (Fisher, Statistical
    /// Methods for Research Workers, 1925; bounds by Cohen, Statistical Power Analysis, 1988).
    pub eta_squared: f64,
    /// ε² of the Kruskal–Wallis test, 0 to 1: H / (n − 1), the same of ranks, so that a few large
    /// customers do not decide (Kruskal and Wallis, JASA 47, 1952; Tomczak and Tomczak, Trends in
    /// Sport Sciences 21, 2014).
    pub epsilon_squared: f64,
}

/// The separation of the values of customers, class by class; their order does not matter. `None`
/// with fewer than two classes that have a value, no more values than classes, or equal values.
pub fn separation(classes: &[Vec<f64>]) -> Option<Separation> {
    let used = classes.iter().filter(|values| !values.is_empty()).count();
    let values = together(classes);
    if used < 2 || values.len() <= used || values.first()?.0 >= values.last()?.0 {
        return None;
    }
    Some(Separation {
        eta_squared: eta_squared(&values, classes.len()),
        epsilon_squared: kruskal_wallis(&values, classes.len()) / (values.len() as f64 - 1.0),
    })
}

/// The middle value, of an even number the mean of the two; `None` without any.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let is_odd = sorted.len() % 2 == 1;
    Some(if is_odd { upper } else { f64::midpoint(sorted[sorted.len() / 2 - 1], upper) })
}

/// All values with the places of their classes, ascending: sums then do not depend on the order in
/// which customers come.
fn together(classes: &[Vec<f64>]) -> Vec<(f64, usize)> {
    let mut all = Vec::new();
    for (class, values) in classes.iter().enumerate() {
        all.extend(values.iter().map(|value| (*value, class)));
    }
    all.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    all
}

fn eta_squared(values: &[(f64, usize)], classes: usize) -> f64 {
    let mean = values.iter().map(|(value, _)| value).sum::<f64>() / values.len() as f64;
    let mut sums = vec![(0.0, 0.0); classes];
    let mut total = 0.0;
    for (value, class) in values {
        let distance = value - mean;
        total += distance * distance;
        sums[*class].0 += distance;
        sums[*class].1 += 1.0;
    }
    let between = sums.iter().filter(|(_, count)| *count > 0.0);
    let between: f64 = between.map(|(sum, count)| sum * sum / count).sum();
    (between / total).clamp(0.0, 1.0)
}

/// H, corrected for ties: equal values have the mean of their ranks.
fn kruskal_wallis(values: &[(f64, usize)], classes: usize) -> f64 {
    let count = values.len() as f64;
    let mut ranks = vec![(0.0, 0.0); classes];
    let (mut first, mut ties) = (0, 0.0);
    for equal in values.chunk_by(|one, other| one.0 == other.0) {
        let size = equal.len() as f64;
        let rank = first as f64 + f64::midpoint(1.0, size);
        for (_, class) in equal {
            ranks[*class].0 += rank;
            ranks[*class].1 += 1.0;
        }
        ties += size * (size * size - 1.0);
        first += equal.len();
    }
    let middle = f64::midpoint(1.0, count);
    let spread = ranks.iter().filter(|(_, size)| *size > 0.0).map(|(sum, size)| {
        let distance = sum / size - middle;
        size * distance * distance
    });
    let h = 12.0 / (count * (count + 1.0)) * spread.sum::<f64>();
    h / (1.0 - ties / (count * (count * count - 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_close(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 5e-5
    }

    /// Caps that three machines made (Kruskal and Wallis 1952, table 1.2): H is 5.656.
    #[test]
    fn ranks_of_the_first_paper() {
        let machines = [
            vec![340.0, 345.0, 330.0, 342.0, 338.0],
            vec![339.0, 333.0, 344.0],
            vec![347.0, 343.0, 349.0, 355.0],
        ];
        let found = separation(&machines).unwrap();
        assert!(is_close(found.epsilon_squared * 11.0, 5.6564), "{found:?}");
    }

    /// Weights of plants (Dobson, An Introduction to Statistical Modelling, 1983, table 7.1, and
    /// `PlantGrowth` of R): 3.76634 of 14.25843 lie between the groups; H with its tie is 7.9882.
    #[test]
    fn a_printed_analysis_of_variance() {
        let groups = [
            vec![4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14],
            vec![],
            vec![4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69],
            vec![6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26],
        ];
        let found = separation(&groups).unwrap();
        assert!(is_close(found.eta_squared, 3.76634 / 14.25843), "{found:?}");
        assert!(is_close(found.epsilon_squared * 29.0, 7.9882), "{found:?}");
        let turned: Vec<_> =
            groups.iter().map(|group| group.iter().rev().copied().collect()).collect();
        assert_eq!(separation(&turned), Some(found));
    }

    #[test]
    fn classes_that_tell_everything_and_those_that_tell_nothing() {
        let found = separation(&[vec![1.0, 1.0], vec![3.0, 3.0]]).unwrap();
        assert!(is_close(found.eta_squared, 1.0) && is_close(found.epsilon_squared, 1.0));
        let found = separation(&[vec![1.0, 3.0], vec![1.0, 3.0]]).unwrap();
        assert!(is_close(found.eta_squared, 0.0) && is_close(found.epsilon_squared, 0.0));
        for nothing in [vec![], vec![vec![1.0, 2.0]], vec![vec![2.0, 2.0], vec![2.0]]] {
            assert_eq!(separation(&nothing), None);
        }
        assert_eq!(separation(&[vec![1.0], vec![2.0]]), None);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[5.0, 1.0]), Some(3.0));
        assert_eq!(median(&[]), None);
    }
}
