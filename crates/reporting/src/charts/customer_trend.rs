//! Customers with an order, month by month, known and new, with the number of orders.

use super::{
    axes::{Scale, ticks, y_axis},
    bar, dot,
    months::{Columns, month_axis},
    path, svg, with_hint,
};
use crate::{
    format::Format,
    html::{Element, element},
    labels::{Labels, fill},
    report::MonthFigures,
};
use rust_decimal::Decimal;

const TOP: i64 = 10;
const BOTTOM: i64 = 236;
const HEIGHT: i64 = 274;

/// The chart; `cut` says that the last month is not over on the business date.
pub(crate) fn customer_trend(
    months: &[MonthFigures],
    cut: bool,
    labels: &Labels,
    format: &Format,
) -> Element {
    let most = months.iter().map(|it| it.totals.orders.max(it.totals.customers)).max();
    let ticks = ticks(Decimal::ZERO, Decimal::from(most.unwrap_or_default()));
    let y = Scale::new(Decimal::ZERO, ticks[ticks.len() - 1], BOTTOM, TOP);
    let columns = Columns::new(months.len());
    let (title, description) = (labels.trend_customers, labels.trend_customers_description);
    let mut chart =
        svg("customer-trend", HEIGHT, title, description)
            .child(y_axis(&y, &ticks, |tick| format.short_count(tick)));
    let mut orders = Vec::new();
    for (place, month) in months.iter().enumerate() {
        let last = place + 1 == months.len();
        orders.push((columns.middle(place), y.at(Decimal::from(month.totals.orders))));
        chart = chart.child(column(month, cut && last, place, &columns, &y, labels, format));
    }
    chart
        .child(path(&orders, "net"))
        .children(orders.into_iter().map(|(x, y)| dot(x, y)))
        .child(month_axis(months, cut, BOTTOM, &columns, format))
}

fn column(
    month: &MonthFigures,
    cut: bool,
    place: usize,
    columns: &Columns,
    y: &Scale,
    labels: &Labels,
    format: &Format,
) -> Element {
    let known = month.totals.customers - month.new_customers;
    let middle = y.at(Decimal::from(known));
    let (left, width) = (columns.left(place), columns.width());
    let (below, above) = if cut { ("first cut", "second cut") } else { ("first", "second") };
    let bars = element("g").child(bar(left, width, y.at(Decimal::ZERO), middle, below)).child(bar(
        left,
        width,
        middle,
        y.at(Decimal::from(month.totals.customers)),
        above,
    ));
    let hint = fill(
        labels.trend_customers_hint,
        &[
            ("month", &format.month(month.month)),
            ("known", &format.count(known)),
            ("new", &format.count(month.new_customers)),
            ("orders", &format.count(month.totals.orders)),
        ],
    );
    with_hint(bars, &hint)
}
