//! Reports in the contract's messages.

use crate::{
    answer::{ByClass, Dated, Summary},
    labels,
    report::{ClassFigures, HeatMap, MigrationMatrix, MonthFigures, ParetoCurve},
};
use chrono::NaiveDate;
use kehu_contract::{google::r#type as google, reporting as contract};
use kehu_core::{Money, taxonomy::Class};
use kehu_server::{Fault, convert};
use rust_decimal::Decimal;

/// The class summary.
pub(crate) fn summary(
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
    })
}

/// What stands for the class in the sum over all.
pub(crate) const TOTAL: &str = "total";

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

/// The migration matrix.
pub(crate) fn migration(
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
    })
}

/// The Pareto curve.
pub(crate) fn pareto(answer: &Dated<ParetoCurve>) -> contract::GetParetoCurveResponse {
    let points = answer.report.points.iter().map(|point| contract::ParetoPoint {
        customer_share: Some(convert::decimal(point.customer_share)),
        amount_share: Some(convert::decimal(point.amount_share)),
    });
    contract::GetParetoCurveResponse {
        as_of_date: Some(convert::date(answer.as_of)),
        points: points.collect(),
        top_fifth_share: answer.report.top_fifth_share().map(convert::decimal),
        customer_count: answer.report.customers,
    }
}

/// The heat map.
pub(crate) fn heat_map(
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
    Ok(contract::GetRfmHeatMapResponse { as_of_date: Some(convert::date(answer.as_of)), cells })
}

/// The monthly trend.
pub(crate) fn trend(
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
    Ok(contract::GetMonthlyTrendResponse { months, as_of_date })
}

fn money(amount: Decimal, currency: &str) -> Result<google::Money, Fault> {
    let amount = Money::from_decimal(amount).map_err(Fault::internal)?;
    Ok(convert::money(amount, currency))
}
