//! Who moved from which class to which.

use super::Member;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Moves between two dates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationMatrix {
    /// Cells that are not empty, by earlier, then later class; customers that had no class
    /// yet come last.
    pub cells: Vec<MigrationCell>,
}

/// Customers that went one way, or stayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationCell {
    /// Place of the class on the earlier date; `None` for customers that had none yet.
    pub from: Option<usize>,
    /// Place of the class on the later date.
    pub to: usize,
    /// How many.
    pub customers: i64,
    /// Their amount up to the later date, net of returns.
    pub amount: Decimal,
}

/// Counts `members` by the pair of their classes; those without a class on the later date are
/// left out.
pub fn migration_matrix(members: &[Member]) -> MigrationMatrix {
    let mut cells: BTreeMap<(bool, usize, usize), MigrationCell> = BTreeMap::new();
    for member in members {
        let Some(to) = member.class else { continue };
        let key = (member.earlier.is_none(), member.earlier.unwrap_or_default(), to);
        let empty = MigrationCell { from: member.earlier, to, customers: 0, amount: Decimal::ZERO };
        let cell = cells.entry(key).or_insert(empty);
        cell.customers += 1;
        cell.amount += member.amount;
    }
    MigrationMatrix { cells: cells.into_values().collect() }
}

impl MigrationMatrix {
    /// The cell of one way, or `None` when nobody went it.
    pub fn cell(&self, from: Option<usize>, to: usize) -> Option<&MigrationCell> {
        self.cells.iter().find(|cell| cell.from == from && cell.to == to)
    }

    /// Customers that came from `from`.
    pub fn row_total(&self, from: Option<usize>) -> i64 {
        self.cells.iter().filter(|cell| cell.from == from).map(|cell| cell.customers).sum()
    }

    /// Customers that had a class on both dates, and another one on the later.
    pub fn moved(&self) -> i64 {
        let moved = |cell: &&MigrationCell| cell.from.is_some_and(|from| from != cell.to);
        self.cells.iter().filter(moved).map(|cell| cell.customers).sum()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use kehu_core::CustomerId;

    pub(in crate::report) fn member(
        customer: i64,
        class: Option<usize>,
        earlier: Option<usize>,
        amount: &str,
        ordered: &str,
        orders: i64,
    ) -> Member {
        let (amount, ordered) = (amount.parse().unwrap(), ordered.parse().unwrap());
        Member { customer: CustomerId(customer), class, earlier, amount, ordered, orders }
    }

    #[test]
    fn counts_pairs_of_classes() {
        let members = [
            member(1, Some(1), None, "5", "5", 1),
            member(2, Some(0), Some(1), "7", "7", 1),
            member(3, Some(0), Some(0), "1", "1", 1),
            member(4, Some(0), Some(1), "2.5", "2.5", 1),
            member(5, None, Some(1), "9", "9", 1),
        ];
        let matrix = migration_matrix(&members);
        let cells: Vec<_> =
            matrix.cells.iter().map(|it| (it.from, it.to, it.customers, it.amount)).collect();
        assert_eq!(
            cells,
            [
                (Some(0), 0, 1, Decimal::from(1)),
                (Some(1), 0, 2, "9.5".parse().unwrap()),
                (None, 1, 1, Decimal::from(5)),
            ]
        );
        assert_eq!(matrix.moved(), 2);
        assert_eq!((matrix.row_total(Some(1)), matrix.row_total(None)), (2, 1));
        assert_eq!(matrix.cell(Some(0), 1), None);
    }
}
