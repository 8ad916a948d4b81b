//! One report as a page of its own: its table.

use super::{document, table};
use crate::{
    format::{Format, NOTHING},
    html::{Element, element},
    labels::Labels,
    report::table::{Cell, Column, Kind, Row},
};
use chrono::NaiveDate;
use kehu_core::{Label, label::Language};

/// Columns that hold the same in every row.
const DATE: &str = "as_of_date";
const CURRENCY: &str = "currency_code";

/// A report, ready to be drawn.
pub(crate) struct Alone<'a> {
    /// What it is called.
    pub(crate) title: Label,
    /// The business date.
    pub(crate) as_of: NaiveDate,
    /// ISO 4217 code of the base currency.
    pub(crate) currency: &'a str,
    /// Its columns.
    pub(crate) columns: &'a [Column],
    /// Its rows.
    pub(crate) rows: &'a [Row],
}

impl Alone<'_> {
    /// The page in `language`.
    pub(crate) fn render(&self, language: Language) -> String {
        let (labels, format) = (Labels::of(language), Format::new(language, self.currency));
        let title = format!("{} · {}", self.title.get(language), format.date(self.as_of));
        let shown = self.shown();
        let mut body = element("tbody");
        for row in self.rows {
            body = body.child(self.row(row, &shown, &format));
        }
        let mut heads = element("tr");
        for column in shown.iter().filter_map(|place| self.columns.get(*place)) {
            let head = element("th").attr("scope", "col").class(style(column.kind));
            heads = heads.child(head.text(column.label.get(language)));
        }
        let heads = element("thead").child(heads);
        let main = element("main")
            .class("wide")
            .child(element("header").child(element("h1").text(title.as_str())))
            .child(table::table("report", &self.caption(language), heads, body))
            .children(self.definitions(language));
        document(labels, title, element("body").child(main))
    }

    /// The places of the columns that are drawn: those that say in each row what the title or the
    /// caption says, and ids beside a label, would only make the table wider than a window.
    fn shown(&self) -> Vec<usize> {
        let labelled = |id: &str| {
            let label = format!("{}_label", id.trim_end_matches("_id"));
            self.columns.iter().any(|column| column.id == label)
        };
        let said = |column: &Column| {
            [DATE, CURRENCY].contains(&column.id.as_str())
                || (column.kind == Kind::Id && labelled(&column.id))
        };
        let columns = self.columns.iter().enumerate();
        columns.filter(|(_, column)| !said(column)).map(|(place, _)| place).collect()
    }

    /// What the report is called, and the currency of its amounts.
    fn caption(&self, language: Language) -> String {
        let title = self.title.get(language);
        match self.columns.iter().any(|column| column.id == CURRENCY) {
            true => format!("{title} · {}", self.currency),
            false => title.to_owned(),
        }
    }

    /// What the columns mean, where it is said.
    fn definitions(&self, language: Language) -> Option<Element> {
        let mut list = element("dl").class("definitions");
        let mut any = false;
        for column in self.columns {
            let Some(definition) = &column.definition else { continue };
            let term = element("dt").text(column.label.get(language));
            let meaning = element("dd").text(definition.get(language));
            list = list.child(element("div").child(term).child(meaning));
            any = true;
        }
        let heading = Labels::of(language).definitions;
        any.then(|| super::section("definitions", heading).child(list))
    }

    fn row(&self, row: &Row, shown: &[usize], format: &Format) -> Element {
        let mut line = element("tr");
        let cells: Vec<(&Column, &Cell)> = self.columns.iter().zip(row).collect();
        for (column, cell) in shown.iter().filter_map(|place| cells.get(*place)) {
            let field = element("td").class(style(column.kind));
            line = line.child(field.text(text(cell, column.kind, format)));
        }
        line
    }
}

/// Figures stand right, texts left.
fn style(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Text => "text",
        Kind::Date => "text date",
        Kind::Count | Kind::Amount | Kind::Share | Kind::Number => "number",
    }
}

fn text(cell: &Cell, kind: Kind, format: &Format) -> String {
    match cell {
        Cell::Null => NOTHING.to_owned(),
        Cell::Id(text) | Cell::Text(text) => text.clone(),
        // Short, and in the order of time.
        Cell::Date(date) => date.to_string(),
        Cell::Count(count) => format.count(*count),
        Cell::Number(number) => match kind {
            Kind::Amount => format.amount(*number),
            Kind::Share => format.percent(Some(*number)),
            _ => number.normalize().to_string(),
        },
    }
}
