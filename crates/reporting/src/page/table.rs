//! Tables: a caption, heads with their scope, and a frame that scrolls on a narrow window.

use crate::html::{Element, element};

/// A table in its frame.
pub(crate) fn table(class: &str, caption: &str, head: Element, body: Element) -> Element {
    let table = element("table")
        .class(class)
        .child(element("caption").text(caption))
        .child(head)
        .child(body);
    element("div")
        .class("frame")
        .attr("role", "region")
        .attr("aria-label", caption)
        .attr("tabindex", "0")
        .child(table)
}

/// One row of column heads; those after the first are heads of figures.
pub(crate) fn head(names: &[String]) -> Element {
    let mut row = element("tr");
    for (place, name) in names.iter().enumerate() {
        let class = if place == 0 { "text" } else { "number" };
        row = row.child(element("th").attr("scope", "col").class(class).text(name));
    }
    element("thead").child(row)
}

/// The head of a row.
pub(crate) fn row_head(name: &str) -> Element {
    element("th").attr("scope", "row").class("text").text(name)
}

/// A cell with a figure.
pub(crate) fn number(figure: String) -> Element {
    element("td").class("number").text(figure)
}
