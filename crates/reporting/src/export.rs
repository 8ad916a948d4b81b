//! One report as its table: written as a file, answered as a message, drawn as a page.

use crate::{
    Reporting, bands, charts, convert as own, csv,
    format::Format,
    labels::Labels,
    page,
    report::{self, Facts, Needs, Report, Takes, table::Table},
    request::{self, Question},
    source, xlsx,
};
use chrono::NaiveDate;
use futures::stream::{self, BoxStream, StreamExt};
use kehu_analytics::{Catalogue, ColumnKind};
use kehu_contract::reporting::{
    ExportReportRequest, GetReportRequest, GetReportResponse, RenderReportRequest, ReportFormat,
};
use kehu_core::label::Language;
use kehu_server::{Fault, Violations, convert, names};
use kehu_storage::change_log::Reading;
use prost::bytes::Bytes;
use std::collections::BTreeMap;

/// Most rows of an answer; a report with more is exported.
const MOST_ROWS: usize = 10_000;

/// Most features that a report is about: their values of all customers are in memory.
const MOST_FEATURES: usize = 5;

/// A report that was asked for.
struct Asked {
    report: &'static dyn Report,
    question: Question,
    language: Language,
    freshness_token: String,
}

impl Reporting {
    /// The report as a file of a format, in parts. What can be refused is refused before the first.
    pub(crate) async fn export(
        &self,
        request: ExportReportRequest,
        format: ReportFormat,
    ) -> Result<BoxStream<'static, Result<Bytes, Fault>>, Fault> {
        let asked = self.asked(GetReportRequest {
            report: request.report,
            taxonomy: request.taxonomy,
            time: request.time,
            comparison_date: request.comparison_date,
            language: request.language,
            features: request.features,
            other_taxonomy: request.other_taxonomy,
            class_id: request.class_id,
            bands: request.bands,
        });
        let dialect = own::dialect(request.csv_dialect, format, request.language)?;
        let asked = asked.await?;
        if format == ReportFormat::Svg {
            return self.drawn(&asked).await;
        }
        let table = self.table(&asked).await?;
        match format {
            ReportFormat::Unspecified | ReportFormat::Csv => Ok(csv::write(table, dialect)),
            ReportFormat::Xlsx => {
                let about = xlsx::About {
                    title: asked.report.facts().label(),
                    as_of: asked.question.moment.as_of,
                    currency: self.currency().to_owned(),
                    language: asked.language,
                };
                xlsx::write(table, about).await
            }
            ReportFormat::Svg => Err(Fault::internal("a chart is no table")),
        }
    }

    /// The charts of a report as a file.
    async fn drawn(
        &self,
        asked: &Asked,
    ) -> Result<BoxStream<'static, Result<Bytes, Fault>>, Fault> {
        let facts = asked.report.facts();
        if !facts.charted {
            let ids: Vec<_> = report::charted().collect();
            let mut violations = Violations::new();
            let text =
                format!("must be another one: of the reports {} have charts", ids.join(", "));
            violations.add("format", text);
            violations.finish()?;
        }
        let (question, language) = (&asked.question, asked.language);
        let charts = asked.report.charts(self, question, language).await?;
        if charts.is_empty() {
            return Err(Fault::Precondition {
                kind: "REPORT_HAS_FIGURES",
                subject: format!("reports/{}", facts.id),
                description: "there is nothing to draw: no customer has an amount above zero then"
                    .to_owned(),
            });
        }
        let labels = Labels::of(language);
        let date = Format::new(language, self.currency()).date(question.moment.as_of);
        let title = format!("{} · {date}", facts.label().get(language));
        let file = charts::file(&title, labels.tag, charts);
        Ok(stream::iter([Ok(Bytes::from(file))]).boxed())
    }

    /// The report as a message.
    pub(crate) async fn answer(
        &self,
        request: GetReportRequest,
    ) -> Result<GetReportResponse, Fault> {
        let asked = self.asked(request).await?;
        let table = self.table(&asked).await?;
        let columns = table.columns.iter().map(own::column).collect();
        let rows = all(&asked, table).await?.into_iter().map(own::row).collect();
        Ok(GetReportResponse {
            report: asked.report.facts().id.to_owned(),
            as_of_date: Some(convert::date(asked.question.moment.as_of)),
            comparison_date: asked.question.comparison.map(convert::date),
            columns,
            rows,
            freshness_token: asked.freshness_token,
        })
    }

    /// The report as a page of its own.
    pub(crate) async fn page_of(&self, request: RenderReportRequest) -> Result<Bytes, Fault> {
        let asked = self.asked(GetReportRequest {
            report: request.report,
            taxonomy: request.taxonomy,
            time: request.time,
            comparison_date: request.comparison_date,
            language: request.language,
            features: request.features,
            other_taxonomy: request.other_taxonomy,
            class_id: String::new(),
            bands: request.bands,
        });
        let asked = asked.await?;
        if asked.report.facts().names_people {
            let mut violations = Violations::new();
            violations.add("report", "names people and is not drawn: export it");
            violations.finish()?;
        }
        let table = self.table(&asked).await?;
        let columns = table.columns.clone();
        let rows = all(&asked, table).await?;
        let alone = page::Alone {
            title: asked.report.facts().label(),
            as_of: asked.question.moment.as_of,
            currency: self.currency(),
            columns: &columns,
            rows: &rows,
        };
        Ok(alone.render(asked.language).into())
    }

    async fn table(&self, asked: &Asked) -> Result<Table, Fault> {
        asked.report.table(self, &asked.question, asked.language).await
    }

    async fn asked(&self, request: GetReportRequest) -> Result<Asked, Fault> {
        let mut violations = Violations::new();
        let today = self.business_date().await?;
        let report = report::find(&request.report);
        if report.is_none() {
            let ids: Vec<_> = report::ids().collect();
            violations.add("report", format!("must be one of {}", ids.join(", ")));
        }
        let needs = report.map_or(Needs::Time, |report| report.facts().needs);
        let mut question = question(needs, &request, today, &mut violations);
        let fresh = request::fresh(&request.time, &mut violations);
        if let Some(report) = report {
            let catalogue = self.analytics.catalogue().await.map_err(source::fault)?;
            question.features = features(report, request.features, &catalogue, &mut violations);
            question.class = class(report, request.class_id, &mut violations);
            let about = (&question.features[..], report.facts().takes);
            question.bands = bands::parse(request.bands, about, &catalogue, &mut violations);
        }
        violations.finish()?;
        let report = report.ok_or_else(|| Fault::internal("a good request names a report"))?;
        let freshness_token = fresh.wait(&self.db, Reading::Codes).await?;
        let language = convert::language(request.language);
        Ok(Asked { report, question, language, freshness_token })
    }
}

