//! Sales above the line and returns below it, month by month, with the net.

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
pub(crate) fn sales_trend(
    months: &[MonthFigures],
    cut: bool,
    labels: &Labels,
    format: &Format,
) -> Element {
    let (low, high) = range(months);
    let mut ticks = ticks(low, high);
    let y = Scale::new(low, ticks[ticks.len() - 1], BOTTOM, TOP);
    ticks.retain(|tick| *tick >= low);
    let columns = Columns::new(months.len());
    let mut chart = svg("sales-trend", HEIGHT, labels.trend_sales, labels.trend_sales_description)
        .child(y_axis(&y, &ticks, |tick| format.short(tick)));
    let mut net = Vec::new();
    for (place, month) in months.iter().enumerate() {
        let last = place + 1 == months.len();
        net.push((columns.middle(place), y.at(month.totals.net())));
        chart = chart.child(column(month, cut && last, place, &columns, &y, labels, format));
    }
    chart
        .child(path(&net, "net"))
        .children(net.into_iter().map(|(x, y)| dot(x, y)))
        .child(month_axis(months, cut, BOTTOM, &columns, format))
}

/// The least and the greatest of sales, returns (below zero), net and zero.
fn range(months: &[MonthFigures]) -> (Decimal, Decimal) {
    let (mut low, mut high) = (Decimal::ZERO, Decimal::ZERO);
    for month in months {
        for value in [month.totals.sales, -month.totals.returns, month.totals.net()] {
            low = low.min(value);
            high = high.max(value);
        }
    }
    (low, high)
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
    let zero = y.at(Decimal::ZERO);
    let (left, width) = (columns.left(place), columns.width());
    let (sales, returns) = if cut { ("first cut", "second cut") } else { ("first", "second") };
    let bars = element("g")
        .child(bar(left, width, zero, y.at(month.totals.sales), sales))
        .child(bar(left, width, zero, y.at(-month.totals.returns), returns));
    let hint = fill(
        labels.trend_sales_hint,
        &[
            ("month", &format.month(month.month)),
            ("sales", &format.whole(month.totals.sales)),
            ("returns", &format.whole(month.totals.returns)),
            ("net", &format.whole(month.totals.net())),
        ],
    );
    with_hint(bars, &hint)
}
