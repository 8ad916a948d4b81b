//! Month by month: two charts and the table behind them.

use super::MonthFigures;
use crate::{
    charts,
    html::{Element, element},
    labels::fill,
    page::{View, figure, section as page_section, table},
};

/// The section.
pub(crate) fn section(view: &View<'_>) -> Element {
    let (labels, format, months) = (view.labels, &view.format, &view.figures.months);
    let cut = view.is_cut();
    let sales_legend =
        [("first", labels.sales), ("second", labels.returns), ("line-net", labels.net_sales)];
    let customer_legend = [
        ("first", labels.known_customers),
        ("second", labels.new_customers),
        ("line-net", labels.orders),
    ];
    let sales = charts::sales_trend(months, cut, labels, format);
    let customers = charts::customer_trend(months, cut, labels, format);
    let pair = element("div")
        .class("pair")
        .child(figure(labels.trend_sales, &sales_legend, sales, cut_note(view)))
        .child(figure(labels.trend_customers, &customer_legend, customers, cut_note(view)));
    page_section("trend", labels.trend).child(pair).child(month_table(view))
}

fn cut_note(view: &View<'_>) -> Option<String> {
    let last = view.figures.months.last().filter(|_| view.is_cut())?;
    let month = view.format.month(last.month);
    let date = view.date(view.figures.as_of);
    Some(fill(view.labels.cut_month, &[("month", &month), ("date", &date)]))
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
