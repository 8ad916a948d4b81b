//! `kehu quality`: how good the data is.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    runs,
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::ingestion::{
    DataQuality, DataQualityPoint, GetDataQualityRequest, GetDataQualityResponse, RecordKind,
    StartMeasurementRequest,
};
use kehu_server::convert;

/// Show how complete, valid, unique and recent what is held is, field by field and source by source,
/// as it was measured last.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu quality --measure\n  kehu quality --source crm\n  \
    kehu quality --as-of 2011-12-10 --trend\n\n\
    complete: values that are there, of those that there should be.\n\
    valid: what was taken in, of all that came; the rest is among the open rejects.\n\
    unique: what is no repetition of another: probable duplicates, names, keys that look alike, \
    phone numbers and e-mail addresses, records under a second key.\n\
    recent: what its source has said within 365 days.\n\n\
    Once it was measured it is measured each business day.")]
pub(crate) struct Quality {
    #[command(flatten)]
    client: Client,

    /// Only what this source has sent
    #[arg(long, value_name = "SOURCE", default_value = "", hide_default_value = true)]
    source: String,

    /// The latest measurement up to this date; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    as_of: Option<NaiveDate>,

    /// Show what was measured on the days before
    #[arg(long)]
    trend: bool,

    /// Measure now, then show it
    #[arg(long, conflicts_with = "as_of")]
    measure: bool,
}

impl Quality {
    /// Asks, and prints the answer.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        if self.measure {
            let request = StartMeasurementRequest::default();
            let run = connection.quality().start_measurement(request).await?.into_inner().run;
            runs::follow(&connection, "measure", run).await?;
        }
        let request = GetDataQualityRequest {
            as_of_date: self.as_of.map(convert::date),
            source: self.source.clone(),
            trend_days: 0,
        };
        let quality = connection.quality().get_data_quality(request).await?.into_inner();
        if self.client.output == Format::Json {
            return output::json(&quality);
        }
        print(&quality)?;
        if self.trend { print_trend(&quality.trend) } else { Ok(()) }
    }
}

/// The columns with numbers.
const NUMBERS: [&str; 9] =
    ["held", "missing", "refused", "repeated", "complete", "valid", "unique", "recent", "days old"];

fn print(quality: &GetDataQualityResponse) -> Result<(), Failure> {
    let date = output::date(quality.as_of_date.as_ref());
    let time = output::time(quality.measure_time.as_ref());
    output::line(&format!("As of {date}, measured {time}"))?;
    if quality.lines.is_empty() {
        return output::line("There was nothing to measure: kehu import brings records in.");
    }
    let header = [&["record", "field"], &NUMBERS[..]].concat();
    let row = |line: &DataQuality| {
        let mut cells = vec![kind(line), field(&line.field)];
        cells.extend(numbers(line));
        cells
    };
    let rows = quality.lines.iter().map(row).collect();
    output::line(&output::table(&header, &NUMBERS, rows))?;
    if quality.sources.is_empty() {
        return Ok(());
    }
    let header = [&["source", "record"], &NUMBERS[..]].concat();
    let row = |line: &DataQuality| {
        let mut cells = vec![line.source.clone(), kind(line)];
        cells.extend(numbers(line));
        cells
    };
    let rows = quality.sources.iter().map(row).collect();
    output::line("")?;
    output::line(&output::table(&header, &NUMBERS, rows))
}

fn print_trend(trend: &[DataQualityPoint]) -> Result<(), Failure> {
    let header = [&["date", "record"], &NUMBERS[..]].concat();
    let row = |point: &DataQualityPoint| {
        let line = point.quality.clone().unwrap_or_default();
        let mut cells = vec![output::date(point.date.as_ref()), kind(&line)];
        cells.extend(numbers(&line));
        cells
    };
    output::line("")?;
    output::line(&output::table(&header, &NUMBERS, trend.iter().map(row).collect()))
}

fn numbers(line: &DataQuality) -> [String; 9] {
    let count = |count: Option<i64>| count.map_or_else(|| "–".to_owned(), |n| n.to_string());
    let missing = line.expected_count.saturating_sub(line.present_count);
    let missing = missing.saturating_add(line.missing_count);
    [
        line.held_count.to_string(),
        missing.to_string(),
        line.invalid_count.to_string(),
        count(line.repeated_count),
        output::percent(line.completeness.as_ref()),
        output::percent(line.validity.as_ref()),
        output::percent(line.uniqueness.as_ref()),
        output::percent(line.timeliness.as_ref()),
        age(line.age_days),
    ]
}

/// Days since it was said; what is dated later than the date is not old.
fn age(days: Option<i32>) -> String {
    match days {
        Some(days) if days < 0 => "later".to_owned(),
        Some(days) => days.to_string(),
        None => "–".to_owned(),
    }
}

fn kind(line: &DataQuality) -> String {
    match line.record_kind() {
        RecordKind::Unspecified => "unknown".to_owned(),
        kind => {
            let name = kind.as_str_name().trim_start_matches("RECORD_KIND_");
            name.to_ascii_lowercase().replace('_', " ")
        }
    }
}

fn field(name: &str) -> String {
    if name.is_empty() { "(all)".to_owned() } else { name.to_owned() }
}
