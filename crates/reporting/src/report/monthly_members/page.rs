//! The members of the month: how many came and went, against the month and the year before.

use super::{FIGURES, YEAR};
use crate::{
    format::NOTHING,
    html::{Element, element},
    labels::fill,
    page::{View, section as page_section, table},
};

/// The section, where it is known who came and went.
pub(crate) fn section(view: &View<'_>) -> Option<Element> {
    let (labels, answer) = (view.labels, &view.figures.members);
    let last = answer.months.last()?;
    last.total.as_ref()?.moves.as_ref()?;
    let month = view.format.month(last.month);
    let date = view.date(view.figures.as_of);
    let caption = fill(labels.members_caption, &[("month", &month), ("date", &date)]);
    let mut heads = vec![labels.class.to_owned()];
    heads.extend(FIGURES.iter().map(|(_, label, _)| label(labels).to_owned()));
    let classes = answer.classes.iter();
    let mut names: Vec<_> = classes.map(|class| class.label.get(view.language)).collect();
    names.push(labels.total);
    let mut body = element("tbody");
    for (class, name) in names.iter().enumerate() {
        let style = if class + 1 == names.len() { "total" } else { "" };
        body = body.child(row(view, class, name).class(style));
    }
    let note = element("p").class("note").text(labels.members_note);
    let table = table::table("members", &caption, table::head(&heads), body);
    Some(page_section("members", labels.members_by_month).child(note).child(table))
}

fn row(view: &View<'_>, class: usize, name: &str) -> Element {
    let (answer, format) = (&view.figures.members, &view.format);
    let last = answer.months.len() - 1;
    let mut row = element("tr").child(table::row_head(name));
    for (_, _, figure) in &FIGURES {
        let count = |place: Option<usize>| figure(answer.of(place?, class)?);
        let now = count(Some(last));
        let change = |place: Option<usize>| match now.zip(count(place)) {
            Some((now, before)) => format.change(now - before),
            None => NOTHING.to_owned(),
        };
        let shown = now.map_or_else(|| NOTHING.to_owned(), |count| format.count(count));
        let changes =
            format!("{} · {}", change(last.checked_sub(1)), change(last.checked_sub(YEAR)));
        let changes = element("span").class("changes").text(changes);
        row = row.child(table::number(shown).child(changes));
    }
    row
}
