//! Score, classify and code, each as a run of the API. Every step can be done again: a run that
//! was done is found by its request id, so that a start after a crash goes on where it stopped.

use crate::{
    commands::{business_date, classify, code, data, import::Loaded, score},
    connection::Connection,
    exit::Failure,
};
use chrono::{Days, NaiveDate};
use kehu_contract::{google::r#type::Date, reporting::ReportTime};
use kehu_core::calendar::BusinessCalendar;
use kehu_server::{Violations, clock, convert};
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
    /// The business date.
    pub(crate) as_of: NaiveDate,
    /// The earlier day to compare with; `None` when no order is that old.
    pub(crate) comparison: Option<NaiveDate>,
}

impl Dates {
    /// Fixes the business date where the data is historic, see [`fix`], and takes it and the
    /// one 90 days before; `None` when no order counts.
    pub(crate) async fn settle(
        connection: &Connection,
        loaded: &Loaded,
        calendar: &BusinessCalendar,
    ) -> Result<Option<Self>, Failure> {
        let today = calendar.date(clock::now());
        let held = data::summary(connection, Some(today)).await?;
        let days = date(held.first_order_date).zip(date(held.last_order_date));
        let Some((first, last)) = days else { return Ok(None) };
        let as_of = fix(connection, last, today).await?;
        let comparison = Some(as_of - COMPARISON_DAYS).filter(|earlier| *earlier >= first);
        Ok(Some(Self { stream_id: loaded.stream_id.clone(), as_of, comparison }))
    }

    /// The dates to compute for, the earlier first.
    fn in_order(&self) -> impl Iterator<Item = NaiveDate> {
        self.comparison.into_iter().chain([self.as_of])
    }

    /// The later date, as it is known now.
    pub(crate) fn report_time(&self) -> ReportTime {
        ReportTime { as_of_date: Some(convert::date(self.as_of)), ..ReportTime::default() }
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

/// Fixes the business date to the day after the last order that counts, and returns what holds
/// then. It stays today where that day has not passed, or where somebody said so.
async fn fix(
    connection: &Connection,
    last: NaiveDate,
    today: NaiveDate,
) -> Result<NaiveDate, Failure> {
    let held = business_date::get(connection).await?;
    let wanted = last.succ_opt().filter(|next| *next < today);
    let kept = !held.fixed && !held.decided_by.is_empty();
    let same = held.fixed == wanted.is_some() && date(held.date) == Some(wanted.unwrap_or(today));
    let held = if kept || same { held } else { business_date::fix(connection, wanted).await? };
    date(held.date).ok_or_else(|| Failure::internal("the server named no business date"))
}

/// A date of an answer.
fn date(date: Option<Date>) -> Option<NaiveDate> {
    convert::parse_date("", date, &mut Violations::new())
}

/// Publishes the templates and does the runs, for the earlier date first.
pub(crate) async fn run(connection: &Connection, dates: &Dates) -> Result<(), Failure> {
    calibrate(connection, dates.as_of).await?;
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

/// Publishes the scorecards that were not calibrated as of the date, and all of them where one
/// found nobody to be calibrated on.
async fn calibrate(connection: &Connection, as_of: NaiveDate) -> Result<(), Failure> {
    let mut held = Vec::new();
    for id in SCORECARDS {
        held.push(score::calibration(connection, id).await?);
    }
    let on_nobody = held.iter().flatten().any(|(_, customers)| *customers == 0);
    for (id, held) in SCORECARDS.into_iter().zip(held) {
        if on_nobody || held.is_none_or(|(date, _)| date != as_of) {
            score::publish(connection, id, Some(as_of), true).await?;
        }
    }
    Ok(())
}

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}
