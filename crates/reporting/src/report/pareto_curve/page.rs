//! The Pareto curve.

use super::ParetoCurve;
use crate::{
    charts::{self, Chart},
    format::Format,
    html::{Element, element},
    labels::Labels,
    page::{self, View},
};

/// The curve, or a note when no customer is on it.
pub(crate) fn figure(view: &View<'_>) -> Element {
    let (curve, labels) = (&view.figures.pareto, view.labels);
    if curve.customers == 0 {
        let note = element("p").class("none").text(labels.pareto_none);
        return element("figure").child(element("h3").text(labels.pareto)).child(note);
    }
    page::figure(chart(curve, labels, &view.format))
}

/// The chart of a curve with at least one customer.
pub(super) fn chart(curve: &ParetoCurve, labels: &'static Labels, format: &Format) -> Chart {
    Chart {
        heading: labels.pareto,
        legend: vec![("line-first", labels.share_of_net_sales), ("line-even", labels.pareto_even)],
        drawing: charts::pareto(curve, labels, format),
        note: None,
    }
}
