//! What everybody is classified for each business day.

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_core::calendar::BusinessCalendar;
use kehu_core::scorecard::Scorecard;
use kehu_runs::{Daily, Evaluated};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, business_date,
    coding::classes,
    definitions::pins,
    history::{self, Subject},
    run::NewRun,
    scoring::scores,
    time,
};

use crate::classification_job::{ClassificationRequest, KIND};

/// Classifies everybody as of each business day, under the taxonomies in force.
pub(crate) struct DailyClassification {
    db: Database,
    calendar: BusinessCalendar,
}

impl DailyClassification {
    pub(crate) fn new(db: Database, calendar: BusinessCalendar) -> Self {
        Self { db, calendar }
    }

    /// Whether every scorecard that is followed was evaluated for the business date: predicates
    /// that read scores would find none before that.
    async fn is_scored(&self) -> Result<bool, Fault> {
        let today = business_date::current(&self.db, &self.calendar, clock::now()).await?.date;
        for followed in pins::followed::<Scorecard>(&self.db).await? {
            let id = &followed.version.definition.id;
            let evaluated = scores::evaluated_through(&self.db, id).await?;
            if evaluated.is_some_and(|(through, _)| through < today) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[async_trait]
impl Daily for DailyClassification {
    fn name(&self) -> &'static str {
        "classification"
    }

    async fn evaluated(&self) -> Result<Vec<Evaluated>, Fault> {
        let mut evaluated = Vec::new();
        if !self.is_scored().await? {
            return Ok(evaluated);
        }
        for id in history::names(self.db.reader(), Subject::Classes).await? {
            let timeline = classes::in_force(self.db.reader(), &id).await?;
            let (Some(first), Some(last)) = (timeline.segments().first(), timeline.last()) else {
                continue;
            };
            let through =
                history::evaluated_through(self.db.reader(), last.line_id, None, None).await?;
            let Some(through) = through else { continue };
            let since = time::instant(first.known)?;
            evaluated.push(Evaluated { id, through: time::date(through)?, since });
        }
        Ok(evaluated)
    }

    fn run(&self, ids: Vec<String>, day: NaiveDate) -> Result<NewRun, Fault> {
        let asked = ClassificationRequest { taxonomies: ids };
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
