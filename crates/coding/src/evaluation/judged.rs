//! What an evaluation takes from the classes that are on record.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::calendar::{month_end, months_before};
use kehu_core::evaluation::{self, Judged, Month, Shift};
use kehu_server::Fault;
use kehu_storage::{
    Database,
    coding::{
        classes::{self, View},
        taxonomies::TaxonomyVersion,
    },
};

use crate::overrides::judgements;

/// Months up to the date over which it is counted who stays.
const MONTHS: u32 = 12;

/// How many customers are in classes on a date, and how far the shares of the classes have moved since
/// a base.
pub(crate) async fn class_mix(
    db: &Database,
    taxonomy: &str,
    as_of: NaiveDate,
    base_on: Option<NaiveDate>,
) -> Result<(u64, Option<Shift>), Fault> {
    let view = |day| View { true_on: Some(day), known_at: None };
    let now = classes::counts(db, taxonomy, view(as_of)).await?;
    let all = now.values().copied().map(count).sum();
    let Some(base_on) = base_on else { return Ok((all, None)) };
    let base = classes::counts(db, taxonomy, view(base_on)).await?;
    let ids: BTreeSet<&String> = base.keys().chain(now.keys()).collect();
    let of = |id: &String| [&base, &now].map(|it| count(it.get(id).copied().unwrap_or_default()));
    let (before, after): (Vec<u64>, Vec<u64>) =
        ids.into_iter().map(of).map(|[before, after]| (before, after)).unzip();
    Ok((all, evaluation::drift(&before, &after).map(Shift::from)))
}

/// What persons say beside the rules of a version.
pub(crate) async fn judged(
    db: &Database,
    analytics: &Analytics,
    version: &TaxonomyVersion,
    as_of: NaiveDate,
) -> Result<Judged, Fault> {
    let pairs = judgements(db, analytics, version, as_of).await?;
    let pairs = pairs
        .iter()
        .map(|((rule, person), customers)| ((rule.as_str(), person.as_str()), count(*customers)));
    let found = evaluation::agreement(pairs);
    Ok(Judged {
        customers: found.customers,
        disagreed: found.disagreed,
        kappa: found.kappa.map(evaluation::kept),
    })
}

/// How many stayed in their class over each month up to a date, as far as classes are known.
pub(crate) async fn months(
    db: &Database,
    taxonomy: &str,
    as_of: NaiveDate,
) -> Result<Vec<Month>, Fault> {
    let ends = (1..=MONTHS).rev().map(|months| month_end(months_before(as_of, months)));
    let days: Vec<NaiveDate> = ends.chain([as_of]).collect();
    let moves = classes::moves_through(db, taxonomy, &days, None).await?;
    let mut months = Vec::with_capacity(moves.len());
    for (through, moves) in days.into_iter().skip(1).zip(moves) {
        let mut month = Month { through, customers: 0, stayed: 0 };
        for it in moves.iter().filter(|it| it.from.is_some() && it.to.is_some()) {
            month.customers += count(it.customers);
            month.stayed += if it.from == it.to { count(it.customers) } else { 0 };
        }
        if month.customers > 0 {
            months.push(month);
        }
    }
    Ok(months)
}

/// A count of the database, which is not below zero.
fn count(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
