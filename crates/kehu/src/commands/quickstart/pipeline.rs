//! Score, classify and code, each as a run of the API. Every step can be done again: a run that
//! was done is found by its request id, so that a start after a crash goes on where it stopped.

use crate::{
    commands::{classify, code, import::Loaded, score},
    connection::Connection,
    exit::Failure,
};
use chrono::{Days, NaiveDate};
use kehu_contract::reporting::ReportTime;
use kehu_core::calendar::BusinessCalendar;
use kehu_server::convert;
use sha2::{Digest, Sha256};

/// The taxonomy that feeds the code and the report.
pub(crate) const MAIN_TAXONOMY: &str = "value-six";
/// How long before the business date the report compares with.
const COMPARISON_DAYS: Days = Days::new(90);
const SCORECARDS: [&str; 4] = ["rfm", "rfm-mean", "abc", "value"];
const TAXONOMIES: [&str; 4] = [MAIN_TAXONOMY, "rfm-11", "rfm-8", "abc"];

/// What the quickstart computes, and for when.
pub(crate) struct Dates {
    /// The ingest stream that was loaded: new input is computed anew.
    pub(crate) stream_id: String,
    /// The day after the last order.
    pub(crate) as_of: NaiveDate,
    /// The earlier day to compare with; `None` when no order is that old.
    pub(crate) comparison: Option<NaiveDate>,
}

impl Dates {
    /// The day after the last order that was loaded, and the one 90 days before; `None` when
    /// nothing was loaded.
    pub(crate) fn of(loaded: &Loaded, calendar: &BusinessCalendar) -> Option<Self> {
        let first = calendar.date(loaded.profile.first_order_at?);
        let as_of = calendar.date(loaded.profile.last_order_at?).succ_opt()?;
        let comparison = Some(as_of - COMPARISON_DAYS).filter(|earlier| *earlier >= first);
        Some(Self { stream_id: loaded.stream_id.clone(), as_of, comparison })
    }

    /// The dates to compute for, the earlier first.
    fn in_order(&self) -> impl Iterator<Item = NaiveDate> {
        self.comparison.into_iter().chain([self.as_of])
    }

    /// The later date, as it is known now.
    pub(crate) fn report_time(&self) -> ReportTime {
        ReportTime { as_of_date: Some(convert::date(self.as_of)), known_time: None }
    }

    /// The same UUID (version 8, RFC 9562) for the same step on the same input.
    fn request_id(&self, step: &str, date: NaiveDate) -> String {
        let digest = Sha256::digest(format!("{} {step} {date}", self.stream_id));
        let hex = hex::encode(digest);
        format!(
            "{}-{}-8{}-8{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..32]
        )
    }
}

/// Publishes the templates and does the runs, for the earlier date first.
pub(crate) async fn run(connection: &Connection, dates: &Dates) -> Result<(), Failure> {
    for id in SCORECARDS {
        if !score::calibrated_as_of(connection, id, dates.as_of).await? {
            score::publish(connection, id, Some(dates.as_of)).await?;
        }
    }
    for id in TAXONOMIES {
        classify::publish_missing(connection, id).await?;
    }
    code::create_standard(connection).await?;
    for date in dates.in_order() {
        let request_id = dates.request_id("score", date);
        score::start(connection, &owned(&SCORECARDS), Some(date), request_id).await?;
    }
    for date in dates.in_order() {
        let request_id = dates.request_id("classify", date);
        classify::start(connection, &owned(&TAXONOMIES), Some(date), request_id).await?;
    }
    let request_id = dates.request_id("code", dates.as_of);
    code::start(connection, code::STANDARD, Some(dates.as_of), request_id).await?;
    Ok(())
}

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}
