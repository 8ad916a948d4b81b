//! Codes that follow from changes of classes, without anyone starting a run.
//!
//! Schemes over a taxonomy follow classes, not scores, so that whoever is classified, by a run or
//! by a change, gets a code in the same way. Those without one follow facts: everybody gets a code.

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::calendar::BusinessCalendar;
use kehu_runs::{CursorMove, Follower};
use kehu_server::{Fault, aside, clock, names};
use kehu_storage::{
    Database, business_date,
    change_log::{self, Change, Topic, consumers},
    coding::classes,
    facts::CustomerSet,
};

use crate::assign::{Assigner, Due};
use crate::following::{Batch, first_batch, settled_schemes};

/// What the codes follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Followed {
    /// Facts: schemes without a taxonomy.
    Facts,
    /// Classes: schemes over a taxonomy.
    Classes,
}

/// Gives codes to the customers who changed, under every scheme that has had a run.
pub(crate) struct CodeFollower {
    db: Database,
    analytics: Analytics,
    calendar: BusinessCalendar,
    followed: Followed,
}

impl CodeFollower {
    pub(crate) fn new(
        db: Database,
        analytics: Analytics,
        calendar: BusinessCalendar,
        followed: Followed,
    ) -> Self {
        Self { db, analytics, calendar, followed }
    }

    /// The date that codes are given for: under a taxonomy the last day for which everybody was
    /// classified, unless the classes that changed are of a later one, otherwise the business date.
    /// Nobody gets a code of a class of the past that was restated.
    async fn as_of(&self, batch: &Batch, assigner: &Assigner) -> Result<NaiveDate, Fault> {
        let Some(taxonomy) = assigner.taxonomy() else {
            return Ok(business_date::current(&self.db, &self.calendar, clock::now()).await?.date);
        };
        let through = classes::latest_classified(&self.db, Some(taxonomy), None).await?;
        Ok(through.map_or(batch.as_of, |day| day.max(batch.as_of)))
    }

    /// Who is due under each scheme, by scheme.
    async fn due(&self, batch: &Batch) -> Result<Vec<(Assigner, Due)>, Fault> {
        let followed = settled_schemes(&self.db).await?;
        let customers = CustomerSet::Ids(batch.customers.iter().map(|id| id.0).collect());
        let mut due = Vec::new();
        for scheme in followed {
            let name = names::resource(names::CODE_SCHEMES, &scheme);
            let assigner = match Assigner::new(&self.db, &self.analytics, &scheme).await {
                Ok(assigner) => assigner,
                Err(fault @ Fault::Precondition { .. }) => {
                    aside::broken(&name, &fault);
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            if assigner.taxonomy().is_some() != (self.followed == Followed::Classes) {
                continue;
            }
            let as_of = self.as_of(batch, &assigner).await?;
            let codes = assigner.due(&self.db, &customers, as_of).await?;
            if !codes.is_empty() {
                due.push((assigner, codes));
            }
        }
        Ok(due)
    }
}

#[async_trait]
impl Follower for CodeFollower {
    fn consumer(&self) -> &'static str {
        match self.followed {
            Followed::Facts => consumers::CODES_OF_FACTS,
            Followed::Classes => consumers::CODES_OF_CLASSES,
        }
    }

    fn topic(&self) -> Topic {
        match self.followed {
            Followed::Facts => Topic::Facts,
            Followed::Classes => Topic::Classes,
        }
    }

    /// Who gets no code is noted, and all others get theirs.
    async fn apply(&self, changes: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        let Some(batch) = first_batch(changes) else { return Ok(()) };
        let due = self.due(&batch).await?;
        let now = clock::now();
        let transaction = self.db.begin().await?;
        for (assigner, codes) in &due {
            assigner.give(&transaction, codes, None, now).await?;
        }
        change_log::advance(&transaction, self.consumer(), cursor.from, batch.to).await?;
        Ok(transaction.commit().await?)
    }
}
