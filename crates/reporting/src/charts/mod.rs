//! Charts as inline SVG. Each is drawn [`WIDTH`] wide, half a page, and scales with its
//! column; colours come from the page's style sheet, so that they follow light, dark and print.

mod axes;
mod class_shares;
mod customer_trend;
mod file;
mod heat_map;
mod months;
mod pareto;
mod sales_trend;

pub(crate) use class_shares::class_shares;
pub(crate) use customer_trend::customer_trend;
pub(crate) use file::{Chart, file};
pub(crate) use heat_map::{HeatMapChart, heat_map, tint};
pub(crate) use pareto::pareto;
pub(crate) use sales_trend::sales_trend;

use crate::html::{Element, element};
use rust_decimal::Decimal;
use std::fmt::Display;

/// Width of every chart in its own units; about pixels at full size.
const WIDTH: i64 = 440;

/// An empty chart with its name and description for those who cannot see it.
fn svg(id: &str, height: i64, title: &str, description: &str) -> Element {
    let (title_id, description_id) = (format!("{id}-title"), format!("{id}-description"));
    element("svg")
        .attr("viewBox", format!("0 0 {WIDTH} {height}"))
        .attr("role", "img")
        .attr("aria-labelledby", format!("{title_id} {description_id}"))
        .child(element("title").attr("id", title_id).text(title))
        .child(element("desc").attr("id", description_id).text(description))
}

/// A text; `class` names its colour and anchor.
fn text(x: impl Display, y: impl Display, class: &str, text: impl Into<String>) -> Element {
    element("text").attr("x", x).attr("y", y).class(class).text(text)
}

/// A rectangle between two heights, whichever is above.
fn bar(x: Decimal, width: Decimal, from: Decimal, to: Decimal, class: &str) -> Element {
    element("rect")
        .attr("x", x)
        .attr("y", from.min(to))
        .attr("width", width)
        .attr("height", (from - to).abs())
        .class(class)
}

fn line(x1: impl Display, y1: impl Display, x2: impl Display, y2: impl Display) -> Element {
    element("line").attr("x1", x1).attr("y1", y1).attr("x2", x2).attr("y2", y2)
}

fn dot(x: Decimal, y: Decimal) -> Element {
    element("circle").attr("cx", x).attr("cy", y).attr("r", "3.5").class("dot")
}

/// A line through points.
fn path(points: &[(Decimal, Decimal)], class: &str) -> Element {
    let mut steps = String::new();
    for (place, (x, y)) in points.iter().enumerate() {
        let step = if place == 0 { 'M' } else { 'L' };
        steps.push_str(&format!("{step}{x} {y}"));
    }
    element("path").attr("d", steps).class(class)
}

/// The element with a text that appears over it.
fn with_hint(element_: Element, hint: &str) -> Element {
    element("g").child(element("title").text(hint)).child(element_)
}
