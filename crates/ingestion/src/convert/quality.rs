//! Measurements of data quality.

use chrono::NaiveDate;
use kehu_contract::ingestion as contract;
use kehu_core::calendar::BusinessCalendar;
use kehu_core::quality::{Counts, Dimension};
use kehu_server::convert;
use kehu_storage::ingestion::quality::{Line, Point};
use kehu_storage::time;
use rust_decimal::Decimal;

use super::parse_kind;

/// A line of the measurement of a day.
pub(crate) fn line(
    line: Line,
    day: NaiveDate,
    calendar: &BusinessCalendar,
) -> contract::DataQuality {
    let ratio = |dimension| line.ratio(dimension);
    let quality = counted((&line.key.kind, &line.counts), ratio, day, calendar);
    contract::DataQuality { source: line.source, field: line.key.field, ..quality }
}

/// What was measured on a day of the records of a kind, of a source or all.
pub(crate) fn point(
    point: &Point,
    source: &str,
    calendar: &BusinessCalendar,
) -> contract::DataQualityPoint {
    let ratio = |dimension| point.counts.ratio(dimension);
    let quality = counted((&point.kind, &point.counts), ratio, point.measured_on, calendar);
    contract::DataQualityPoint {
        date: Some(convert::date(point.measured_on)),
        quality: Some(contract::DataQuality { source: source.to_owned(), ..quality }),
    }
}

fn counted(
    (kind, counts): (&str, &Counts),
    ratio: impl Fn(Dimension) -> Option<Decimal>,
    day: NaiveDate,
    calendar: &BusinessCalendar,
) -> contract::DataQuality {
    let ratio = |dimension| ratio(dimension).map(convert::decimal);
    let latest = counts.latest_at.and_then(|at| time::instant(at).ok());
    let age = latest.map(|at| day.signed_duration_since(calendar.date(at)).num_days());
    contract::DataQuality {
        record_kind: parse_kind(kind).unwrap_or_default().into(),
        source: String::new(),
        field: String::new(),
        held_count: counts.held,
        expected_count: counts.expected,
        present_count: counts.present,
        missing_count: counts.missing,
        invalid_count: counts.invalid,
        repeated_count: counts.repeated,
        recent_count: counts.recent,
        completeness: ratio(Dimension::Completeness),
        validity: ratio(Dimension::Validity),
        uniqueness: ratio(Dimension::Uniqueness),
        timeliness: ratio(Dimension::Timeliness),
        latest_source_time: latest.map(convert::timestamp),
        age_days: age.and_then(|days| i32::try_from(days).ok()),
    }
}
