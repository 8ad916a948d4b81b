//! Coding runs: a code for every customer that is due under a scheme.

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::code_scheme::CodeScheme;
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, definitions,
    document::Document,
    facts,
    run::{Cut, Kind},
};
use serde::{Deserialize, Serialize};

use crate::assign::Assigner;

/// What a coding run was asked to do, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodingRequest {
    /// The id of the scheme.
    pub(crate) scheme: String,
}

impl Document for CodingRequest {
    const NAME: &'static str = "request of a coding run";
}

/// Coding runs. They read classes, so those asked for before come first; numbers are given in
/// the order of first references.
pub(crate) const KIND: Kind =
    Kind { name: "coding", cut: Cut::InOrder, after: &["classification"] };

/// Carries out coding runs.
pub(crate) struct CodingJob {
    db: Database,
    analytics: Analytics,
}

impl CodingJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    async fn code(
        &self,
        context: &RunContext,
        assigner: &Assigner,
        partition: &Partition,
        as_of: NaiveDate,
    ) -> Result<(), Fault> {
        context.check()?;
        let done = facts::customer_ids(&self.db, &partition.customers).await?.len();
        let due = assigner.due(&self.db, &partition.customers, as_of).await?;
        let transaction = self.db.begin().await?;
        let mut given = 0;
        if !due.is_empty() {
            let run_id = Some(context.run.run_id);
            given = assigner.give(&transaction, &due, run_id, clock::now()).await?;
        }
        context.finish_partition(&transaction, partition, done, given).await?;
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl Job for CodingJob {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        let as_of = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let request: CodingRequest = context.request()?;
        let scheme = definitions::get::<CodeScheme>(&self.db, &request.scheme, None).await?;
        definitions::pins::pin(&self.db, context.run.run_id, &[scheme]).await?;
        let assigner = Assigner::new(&self.db, &self.analytics, &request.scheme).await?;
        context.phase("codes").await?;
        while let Some(partition) = context.next().await? {
            self.code(context, &assigner, &partition, as_of).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_storage::{Error, document};

    #[test]
    fn requests_survive_the_formats_around_theirs() {
        let own = r#"[1,1,{"scheme":"standard"}]"#;
        let request: CodingRequest = document::read(own).unwrap();
        assert_eq!(document::write(&request), own);
        let more = own.replace("[1,1,{", "[2,1,{\"added\":[7],");
        assert_eq!(document::read::<CodingRequest>(&more).unwrap(), request);
        let newer = document::read::<CodingRequest>(&more.replace("[2,1,", "[2,2,"));
        assert!(matches!(newer, Err(Error::NewerFormat { needed: 2, .. })));
    }
}
