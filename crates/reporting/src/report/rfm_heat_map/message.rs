//! The heat map in the contract's messages.

use super::HeatMap;
use crate::{convert::money, report::Dated};
use kehu_contract::reporting as contract;
use kehu_server::{Fault, convert};

/// The answer.
pub(crate) fn response(
    answer: &Dated<HeatMap>,
    currency: &str,
) -> Result<contract::GetRfmHeatMapResponse, Fault> {
    let mut cells = Vec::with_capacity(answer.report.cells.len());
    for cell in &answer.report.cells {
        cells.push(contract::RfmCell {
            recency_bin: cell.recency,
            frequency_bin: cell.frequency,
            customer_count: cell.customers,
            amount: Some(money(cell.amount, currency)?),
        });
    }
    let as_of_date = Some(convert::date(answer.as_of));
    Ok(contract::GetRfmHeatMapResponse { as_of_date, cells, ..Default::default() })
}
