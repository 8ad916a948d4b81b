//! What the scorecards that runs have computed are evaluated for each business day.

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::scorecard::Scorecard;
use kehu_runs::{Daily, Evaluated};
use kehu_server::Fault;
use kehu_storage::{
    Database,
    definitions::{self, Definition},
    document,
    run::NewRun,
    scoring::scores,
};

use crate::convert::analytics_fault;
use crate::evaluate::Card;
use crate::job::{KIND, ScoringRequest};

/// Scores everybody as of each business day.
pub(crate) struct DailyScoring {
    db: Database,
    analytics: Analytics,
}

impl DailyScoring {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    /// Whether the version that a run would compute can score.
    async fn is_sound(&self, id: &str) -> Result<bool, Fault> {
        let newest = definitions::in_force::<Scorecard>(&self.db, &[id]).await?.pop();
        let Some(newest) = newest else { return Ok(false) };
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        Ok(Card::sound(&newest, &catalogue).is_ok())
    }
}

#[async_trait]
impl Daily for DailyScoring {
    fn name(&self) -> &'static str {
        "scoring"
    }

    /// A scorecard that cannot score is left out, so that the others go on.
    async fn evaluated(&self) -> Result<Vec<Evaluated>, Fault> {
        let mut evaluated = Vec::new();
        for id in definitions::ids(self.db.reader(), &Scorecard::KIND).await? {
            let Some((through, since)) = scores::through(&self.db, &id).await? else { continue };
            if self.is_sound(&id).await? {
                evaluated.push(Evaluated { id, through, since });
            }
        }
        Ok(evaluated)
    }

    fn run(&self, ids: Vec<String>, day: NaiveDate) -> Result<NewRun, Fault> {
        let asked = ScoringRequest { scorecards: ids };
        Ok(NewRun {
            kind: KIND,
            request: document::write(&asked),
            as_of: Some(day),
            partition_size: None,
            request_id: None,
            caller: None,
        })
    }
}
