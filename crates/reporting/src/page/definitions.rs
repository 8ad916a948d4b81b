//! What each figure counts and where it comes from.

use super::{View, section as page_section};
use crate::{
    html::{Element, element},
    labels::fill,
};

/// The section.
pub(super) fn section(view: &View<'_>) -> Element {
    let labels = view.labels;
    let mut entries = vec![
        labels.definition_customers,
        labels.definition_orders,
        labels.definition_net_sales,
        labels.definition_mean_order,
    ];
    if view.figures.comparison.is_some() {
        entries.push(labels.definition_moves);
    }
    if !view.figures.members.months.is_empty() {
        entries.push(labels.definition_members);
    }
    entries.extend([
        labels.definition_pareto,
        labels.definition_abc,
        labels.definition_rfm,
        labels.definition_new,
        labels.definition_time,
        labels.definition_rounding,
    ]);
    let list = element("dl").class("definitions").children(entries.into_iter().map(|entry| {
        let [term, meaning] = entry;
        let meaning = fill(meaning, &[("zone", view.figures.zone.name())]);
        element("div").child(element("dt").text(term)).child(element("dd").text(meaning))
    }));
    page_section("definitions", labels.definitions)
        .child(list)
        .child(element("p").class("colophon").text(labels.colophon))
}
