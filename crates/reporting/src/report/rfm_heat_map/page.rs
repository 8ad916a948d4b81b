//! Recency against frequency: where the customers are, and where the money is.

use super::HeatMap;
use crate::{
    charts::{self, Chart, HeatMapChart},
    format::Format,
    html::{Element, element},
    labels::Labels,
    page::{View, figure, section as page_section},
    ratio,
};
use rust_decimal::Decimal;

/// The section; a note when nobody was scored.
pub(crate) fn section(view: &View<'_>) -> Element {
    let (map, labels) = (&view.figures.heat_map, view.labels);
    let section = page_section("rfm", labels.rfm);
    if map.cells.is_empty() {
        return section.child(element("p").class("none").text(labels.rfm_none));
    }
    section
        .child(element("p").class("note").text(labels.rfm_note))
        .child(element("div").class("pair").children(charts(map, labels, &view.format).map(figure)))
}

/// Where the customers are, and where the money is.
pub(super) fn charts(map: &HeatMap, labels: &'static Labels, format: &Format) -> [Chart; 2] {
    [customers(map, labels, format), amounts(map, labels, format)]
}

fn customers(map: &HeatMap, labels: &'static Labels, format: &Format) -> Chart {
    let all = map.cells.iter().map(|cell| cell.customers).sum();
    let chart = HeatMapChart {
        id: "rfm-customers",
        title: labels.rfm_customers,
        measure: |cell| Decimal::from(cell.customers),
        figure: &|cell| format.count(cell.customers),
        detail: &|cell| format.percent(ratio::count_share(cell.customers, all, 3)),
    };
    let drawing = charts::heat_map(map, &chart, labels, format);
    Chart { heading: labels.rfm_customers, legend: Vec::new(), drawing, note: None }
}

fn amounts(map: &HeatMap, labels: &'static Labels, format: &Format) -> Chart {
    let all = map.cells.iter().map(|cell| cell.amount).sum();
    let chart = HeatMapChart {
        id: "rfm-amount",
        title: labels.rfm_amount,
        measure: |cell| cell.amount,
        figure: &|cell| format.short(cell.amount),
        detail: &|cell| format.percent(ratio::share(cell.amount, all, 3)),
    };
    let drawing = charts::heat_map(map, &chart, labels, format);
    Chart { heading: labels.rfm_amount, legend: Vec::new(), drawing, note: None }
}
