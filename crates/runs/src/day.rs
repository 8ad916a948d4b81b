//! What moves by date alone: everybody is evaluated again as of each business day, by a run.

use async_trait::async_trait;
use chrono::{DateTime, Days, NaiveDate, Utc};
use kehu_core::calendar::BusinessCalendar;
use kehu_server::{Fault, aside, clock};
use kehu_storage::{
    Database, PageRequest,
    business_date::{self, BusinessDate},
    run::{self, NewRun, RunFilter},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::worker::pause;

/// How often the business date is looked at.
const POLL: Duration = Duration::from_secs(10);
/// How long it is taken for granted that nothing is due of a business date.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// Runs of a kind among which one that is under way is looked for.
const NEWEST: u64 = 100;

/// What is evaluated each business day.
#[async_trait]
pub trait Daily: Send + Sync {
    /// What it is, in logs and in the ids of its runs: `scoring`.
    fn name(&self) -> &'static str;

    /// How far each of the definitions that are followed was evaluated for everybody. One that
    /// never was is not followed.
    async fn evaluated(&self) -> Result<Vec<Evaluated>, Fault>;

    /// Whether a day is one of those on which it is evaluated; each is, where nothing else is said.
    fn is_due(&self, _day: NaiveDate) -> bool {
        true
    }

    /// The run that evaluates everybody under these definitions as of a day.
    fn run(&self, ids: Vec<String>, day: NaiveDate) -> Result<NewRun, Fault>;
}

/// How far everybody was evaluated under a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    /// The id of the definition.
    pub id: String,
    /// The last day.
    pub through: NaiveDate,
    /// When it was evaluated for the first time.
    pub since: DateTime<Utc>,
}

/// Starts the runs that are due, in the order of their days, each when the one before has ended,
/// until `stop`. Replicas that do so start the same runs.
pub async fn keep_days(
    db: Database,
    calendar: BusinessCalendar,
    dailies: Vec<Arc<dyn Daily>>,
    stop: CancellationToken,
) {
    // The business date of which nothing was due, and when that was found.
    let mut nothing_due: Option<(BusinessDate, Instant)> = None;
    while !stop.is_cancelled() {
        match business_date::current(&db, &calendar, clock::now()).await {
            Ok(business) => {
                let known = nothing_due.as_ref();
                if !known.is_some_and(|(of, at)| *of == business && at.elapsed() < LOOK_AGAIN) {
                    let all_done = start_all(&db, &calendar, &dailies, &business).await;
                    nothing_due = all_done.then(|| (business, Instant::now()));
                }
            }
            Err(error) => tracing::warn!(%error, "the business date cannot be read"),
        }
        pause(POLL, &stop).await;
    }
}

/// Whether nothing is due of any of them.
async fn start_all(
    db: &Database,
    calendar: &BusinessCalendar,
    dailies: &[Arc<dyn Daily>],
    business: &BusinessDate,
) -> bool {
    let mut all_done = true;
    for daily in dailies {
        let name = daily.name();
        let started = start_due_on(db, calendar, daily.as_ref(), business).await;
        all_done &= matches!(started, Ok(None));
        match started {
            Ok(None) => {}
            Ok(Some(day)) => tracing::debug!(name, %day, "a business day is evaluated"),
            Err(Fault::NewerFormat { what }) => aside::leave(&what),
            Err(fault) => tracing::warn!(name, %fault, cause = ?fault, "no day was started"),
        }
    }
    all_done
}

/// Starts the run of the first day that is due and has not ended; the day, or `None` when nothing
/// is due. A day whose run failed or was cancelled is left to who looks into it.
pub async fn start_due(
    db: &Database,
    calendar: &BusinessCalendar,
    daily: &dyn Daily,
) -> Result<Option<NaiveDate>, Fault> {
    let business = business_date::current(db, calendar, clock::now()).await?;
    start_due_on(db, calendar, daily, &business).await
}

