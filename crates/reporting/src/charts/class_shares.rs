//! Two bars a class: its share of customers and its share of net sales.

use super::{WIDTH, axes::Scale, bar, svg, text, with_hint};
use crate::{
    format::Format,
    html::{Element, element},
    labels::{Labels, fill},
    ratio,
    report::{ClassFigures, ClassSummary},
};
use rust_decimal::Decimal;

const ROW: i64 = 52;
/// Where the longest bar ends, to leave room for its figure.
const END: i64 = WIDTH - 62;

/// The chart; `names` are those of the summary's classes.
pub(crate) fn class_shares(
    summary: &ClassSummary,
    names: &[&str],
    labels: &Labels,
    format: &Format,
) -> Element {
    let rows: Vec<_> = summary.classes.iter().map(|it| shares(it, &summary.total)).collect();
    let largest = rows.iter().flat_map(|(left, right)| [*left, *right]).flatten().max();
    let scale = Scale::new(Decimal::ZERO, largest.unwrap_or_default(), 0, END);
    let height = ROW * i64::try_from(rows.len()).expect("few classes");
    let mut chart =
        svg("class-shares", height, labels.class_shares, labels.class_shares_description);
    let mut top = 0;
    for ((customers, amount), name) in rows.into_iter().zip(names) {
        let (of_customers, of_amount) = (format.percent(customers), format.percent(amount));
        let figures = [("class", *name), ("customers", &of_customers), ("amount", &of_amount)];
        let bars = element("g")
            .child(text(0, top + 13, "name", *name))
            .children(share_bar(top + 18, customers, &of_customers, "first", &scale))
            .children(share_bar(top + 32, amount, &of_amount, "second", &scale));
        chart = chart.child(with_hint(bars, &fill(labels.class_hint, &figures)));
        top += ROW;
    }
    chart
}

/// Shares of customers and of the amount with three decimals.
fn shares(class: &ClassFigures, total: &ClassFigures) -> (Option<Decimal>, Option<Decimal>) {
    let customers = ratio::count_share(class.customers, total.customers, 3);
    (customers, ratio::share(class.amount, total.amount, 3))
}

/// A bar and its figure; a share of zero or below keeps a hair line.
fn share_bar(
    top: i64,
    share: Option<Decimal>,
    figure: &str,
    series: &str,
    scale: &Scale,
) -> [Element; 2] {
    let length = scale.at(share.unwrap_or_default().max(Decimal::ZERO)).max(Decimal::ONE);
    let (above, below) = (Decimal::from(top), Decimal::from(top + 12));
    let label = text(length + Decimal::from(6), top + 10, "value", figure);
    [bar(Decimal::ZERO, length, above, below, series), label]
}
