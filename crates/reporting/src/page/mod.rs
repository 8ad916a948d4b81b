//! All reports on one HTML page that needs nothing but itself: style and charts are inside, and
//! nothing is fetched. The same figures give the same bytes.

mod alone;
mod definitions;
mod figures;
mod header;
pub(crate) mod table;

pub(crate) use alone::Alone;

use crate::{
    charts::Chart,
    format::Format,
    html::{Element, element},
    labels::Labels,
    report::{
        self, ClassSummary, HeatMap, MigrationMatrix, MonthFigures, MonthlyMembers, ParetoCurve,
        Totals,
    },
};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use kehu_core::{Label, calendar, label::Language, taxonomy::Class};

/// Everything the page shows.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Name of the taxonomy.
    pub taxonomy: Label,
    /// ISO 4217 code of the base currency.
    pub currency: String,
    /// Time zone of the business dates.
    pub zone: Tz,
    /// The business date.
    pub as_of: NaiveDate,
    /// When it was known; `None` for the latest records.
    pub known_time: Option<DateTime<Utc>>,
    /// The earlier date it is compared with.
    pub comparison: Option<Comparison>,
    /// The classes of the taxonomy, in its order.
    pub classes: Vec<Class>,
    /// Their figures, in the same order.
    pub summary: ClassSummary,
    /// The members of the classes in the last months; the last is that of the date.
    pub members: MonthlyMembers,
    /// Codes of a few customers of each class, in the same order.
    pub example_codes: Vec<Vec<String>>,
    /// Customers with orders that have no class on the date.
    pub unclassified: i64,
    /// The Pareto curve.
    pub pareto: ParetoCurve,
    /// Customers by recency and frequency; no cells when nobody was scored.
    pub heat_map: HeatMap,
    /// The last months, at least one.
    pub months: Vec<MonthFigures>,
    /// Sums over all orders up to the date.
    pub totals: Totals,
}

/// The earlier side of a comparison.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The earlier date.
    pub date: NaiveDate,
    /// Moves since.
    pub migration: MigrationMatrix,
    /// Sums over all orders up to the earlier date.
    pub totals: Totals,
}

/// The figures with the way they are written.
pub(crate) struct View<'a> {
    pub(crate) figures: &'a Figures,
    pub(crate) language: Language,
    pub(crate) labels: &'static Labels,
    pub(crate) format: Format,
}

/// The page in `language`.
pub fn render(figures: &Figures, language: Language) -> String {
    let labels = Labels::of(language);
    let format = Format::new(language, &figures.currency);
    let view = View { figures, language, labels, format };
    let title = format!("{} · {}", labels.title, view.date(figures.as_of));
    document(labels, title, body(&view))
}

/// A page that needs nothing but itself.
fn document(labels: &Labels, title: String, body: Element) -> String {
    let page = element("html").attr("lang", labels.tag).child(head(title)).child(body);
    format!("<!DOCTYPE html>\n{page}")
}

fn head(title: String) -> Element {
    let meta =
        |name: &str, content: &str| element("meta").attr("name", name).attr("content", content);
    element("head")
        .child(element("meta").attr("charset", "utf-8"))
        .child(meta("viewport", "width=device-width, initial-scale=1"))
        .child(meta("color-scheme", "light dark"))
        .child(element("title").text(title))
        .child(element("style").verbatim(include_str!("style.css")))
}

fn body(view: &View<'_>) -> Element {
    let main = element("main")
        .child(header::header(view))
        .child(header::key_figures(view))
        .child(header::brief(view))
        .child(report::class_section(view))
        .children(report::member_section(view))
        .children(report::migration_section(view))
        .child(report::rfm_section(view))
        .child(report::trend_section(view))
        .child(definitions::section(view));
    element("body").child(main)
}

impl View<'_> {
    pub(crate) fn date(&self, date: NaiveDate) -> String {
        self.format.date(date)
    }

    /// Names of the classes in the language of the page.
    pub(crate) fn class_names(&self) -> Vec<&str> {
        self.figures.classes.iter().map(|class| class.label.get(self.language)).collect()
    }

    /// The last month is not over on the business date.
    pub(crate) fn is_cut(&self) -> bool {
        self.figures.as_of < calendar::month_end(self.figures.as_of)
    }
}

/// A section with its heading.
pub(crate) fn section(id: &str, heading: &str) -> Element {
    let name = format!("{id}-heading");
    element("section")
        .attr("id", id)
        .attr("aria-labelledby", &name)
        .child(element("h2").attr("id", name).text(heading))
}

/// A chart with its name and legend above and a note below.
pub(crate) fn figure(chart: Chart) -> Element {
    let mut figure = element("figure").child(element("h3").text(chart.heading));
    if !chart.legend.is_empty() {
        let entry = |(style, name): &(&str, &str)| {
            let key = element("span").class(&format!("key {style}")).attr("aria-hidden", "true");
            element("li").child(key).text(*name)
        };
        let entries = chart.legend.iter().map(entry);
        figure = figure.child(element("ul").class("legend").children(entries));
    }
    let note = chart.note.map(|note| element("figcaption").text(note));
    figure.child(chart.drawing).children(note)
}
