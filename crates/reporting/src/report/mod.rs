//! The reports, a folder each: the query that the database answers, what is computed from it,
//! the table that it comes as, and its section of the page.
//!
//! A report is a [`Report`] in [`REPORTS`]. Its CSV and workbook, the answers of `GetReport` and
//! `ListReports`, its own page and its place in the list of `kehu report` follow from its table.

mod bands;
mod class_effort;
mod class_growth;
mod class_summary;
mod credit_ageing;
pub(crate) mod cross_sell;
mod cross_tab;
mod crosswalk;
mod customer_rates;
mod customers;
mod data_confidence;
mod demand;
mod groups;
mod independence;
mod late_reasons;
mod lifetime_value;
mod loyalty_trend;
mod migration_matrix;
mod monthly_members;
mod monthly_trend;
mod of_class;
mod opportunities;
mod pareto_curve;
mod period;
mod rfm_heat_map;
mod satisfaction;
mod statistics;
mod strategies;
pub(crate) mod table;
mod target_markets;

pub use class_summary::{ClassFigures, ClassSummary, class_summary};
pub use migration_matrix::{MigrationCell, MigrationMatrix, migration_matrix};
pub use monthly_members::{MemberMonth, Members, MonthlyMembers, Moved, Moves};
pub use monthly_trend::{MonthFigures, Totals};
pub use pareto_curve::{ParetoCurve, ParetoPoint, pareto_curve};
pub use rfm_heat_map::{HeatMap, HeatMapCell, Scored, heat_map};

pub(crate) use class_summary::page::section as class_section;
pub(crate) use class_summary::{message::response as class_summary_response, summary};
pub(crate) use independence::Independence;
pub(crate) use migration_matrix::page::section as migration_section;
pub(crate) use migration_matrix::{matrix, message::response as migration_matrix_response};
pub(crate) use monthly_members::{monthly_members, page::section as member_section};
pub(crate) use monthly_trend::page::section as trend_section;
pub(crate) use monthly_trend::{
    message::response as monthly_trend_response, months, totals, trend,
};
pub(crate) use pareto_curve::page::figure as pareto_figure;
pub(crate) use pareto_curve::{curve, message::response as pareto_curve_response};
pub(crate) use rfm_heat_map::page::section as rfm_section;
pub(crate) use rfm_heat_map::{map, map_of as rfm_map, message::response as heat_map_response};

use crate::{Reporting, charts::Chart, request::Question, source::Classified};
use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_core::{Label, label::Language};
use kehu_server::Fault;
use rust_decimal::Decimal;
use table::Table;

/// Every report.
pub(crate) const REPORTS: &[&dyn Report] = &[
    &class_summary::Report,
    &migration_matrix::Report,
    &monthly_members::Report,
    &class_growth::Report,
    &opportunities::ByClass,
    &opportunities::ByCustomer,
    &customer_rates::Report,
    &lifetime_value::Report,
    &loyalty_trend::Report,
    &pareto_curve::Report,
    &rfm_heat_map::Report,
    &monthly_trend::Report,
    &credit_ageing::ByClass,
    &credit_ageing::ByCustomer,
    &late_reasons::Report,
    &satisfaction::ByClass,
    &satisfaction::ByProduct,
    &statistics::Statistics,
    &statistics::Distributions,
    &statistics::Correlations,
    &cross_sell::Report,
    &cross_tab::Report,
    &demand::BY_CATEGORY,
    &demand::BY_BRAND,
    &demand::BY_PRODUCT,
    &groups::Report,
    &target_markets::Report,
    &strategies::ByClass,
    &strategies::ByLevel,
    &crosswalk::Matrix,
    &crosswalk::Customers,
    &class_effort::Report,
    &data_confidence::Report,
    &customers::Report,
    &customers::Sheet,
    &customers::Extract,
];

/// A report that callers ask for by name.
#[async_trait]
pub(crate) trait Report: Sync {
    /// What it is.
    fn facts(&self) -> Facts;

    /// The report as a table. What can be refused is refused before its first rows.
    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault>;

    /// Its charts, one below the other; none of one that has none, as [`Facts::charted`] says.
    async fn charts(&self, _: &Reporting, _: &Question, _: Language) -> Result<Vec<Chart>, Fault> {
        Ok(Vec::new())
    }
}

/// What callers are told of a report before they ask for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// What callers name it: `class-summary`.
    pub(crate) id: &'static str,
    /// What it is called in Chinese and English.
    pub(crate) label: [&'static str; 2],
    /// What a question must say.
    pub(crate) needs: Needs,
    /// The features that it is about where the question names none; empty for a report that takes
    /// none.
    pub(crate) features: &'static [&'static str],
    /// Which features it takes.
    pub(crate) takes: Takes,
    /// Whether it names people by their keys in other systems, which only callers with the scope
    /// of personal data may see.
    pub(crate) names_people: bool,
    /// Whether it has charts.
    pub(crate) charted: bool,
    /// Whether it lists customers with their classes, and may be asked for those of one.
    pub(crate) lists_members: bool,
}

impl Facts {
    /// What most reports have in common.
    const NONE: Self = Self {
        id: "",
        label: [""; 2],
        needs: Needs::Time,
        features: &[],
        takes: Takes::Numbers,
        names_people: false,
        charted: false,
        lists_members: false,
    };

    /// What it is called.
    pub(crate) fn label(&self) -> Label {
        Label::new(self.label[0], self.label[1])
    }
}

/// What a question must say besides its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing.
    Time,
    /// A taxonomy; it may name an earlier date.
    Taxonomy,
    /// A taxonomy and an earlier date.
    Comparison,
    /// A taxonomy and another one.
    TwoTaxonomies,
}

/// The features that a report takes, where it takes some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Some numbers.
    Numbers,
    /// One of any kind.
    One,
    /// Two of any kind.
    Pair,
}

/// The report of this name.
pub(crate) fn find(id: &str) -> Option<&'static dyn Report> {
    REPORTS.iter().copied().find(|report| report.facts().id == id)
}

/// The names of all reports.
pub fn ids() -> impl Iterator<Item = &'static str> {
    REPORTS.iter().map(|report| report.facts().id)
}

/// The names of those that have charts.
pub fn charted() -> impl Iterator<Item = &'static str> {
    REPORTS.iter().map(|report| report.facts()).filter(|it| it.charted).map(|it| it.id)
}

/// A report with the business date it is for.
#[derive(Debug)]
pub(crate) struct Dated<T> {
    pub(crate) as_of: NaiveDate,
    pub(crate) report: T,
}

/// A report by class.
#[derive(Debug)]
pub(crate) struct ByClass<T> {
    pub(crate) classified: Classified,
    pub(crate) report: T,
}

/// Customers that were in one class and are in another, or the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassCell {
    /// Place of the class on the comparison date among those of the report; `None` when they had
    /// none yet.
    pub from: Option<usize>,
    /// Place of the class on the date; `None` when they have none.
    pub to: Option<usize>,
    /// How many.
    pub customers: i64,
    /// Their completed orders up to the date.
    pub orders: i64,
    /// Their amount up to the date, net of returns, in the base currency.
    pub amount: Decimal,
    /// Amount of their completed orders up to the date, before returns.
    pub ordered: Decimal,
}
