//! Classes that follow from changes of facts and scores, without anyone starting a run.
//!
//! A change counts from its first day on: whoever is concerned is evaluated again for every day
//! from then on that was evaluated before, each under the version in force on it. So a late
//! correction restates the past, and what was known stays on record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::{CustomerId, calendar::BusinessCalendar, taxonomy::Taxonomy};
use kehu_runs::{CursorMove, Follower};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, business_date,
    change_log::{self, Change, Topic, consumers},
    coding::{
        classes::{self, ClassLine, Scope},
        pins::{self, Pinned},
    },
    definitions::{self, Definition},
    facts::CustomerSet,
    history::{self, Guarded, Segment, Subject, Writer},
    time,
};

use crate::evaluate::{Evaluation, Evaluator};
use crate::following::{Batch, first_batch};
use crate::moved::Moved;

/// What the classes follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Followed {
    /// Facts: taxonomies over features alone, to which no scorecard leads.
    Facts,
    /// Scores: taxonomies that read them.
    Scores,
}

/// Classifies the customers concerned by changes, under every taxonomy in force and every
/// version that a run is about to bring in force.
pub(crate) struct ClassFollower {
    db: Database,
    analytics: Analytics,
    calendar: BusinessCalendar,
    followed: Followed,
}

/// A line, and who is due on it for which days.
struct Due {
    line: ClassLine,
    /// Whether it was in force when it was loaded.
    in_force: bool,
    days: BTreeMap<i32, BTreeSet<i64>>,
}

/// The classes of one day.
struct Day {
    day: NaiveDate,
    evaluation: Evaluation,
}

impl ClassFollower {
    pub(crate) fn new(
        db: Database,
        analytics: Analytics,
        calendar: BusinessCalendar,
        followed: Followed,
    ) -> Self {
        Self { db, analytics, calendar, followed }
    }

    /// The business date: what is dated later waits for its day.
    async fn business_date(&self) -> Result<NaiveDate, Fault> {
        Ok(business_date::current(&self.db, &self.calendar, clock::now()).await?.date)
    }

    /// What is due after the changes, with what evaluates it.
    async fn due(&self, batch: &Batch) -> Result<(Arc<Evaluator>, Vec<Due>), Fault> {
        let under_way = pins::runs_under_way(&self.db).await?;
        let mut lines = self.in_force(batch).await?;
        for (pinned, _) in &under_way {
            if !lines.iter().any(|(line, _)| line.line.line_id == pinned.line.line_id) {
                lines.push((pinned.clone(), None));
            }
        }
        let versions = lines.iter().map(|(line, _)| line.version.clone()).collect();
        let evaluator = Evaluator::of_sound(&self.db, &self.analytics, versions).await?;
        let ids: Vec<i64> = batch.customers.iter().map(|customer| customer.0).collect();
        let as_of = time::days(batch.as_of.min(self.business_date().await?));
        let first = time::days(batch.first_day);
        let changed = history::Changed { customers: &ids, first, as_of };
        let mut due = Vec::new();
        for (Pinned { version, line }, segment) in lines {
            let scored = evaluator.reads_scores(version.version_id);
            if evaluator.has(version.version_id) && scored == (self.followed == Followed::Scores) {
                let runs = under_way.iter().filter(|(pinned, _)| pinned.line == line);
                let runs = runs.map(|(_, as_of)| time::days(*as_of)).collect();
                let (reader, in_force) = (self.db.reader(), segment.as_ref());
                let days = history::due(reader, line.line_id, in_force, runs, changed).await?;
                due.push(Due { line, in_force: segment.is_some(), days });
            }
        }
        Ok((evaluator, due))
    }

