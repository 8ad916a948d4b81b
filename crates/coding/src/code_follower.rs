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
    change_log::{self, Change, Position, Topic},
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

    /// The date that codes are given for: that of the classes, or the business date.
    async fn as_of(&self, batch: &Batch) -> Result<NaiveDate, Fault> {
        match self.followed {
            Followed::Classes => Ok(batch.as_of),
            Followed::Facts => {
                Ok(business_date::current(&self.db, &self.calendar, clock::now()).await?.date)
            }
        }
    }

    /// Who is due under each scheme, by scheme.
    async fn due(&self, batch: &Batch) -> Result<Vec<(Assigner, Due)>, Fault> {
        let followed = settled_schemes(&self.db).await?;
        let customers = CustomerSet::Ids(batch.customers.iter().map(|id| id.0).collect());
        let as_of = self.as_of(batch).await?;
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
            if assigner.follows_classes() != (self.followed == Followed::Classes) {
                continue;
            }
            match assigner.due(&self.db, &customers, as_of).await {
                Ok(codes) if codes.is_empty() => {}
                Ok(codes) => due.push((assigner, codes)),
                Err(fault @ Fault::Precondition { .. }) => aside::broken(&name, &fault),
                Err(fault) => return Err(fault),
            }
        }
        Ok(due)
    }

    /// Gives everything in one transaction, or fails with the place of the scheme that has no
    /// numbers left.
    async fn give(
        &self,
        due: &[(Assigner, Due)],
        from: Position,
        to: Position,
    ) -> Result<(), (Option<usize>, Fault)> {
        let other = |fault: Fault| (None, fault);
        let now = clock::now();
        let transaction = self.db.begin().await.map_err(Fault::from).map_err(other)?;
        for (place, (assigner, codes)) in due.iter().enumerate() {
            match assigner.give(&transaction, codes, None, now).await {
                Ok(_) => {}
                Err(fault @ Fault::CodesExhausted { .. }) => return Err((Some(place), fault)),
                Err(fault) => return Err((None, fault)),
            }
        }
        let moved = change_log::advance(&transaction, self.consumer(), from, to).await;
        moved.map_err(Fault::from).map_err(other)?;
        transaction.commit().await.map_err(Fault::from).map_err(other)
    }
}

#[async_trait]
impl Follower for CodeFollower {
    fn consumer(&self) -> &'static str {
        match self.followed {
            Followed::Facts => "codes-facts",
            Followed::Classes => "codes",
        }
    }

    fn topic(&self) -> Topic {
        match self.followed {
            Followed::Facts => Topic::Facts,
            Followed::Classes => Topic::Classes,
        }
    }

    /// A scheme without numbers is left out, so that the others go on; its next run says the
    /// same to whoever starts it.
    async fn apply(&self, changes: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        let Some(batch) = first_batch(changes) else { return Ok(()) };
        let mut due = self.due(&batch).await?;
        loop {
            match self.give(&due, cursor.from, batch.to).await {
                Ok(()) => return Ok(()),
                Err((Some(place), fault)) => {
                    let (assigner, _) = due.remove(place);
                    tracing::error!(scheme = assigner.id(), %fault, "the scheme is left out");
                }
                Err((None, fault)) => return Err(fault),
            }
        }
    }
}