/// The class whose customers are listed.
fn class(report: &dyn Report, id: String, violations: &mut Violations) -> Option<String> {
    if id.is_empty() {
        return None;
    }
    if !report.facts().lists_members {
        violations
            .add("class_id", "must be empty: the report has no row a customer with its class");
    } else if !names::is_id(&id) {
        violations.add("class_id", "must be the id of a class, such as high-value");
    }
    Some(id)
}

/// The features that a report is about: those that are named, else its own.
fn features(
    report: &dyn Report,
    named: Vec<String>,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Vec<String> {
    let Facts { features: own, takes, .. } = report.facts();
    if named.is_empty() {
        return own.iter().map(|feature| (*feature).to_owned()).collect();
    }
    if own.is_empty() {
        violations.add("features", "must be empty: the report is about none");
    } else if takes == Takes::One && named.len() != 1 {
        violations.add("features", "must be one: the report groups customers by it");
    } else if takes == Takes::Pair && named.len() != 2 {
        violations.add("features", "must be two: the report sets one beside the other");
    } else if named.len() > MOST_FEATURES {
        violations.add("features", format!("must be at most {MOST_FEATURES}"));
    } else {
        check_features(&named, takes, catalogue, violations);
    }
    named
}

fn check_features(
    named: &[String],
    takes: Takes,
    catalogue: &Catalogue,
    violations: &mut Violations,
) {
    for (place, name) in named.iter().enumerate() {
        let wrong = match catalogue.find(name).map(|feature| feature.kind) {
            None => catalogue
                .why_blocked(name)
                .unwrap_or("must be a feature that FeatureService.ListFeatures lists"),
            Some(ColumnKind::Text | ColumnKind::Boolean) if takes == Takes::Numbers => {
                "must be a feature that is a number"
            }
            Some(_) if named[..place].contains(name) => "must be named once",
            Some(_) => continue,
        };
        violations.add(format!("features[{place}]"), wrong);
    }
}

/// Checks what the report needs.
fn question(
    needs: Needs,
    request: &GetReportRequest,
    today: NaiveDate,
    violations: &mut Violations,
) -> Question {
    let (taxonomy, time, comparison) = (&request.taxonomy, &request.time, request.comparison_date);
    match needs {
        Needs::Comparison => request::comparison(taxonomy, time, comparison, today, violations),
        Needs::Taxonomy => request::question(taxonomy, time, comparison, today, violations),
        Needs::TwoTaxonomies => {
            let both = (taxonomy.as_str(), request.other_taxonomy.as_str());
            request::two_taxonomies(both, time, today, violations)
        }
        Needs::Time => {
            let moment = request::moment(time, today, violations);
            let (taxonomy, other_taxonomy) = (String::new(), String::new());
            let (comparison, class) = (None, None);
            let (features, bands) = (Vec::new(), BTreeMap::new());
            Question { taxonomy, other_taxonomy, moment, comparison, features, bands, class }
        }
    }
}

/// All rows of a table, if they fit an answer.
async fn all(asked: &Asked, mut table: Table) -> Result<Vec<report::table::Row>, Fault> {
    let mut rows = Vec::new();
    while let Some(part) = table.parts.next().await {
        rows.extend(part?);
        if rows.len() > MOST_ROWS {
            return Err(Fault::Precondition {
                kind: "REPORT_FITS_ANSWER",
                subject: format!("reports/{}", asked.report.facts().id),
                description: format!("it has more than {MOST_ROWS} rows: export it"),
            });
        }
    }
    Ok(rows)
}