    /// The lines in force on a day that the changes concern.
    async fn in_force(&self, batch: &Batch) -> Result<Vec<(Pinned, Option<Segment>)>, Fault> {
        let first = time::days(batch.first_day);
        let mut lines = Vec::new();
        for taxonomy in definitions::ids(self.db.reader(), &Taxonomy::KIND).await? {
            let timeline = classes::in_force(self.db.reader(), &taxonomy).await?;
            for segment in timeline.segments() {
                if segment.to.is_some_and(|to| to <= first.max(segment.from)) {
                    continue;
                }
                let version = definitions::by_number(self.db.reader(), segment.version_id).await?;
                let (line_id, version_id) = (segment.line_id, segment.version_id);
                let line =
                    ClassLine::load(self.db.reader(), &taxonomy, line_id, version_id).await?;
                lines.push((Pinned { version, line }, Some(segment.clone())));
            }
        }
        Ok(lines)
    }

    async fn evaluate(&self, evaluator: &Arc<Evaluator>, due: &[Due]) -> Result<Vec<Day>, Fault> {
        let mut customers: BTreeMap<i32, BTreeSet<i64>> = BTreeMap::new();
        for (day, ids) in due.iter().flat_map(|due| &due.days) {
            customers.entry(*day).or_default().extend(ids);
        }
        let mut days = Vec::new();
        for (day, ids) in customers {
            let day = time::date(day)?;
            let ids = CustomerSet::Ids(ids.into_iter().collect());
            days.push(Day { day, evaluation: evaluator.evaluate(&self.db, &ids, day).await? });
        }
        Ok(days)
    }
}

impl Due {
    /// Records the classes of a day, and returns whose changed as far as that is seen.
    async fn record(&self, writer: &mut Writer<'_>, day: &Day) -> Result<Vec<CustomerId>, Fault> {
        let Some(customers) = self.days.get(&time::days(day.day)) else { return Ok(Vec::new()) };
        let of_line = |(version_id, _): &&(i64, _)| *version_id == self.line.version_id;
        let results = day.evaluation.results.iter().find(of_line);
        let Some((_, results)) = results else { return Ok(Vec::new()) };
        let mut results = results.clone();
        results.retain(|result| customers.contains(&result.customer.0));
        let looked_at: Vec<i64> = customers.iter().copied().collect();
        let evaluation = classes::Evaluation {
            line: &self.line,
            day: day.day,
            position: day.evaluation.position,
            run_id: None,
            scope: Scope::Customers(&looked_at),
        };
        let changed = classes::record(writer, &evaluation, &results).await?;
        // It may have come in force since it was loaded.
        let seen = classes::is_seen(writer.transaction(), &self.line, day.day).await?;
        Ok(if seen { changed } else { Vec::new() })
    }
}

#[async_trait]
impl Follower for ClassFollower {
    fn consumer(&self) -> &'static str {
        match self.followed {
            Followed::Facts => consumers::CLASSES_OF_FACTS,
            Followed::Scores => consumers::CLASSES_OF_SCORES,
        }
    }

    fn topic(&self) -> Topic {
        match self.followed {
            Followed::Facts => Topic::Facts,
            Followed::Scores => Topic::Scores,
        }
    }

    async fn apply(&self, changes: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        let Some(batch) = first_batch(changes) else { return Ok(()) };
        let (evaluator, due) = self.due(&batch).await?;
        let days = self.evaluate(&evaluator, &due).await?;
        let transaction = self.db.begin().await?;
        let ids: Vec<i64> = batch.customers.iter().map(|customer| customer.0).collect();
        let steps = u32::try_from(days.len() * due.len()).map_err(Fault::internal)?;
        let guarded = match due.iter().all(|due| due.in_force) {
            true => Guarded::Customers(&ids),
            false => Guarded::CustomersAndLines(&ids),
        };
        let mut writer = Writer::begin(&transaction, Subject::Classes, guarded, steps).await?;
        let mut moved = Moved::default();
        for day in &days {
            for due in &due {
                let customers = due.record(&mut writer, day).await?;
                moved.add(&due.line.taxonomy, day.day, customers);
            }
        }
        change_log::advance(&transaction, self.consumer(), cursor.from, batch.to).await?;
        moved.tell(&self.db, &transaction, Some(batch.cause)).await?;
        Ok(transaction.commit().await?)
    }
}
