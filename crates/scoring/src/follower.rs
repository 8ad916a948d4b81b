//! Scores that follow from changes of facts, without anyone starting a run.
//!
//! A change counts from its first day on: whoever is concerned is evaluated again for every day
//! from then on that was evaluated before, each under the version in force on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::CustomerId;
use kehu_core::calendar::BusinessCalendar;
use kehu_core::scorecard::Scorecard;
use kehu_runs::{CursorMove, Follower};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, business_date,
    change_log::{self, Change, Topic, consumers},
    definitions::{self, Definition},
    facts::CustomerSet,
    history::{self, Guarded, Segment, Subject, Writer},
    ingestion::NO_DAY,
    scoring::scores::{self, Scope, ScoreLine},
    time,
};

use crate::convert::analytics_fault;
use crate::evaluate::{self, Card, Evaluation};
use crate::job::change;

/// Scores the customers whose facts changed, under every scorecard in force and every version
/// that a run is about to bring in force: as of the business date, and again for each day from
/// the first that changed on that was evaluated before.
pub(crate) struct ScoringFollower {
    db: Database,
    analytics: Analytics,
    calendar: BusinessCalendar,
}

/// The changed customers with the first day of their changes; `None` when what changed has no
/// day, as a profile.
type Changed = BTreeMap<CustomerId, Option<NaiveDate>>;

/// A line, and who is due on it for which days.
struct Due {
    line: ScoreLine,
    card: Arc<Card>,
    /// Whether it was in force when it was loaded.
    in_force: bool,
    days: BTreeMap<i32, BTreeSet<i64>>,
}

impl ScoringFollower {
    pub(crate) fn new(db: Database, analytics: Analytics, calendar: BusinessCalendar) -> Self {
        Self { db, analytics, calendar }
    }

    /// What is due after the changes. A version that cannot score is set aside, so that the
    /// others go on.
    async fn due(&self, changed: &Changed) -> Result<Vec<Due>, Fault> {
        let today = business_date::current(&self.db, &self.calendar, clock::now()).await?.date;
        let today = time::days(today);
        let starts: BTreeMap<i64, i32> = changed
            .iter()
            .map(|(customer, from)| (customer.0, from.map_or(today, time::days).min(today)))
            .collect();
        let ids: Vec<i64> = starts.keys().copied().collect();
        let first = starts.values().copied().min().unwrap_or(today);
        let changed = history::Changed { customers: &ids, first, as_of: today };
        let under_way = scores::runs_under_way(&self.db).await?;
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        let mut due = Vec::new();
        for (line, segment) in self.lines(&under_way, first).await? {
            let Ok(card) = Card::sound(&line.version, &catalogue) else { continue };
            let runs = under_way.iter().filter(|(other, _)| other.line_id == line.line_id);
            let runs = runs.map(|(_, as_of)| time::days(*as_of)).collect();
            let (reader, in_force) = (self.db.reader(), segment.is_some());
            let mut days =
                history::due(reader, line.line_id, segment.as_ref(), runs, changed).await?;
            for (day, customers) in &mut days {
                customers.retain(|customer| !in_force || starts[customer] <= *day);
            }
            due.push(Due { line, card, in_force, days });
        }
        Ok(due)
    }

    /// The lines in force on a day from the first on, and those that runs are about to bring in
    /// force.
    async fn lines(
        &self,
        under_way: &[(ScoreLine, NaiveDate)],
        first: i32,
    ) -> Result<Vec<(ScoreLine, Option<Segment>)>, Fault> {
        let mut lines: Vec<(ScoreLine, Option<Segment>)> = Vec::new();
        for id in definitions::ids(self.db.reader(), &Scorecard::KIND).await? {
            let timeline = scores::in_force(self.db.reader(), &id).await?;
            for segment in timeline.segments() {
                if segment.to.is_some_and(|to| to <= first.max(segment.from)) {
                    continue;
                }
                let (line_id, version_id) = (segment.line_id, segment.version_id);
                let line = ScoreLine::load(self.db.reader(), line_id, version_id).await?;
                lines.push((line, Some(segment.clone())));
            }
        }
        for (line, _) in under_way {
            if !lines.iter().any(|(held, _)| held.line_id == line.line_id) {
                lines.push((line.clone(), None));
            }
        }
        Ok(lines)
    }

