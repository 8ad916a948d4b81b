//! The Pareto curve.

use crate::{
    charts,
    html::{Element, element},
    page::{self, View},
};

/// The curve, or a note when no customer is on it.
pub(crate) fn figure(view: &View<'_>) -> Element {
    let (curve, labels) = (&view.figures.pareto, view.labels);
    if curve.customers == 0 {
        let note = element("p").class("none").text(labels.pareto_none);
        return element("figure").child(element("h3").text(labels.pareto)).child(note);
    }
    let legend = [("line-first", labels.share_of_net_sales), ("line-even", labels.pareto_even)];
    let chart = charts::pareto(curve, labels, &view.format);
    page::figure(labels.pareto, &legend, chart, None)
}
