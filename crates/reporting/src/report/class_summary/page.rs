//! Classes: the chart of their shares beside the Pareto curve, and the table.

use super::{ClassFigures, ClassSummary};
use crate::{
    charts::{self, Chart},
    format::{Format, NOTHING},
    html::{Element, element},
    labels::Labels,
    page::{View, figure, section as page_section, table},
    ratio, report,
};
use rust_decimal::Decimal;

/// The section.
pub(crate) fn section(view: &View<'_>) -> Element {
    let labels = view.labels;
    let names = view.class_names();
    let shares = figure(chart(&view.figures.summary, &names, labels, &view.format));
    page_section("classes", labels.classes)
        .child(element("div").class("pair").child(shares).child(report::pareto_figure(view)))
        .child(class_table(view, &names))
}

/// The shares of the classes, of these names.
pub(super) fn chart(
    summary: &ClassSummary,
    names: &[&str],
    labels: &'static Labels,
    format: &Format,
) -> Chart {
    Chart {
        heading: labels.class_shares,
        legend: vec![("first", labels.share_of_customers), ("second", labels.share_of_net_sales)],
        drawing: charts::class_shares(summary, names, labels, format),
        note: None,
    }
}

fn class_table(view: &View<'_>, names: &[&str]) -> Element {
    let labels = view.labels;
    let mut heads = vec![
        labels.class,
        labels.customers,
        labels.share_of_customers,
        labels.net_sales,
        labels.share_of_net_sales,
        labels.orders,
        labels.mean_order,
    ];
    if view.figures.comparison.is_some() {
        heads.extend([labels.earlier, labels.joined, labels.left]);
    }
    let heads: Vec<_> = heads.into_iter().map(str::to_owned).collect();
    let summary = &view.figures.summary;
    let mut body = element("tbody");
    for (place, class) in summary.classes.iter().enumerate() {
        body = body.child(row(view, class_head(view, place, names[place]), class, ""));
    }
    let total = row(view, table::row_head(labels.total), &summary.total, "total");
    table::table("classes", labels.classes_caption, table::head(&heads), body.child(total))
}

/// Name, strategy and example codes.
fn class_head(view: &View<'_>, place: usize, name: &str) -> Element {
    let strategy = view.figures.classes[place].strategy_summary.get(view.language);
    let mut head = element("th").attr("scope", "row").class("text");
    head = head.child(element("span").class("class-name").text(name));
    if !strategy.is_empty() {
        head = head.child(element("span").class("strategy").text(strategy));
    }
    head.children(example_codes(view, place))
}

fn example_codes(view: &View<'_>, place: usize) -> Option<Element> {
    let codes = view.figures.example_codes.get(place).filter(|codes| !codes.is_empty())?;
    let mut examples = element("span").class("codes").text(view.labels.codes);
    for code in codes {
        examples = examples.text(" ").child(element("code").text(code));
    }
    Some(examples)
}

fn row(view: &View<'_>, head: Element, class: &ClassFigures, style: &str) -> Element {
    let (format, total) = (&view.format, &view.figures.summary.total);
    let of_customers = ratio::count_share(class.customers, total.customers, 3);
    let of_amount = ratio::share(class.amount, total.amount, 3);
    let mean = class.mean_order.map_or_else(|| NOTHING.to_owned(), |it| format.amount(it));
    let row = element("tr")
        .class(style)
        .child(head)
        .child(table::number(format.count(class.customers)))
        .child(share(view, of_customers, "first"))
        .child(table::number(format.amount(class.amount)))
        .child(share(view, of_amount, "second"))
        .child(table::number(format.count(class.orders)))
        .child(table::number(mean));
    if view.figures.comparison.is_none() {
        return row;
    }
    let moves =
        [format.count(class.earlier), format.change(class.joined), format.change(-class.left)];
    row.children(moves.into_iter().map(table::number))
}

/// A share as a figure with a bar below it.
fn share(view: &View<'_>, share: Option<Decimal>, series: &str) -> Element {
    let bounded = share.unwrap_or_default().clamp(Decimal::ZERO, Decimal::ONE);
    let width = (bounded * Decimal::ONE_HUNDRED).normalize();
    let bar =
        element("span").class(&format!("bar {series}")).attr("style", format!("width:{width}%"));
    let track = element("span").class("track").attr("aria-hidden", "true").child(bar);
    table::number(view.format.percent(share)).child(track)
}
