//! Scores that follow from changes of facts, without anyone starting a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::CustomerId;
use kehu_core::scorecard::Score;
use kehu_runs::{CursorMove, Follower};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database,
    change_log::{self, Change, Topic},
    facts::CustomerSet,
    scoring::{
        pins::{self, Followed},
        scores::{self, Evaluation},
    },
};

use crate::evaluate::{self, CONSUMER, Card};
use crate::job::change;

/// Scores the customers whose facts changed under every scorecard that a run has computed.
pub(crate) struct ScoringFollower {
    db: Database,
    analytics: Analytics,
}

/// The customers to score by date; under each date those of one scorecard.
type Due = BTreeMap<NaiveDate, Vec<CustomerId>>;

/// The scores of one scorecard as of one date.
struct Scored {
    card: Arc<Card>,
    as_of: NaiveDate,
    scores: Vec<(CustomerId, Score)>,
}

impl ScoringFollower {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    /// Which customers of a scorecard are due as of which date: the latest of the scorecard's
    /// run, the days of the changes, and what the customer was scored for already, because a
    /// score of an earlier date would stay hidden behind that one.
    async fn due(
        &self,
        followed: &Followed,
        changed: &BTreeMap<CustomerId, NaiveDate>,
    ) -> Result<Due, Fault> {
        let customers: Vec<CustomerId> = changed.keys().copied().collect();
        let id = &followed.version.definition.id;
        let scored = scores::latest_dates(&self.db, id, &customers).await?;
        let mut due = Due::new();
        for (customer, last_day) in changed {
            let before = scored.get(customer).copied().unwrap_or(followed.as_of);
            let as_of = before.max(followed.as_of).max(*last_day);
            due.entry(as_of).or_default().push(*customer);
        }
        Ok(due)
    }

    async fn score(&self, changes: &[Change]) -> Result<Vec<Scored>, Fault> {
        let changed = last_days(changes);
        let mut cards = Vec::new();
        let mut by_date: BTreeMap<NaiveDate, Vec<(usize, Vec<CustomerId>)>> = BTreeMap::new();
        for followed in pins::followed(&self.db).await? {
            for (as_of, customers) in self.due(&followed, &changed).await? {
                by_date.entry(as_of).or_default().push((cards.len(), customers));
            }
            cards.push(Card::new(followed.version)?);
        }
        let mut scored = Vec::new();
        for (as_of, due) in by_date {
            let due =
                due.into_iter().map(|(place, customers)| (Arc::clone(&cards[place]), customers));
            scored.extend(self.score_date(as_of, due.collect()).await?);
        }
        // Scorecards are written, and so locked, in the order in which runs do it.
        scored.sort_by(|left, right| left.card.id().cmp(right.card.id()));
        Ok(scored)
    }

    /// Scores customers under scorecards as of one date, computing their features once.
    async fn score_date(
        &self,
        as_of: NaiveDate,
        due: Vec<(Arc<Card>, Vec<CustomerId>)>,
    ) -> Result<Vec<Scored>, Fault> {
        let mut ids: Vec<i64> = due.iter().flat_map(|(_, some)| some).map(|id| id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let definitions = due.iter().map(|(card, _)| &card.version.definition);
        let customers = CustomerSet::Ids(ids);
        let frame = evaluate::frame(&self.analytics, definitions, &customers, as_of).await?;
        evaluate::busy(move || {
            let mut scored = Vec::with_capacity(due.len());
            for (card, customers) in due {
                let mut scores = card.scores(&frame)?;
                scores.retain(|(customer, _)| customers.binary_search(customer).is_ok());
                scored.push(Scored { card, as_of, scores });
            }
            Ok(scored)
        })
        .await
    }
}

/// The changed customers with the latest day of their changes.
fn last_days(changes: &[Change]) -> BTreeMap<CustomerId, NaiveDate> {
    let mut days = BTreeMap::new();
    for change in changes {
        for customer in &change.customers {
            let day = days.entry(*customer).or_insert(change.last_day);
            *day = change.last_day.max(*day);
        }
    }
    days
}

#[async_trait]
impl Follower for ScoringFollower {
    fn consumer(&self) -> &'static str {
        CONSUMER
    }

    fn topic(&self) -> Topic {
        Topic::Facts
    }

    async fn apply(&self, changes: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        let scored = self.score(changes).await?;
        let now = clock::now();
        let transaction = self.db.begin().await?;
        let mut by_date: BTreeMap<NaiveDate, Vec<CustomerId>> = BTreeMap::new();
        for Scored { card, as_of, scores } in &scored {
            let evaluation = Evaluation {
                version: &card.version,
                as_of: *as_of,
                run_id: None,
                facts_position: cursor.to,
                recorded_at: now,
            };
            scores::record(&transaction, &evaluation, scores).await?;
            // Also those whose score stays: classes read features too.
            by_date.entry(*as_of).or_default().extend(scores.iter().map(|(customer, _)| *customer));
        }
        change_log::advance(&transaction, CONSUMER, cursor.from, cursor.to).await?;
        for (as_of, customers) in by_date {
            change_log::append(&transaction, &change(customers, as_of, now)).await?;
        }
        Ok(transaction.commit().await?)
    }
}
