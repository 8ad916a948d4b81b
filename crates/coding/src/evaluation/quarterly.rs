//! What is evaluated on the first day of each quarter.

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_core::calendar::{self, BusinessCalendar};
use kehu_core::taxonomy::Taxonomy;
use kehu_runs::{Daily, Evaluated};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, business_date,
    coding::evaluations,
    definitions, document,
    history::{self, Subject},
    run::NewRun,
};

use crate::evaluation_job::{EvaluationRequest, KIND};

/// Evaluates the taxonomies in force as of the first day of each quarter.
pub(crate) struct QuarterlyEvaluation {
    db: Database,
    calendar: BusinessCalendar,
}

impl QuarterlyEvaluation {
    pub(crate) fn new(db: Database, calendar: BusinessCalendar) -> Self {
        Self { db, calendar }
    }
}

#[async_trait]
impl Daily for QuarterlyEvaluation {
    fn name(&self) -> &'static str {
        "evaluation"
    }

    /// Those under which not everybody was classified for the business date wait for that.
    async fn evaluated(&self) -> Result<Vec<Evaluated>, Fault> {
        let today = business_date::current(&self.db, &self.calendar, clock::now()).await?.date;
        let mut evaluated = Vec::new();
        for version in definitions::in_force::<Taxonomy>(&self.db, &[] as &[&str]).await? {
            let id = version.definition.id;
            let classified = history::through(self.db.reader(), Subject::Classes, &id).await?;
            let Some((_, since)) = classified.filter(|(through, _)| *through >= today) else {
                continue;
            };
            let latest = evaluations::latest(&self.db, &id).await?.unwrap_or(NaiveDate::MIN);
            evaluated.push(Evaluated { id, through: latest, since });
        }
        Ok(evaluated)
    }

    fn is_due(&self, day: NaiveDate) -> bool {
        calendar::begins_quarter(day)
    }

    fn run(&self, ids: Vec<String>, day: NaiveDate) -> Result<NewRun, Fault> {
        let asked = EvaluationRequest { taxonomies: ids, base_on: None };
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
