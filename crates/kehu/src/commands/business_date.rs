//! `kehu business-date`.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use chrono::NaiveDate;
use clap::Args;
use kehu_contract::run::{BusinessDate as Held, FixBusinessDateRequest, GetBusinessDateRequest};
use kehu_server::convert;

/// Show the business date, fix it for historic data, or return to today.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu business-date\n  kehu business-date 2011-12-10\n  \
    kehu business-date today")]
pub(crate) struct BusinessDate {
    #[command(flatten)]
    client: Client,

    /// Date to fix, or `today`; the one that holds is shown if not given
    #[arg(value_parser = parse_wanted, value_name = "DATE|today")]
    date: Option<Wanted>,
}

/// What the business date is to be.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Today,
    Fixed(NaiveDate),
}

fn parse_wanted(text: &str) -> Result<Wanted, String> {
    if text == "today" {
        return Ok(Wanted::Today);
    }
    parse_date(text).map(Wanted::Fixed)
}

impl BusinessDate {
    /// Decides, if a date is given, and shows what holds.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let held = match self.date {
            None => get(&connection).await?,
            Some(Wanted::Today) => fix(&connection, None).await?,
            Some(Wanted::Fixed(date)) => fix(&connection, Some(date)).await?,
        };
        match self.client.output {
            Format::Json => output::json(&held),
            Format::Table => output::line(&describe(&held)),
        }
    }
}

/// The business date of a server.
pub(crate) async fn get(connection: &Connection) -> Result<Held, Failure> {
    let answer = connection.business_dates().get_business_date(GetBusinessDateRequest {}).await?;
    Ok(answer.into_inner().business_date.unwrap_or_default())
}

/// Fixes the business date, or lets it be today.
pub(crate) async fn fix(connection: &Connection, date: Option<NaiveDate>) -> Result<Held, Failure> {
    let request = FixBusinessDateRequest { date: date.map(convert::date) };
    let answer = connection.business_dates().fix_business_date(request).await?;
    Ok(answer.into_inner().business_date.unwrap_or_default())
}

/// A line about it, for people.
pub(crate) fn describe(held: &Held) -> String {
    let date = output::date(held.date.as_ref());
    let by = &held.decided_by;
    let time = held.decide_time.as_ref().map(ToString::to_string).unwrap_or_default();
    match (held.fixed, by.is_empty()) {
        (true, _) => format!(
            "business date {date}, fixed by {by} at {time}; kehu business-date today lets it be \
             today again"
        ),
        (false, true) => format!("business date {date}, today in {}", held.time_zone),
        (false, false) => {
            format!(
                "business date {date}, today in {}, so decided by {by} at {time}",
                held.time_zone
            )
        }
    }
}
