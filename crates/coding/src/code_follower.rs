//! Codes that follow from changes of classes, without anyone starting a run.
//!
//! It follows classes, not scores, so that whoever is classified, by a run or by a change, gets
//! a code in the same way.

use async_trait::async_trait;
use kehu_analytics::Analytics;
use kehu_runs::{CursorMove, Follower};
use kehu_server::{Fault, aside, clock, names};
use kehu_storage::{
    Database,
    change_log::{self, Change, Position, Topic},
    facts::CustomerSet,
};

use crate::assign::{Assigner, Due};
use crate::following::{Batch, first_batch, settled_schemes};

/// Name of the cursor.
const CONSUMER: &str = "codes";

/// Gives codes to the customers whose classes changed, under every scheme that has had a run.
pub(crate) struct CodeFollower {
    db: Database,
    analytics: Analytics,
}

impl CodeFollower {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
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
            match assigner.due(&self.db, &customers, batch.as_of).await {
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
        let moved = change_log::advance(&transaction, CONSUMER, from, to).await;
        moved.map_err(Fault::from).map_err(other)?;
        transaction.commit().await.map_err(Fault::from).map_err(other)
    }
}

#[async_trait]
impl Follower for CodeFollower {
    fn consumer(&self) -> &'static str {
        CONSUMER
    }

    fn topic(&self) -> Topic {
        Topic::Classes
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
