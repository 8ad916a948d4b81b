//! The summary in the contract's messages.

use super::{ClassFigures, Summary, TOTAL};
use crate::{convert::money, labels, report::ByClass};
use chrono::NaiveDate;
use kehu_contract::reporting as contract;
use kehu_server::{Fault, convert};

/// The answer.
pub(crate) fn response(
    answer: &ByClass<Summary>,
    comparison: Option<NaiveDate>,
    currency: &str,
) -> Result<contract::GetClassSummaryResponse, Fault> {
    let figures = &answer.report.figures;
    let mut classes = Vec::with_capacity(figures.classes.len());
    for (place, class) in answer.classified.classes.iter().enumerate() {
        let mut message = class_figures(&figures.classes[place], currency)?;
        message.class_id.clone_from(&class.id);
        message.label = Some(convert::label(&class.label));
        message.strategy_summary = Some(convert::label(&class.strategy_summary));
        message.example_codes.clone_from(&answer.report.example_codes[place]);
        classes.push(message);
    }
    let mut total = class_figures(&figures.total, currency)?;
    total.class_id = TOTAL.to_owned();
    total.label = Some(convert::label(&labels::both(|labels| labels.total)));
    Ok(contract::GetClassSummaryResponse {
        as_of_date: Some(convert::date(answer.classified.as_of)),
        classes,
        total: Some(total),
        comparison_date: comparison.map(convert::date),
        ..Default::default()
    })
}

fn class_figures(figures: &ClassFigures, currency: &str) -> Result<contract::ClassSummary, Fault> {
    Ok(contract::ClassSummary {
        customer_count: figures.customers,
        customer_share: Some(convert::decimal(figures.customer_share)),
        amount: Some(money(figures.amount, currency)?),
        amount_share: figures.amount_share.map(convert::decimal),
        order_count: figures.orders,
        mean_order_amount: figures.mean_order.map(|it| money(it, currency)).transpose()?,
        earlier_customer_count: figures.earlier,
        joined_count: figures.joined,
        left_count: figures.left,
        ..contract::ClassSummary::default()
    })
}
