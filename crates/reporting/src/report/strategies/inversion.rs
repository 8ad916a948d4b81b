//! Where less valuable customers are treated better than more valuable ones.

use rust_decimal::Decimal;

/// How members of a class are treated, and what they are worth.
pub(super) struct Treated {
    /// The place of their level of service, 0 the best; `None` without one, which is the least.
    pub(super) service: Option<usize>,
    /// Their discount in percent; 0 without one.
    pub(super) discount: Decimal,
    /// Mean amount of a member, net of returns; `None` for a class without members.
    pub(super) mean: Option<Decimal>,
}

/// The classes, by place, whose members bought more on average than those of the class at `place`,
/// and who get less service or a smaller discount.
pub(super) fn better_than(place: usize, treated: &[Treated]) -> Vec<usize> {
    let own = &treated[place];
    let Some(mean) = own.mean else { return Vec::new() };
    let rank = |treated: &Treated| treated.service.unwrap_or(usize::MAX);
    let is_worse = |other: &Treated| rank(own) < rank(other) || own.discount > other.discount;
    let worse = treated
        .iter()
        .enumerate()
        .filter(|(_, other)| other.mean.is_some_and(|theirs| theirs > mean) && is_worse(other));
    worse.map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_service_or_price_for_less_is_found() {
        let treated = |service: Option<usize>, discount: i64, mean: Option<i64>| Treated {
            service,
            discount: discount.into(),
            mean: mean.map(Into::into),
        };
        let classes = [
            treated(Some(0), 5, Some(900)),
            treated(Some(1), 8, Some(500)),
            treated(Some(0), 0, Some(100)),
            treated(None, 0, Some(300)),
            treated(Some(0), 100, None),
        ];
        let found: Vec<_> = (0..5).map(|place| better_than(place, &classes)).collect();
        assert_eq!(found, [vec![], vec![0], vec![1, 3], vec![], vec![]]);
    }
}
