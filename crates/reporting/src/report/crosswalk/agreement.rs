//! How far two ways to classify the same customers agree.

use rust_decimal::{Decimal, prelude::FromPrimitive};

/// Decimals of a measure.
const PLACES: u32 = 4;

/// Customers by their class under one taxonomy (rows) and under another (columns).
pub(super) struct Contingency {
    cells: Vec<Vec<i64>>,
}

impl Contingency {
    /// A table of so many rows and columns, without anybody.
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        Self { cells: vec![vec![0; columns]; rows] }
    }

    /// Adds customers to a cell.
    pub(super) fn add(&mut self, row: usize, column: usize, customers: i64) {
        self.cells[row][column] += customers;
    }

    /// Customers of a row.
    pub(super) fn row(&self, row: usize) -> i64 {
        self.cells[row].iter().sum()
    }

    /// Customers in all.
    pub(super) fn total(&self) -> i64 {
        (0..self.cells.len()).map(|row| self.row(row)).sum()
    }

    /// The column in which most of a row are, the first of several; `None` for a row without anybody.
    pub(super) fn counterpart(&self, row: usize) -> Option<usize> {
        let most = self.cells[row].iter().max().filter(|most| **most > 0)?;
        self.cells[row].iter().position(|cell| cell == most)
    }

    fn columns(&self) -> Vec<i64> {
        let width = self.cells.first().map_or(0, Vec::len);
        (0..width).map(|column| self.cells.iter().map(|row| row[column]).sum()).collect()
    }

    fn rows(&self) -> Vec<i64> {
        (0..self.cells.len()).map(|row| self.row(row)).collect()
    }

    /// Cramér's V, 0 (independent) to 1 (one follows from the other): the square root of chi-square
    /// over n times one less than the smaller number of rows or columns that have anybody (Cramér,
    /// Mathematical Methods of Statistics, 1946, chapter 21). `None` where one of them has but one.
    pub(super) fn cramers_v(&self) -> Option<Decimal> {
        let (rows, columns) = (self.rows(), self.columns());
        let used = |sums: &[i64]| sums.iter().map(|sum| sum.signum()).sum::<i64>();
        let freedom = Some(used(&rows).min(used(&columns)) - 1).filter(|it| *it > 0)?;
        // Chi-square over n is the sum of the squares of cells over the products of their sums, less 1.
        let mut sum = -1.0;
        for (row, cells) in self.cells.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| **cell > 0) {
                sum += float(*cell) / float(rows[row]) * (float(*cell) / float(columns[column]));
            }
        }
        decimal((sum.max(0.0) / float(freedom)).sqrt().min(1.0))
    }

    /// The adjusted Rand index, 1 for the same partition and about 0 for two that have nothing to do
    /// with each other (Hubert and Arabie, Comparing partitions, Journal of Classification 2, 1985).
    /// `None` where both put everybody into one class, or each into one of its own.
    pub(super) fn adjusted_rand(&self) -> Option<Decimal> {
        let pairs = |count: i64| float(count) * (float(count) - 1.0) / 2.0;
        let sum = |counts: &[i64]| counts.iter().map(|count| pairs(*count)).sum::<f64>();
        let together: f64 = self.cells.iter().map(|row| sum(row)).sum();
        let (rows, columns) = (sum(&self.rows()), sum(&self.columns()));
        let all = pairs(self.total());
        if all <= 0.0 {
            return None;
        }
        let expected = rows * columns / all;
        let most = f64::midpoint(rows, columns);
        let room = most - expected;
        if room.abs() < f64::EPSILON * most.max(1.0) {
            return None;
        }
        decimal((together - expected) / room)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of customers are far below 2^53")]
fn float(count: i64) -> f64 {
    count as f64
}

fn decimal(value: f64) -> Option<Decimal> {
    Decimal::from_f64(value).map(|number| {
        let mut number = number.round_dp(PLACES);
        number.rescale(PLACES);
        if number.is_zero() {
            number.set_sign_positive(true);
        }
        number
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(cells: &[&[i64]]) -> Contingency {
        Contingency { cells: cells.iter().map(|row| row.to_vec()).collect() }
    }

    fn measures(cells: &[&[i64]]) -> (Option<String>, Option<String>) {
        let table = table(cells);
        let text = |number: Option<Decimal>| number.map(|number| number.to_string());
        (text(table.cramers_v()), text(table.adjusted_rand()))
    }

    #[test]
    fn measures_are_those_of_the_literature() {
        let some = |text: &str| Some(text.to_owned());
        // The same partition under other names.
        assert_eq!(measures(&[&[0, 5], &[7, 0]]), (some("1.0000"), some("1.0000")));
        // Independent.
        assert_eq!(measures(&[&[10, 20], &[20, 40]]).0, some("0.0000"));
        // The example of Hubert and Arabie's index in scikit-learn's documentation: labels
        // 0 0 1 1 against 0 0 1 2 give 0.5714.
        assert_eq!(measures(&[&[2, 0, 0], &[0, 1, 1]]).1, some("0.5714"));
        // 0 0 0 0 against 0 1 2 3 gives 0.
        assert_eq!(measures(&[&[1, 1, 1, 1]]), (None, some("0.0000")));
        // Of two by two it is phi: (30·40 − 10·20) / √(40·60·50·50).
        assert_eq!(measures(&[&[30, 10], &[20, 40]]).0, some("0.4082"));
        assert_eq!(measures(&[&[4]]), (None, None));
        assert_eq!(measures(&[&[0, 0]]), (None, None));
    }

    #[test]
    fn a_class_answers_to_where_most_of_it_are() {
        let table = table(&[&[2, 3, 3], &[0, 0, 0]]);
        assert_eq!((table.counterpart(0), table.counterpart(1)), (Some(1), None));
        assert_eq!((table.row(0), table.total()), (8, 8));
    }
}
