//! The matrix in the contract's messages.

use super::MigrationMatrix;
use crate::{convert::money, report::ByClass};
use chrono::NaiveDate;
use kehu_contract::reporting as contract;
use kehu_core::taxonomy::Class;
use kehu_server::{Fault, convert};

/// The answer.
pub(crate) fn response(
    answer: &ByClass<MigrationMatrix>,
    comparison: Option<NaiveDate>,
    currency: &str,
) -> Result<contract::GetMigrationMatrixResponse, Fault> {
    let classes = &answer.classified.classes;
    let mut cells = Vec::with_capacity(answer.report.cells.len());
    for cell in &answer.report.cells {
        cells.push(contract::MigrationCell {
            from_class_id: cell.from.map(|from| classes[from].id.clone()).unwrap_or_default(),
            to_class_id: classes[cell.to].id.clone(),
            customer_count: cell.customers,
            amount: Some(money(cell.amount, currency)?),
        });
    }
    let name = |class: &Class| contract::ClassName {
        class_id: class.id.clone(),
        label: Some(convert::label(&class.label)),
    };
    Ok(contract::GetMigrationMatrixResponse {
        comparison_date: comparison.map(convert::date),
        as_of_date: Some(convert::date(answer.classified.as_of)),
        classes: classes.iter().map(name).collect(),
        cells,
        ..Default::default()
    })
}
