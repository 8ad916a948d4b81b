//! The trend in the contract's messages.

use super::MonthFigures;
use crate::{convert::money, report::Dated};
use kehu_contract::reporting as contract;
use kehu_server::{Fault, convert};

/// The answer.
pub(crate) fn response(
    answer: &Dated<Vec<MonthFigures>>,
    currency: &str,
) -> Result<contract::GetMonthlyTrendResponse, Fault> {
    let mut months = Vec::with_capacity(answer.report.len());
    for month in &answer.report {
        months.push(contract::MonthFigures {
            month: Some(convert::date(month.month)),
            order_count: month.totals.orders,
            customer_count: month.totals.customers,
            new_customer_count: month.new_customers,
            sales_amount: Some(money(month.totals.sales, currency)?),
            return_amount: Some(money(month.totals.returns, currency)?),
        });
    }
    let as_of_date = Some(convert::date(answer.as_of));
    Ok(contract::GetMonthlyTrendResponse { months, as_of_date, ..Default::default() })
}
