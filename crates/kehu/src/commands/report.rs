//! `kehu report`.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    locale,
    output::{self, Format},
};
use chrono::NaiveDate;
use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use kehu_contract::{
    reporting::{
        ExportReportRequest, FeatureBands, GetClassSummaryRequest, GetMigrationMatrixRequest,
        GetMonthlyTrendRequest, GetParetoCurveRequest, GetReportRequest, GetRfmHeatMapRequest,
        RenderReportRequest, ReportFormat, ReportTime,
    },
    shared::Language,
};
use kehu_server::convert;
use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

/// Write a report: all of them as one page, or one as CSV, XLSX, JSON or charts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu report --out report.html\n  \
    kehu report --as-of 2011-12-10 --compare 2011-09-11 --language zh-cn --out report.html\n  \
    kehu report --csv customers --out customers.csv\n  \
    kehu report --csv customers --class high-value --excel --out customers.csv\n  \
    kehu report --csv class-summary --output json\n  \
    kehu report --html monthly-trend --out trend.html\n  \
    kehu report --chart pareto-curve --out pareto.svg\n  \
    kehu report --csv extract --out customers.csv\n  \
    kehu report --csv class-statistics --features amount_365d,orders_365d\n  \
    kehu report --csv category-demand --features age --bands age=18,35,60\n  \
    kehu report --csv group-summary --features owner\n  \
    kehu report --csv crosswalk --taxonomy abc --other-taxonomy value-six\n  \
    kehu report --xlsx management-sheet --language zh-cn --out customers.xlsx")]
pub(crate) struct Report {
    #[command(flatten)]
    client: Client,

    /// Taxonomy that the classes are from
    #[arg(long, default_value = "value-six", value_name = "TAXONOMY")]
    taxonomy: String,

    /// Date that it is true on; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,

    /// Earlier date to compare with
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    compare: Option<NaiveDate>,

    /// Language of the labels
    #[arg(long, value_enum, default_value_t = Tongue::En)]
    language: Tongue,

    /// Write this one report as CSV instead of the page (with --output json: as JSON)
    #[arg(long, value_parser = PossibleValuesParser::new(kehu_reporting::report::ids()),
        value_name = "REPORT")]
    csv: Option<String>,

    /// Draw this one report as a table on a page of its own
    #[arg(long, value_parser = PossibleValuesParser::new(kehu_reporting::report::ids()),
        value_name = "REPORT", conflicts_with = "csv")]
    html: Option<String>,

    /// Write this one report as a workbook of Excel
    #[arg(long, value_parser = PossibleValuesParser::new(kehu_reporting::report::ids()),
        value_name = "REPORT", conflicts_with_all = ["csv", "html"])]
    xlsx: Option<String>,

    /// Draw the charts of this one report as an SVG file, to REPORT.svg if not given another
    #[arg(long, value_parser = PossibleValuesParser::new(kehu_reporting::report::charted()),
        value_name = "REPORT", conflicts_with_all = ["csv", "html", "xlsx"])]
    chart: Option<String>,

    /// Features that the report is about, where it is about some (kehu features lists them)
    #[arg(long, value_delimiter = ',', value_name = "FEATURE,…")]
    features: Vec<String>,

    /// Where a feature that is a number is cut into bands, in reports that set customers side by side;
    /// may be given again
    #[arg(long, value_parser = parse_bands, value_name = "FEATURE=BOUND,…")]
    bands: Vec<FeatureBands>,

    /// Taxonomy to hold against the other one, in the reports crosswalk and crosswalk-customers
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TAXONOMY")]
    other_taxonomy: String,

    /// Only customers of this class, in the reports customers and management-sheet
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    class: String,

    /// Write CSV so that Excel opens it at a double click: marked as UTF-8, with the labels of the
    /// language as header, delimiter and decimal sign those of the locale (LC_ALL, LC_NUMERIC, LANG)
    #[arg(long, requires = "csv")]
    excel: bool,

    /// File to write; the page goes to report.html, a workbook to REPORT.xlsx, charts to REPORT.svg, CSV for Excel to
    /// REPORT.csv, other CSV to standard output if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The languages of labels.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Tongue {
    En,
    ZhCn,
}