async fn start_due_on(
    db: &Database,
    calendar: &BusinessCalendar,
    daily: &dyn Daily,
    business: &BusinessDate,
) -> Result<Option<NaiveDate>, Fault> {
    let now = clock::now();
    let mut due: BTreeMap<NaiveDate, Vec<String>> = BTreeMap::new();
    for evaluated in daily.evaluated().await? {
        let days = due_days(&evaluated, business, calendar);
        for day in days.filter(|day| daily.is_due(*day)) {
            due.entry(day).or_default().push(evaluated.id.clone());
        }
    }
    for (day, mut ids) in due {
        ids.sort();
        let prefix = format!("daily {} ", daily.name());
        let request_id = format!("{prefix}{day} {}", ids.join(" "));
        let new = NewRun { request_id: Some(request_id), ..daily.run(ids, day)? };
        if is_at_others(db, &new, &prefix).await? {
            return Ok(Some(day));
        }
        if !run::start(db, &new, now).await?.state.is_final() {
            return Ok(Some(day));
        }
    }
    Ok(None)
}

/// Whether a run for others than these is under way: some are due later than others of the same
/// day, and those would be evaluated with both.
async fn is_at_others(db: &Database, new: &NewRun, prefix: &str) -> Result<bool, Fault> {
    let of_kind = RunFilter { kind: Some(new.kind.name), ..RunFilter::default() };
    let newest = run::list(db, &of_kind, &PageRequest::first(NEWEST)).await?;
    let open = newest.items.iter().filter(|run| !run.state.is_final());
    let mut others = open.filter(|run| run.request_id != new.request_id);
    Ok(others.any(|run| run.request_id.as_ref().is_some_and(|id| id.starts_with(prefix))))
}

/// The days up to the business date for which everybody is to be evaluated, in order: those after
/// the last one that was, but for those that went by before the definition was first used, or
/// while the business date was fixed. A date that is fixed is due alone.
fn due_days(
    evaluated: &Evaluated,
    business: &BusinessDate,
    calendar: &BusinessCalendar,
) -> impl Iterator<Item = NaiveDate> + use<> {
    let decided = business.decision.as_ref().map(|decision| match decision.fixed_on {
        Some(date) => date,
        None => calendar.date(decision.decided_at),
    });
    let next = evaluated.through.checked_add_days(Days::new(1));
    let since = calendar.date(evaluated.since).min(business.date);
    let first = next.into_iter().chain([since]).chain(decided).max();
    let last = business.date;
    first.into_iter().flat_map(|first| first.iter_days()).take_while(move |day| *day <= last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_storage::business_date::Decision;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn noon(text: &str) -> DateTime<Utc> {
        day(text).and_hms_opt(12, 0, 0).unwrap().and_utc()
    }

    #[test]
    fn missed_days_are_due_in_order() {
        let london = BusinessCalendar::new("Europe/London").unwrap();
        let fixed = |on: &str| Some((Some(on.to_owned()), "2026-03-20"));
        let today = |since: &'static str| Some((None, since));
        for (through, since, date, decision, expected) in [
            // Evaluated today, and nothing since.
            ("2026-03-09", "2026-01-01", "2026-03-09", None, vec![]),
            // A weekend without power.
            ("2026-03-06", "2026-01-01", "2026-03-08", None, vec!["2026-03-07", "2026-03-08"]),
            // First used today, for a day of the past or for today.
            ("2011-12-10", "2026-03-09", "2026-03-09", None, vec!["2026-03-09"]),
            ("2026-03-09", "2026-03-09", "2026-03-10", None, vec!["2026-03-10"]),
            // Fixed: only that date.
            ("2011-09-11", "2026-03-09", "2011-12-10", fixed("2011-12-10"), vec!["2011-12-10"]),
            ("2011-12-10", "2026-03-09", "2011-12-10", fixed("2011-12-10"), vec![]),
            ("2026-03-09", "2026-03-01", "2011-12-10", fixed("2011-12-10"), vec![]),
            // Today again since Saturday.
            (
                "2011-12-10",
                "2026-03-01",
                "2026-03-08",
                today("2026-03-07"),
                vec!["2026-03-07", "2026-03-08"],
            ),
        ] {
            let evaluated =
                Evaluated { id: "rfm".to_owned(), through: day(through), since: noon(since) };
            let decision = decision.map(|(fixed_on, at)| Decision {
                fixed_on: fixed_on.as_deref().map(day),
                decided_by: "test".to_owned(),
                decided_at: noon(at),
            });
            let business = BusinessDate { date: day(date), decision };
            let due: Vec<_> = due_days(&evaluated, &business, &london).collect();
            let expected: Vec<_> = expected.into_iter().map(day).collect();
            assert_eq!(due, expected, "{through} {since} {business:?}");
        }
    }
}
