//! Customers by recency and frequency bin.

use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// One scored customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Recency bin, 5 the most recent; `None` without a completed order.
    pub recency: Option<i32>,
    /// Frequency bin, 5 the most orders.
    pub frequency: Option<i32>,
    /// Amount up to the date, net of returns.
    pub amount: Decimal,
}

/// The cells that have customers, by recency, then frequency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeatMap {
    /// The cells.
    pub cells: Vec<HeatMapCell>,
}

/// Customers with one pair of bins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatMapCell {
    /// Recency bin, 1 the longest ago.
    pub recency: i32,
    /// Frequency bin, 1 the fewest orders.
    pub frequency: i32,
    /// How many customers.
    pub customers: i64,
    /// Their amount.
    pub amount: Decimal,
}

/// Counts customers by the pair of their bins; those without one of the two are left out.
pub fn heat_map(rows: &[Scored]) -> HeatMap {
    let mut cells: BTreeMap<(i32, i32), (i64, Decimal)> = BTreeMap::new();
    for row in rows {
        let (Some(recency), Some(frequency)) = (row.recency, row.frequency) else { continue };
        let (customers, amount) = cells.entry((recency, frequency)).or_default();
        *customers += 1;
        *amount += row.amount;
    }
    let cell = |((recency, frequency), (customers, amount))| HeatMapCell {
        recency,
        frequency,
        customers,
        amount,
    };
    HeatMap { cells: cells.into_iter().map(cell).collect() }
}

impl HeatMap {
    /// The cell of a pair of bins, or `None` when it has no customers.
    pub fn cell(&self, recency: i32, frequency: i32) -> Option<&HeatMapCell> {
        self.cells.iter().find(|cell| (cell.recency, cell.frequency) == (recency, frequency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(recency: Option<i32>, frequency: Option<i32>, amount: i64) -> Scored {
        Scored { recency, frequency, amount: Decimal::from(amount) }
    }

    #[test]
    fn counts_pairs_of_bins() {
        let map = heat_map(&[
            scored(Some(5), Some(1), 3),
            scored(Some(1), Some(2), 4),
            scored(Some(5), Some(1), -1),
            scored(None, Some(1), 100),
            scored(Some(2), None, 100),
        ]);
        let cells: Vec<_> = map.cells.iter().map(|it| (it.recency, it.frequency)).collect();
        assert_eq!(cells, [(1, 2), (5, 1)]);
        let best = map.cell(5, 1).unwrap();
        assert_eq!((best.customers, best.amount), (2, Decimal::from(2)));
        assert_eq!(map.cell(5, 5), None);
    }
}
