//! How far the rules agree with persons.

use std::collections::BTreeMap;

/// How two ways to judge the same customers compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Customers that both judged.
    pub customers: u64,
    /// Those in different classes.
    pub disagreed: u64,
    /// Cohen's κ, −1 to 1: how much more they agree than by chance, 1 for always and 0 for as by
    /// chance (Cohen, A coefficient of agreement for nominal scales, 1960; bounds by Landis and Koch,
    /// Biometrics 33, 1977). `None` without customers, and where both put everybody into one class.
    pub kappa: Option<f64>,
}

/// The agreement of pairs of classes, each with the number of its customers.
pub fn agreement<'a>(pairs: impl IntoIterator<Item = ((&'a str, &'a str), u64)>) -> Agreement {
    let mut by_class: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let (mut customers, mut disagreed) = (0, 0);
    for ((one, other), count) in pairs {
        by_class.entry(one).or_default().0 += count;
        by_class.entry(other).or_default().1 += count;
        customers += count;
        if one != other {
            disagreed += count;
        }
    }
    let all = customers as f64;
    let products = by_class.values().map(|(one, other)| *one as f64 * *other as f64);
    let by_chance = products.sum::<f64>() / (all * all);
    let agreed = (customers - disagreed) as f64 / all;
    let kappa = (agreed - by_chance) / (1.0 - by_chance);
    Agreement { customers, disagreed, kappa: Some(kappa).filter(|kappa| kappa.is_finite()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kappa(cells: &[(&str, &str, u64)]) -> Agreement {
        agreement(cells.iter().map(|(one, other, count)| ((*one, *other), *count)))
    }

    /// The table of Cohen's paper: 29 of 100 agree where 35 would by chance.
    #[test]
    fn the_table_of_the_first_paper() {
        let found = kappa(&[
            ("a", "a", 25),
            ("a", "b", 13),
            ("a", "c", 12),
            ("b", "a", 12),
            ("b", "b", 2),
            ("b", "c", 16),
            ("c", "a", 3),
            ("c", "b", 15),
            ("c", "c", 2),
        ]);
        assert_eq!((found.customers, found.disagreed), (100, 71));
        assert!((found.kappa.unwrap() - (0.29 - 0.35) / 0.65).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn the_ends_of_the_scale() {
        assert_eq!(kappa(&[("a", "a", 5), ("b", "b", 7)]).kappa, Some(1.0));
        assert_eq!(kappa(&[("a", "b", 5), ("b", "a", 5)]).kappa, Some(-1.0));
        assert_eq!(
            kappa(&[("a", "a", 1), ("a", "b", 1), ("b", "a", 1), ("b", "b", 1)]).kappa,
            Some(0.0)
        );
        assert_eq!(kappa(&[("a", "a", 5)]).kappa, None);
        assert_eq!(kappa(&[]), Agreement { customers: 0, disagreed: 0, kappa: None });
    }
}
