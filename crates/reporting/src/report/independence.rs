//! Pearson's test of independence of the rows and columns of a table of counts.

use kehu_core::model::special::chi_square_tail;
use rust_decimal::{Decimal, prelude::FromPrimitive};

/// Decimal places of a statistic.
const PLACES: u32 = 9;

/// What a table of counts says of its rows and columns. A row or column without anybody says nothing.
pub(crate) struct Independence {
    /// The sums of the rows.
    pub(crate) rows: Vec<i64>,
    columns: Vec<i64>,
    /// The sum of all.
    pub(crate) all: i64,
    /// The statistic; `None` with fewer than two rows or columns.
    pub(crate) chi_square: Option<f64>,
    /// Its degrees of freedom.
    pub(crate) degrees: u32,
}

impl Independence {
    /// Of counts by row and column.
    pub(crate) fn of(counts: &[Vec<i64>]) -> Self {
        let rows: Vec<i64> = counts.iter().map(|row| row.iter().sum()).collect();
        let width = counts.first().map_or(0, Vec::len);
        let columns: Vec<i64> =
            (0..width).map(|column| counts.iter().map(|row| row[column]).sum()).collect();
        let all = rows.iter().sum();
        let mut found = Self { rows, columns, all, chi_square: None, degrees: 0 };
        let [rows, columns] = [&found.rows, &found.columns].map(|sums| used(sums));
        if rows < 2 || columns < 2 {
            return found;
        }
        found.degrees = (rows - 1) * (columns - 1);
        let mut sum = 0.0;
        for (row, counts) in counts.iter().enumerate() {
            for (column, count) in counts.iter().enumerate() {
                let expected = found.expected(row, column);
                if expected > 0.0 {
                    sum += (*count as f64 - expected).powi(2) / expected;
                }
            }
        }
        found.chi_square = Some(sum);
        found
    }

    /// The count to expect of independence.
    pub(crate) fn expected(&self, row: usize, column: usize) -> f64 {
        self.rows[row] as f64 * self.columns[column] as f64 / self.all.max(1) as f64
    }

    /// How far a count is from that, in standard deviations (Haberman, The analysis of residuals in
    /// cross-classified tables, Biometrics 29, 1973); `None` where everybody is of the row or column.
    pub(crate) fn residual(&self, row: usize, column: usize, count: i64) -> Option<f64> {
        let share = |sum: i64| 1.0 - sum as f64 / self.all.max(1) as f64;
        let expected = self.expected(row, column);
        let variance = expected * share(self.rows[row]) * share(self.columns[column]);
        (variance > 0.0).then(|| (count as f64 - expected) / variance.sqrt())
    }

    /// The probability of a statistic at least as great by chance: the upper regularised incomplete
    /// gamma function of half the degrees and half the statistic.
    pub(crate) fn p_value(&self) -> Option<f64> {
        Some(chi_square_tail(self.chi_square?, self.degrees))
    }

    /// √(χ² / (n · (the lesser of rows and columns − 1))) (Cramér, Mathematical Methods of Statistics,
    /// 1946).
    pub(crate) fn cramers_v(&self) -> Option<f64> {
        let chi_square = self.chi_square?;
        let lesser = used(&self.rows).min(used(&self.columns)) - 1;
        Some((chi_square / (self.all as f64 * f64::from(lesser))).sqrt())
    }
}

/// How many of the sums are of anybody.
fn used(sums: &[i64]) -> u32 {
    u32::try_from(sums.iter().filter(|sum| **sum > 0).count()).unwrap_or(u32::MAX)
}

/// A statistic as it is told.
pub(crate) fn decimal(number: f64) -> Option<Decimal> {
    Decimal::from_f64(number).map(|number| number.round_dp(PLACES))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sex and party (Agresti, An Introduction to Categorical Data Analysis, table 2.5):
    /// χ² 30.1 of 2 degrees, the first residual 4.5.
    #[test]
    fn a_printed_table() {
        let counts = vec![vec![762, 327, 468], vec![484, 239, 477]];
        let found = Independence::of(&counts);
        assert!((found.chi_square.unwrap() - 30.070_149).abs() < 1e-5);
        assert_eq!((found.degrees, found.all), (2, 2_757));
        let p = found.p_value().unwrap();
        assert!((p - 2.9536e-7).abs() < 1e-10, "{p}");
        assert!((found.expected(0, 0) - 703.671_381).abs() < 1e-5);
        assert!((found.residual(0, 0, 762).unwrap() - 4.502_053).abs() < 1e-5);
        assert!((found.cramers_v().unwrap() - 0.104_436).abs() < 1e-5);
    }

    #[test]
    fn a_table_of_one_row_says_nothing() {
        let found = Independence::of(&[vec![3, 4], vec![0, 0]]);
        assert_eq!((found.chi_square, found.p_value(), found.cramers_v()), (None, None, None));
        let found = Independence::of(&[]);
        assert_eq!((found.all, found.chi_square, found.cramers_v()), (0, None, None));
    }

    #[test]
    fn what_tells_everything_is_one() {
        let found = Independence::of(&[vec![5, 0], vec![0, 7]]);
        assert!((found.cramers_v().unwrap() - 1.0).abs() < 1e-12);
        assert!((found.chi_square.unwrap() - 12.0).abs() < 1e-12);
    }
}
