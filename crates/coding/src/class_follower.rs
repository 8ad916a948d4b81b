//! Classes that follow from changes of scores, without anyone starting a run.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::CustomerId;
use kehu_runs::{CursorMove, Follower};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database,
    change_log::{self, Change, Topic},
    coding::{classes, taxonomies},
    facts::CustomerSet,
};

use crate::evaluate::{Evaluation, Evaluator, change};
use crate::following::{Batch, Followed, first_batch, settled};

/// Name of the cursor.
const CONSUMER: &str = "coding";

/// Classifies the customers whose scores changed, under every taxonomy that has had a run.
pub(crate) struct ClassFollower {
    db: Database,
    analytics: Analytics,
}

impl ClassFollower {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    async fn evaluate(&self, batch: &Batch) -> Result<Vec<(NaiveDate, Evaluation)>, Fault> {
        let followed = settled(&self.db, Followed::Taxonomies).await?;
        let mut evaluations = Vec::new();
        if followed.is_empty() {
            return Ok(evaluations);
        }
        let mut versions = taxonomies::in_force(&self.db).await?;
        versions.retain(|version| followed.contains(&version.definition.id));
        let due = self.due(batch, &followed).await?;
        let evaluator = Evaluator::of_sound(&self.db, &self.analytics, versions).await?;
        for (as_of, customers) in due {
            let customers = CustomerSet::Ids(customers);
            let evaluation = evaluator.evaluate(&self.db, &customers, as_of).await?;
            evaluations.push((as_of, evaluation));
        }
        Ok(evaluations)
    }

    /// Which customers are due as of which date: that of the change or, where a customer is
    /// classified for a later one already, that, because an earlier class would stay hidden.
    async fn due(
        &self,
        batch: &Batch,
        taxonomies: &[String],
    ) -> Result<BTreeMap<NaiveDate, Vec<i64>>, Fault> {
        let ids: Vec<&str> = taxonomies.iter().map(String::as_str).collect();
        let latest = classes::latest_dates(&self.db, &ids, &batch.customers).await?;
        let mut due: BTreeMap<NaiveDate, Vec<i64>> = BTreeMap::new();
        for customer in &batch.customers {
            let before = latest.get(customer).copied().unwrap_or(batch.as_of);
            due.entry(before.max(batch.as_of)).or_default().push(customer.0);
        }
        Ok(due)
    }
}

#[async_trait]
impl Follower for ClassFollower {
    fn consumer(&self) -> &'static str {
        CONSUMER
    }

    fn topic(&self) -> Topic {
        Topic::Scores
    }

    async fn apply(&self, changes: &[Change], cursor: CursorMove) -> Result<(), Fault> {
        let Some(batch) = first_batch(changes) else { return Ok(()) };
        let evaluations = self.evaluate(&batch).await?;
        let now = clock::now();
        let transaction = self.db.begin().await?;
        let mut changed: Vec<(NaiveDate, Vec<CustomerId>)> = Vec::new();
        for (as_of, Evaluation { before, results, .. }) in evaluations {
            let customers = classes::record(&transaction, &before, results, None, now).await?;
            changed.push((as_of, customers));
        }
        change_log::advance(&transaction, CONSUMER, cursor.from, batch.to).await?;
        for (as_of, customers) in changed {
            if !customers.is_empty() {
                change_log::append(&transaction, &change(customers, as_of, now)).await?;
            }
        }
        Ok(transaction.commit().await?)
    }
}
