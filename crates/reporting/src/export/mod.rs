//! Reports as CSV. The first row names the columns; the names are those of the contract's fields
//! and the same in every language.

mod csv;
mod customers;

use crate::{
    Reporting,
    answer::{ByClass, Dated, Summary},
    convert::TOTAL,
    labels::Labels,
    report::{ClassFigures, HeatMap, MigrationMatrix, MonthFigures, ParetoCurve},
    request::{self, Question},
};
use chrono::NaiveDate;
use csv::{Cell, Row};
use futures::stream::{self, BoxStream, StreamExt};
use kehu_contract::reporting::{ExportReportRequest, ReportKind};
use kehu_core::label::Language;
use kehu_server::{Fault, Violations, convert};
use prost::bytes::Bytes;

/// Months of the trend and points of the curve.
const MONTHS: u32 = 13;
const POINTS: i64 = 100;

impl Reporting {
    /// The report that is asked for, in parts. What can be refused is refused before the first.
    pub(crate) async fn export(
        &self,
        request: ExportReportRequest,
    ) -> Result<BoxStream<'static, Result<Bytes, Fault>>, Fault> {
        let language = convert::language(request.language);
        let mut violations = Violations::new();
        let kind = request.kind();
        let today = self.business_date().await?;
        let question = question(kind, &request, today, &mut violations);
        violations.finish()?;
        let currency = self.currency();
        let rows = match kind {
            ReportKind::Customers => return self.customer_rows(&question, language).await,
            ReportKind::ClassSummary => {
                summary(&self.summary(&question).await?, question.comparison, currency, language)
            }
            ReportKind::MigrationMatrix => {
                let matrix = self.migration(&question).await?;
                migration(&matrix, question.comparison, currency, language)
            }
            ReportKind::ParetoCurve => pareto(&self.pareto(question.moment, POINTS).await?),
            ReportKind::RfmHeatMap => heat_map(&self.rfm(question.moment).await?, currency),
            ReportKind::MonthlyTrend | ReportKind::Unspecified => {
                trend(&self.trend(question.moment, MONTHS).await?, currency)
            }
        };
        Ok(stream::iter([csv::write(rows)]).boxed())
    }
}

/// Checks what the kind of report needs.
fn question(
    kind: ReportKind,
    request: &ExportReportRequest,
    today: NaiveDate,
    violations: &mut Violations,
) -> Question {
    let (taxonomy, time, comparison) =
        (request.taxonomy.as_str(), &request.time, request.comparison_date);
    match kind {
        ReportKind::MigrationMatrix => {
            request::comparison(taxonomy, time, comparison, today, violations)
        }
        ReportKind::ClassSummary | ReportKind::Customers => {
            request::question(taxonomy, time, comparison, today, violations)
        }
        ReportKind::ParetoCurve | ReportKind::RfmHeatMap | ReportKind::MonthlyTrend => {
            let moment = request::moment(time, today, violations);
            Question { taxonomy: String::new(), moment, comparison: None }
        }
        ReportKind::Unspecified => {
            violations.add("kind", "must be one of the reports");
            let moment = request::moment(time, today, violations);
            Question { taxonomy: String::new(), moment, comparison: None }
        }
    }
}

fn names(names: &[&str]) -> Row {
    names.iter().map(Cell::plain).collect()
}

fn summary(
    answer: &ByClass<Summary>,
    comparison: Option<NaiveDate>,
    currency: &str,
    language: Language,
) -> Vec<Row> {
    let mut rows = vec![names(&[
        "as_of_date",
        "comparison_date",
        "class_id",
        "label",
        "strategy_summary",
        "customer_count",
        "customer_share",
        "amount",
        "amount_share",
        "currency_code",
        "order_count",
        "mean_order_amount",
        "earlier_customer_count",
        "joined_count",
        "left_count",
        "example_codes",
    ])];
    let figures = &answer.report.figures;
    let dates = [Cell::plain(answer.classified.as_of), optional_date(comparison)];
    for (place, class) in answer.classified.classes.iter().enumerate() {
        let mut row = dates.to_vec();
        row.push(Cell::plain(&class.id));
        row.push(Cell::text(class.label.get(language)));
        row.push(Cell::text(class.strategy_summary.get(language)));
        row.extend(class_figures(&figures.classes[place], currency));
        row.push(Cell::text(&answer.report.example_codes[place].join("; ")));
        rows.push(row);
    }
    let mut total = dates.to_vec();
    total.push(Cell::plain(TOTAL));
    total.push(Cell::text(Labels::of(language).total));
    total.push(Cell::Null);
    total.extend(class_figures(&figures.total, currency));
    total.push(Cell::Null);
    rows.push(total);
    rows
}

