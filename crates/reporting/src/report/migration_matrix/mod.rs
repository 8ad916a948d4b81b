//! Who moved from which class to which.

pub(super) mod message;
pub(crate) mod page;

use super::{
    ByClass, ClassCell, Facts, Needs,
    table::{Cell, Kind, Table},
};
use crate::{Reporting, request::Question, source};
use async_trait::async_trait;
use kehu_core::label::Language;
use kehu_server::Fault;
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

/// Counts customers by the pair of their classes; those without a class on the later date are
/// left out.
pub fn migration_matrix(cells: &[ClassCell]) -> MigrationMatrix {
    let mut sums: BTreeMap<(bool, usize, usize), MigrationCell> = BTreeMap::new();
    for cell in cells {
        let Some(to) = cell.to else { continue };
        let key = (cell.from.is_none(), cell.from.unwrap_or_default(), to);
        let empty = MigrationCell { from: cell.from, to, customers: 0, amount: Decimal::ZERO };
        let sum = sums.entry(key).or_insert(empty);
        sum.customers += cell.customers;
        sum.amount += cell.amount;
    }
    MigrationMatrix { cells: sums.into_values().collect() }
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

/// Who moved between the dates of a question.
pub(crate) async fn matrix(
    reporting: &Reporting,
    question: &Question,
) -> Result<ByClass<MigrationMatrix>, Fault> {
    let classified = source::classified(&reporting.db, question).await?;
    let report = migration_matrix(&classified.cells);
    Ok(ByClass { classified, report })
}

const COLUMNS: [(&str, Kind, &str, &str); 9] = [
    ("comparison_date", Kind::Date, "对比日期", "From"),
    ("as_of_date", Kind::Date, "截止日期", "To"),
    ("from_class_id", Kind::Id, "原类别标识", "From class id"),
    ("from_label", Kind::Text, "原类别", "From class"),
    ("to_class_id", Kind::Id, "现类别标识", "To class id"),
    ("to_label", Kind::Text, "现类别", "To class"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("amount", Kind::Amount, "净销售额", "Net sales"),
    ("currency_code", Kind::Id, "币种", "Currency"),
];

/// The report `migration-matrix`.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "migration-matrix",
            label: ["类别迁移", "Moves between classes"],
            needs: Needs::Comparison,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let answer = matrix(reporting, question).await?;
        let classes = &answer.classified.classes;
        let mut rows = Vec::with_capacity(answer.report.cells.len());
        for cell in &answer.report.cells {
            let from = cell.from.map(|from| &classes[from]);
            let to = &classes[cell.to];
            rows.push(vec![
                Cell::optional_date(question.comparison),
                Cell::Date(answer.classified.as_of),
                from.map_or(Cell::Null, |from| Cell::id(&from.id)),
                from.map_or(Cell::Null, |from| Cell::text(from.label.get(language))),
                Cell::id(&to.id),
                Cell::text(to.label.get(language)),
                Cell::Count(cell.customers),
                Cell::Number(cell.amount),
                Cell::id(reporting.currency()),
            ]);
        }
        Ok(Table::new(&COLUMNS, rows))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A customer: the class it is in, the one it was in, amount, amount ordered, orders.
    pub(in crate::report) fn cell(
        to: Option<usize>,
        from: Option<usize>,
        amount: &str,
        ordered: &str,
        orders: i64,
    ) -> ClassCell {
        let (amount, ordered) = (amount.parse().unwrap(), ordered.parse().unwrap());
        ClassCell { from, to, customers: 1, orders, amount, ordered }
    }

    #[test]
    fn counts_pairs_of_classes() {
        let customers = [
            cell(Some(1), None, "5", "5", 1),
            cell(Some(0), Some(1), "7", "7", 1),
            cell(Some(0), Some(0), "1", "1", 1),
            cell(Some(0), Some(1), "2.5", "2.5", 1),
            cell(None, Some(1), "9", "9", 1),
        ];
        let matrix = migration_matrix(&customers);
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
