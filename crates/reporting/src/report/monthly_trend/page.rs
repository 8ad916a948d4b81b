//! Month by month: two charts and the table behind them.

use super::MonthFigures;
use crate::{
    charts::{self, Chart},
    format::Format,
    html::{Element, element},
    labels::{Labels, fill},
    page::{View, figure, section as page_section, table},
};
use chrono::NaiveDate;

/// The section.
pub(crate) fn section(view: &View<'_>) -> Element {
    let cut = view.is_cut().then_some(view.figures.as_of);
    let charts = charts(&view.figures.months, cut, view.labels, &view.format);
    let figures = charts.map(figure);
    let pair = element("div").class("pair").children(figures);
    page_section("trend", view.labels.trend).child(pair).child(month_table(view))
}

/// Sales and customers; the last month is not over on the date where it is `cut` there.
pub(super) fn charts(
    months: &[MonthFigures],
    cut: Option<NaiveDate>,
    labels: &'static Labels,
    format: &Format,
) -> [Chart; 2] {
    let note = cut_note(months, cut, labels, format);
    let cut = cut.is_some();
    let sales = Chart {
        heading: labels.trend_sales,
        legend: vec![
            ("first", labels.sales),
            ("second", labels.returns),
            ("line-net", labels.net_sales),
        ],
        drawing: charts::sales_trend(months, cut, labels, format),
        note: note.clone(),
    };
    let customers = Chart {
        heading: labels.trend_customers,
        legend: vec![
            ("first", labels.known_customers),
            ("second", labels.new_customers),
            ("line-net", labels.orders),
        ],
        drawing: charts::customer_trend(months, cut, labels, format),
        note,
    };
    [sales, customers]
}

fn cut_note(
    months: &[MonthFigures],
    cut: Option<NaiveDate>,
    labels: &Labels,
    format: &Format,
) -> Option<String> {
    let (last, date) = months.last().zip(cut)?;
    let (month, date) = (format.month(last.month), format.date(date));
    Some(fill(labels.cut_month, &[("month", &month), ("date", &date)]))
}

fn month_table(view: &View<'_>) -> Element {
    let labels = view.labels;
    let heads = [
        labels.month,
        labels.orders,
        labels.customers,
        labels.new_customers,
        labels.sales,
        labels.returns,
        labels.net_sales,
    ];
    let months = &view.figures.months;
    let mut body = element("tbody");
    for (place, month) in months.iter().enumerate() {
        let star = if place + 1 == months.len() && view.is_cut() { "*" } else { "" };
        body = body.child(row(view, month, star));
    }
    let heads = heads.map(str::to_owned);
    table::table("months", labels.trend_caption, table::head(&heads), body)
}

fn row(view: &View<'_>, month: &MonthFigures, star: &str) -> Element {
    let format = &view.format;
    element("tr")
        .child(table::row_head(&format!("{}{star}", format.month(month.month))))
        .child(table::number(format.count(month.totals.orders)))
        .child(table::number(format.count(month.totals.customers)))
        .child(table::number(format.count(month.new_customers)))
        .child(table::number(format.amount(month.totals.sales)))
        .child(table::number(format.amount(month.totals.returns)))
        .child(table::number(format.amount(month.totals.net())))
}
