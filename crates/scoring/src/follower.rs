//! Scores that follow from changes of facts, without anyone starting a run.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::CustomerId;
use kehu_core::calendar::BusinessCalendar;
use kehu_core::scorecard::Scorecard;
use kehu_runs::{CursorMove, Follower};
use kehu_server::{Fault, aside, clock, names};
use kehu_storage::{
    Database, business_date,
    change_log::{self, Change, Topic},
    definitions::{self, pins},
    facts::CustomerSet,
    ingestion::NO_DAY,
    scoring::{
        scorecards::Version,
        scores::{self, Evaluated, Evaluation},
    },
};

use crate::evaluate::{self, CONSUMER, Card, FirstReferences};
use crate::job::change;

/// Scores the customers whose facts changed under every scorecard that a run has computed: as of
/// the business date, and again for each day from the first that changed on for which everybody
/// was evaluated.
pub(crate) struct ScoringFollower {
    db: Database,
    analytics: Analytics,
    calendar: BusinessCalendar,
}

type Followed = pins::Followed<Scorecard>;

/// The changed customers with the first day of their changes; `None` when what changed has no
/// day, as a profile.
type Changed = BTreeMap<CustomerId, Option<NaiveDate>>;

/// What is to be evaluated for one day: which customers under which scorecard.
type Due = Vec<(Arc<Card>, BTreeSet<CustomerId>)>;

/// What was found for customers under one scorecard as of one date.
struct Scored {
    card: Arc<Card>,
    as_of: NaiveDate,
    found: Vec<Evaluated>,
}

impl ScoringFollower {
    pub(crate) fn new(db: Database, analytics: Analytics, calendar: BusinessCalendar) -> Self {
        Self { db, analytics, calendar }
    }

    /// What is due by day. A scorecard that cannot score is set aside, so that the others go on.
    async fn due(
        &self,
        followed: &[Followed],
        changed: &Changed,
    ) -> Result<BTreeMap<NaiveDate, Due>, Fault> {
        let today = business_date::current(&self.db, &self.calendar, clock::now()).await?.date;
        let mut due: BTreeMap<NaiveDate, Due> = BTreeMap::new();
        for one in followed {
            for (day, card) in self.days(one, today, changed).await? {
                let concerned = |(customer, from): (&CustomerId, &Option<NaiveDate>)| {
                    let from = from.unwrap_or(today);
                    (day == today || day >= from).then_some(*customer)
                };
                let customers: BTreeSet<_> = changed.iter().filter_map(concerned).collect();
                if !customers.is_empty() {
                    due.entry(day).or_default().push((card, customers));
                }
            }
        }
        Ok(due)
    }

    /// The days that a scorecard is evaluated for, each with the version in force then: the
    /// business date, and those from the first change on for which everybody was evaluated. None
    /// under versions that cannot score.
    async fn days(
        &self,
        followed: &Followed,
        today: NaiveDate,
        changed: &Changed,
    ) -> Result<BTreeMap<NaiveDate, Arc<Card>>, Fault> {
        let first = changed.values().map(|day| day.unwrap_or(today)).min().unwrap_or(today);
        let newest = self.sound(followed.version.clone());
        let mut cards = BTreeMap::from([(followed.version.version_id, newest.clone())]);
        let mut days = BTreeMap::from([(today, newest.clone())]);
        for evaluated in
            scores::evaluated_days(&self.db, &followed.version.definition.id, first).await?
        {
            if evaluated.day >= followed.as_of {
                days.insert(evaluated.day, newest.clone());
                continue;
            }
            let version_id = evaluated.version_id;
            if let Entry::Vacant(place) = cards.entry(version_id) {
                let version = definitions::by_number(self.db.reader(), version_id).await?;
                place.insert(self.sound(version));
            }
            days.insert(evaluated.day, cards[&version_id].clone());
        }
        Ok(days.into_iter().filter_map(|(day, card)| Some((day, card?))).collect())
    }

    /// A version, ready to score. One that cannot is set aside, with an entry in the log, so that
    /// the others go on.
    fn sound(&self, version: Version) -> Option<Arc<Card>> {
        let name = names::resource(names::SCORECARDS, &version.definition.id);
        let card = Card::new(version, self.analytics.catalogue());
        card.inspect_err(|fault| aside::broken(&name, fault)).ok()
    }

    /// Scores customers under scorecards as of one date, computing their features once.
    async fn score_date(&self, as_of: NaiveDate, due: Due) -> Result<Vec<Scored>, Fault> {
        let ids: BTreeSet<i64> = due.iter().flat_map(|(_, some)| some).map(|id| id.0).collect();
        let definitions = due.iter().map(|(card, _)| &card.version.definition);
        let set = CustomerSet::Ids(Vec::from_iter(ids));
        let frame = evaluate::frame(&self.analytics, definitions.clone(), &set, as_of).await?;
        let first = FirstReferences::read(&self.db, definitions, &set).await?;
        evaluate::busy(move || {
            let mut scored = Vec::with_capacity(due.len());
            for (card, mut left) in due {
                let mut found = card.scores(&frame, &first)?;
                found.retain(|one| left.remove(&one.customer));
                // Who is left is no customer on the date, or not any more.
                found.extend(left.into_iter().map(|customer| Evaluated { customer, score: None }));
                scored.push(Scored { card, as_of, found });
            }
            Ok(scored)
        })
        .await
    }

    async fn score(&self, followed: &[Followed], changed: &Changed) -> Result<Vec<Scored>, Fault> {
        let mut scored = Vec::new();
        for (as_of, due) in self.due(followed, changed).await? {
            scored.extend(self.score_date(as_of, due).await?);
        }
        Ok(scored)
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
        CONSUMER
    }

    fn topic(&self) -> Topic {
        Topic::Facts
    }

    async fn apply(&self, changes: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        let followed = pins::followed(&self.db).await?;
        let scored = self.score(&followed, &changed(changes)).await?;
        let now = clock::now();
        let mut by_card: BTreeMap<&str, Vec<Evaluation<'_>>> = BTreeMap::new();
        let mut by_date: BTreeMap<NaiveDate, Vec<CustomerId>> = BTreeMap::new();
        for Scored { card, as_of, found } in &scored {
            by_card.entry(card.id()).or_default().push(Evaluation {
                version: &card.version,
                as_of: *as_of,
                run_id: None,
                facts_position: cursor.to,
                recorded_at: now,
                found,
            });
            // Also those whose score stays, because classes read features too, and those who are no
            // customers any more, whose classes end.
            by_date.entry(*as_of).or_default().extend(found.iter().map(|one| one.customer));
        }
        let transaction = self.db.begin().await?;
        pins::check_followed(&transaction, &followed).await?;
        for evaluations in by_card.values() {
            let recorded = scores::record(&transaction, evaluations).await?;
            if !recorded.stale.is_empty() {
                return Err(Fault::Conflict);
            }
        }
        change_log::advance(&transaction, CONSUMER, cursor.from, cursor.to).await?;
        for (as_of, customers) in by_date {
            if !customers.is_empty() {
                change_log::append(&transaction, &change(customers, as_of, now)).await?;
            }
        }
        Ok(transaction.commit().await?)
    }
}
