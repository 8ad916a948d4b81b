//! Recency bins against frequency bins.

use super::{WIDTH, svg, text, with_hint};
use crate::{
    format::Format,
    html::{Element, element},
    labels::{Labels, fill},
    report::{HeatMap, HeatMapCell},
};
use rust_decimal::Decimal;

const LEFT: i64 = 78;
const TOP: i64 = 4;
const CELL_HEIGHT: i64 = 58;
const GAP: i64 = 3;

/// What one heat map shows of the cells.
pub(crate) struct HeatMapChart<'a> {
    /// Its id on the page.
    pub(crate) id: &'a str,
    /// Its name.
    pub(crate) title: &'a str,
    /// The figure that tints a cell.
    pub(crate) measure: fn(&HeatMapCell) -> Decimal,
    /// The figure as it is written.
    pub(crate) figure: &'a dyn Fn(&HeatMapCell) -> String,
    /// The smaller one below it.
    pub(crate) detail: &'a dyn Fn(&HeatMapCell) -> String,
}

/// The chart: recency upwards, frequency to the right, five bins or as many as there are.
pub(crate) fn heat_map(
    map: &HeatMap,
    chart: &HeatMapChart<'_>,
    labels: &Labels,
    format: &Format,
) -> Element {
    let bins = map.cells.iter().map(|it| it.recency.max(it.frequency)).max().unwrap_or(5).max(5);
    let largest = map.cells.iter().map(chart.measure).max().unwrap_or_default();
    let width = (WIDTH - LEFT) / i64::from(bins);
    let height = TOP + CELL_HEIGHT * i64::from(bins) + 42;
    let mut drawing = svg(chart.id, height, chart.title, labels.rfm_description);
    for recency in 1..=bins {
        for frequency in 1..=bins {
            let x = LEFT + width * i64::from(frequency - 1);
            let y = TOP + CELL_HEIGHT * i64::from(bins - recency);
            let area = rectangle(x, y, width);
            drawing = drawing.child(match map.cell(recency, frequency) {
                Some(cell) => {
                    filled(cell, area, (x + width / 2, y), largest, chart, labels, format)
                }
                None => area.class("heat-0"),
            });
        }
    }
    drawing.children(scale_names(bins, width, labels))
}

/// The tint of a figure between 0, none, and 5, the largest.
pub(crate) fn tint(figure: Decimal, largest: Decimal) -> &'static str {
    const TINTS: [&str; 6] = ["heat-0", "heat-1", "heat-2", "heat-3", "heat-4", "heat-5"];
    if figure <= Decimal::ZERO || largest <= Decimal::ZERO {
        return TINTS[0];
    }
    let fifths = (figure * Decimal::from(5) / largest).ceil().min(Decimal::from(5));
    usize::try_from(fifths.mantissa() / 10_i128.pow(fifths.scale()))
        .map_or(TINTS[5], |it| TINTS[it])
}

fn rectangle(x: i64, y: i64, width: i64) -> Element {
    element("rect")
        .attr("x", x)
        .attr("y", y)
        .attr("width", width - GAP)
        .attr("height", CELL_HEIGHT - GAP)
        .attr("rx", 3)
}

fn filled(
    cell: &HeatMapCell,
    area: Element,
    (middle, top): (i64, i64),
    largest: Decimal,
    chart: &HeatMapChart<'_>,
    labels: &Labels,
    format: &Format,
) -> Element {
    let tint = tint((chart.measure)(cell), largest);
    let hint = fill(
        labels.rfm_cell,
        &[
            ("recency", &cell.recency.to_string()),
            ("frequency", &cell.frequency.to_string()),
            ("count", &format.count(cell.customers)),
            ("amount", &format.whole(cell.amount)),
        ],
    );
    let middle = middle - GAP / 2;
    let group = element("g")
        .class(tint)
        .child(area)
        .child(figure(middle, top, (chart.figure)(cell)))
        .child(text(middle, top + 43, "detail middle", (chart.detail)(cell)));
    with_hint(group, &hint)
}

/// The figure of a cell, smaller where it is long.
fn figure(middle: i64, top: i64, figure: String) -> Element {
    let class = if figure.chars().count() > 6 { "figure tight middle" } else { "figure middle" };
    text(middle, top + 27, class, figure)
}

fn scale_names(bins: i32, width: i64, labels: &Labels) -> Vec<Element> {
    let bottom = TOP + CELL_HEIGHT * i64::from(bins);
    let mut names = Vec::new();
    for bin in 1..=bins {
        let middle = LEFT + width * i64::from(bin - 1) + width / 2;
        names.push(text(middle, bottom + 14, "tick middle", bin.to_string()));
        let row = TOP + CELL_HEIGHT * i64::from(bins - bin) + CELL_HEIGHT / 2 + 3;
        names.push(text(LEFT - 10, row, "tick end", bin.to_string()));
    }
    names.push(text(0, TOP + 14, "tick", labels.recent));
    names.push(text(0, bottom - 10, "tick", labels.long_ago));
    names.push(text(0, (TOP + bottom) / 2, "axis-name", labels.recency));
    names.push(text(LEFT, bottom + 34, "tick", labels.few));
    names.push(text(WIDTH, bottom + 34, "tick end", labels.many));
    names.push(text((LEFT + WIDTH) / 2, bottom + 34, "axis-name middle", labels.frequency));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tints_are_fifths_of_the_largest() {
        for (figure, largest, expected) in [
            (0, 10, "heat-0"),
            (1, 10, "heat-1"),
            (2, 10, "heat-1"),
            (3, 10, "heat-2"),
            (10, 10, "heat-5"),
            (-1, 10, "heat-0"),
            (5, 0, "heat-0"),
        ] {
            assert_eq!(tint(Decimal::from(figure), Decimal::from(largest)), expected);
        }
    }
}
