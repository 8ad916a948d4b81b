//! What the scorecards that runs have computed are evaluated for each business day.

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_core::scorecard::Scorecard;
use kehu_runs::{Daily, Evaluated};
use kehu_server::Fault;
use kehu_storage::{Database, definitions::pins, run::NewRun, scoring::scores};

use crate::job::{KIND, ScoringRequest};

/// Scores everybody as of each business day.
pub(crate) struct DailyScoring {
    db: Database,
}

impl DailyScoring {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}

#[async_trait]
impl Daily for DailyScoring {
    fn name(&self) -> &'static str {
        "scoring"
    }

    async fn evaluated(&self) -> Result<Vec<Evaluated>, Fault> {
        let mut evaluated = Vec::new();
        for followed in pins::followed::<Scorecard>(&self.db).await? {
            let id = followed.version.definition.id;
            let Some((through, since)) = scores::evaluated_through(&self.db, &id).await? else {
                continue;
            };
            evaluated.push(Evaluated { id, through, since });
        }
        Ok(evaluated)
    }

    fn run(&self, ids: Vec<String>, day: NaiveDate) -> Result<NewRun, Fault> {
        let asked = ScoringRequest { scorecards: ids };
        Ok(NewRun {
            kind: KIND.name,
            request: serde_json::to_string(&asked).map_err(Fault::internal)?,
            as_of: Some(day),
            partition_size: None,
            request_id: None,
            caller: None,
        })
    }
}