impl Report {
    /// Fetches the report and writes it.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let one = self.csv.as_deref().or(self.xlsx.as_deref()).or(self.chart.as_deref());
        match (one, self.client.output) {
            (Some("migration-matrix"), _) if self.compare.is_none() => Err(Failure::Usage(
                "the matrix shows who moved since an earlier date: add --compare DATE".to_owned(),
            )),
            (Some(_), Format::Json) if self.xlsx.is_some() => Err(Failure::Usage(
                "--output json needs --csv REPORT: a workbook is a file".to_owned(),
            )),
            (Some(_), Format::Json) if self.chart.is_some() => Err(Failure::Usage(
                "--output json needs --csv REPORT: a chart is a file".to_owned(),
            )),
            (Some(_), Format::Json) if self.out.is_some() => Err(Failure::Usage(
                "--output json goes to standard output: leave out --out FILE".to_owned(),
            )),
            (Some(report), Format::Json) => self.print_json(&connection, report).await,
            (Some(report), Format::Table) => self.export(&connection, report).await,
            (None, Format::Json) => {
                Err(Failure::Usage("--output json needs --csv REPORT: the page is HTML".to_owned()))
            }
            (None, Format::Table) => self.page(&connection).await,
        }
    }

    async fn page(&self, connection: &Connection) -> Result<(), Failure> {
        let path = self.out.clone().unwrap_or_else(|| PathBuf::from("report.html"));
        let request = RenderReportRequest {
            taxonomy: self.taxonomy.clone(),
            time: self.time(),
            comparison_date: self.compare.map(convert::date),
            language: self.language().into(),
            report: self.html.clone().unwrap_or_default(),
            features: self.features.clone(),
            other_taxonomy: self.other_taxonomy.clone(),
            bands: self.bands.clone(),
        };
        save(&path, &render(connection, request).await?)
    }

    async fn export(&self, connection: &Connection, report: &str) -> Result<(), Failure> {
        let request = ExportReportRequest {
            report: report.to_owned(),
            taxonomy: self.taxonomy.clone(),
            time: self.time(),
            comparison_date: self.compare.map(convert::date),
            language: self.language().into(),
            format: self.format().into(),
            features: self.features.clone(),
            other_taxonomy: self.other_taxonomy.clone(),
            class_id: self.class.clone(),
            csv_dialect: self.excel.then(|| locale::csv_dialect(|name| std::env::var(name).ok())),
            bands: self.bands.clone(),
        };
        let mut pieces = connection.reporting().export_report(request).await?.into_inner();
        let mut file = Vec::new();
        while let Some(piece) = pieces.message().await? {
            file.extend_from_slice(&piece.csv);
            file.extend_from_slice(&piece.xlsx);
            file.extend_from_slice(&piece.svg);
        }
        match &self.out {
            Some(path) => save(path, &file),
            None if self.xlsx.is_some() => save(Path::new(&format!("{report}.xlsx")), &file),
            None if self.chart.is_some() => save(Path::new(&format!("{report}.svg")), &file),
            None if self.excel => save(Path::new(&format!("{report}.csv")), &file),
            None => output::line(String::from_utf8_lossy(&file).trim_end()),
        }
    }

    /// Prints the answer of the report's own method, where it has one, else that of all.
    async fn print_json(&self, connection: &Connection, report: &str) -> Result<(), Failure> {
        let mut reports = connection.reporting();
        let (taxonomy, time) = (self.taxonomy.clone(), self.time());
        let comparison_date = self.compare.map(convert::date);
        match report {
            _ if !self.features.is_empty() => self.print_table(connection, report).await,
            "class-summary" => {
                let request = GetClassSummaryRequest { taxonomy, time, comparison_date };
                output::json(reports.get_class_summary(request).await?.get_ref())
            }
            "migration-matrix" => {
                let request = GetMigrationMatrixRequest { taxonomy, time, comparison_date };
                output::json(reports.get_migration_matrix(request).await?.get_ref())
            }
            "pareto-curve" => {
                let request = GetParetoCurveRequest { time, point_count: 0 };
                output::json(reports.get_pareto_curve(request).await?.get_ref())
            }
            "rfm-heat-map" => {
                let request = GetRfmHeatMapRequest { time };
                output::json(reports.get_rfm_heat_map(request).await?.get_ref())
            }
            "monthly-trend" => {
                let request = GetMonthlyTrendRequest { time, month_count: 0 };
                output::json(reports.get_monthly_trend(request).await?.get_ref())
            }
            report => self.print_table(connection, report).await,
        }
    }

    async fn print_table(&self, connection: &Connection, report: &str) -> Result<(), Failure> {
        let request = GetReportRequest {
            report: report.to_owned(),
            taxonomy: self.taxonomy.clone(),
            time: self.time(),
            comparison_date: self.compare.map(convert::date),
            language: self.language().into(),
            features: self.features.clone(),
            other_taxonomy: self.other_taxonomy.clone(),
            class_id: self.class.clone(),
            bands: self.bands.clone(),
        };
        output::json(connection.reporting().get_report(request).await?.get_ref())
    }

    fn time(&self) -> Option<ReportTime> {
        Some(ReportTime { as_of_date: self.as_of.map(convert::date), ..ReportTime::default() })
    }

    fn format(&self) -> ReportFormat {
        match (&self.xlsx, &self.chart) {
            (Some(_), _) => ReportFormat::Xlsx,
            (_, Some(_)) => ReportFormat::Svg,
            _ => ReportFormat::Csv,
        }
    }

    fn language(&self) -> Language {
        match self.language {
            Tongue::En => Language::En,
            Tongue::ZhCn => Language::ZhCn,
        }
    }
}

/// The whole page.
pub(crate) async fn render(
    connection: &Connection,
    request: RenderReportRequest,
) -> Result<Vec<u8>, Failure> {
    let mut pieces = connection.reporting().render_report(request).await?.into_inner();
    let mut html = Vec::new();
    while let Some(piece) = pieces.message().await? {
        html.extend_from_slice(&piece.html);
    }
    Ok(html)
}

/// The bands of a feature as `age=18,35,60`.
fn parse_bands(text: &str) -> Result<FeatureBands, String> {
    let wrong = || "use a feature and ascending numbers, like age=18,35,60".to_owned();
    let (feature, bounds) = text.split_once('=').ok_or_else(wrong)?;
    let bound = |bound: &str| bound.trim().parse().map(convert::decimal).map_err(|_| wrong());
    let bounds = bounds.split(',').map(bound).collect::<Result<_, _>>()?;
    Ok(FeatureBands { feature: feature.to_owned(), bounds })
}

/// Writes a file and says so.
fn save(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let mut anew = OpenOptions::new();
    anew.write(true).create(true).truncate(true);
    write(path, content, &anew)?;
    output::line(&format!("wrote {}", path.display()))
}

/// Writes a file whole or not at all; `options` are those of a file that is written anew.
pub(crate) fn write(path: &Path, content: &[u8], options: &OpenOptions) -> Result<(), Failure> {
    let output = |source| Failure::Output { path: path.display().to_string(), source };
    let part = path.with_extension("part");
    options.open(&part).and_then(|mut file| file.write_all(content)).map_err(output)?;
    std::fs::rename(&part, path).map_err(output)
}