fn class_figures(figures: &ClassFigures, currency: &str) -> [Cell; 10] {
    [
        Cell::plain(figures.customers),
        Cell::decimal(figures.customer_share),
        Cell::decimal(figures.amount),
        Cell::optional(figures.amount_share),
        Cell::plain(currency),
        Cell::plain(figures.orders),
        Cell::optional(figures.mean_order),
        Cell::plain(figures.earlier),
        Cell::plain(figures.joined),
        Cell::plain(figures.left),
    ]
}

fn migration(
    answer: &ByClass<MigrationMatrix>,
    comparison: Option<NaiveDate>,
    currency: &str,
    language: Language,
) -> Vec<Row> {
    let mut rows = vec![names(&[
        "comparison_date",
        "as_of_date",
        "from_class_id",
        "from_label",
        "to_class_id",
        "to_label",
        "customer_count",
        "amount",
        "currency_code",
    ])];
    let classes = &answer.classified.classes;
    for cell in &answer.report.cells {
        let from = cell.from.map(|from| &classes[from]);
        let to = &classes[cell.to];
        rows.push(vec![
            optional_date(comparison),
            Cell::plain(answer.classified.as_of),
            from.map_or(Cell::Null, |from| Cell::plain(&from.id)),
            from.map_or(Cell::Null, |from| Cell::text(from.label.get(language))),
            Cell::plain(&to.id),
            Cell::text(to.label.get(language)),
            Cell::plain(cell.customers),
            Cell::decimal(cell.amount),
            Cell::plain(currency),
        ]);
    }
    rows
}

fn pareto(answer: &Dated<ParetoCurve>) -> Vec<Row> {
    let mut rows = vec![names(&["as_of_date", "customer_share", "amount_share"])];
    for point in &answer.report.points {
        rows.push(vec![
            Cell::plain(answer.as_of),
            Cell::decimal(point.customer_share),
            Cell::decimal(point.amount_share),
        ]);
    }
    rows
}

fn heat_map(answer: &Dated<HeatMap>, currency: &str) -> Vec<Row> {
    let mut rows = vec![names(&[
        "as_of_date",
        "recency_bin",
        "frequency_bin",
        "customer_count",
        "amount",
        "currency_code",
    ])];
    for cell in &answer.report.cells {
        rows.push(vec![
            Cell::plain(answer.as_of),
            Cell::plain(cell.recency),
            Cell::plain(cell.frequency),
            Cell::plain(cell.customers),
            Cell::decimal(cell.amount),
            Cell::plain(currency),
        ]);
    }
    rows
}

fn trend(answer: &Dated<Vec<MonthFigures>>, currency: &str) -> Vec<Row> {
    let mut rows = vec![names(&[
        "as_of_date",
        "month",
        "order_count",
        "customer_count",
        "new_customer_count",
        "sales_amount",
        "return_amount",
        "net_amount",
        "currency_code",
    ])];
    for month in &answer.report {
        rows.push(vec![
            Cell::plain(answer.as_of),
            Cell::plain(month.month),
            Cell::plain(month.totals.orders),
            Cell::plain(month.totals.customers),
            Cell::plain(month.new_customers),
            Cell::decimal(month.totals.sales),
            Cell::decimal(month.totals.returns),
            Cell::decimal(month.totals.net()),
            Cell::plain(currency),
        ]);
    }
    rows
}

fn optional_date(date: Option<NaiveDate>) -> Cell {
    date.map_or(Cell::Null, Cell::plain)
}
