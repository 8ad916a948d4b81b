//! Counts and amounts by class.

use super::Member;
use crate::ratio::{self, SHARE_SCALE};
use rust_decimal::Decimal;

/// The summary of a taxonomy's classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassSummary {
    /// One entry a class, in the order the classes were given, those without members too.
    pub classes: Vec<ClassFigures>,
    /// The sum over all classes.
    pub total: ClassFigures,
}

/// Figures of one class, or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassFigures {
    /// Customers in it.
    pub customers: i64,
    /// Its share of all customers, 0 to 1, four decimals; zero when there are none.
    pub customer_share: Decimal,
    /// Amount of its customers, net of returns.
    pub amount: Decimal,
    /// Its share of the whole amount, four decimals; `None` when the whole is not above zero.
    pub amount_share: Option<Decimal>,
    /// Completed orders of its customers.
    pub orders: i64,
    /// Mean amount of a completed order before returns; `None` without orders.
    pub mean_order: Option<Decimal>,
    /// Customers that were in it on the comparison date.
    pub earlier: i64,
    /// Customers that are in it and were not: in another class, or new.
    pub joined: i64,
    /// Customers that were in it and are not.
    pub left: i64,
    ordered: Decimal,
}

/// Sums `members` by class, of which there are `class_count`. Members without a class count only
/// where they were before. Without a comparison nobody was, joined or left.
pub fn class_summary(class_count: usize, members: &[Member], compared: bool) -> ClassSummary {
    let mut figures = vec![ClassFigures::default(); class_count];
    let mut total = ClassFigures::default();
    for member in members {
        if let Some(class) = member.class {
            figures[class].add(member, compared && member.earlier != Some(class));
            total.add(member, compared && member.earlier.is_none());
        }
        if let Some(earlier) = member.earlier.filter(|_| compared) {
            figures[earlier].add_earlier(member.class == Some(earlier));
            total.add_earlier(member.class.is_some());
        }
    }
    let (customers, amount) = (total.customers, total.amount);
    for figures in figures.iter_mut().chain([&mut total]) {
        figures.finish(customers, amount);
    }
    ClassSummary { classes: figures, total }
}

impl ClassFigures {
    fn add(&mut self, member: &Member, joined: bool) {
        self.customers += 1;
        self.amount += member.amount;
        self.orders += member.orders;
        self.ordered += member.ordered;
        self.joined += i64::from(joined);
    }

    fn add_earlier(&mut self, is_in: bool) {
        self.earlier += 1;
        self.left += i64::from(!is_in);
    }

    fn finish(&mut self, customers: i64, amount: Decimal) {
        let share = ratio::count_share(self.customers, customers, SHARE_SCALE);
        self.customer_share = share.unwrap_or_default();
        self.amount_share = ratio::share(self.amount, amount, SHARE_SCALE);
        self.mean_order = ratio::mean(self.ordered, self.orders);
    }
}

#[cfg(test)]
mod tests {
    use super::super::migration::tests::member;
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn sums_by_class() {
        let members = [
            member(1, Some(0), Some(0), "60", "70", 2),
            member(2, Some(0), Some(1), "30", "30", 1),
            member(3, Some(1), None, "10.01", "10.01", 1),
            member(4, Some(1), Some(1), "-0.01", "0", 0),
            member(5, None, Some(1), "0", "0", 0),
        ];
        let summary = class_summary(3, &members, true);

        let a = &summary.classes[0];
        assert_eq!((a.customers, a.orders, a.amount), (2, 3, decimal("90")));
        assert_eq!(a.customer_share, decimal("0.5"));
        assert_eq!(a.amount_share, Some(decimal("0.9")));
        assert_eq!(a.mean_order, Some(decimal("33.3333")));
        assert_eq!((a.earlier, a.joined, a.left), (1, 1, 0));

        let b = &summary.classes[1];
        assert_eq!((b.customers, b.amount), (2, decimal("10")));
        assert_eq!((b.earlier, b.joined, b.left), (3, 1, 2));

        let c = &summary.classes[2];
        assert_eq!((c.customers, c.amount_share), (0, Some(decimal("0"))));
        assert_eq!(c.mean_order, None);

        let total = &summary.total;
        assert_eq!((total.customers, total.amount), (4, decimal("100")));
        assert_eq!((total.customer_share, total.amount_share), (decimal("1"), Some(decimal("1"))));
        assert_eq!((total.earlier, total.joined, total.left), (4, 1, 1));
        for it in summary.classes.iter().chain([total]) {
            assert_eq!(it.customers, it.earlier + it.joined - it.left);
        }
    }

    #[test]
    fn nobody_and_nothing() {
        let none = class_summary(1, &[], false);
        assert_eq!(none.total.customer_share, Decimal::ZERO);
        assert_eq!(none.total.amount_share, None);

        let lost = class_summary(1, &[member(1, Some(0), None, "-5", "0", 0)], false);
        assert_eq!((lost.total.joined, lost.classes[0].joined), (0, 0));
        assert_eq!(lost.classes[0].amount_share, None);
        assert_eq!(lost.classes[0].customer_share, Decimal::ONE);
    }
}