    /// Scores who is due, day by day.
    async fn evaluate(&self, due: &[Due]) -> Result<BTreeMap<i32, Evaluation>, Fault> {
        let mut days: BTreeMap<i32, BTreeSet<i64>> = BTreeMap::new();
        for (day, customers) in due.iter().flat_map(|due| &due.days) {
            days.entry(*day).or_default().extend(customers);
        }
        let mut evaluated = BTreeMap::new();
        for (day, ids) in days.into_iter().filter(|(_, ids)| !ids.is_empty()) {
            let of_day = due.iter().filter(|due| due.days.contains_key(&day));
            let cards = of_day.map(|due| Arc::clone(&due.card)).collect();
            let set = CustomerSet::Ids(ids.into_iter().collect());
            let db = (&self.db, &self.analytics);
            evaluated.insert(day, evaluate::evaluate(db, cards, &set, time::date(day)?).await?);
        }
        Ok(evaluated)
    }
}

impl Due {
    /// Records the scores of a day.
    async fn record(
        &self,
        writer: &mut Writer<'_>,
        day: i32,
        evaluation: &Evaluation,
    ) -> Result<(), Fault> {
        let Some(customers) = self.days.get(&day) else { return Ok(()) };
        let Some(found) = evaluation.scores.get(&self.line.version.version_id) else {
            return Ok(());
        };
        let mut found = found.clone();
        found.retain(|one| customers.contains(&one.customer.0));
        let looked_at: Vec<i64> = customers.iter().copied().collect();
        let evaluation = scores::Evaluation {
            line: &self.line,
            day: time::date(day)?,
            position: evaluation.position,
            run_id: None,
            scope: Scope::Customers(&looked_at),
        };
        scores::record(writer, &evaluation, &found).await?;
        Ok(())
    }
}

fn changed(changes: &[Change]) -> Changed {
    let mut first: Changed = BTreeMap::new();
    for change in changes {
        let day = Some(change.first_day).filter(|day| *day != NO_DAY);
        for customer in &change.customers {
            let held = first.entry(*customer).or_insert(day);
            *held = match (*held, day) {
                (Some(held), Some(day)) => Some(held.min(day)),
                (held, day) => held.or(day),
            };
        }
    }
    first
}

#[async_trait]
impl Follower for ScoringFollower {
    fn consumer(&self) -> &'static str {
        consumers::SCORES
    }

    fn topic(&self) -> Topic {
        Topic::Facts
    }

    async fn apply(&self, changes: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        let changed = changed(changes);
        let due = self.due(&changed).await?;
        let evaluated = self.evaluate(&due).await?;
        let ids: Vec<i64> = changed.keys().map(|customer| customer.0).collect();
        let transaction = self.db.begin().await?;
        let steps = u32::try_from(evaluated.len() * due.len()).map_err(Fault::internal)?;
        let guarded = match due.iter().all(|due| due.in_force) {
            true => Guarded::Customers(&ids),
            false => Guarded::CustomersAndLines(&ids),
        };
        let mut writer = Writer::begin(&transaction, Subject::Scores, guarded, steps).await?;
        for (day, evaluation) in &evaluated {
            for due in &due {
                due.record(&mut writer, *day, evaluation).await?;
            }
        }
        change_log::advance(&transaction, consumers::SCORES, cursor.from, cursor.to).await?;
        let cause = changes.first().map(|change| change.cause);
        for day in evaluated.keys() {
            // Also those whose score stays, because classes read features too, and those who are no
            // customers any more, whose classes end.
            let of_day = due.iter().filter_map(|due| due.days.get(day));
            let customers: BTreeSet<i64> = of_day.flatten().copied().collect();
            let customers = customers.into_iter().map(CustomerId).collect();
            let change = change(customers, time::date(*day)?, cause, clock::now());
            change_log::append(&transaction, &change).await?;
        }
        Ok(transaction.commit().await?)
    }
}
