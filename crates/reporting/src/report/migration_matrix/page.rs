//! The migration matrix as a tinted table.

use super::{MigrationCell, MigrationMatrix};
use crate::{
    charts::tint,
    html::{Element, element},
    labels::fill,
    page::{View, section as page_section, table},
    ratio,
};
use rust_decimal::Decimal;

/// Classes that fit beside each other in full size.
const ROOMY: usize = 8;

/// The section, where there is an earlier date.
pub(crate) fn section(view: &View<'_>) -> Option<Element> {
    let labels = view.labels;
    let comparison = view.figures.comparison.as_ref()?;
    let (earlier, later) = (view.date(comparison.date), view.date(view.figures.as_of));
    let caption = fill(labels.migration_caption, &[("earlier", &earlier), ("later", &later)]);
    let names = view.class_names();
    let mut heads = vec![fill(labels.class_on, &[("date", &earlier)])];
    heads.extend(names.iter().map(|name| (*name).to_owned()));
    heads.push(labels.total.to_owned());
    let mut body = element("tbody");
    let came_new = comparison.migration.row_total(None) > 0;
    for from in (0..names.len()).map(Some).chain(came_new.then_some(None)) {
        body = body.child(row(view, &comparison.migration, from, &names));
    }
    let style = if names.len() > ROOMY { "migration dense" } else { "migration" };
    let table = table::table(style, &caption, table::head(&heads), body);
    let note = element("p").class("note").text(labels.migration_note);
    Some(page_section("migration", labels.migration).child(note).child(table))
}

fn row(view: &View<'_>, matrix: &MigrationMatrix, from: Option<usize>, names: &[&str]) -> Element {
    let name = from.map_or(view.labels.no_class_yet, |from| names[from]);
    let total = matrix.row_total(from);
    let mut row = element("tr").child(table::row_head(name));
    for (to, to_name) in names.iter().enumerate() {
        let stay = if from == Some(to) { " stay" } else { "" };
        row = row.child(match matrix.cell(from, to) {
            Some(cell) => filled(view, cell, total, (name, to_name), stay),
            None => element("td").class(&format!("cell heat-0{stay}")).text("·"),
        });
    }
    row.child(table::number(view.format.count(total)))
}

fn filled(
    view: &View<'_>,
    cell: &MigrationCell,
    total: i64,
    (from, to): (&str, &str),
    stay: &str,
) -> Element {
    let tint = tint(Decimal::from(cell.customers), Decimal::from(total));
    let count = view.format.count(cell.customers);
    let share = view.format.percent(ratio::count_share(cell.customers, total, 3));
    let amount = view.format.whole(cell.amount);
    let hint = fill(
        view.labels.cell_from_to,
        &[("from", from), ("to", to), ("count", &count), ("share", &share), ("amount", &amount)],
    );
    element("td")
        .class(&format!("cell {tint}{stay}"))
        .attr("title", hint)
        .child(element("span").class("count").text(count))
        .child(element("span").class("amount").text(view.format.short(cell.amount)))
}
