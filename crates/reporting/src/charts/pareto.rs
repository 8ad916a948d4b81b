//! The Pareto curve with its 80 % guide.

use super::{
    axes::{LEFT, RIGHT, Scale, y_axis},
    dot, line, path, svg, text,
};
use crate::{
    format::Format,
    html::{Element, element},
    labels::{Labels, fill},
    ratio,
    report::ParetoCurve,
};
use rust_decimal::Decimal;

const TOP: i64 = 12;
const BOTTOM: i64 = 300;
const HEIGHT: i64 = 346;
/// Right of here the label of the guide ends at the edge of the plot.
const LABEL_FITS_BEFORE: i64 = 260;

/// The chart of a curve with at least one customer.
pub(crate) fn pareto(curve: &ParetoCurve, labels: &Labels, format: &Format) -> Element {
    let x = Scale::new(Decimal::ZERO, Decimal::ONE, LEFT, RIGHT);
    let y = Scale::new(Decimal::ZERO, Decimal::ONE, BOTTOM, TOP);
    let top_fifth = ratio::share(curve.top_fifth_amount, curve.amount, 3);
    let for_80 = format.percent(ratio::count_share(curve.customers_for_80, curve.customers, 3));
    let description = fill(
        labels.pareto_description,
        &[("customers", &for_80), ("share", &format.percent(top_fifth))],
    );
    let points = points(curve, &x, &y);
    svg("pareto", HEIGHT, labels.pareto, &description)
        .child(y_axis(&y, &fifths(), whole_percent))
        .child(x_axis(&x, labels))
        .child(path(
            &[(x.at(Decimal::ZERO), y.at(Decimal::ZERO)), (x.at(Decimal::ONE), y.at(Decimal::ONE))],
            "even",
        ))
        .child(path(&closed(&points), "area"))
        .child(path(&points, "curve"))
        .child(guide(curve, &x, &y, labels.pareto_guide, &for_80))
}

fn fifths() -> Vec<Decimal> {
    (0..=5).map(|fifth| Decimal::new(fifth * 2, 1)).collect()
}

fn whole_percent(share: Decimal) -> String {
    format!("{}%", (share * Decimal::ONE_HUNDRED).normalize())
}

fn x_axis(x: &Scale, labels: &Labels) -> Element {
    let mut axis = element("g");
    for tick in fifths() {
        let anchor = if tick == Decimal::ONE { "tick end" } else { "tick middle" };
        axis = axis.child(text(x.at(tick), BOTTOM + 18, anchor, whole_percent(tick)));
    }
    axis.child(text((LEFT + RIGHT) / 2, BOTTOM + 38, "tick middle", labels.customers_from_largest))
}

fn points(curve: &ParetoCurve, x: &Scale, y: &Scale) -> Vec<(Decimal, Decimal)> {
    let mut points = vec![(x.at(Decimal::ZERO), y.at(Decimal::ZERO))];
    for point in &curve.points {
        points.push((x.at(point.customer_share), y.at(point.amount_share)));
    }
    points
}

/// The points and the corner below the last.
fn closed(points: &[(Decimal, Decimal)]) -> Vec<(Decimal, Decimal)> {
    let mut closed = points.to_vec();
    closed.push((Decimal::from(RIGHT), Decimal::from(BOTTOM)));
    closed
}

/// From 80 % of the amount to the curve and down to the customers, with its label below.
fn guide(curve: &ParetoCurve, x: &Scale, y: &Scale, lines: [&str; 2], share: &str) -> Element {
    let customers = ratio::count_share(curve.customers_for_80, curve.customers, 4);
    let across = x.at(customers.unwrap_or_default());
    let level = y.at(Decimal::new(8, 1));
    let (beside, class) = if across < Decimal::from(LABEL_FITS_BEFORE) {
        (across + Decimal::from(8), "value halo")
    } else {
        (Decimal::from(RIGHT - 4), "value halo end")
    };
    let mut guide = element("g")
        .child(line(LEFT, level, across, level).class("guide"))
        .child(line(across, level, across, BOTTOM).class("guide"))
        .child(dot(across, level));
    let mut below = level + Decimal::from(20);
    for line in lines {
        guide = guide.child(text(beside, below, class, fill(line, &[("share", share)])));
        below += Decimal::from(16);
    }
    guide
}
