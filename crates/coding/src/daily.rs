//! What everybody is classified for each business day.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::calendar::BusinessCalendar;
use kehu_core::scorecard::Scorecard;
use kehu_core::taxonomy::Taxonomy;
use kehu_runs::{Daily, Evaluated};
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, business_date,
    definitions::{self, Definition},
    document,
    history::{self, Subject},
    run::NewRun,
    scoring::scores,
};

use crate::classification_job::{ClassificationRequest, KIND};
use crate::evaluate::Evaluator;

/// Classifies everybody as of each business day, under the taxonomies in force.
pub(crate) struct DailyClassification {
    db: Database,
    analytics: Analytics,
    calendar: BusinessCalendar,
}

impl DailyClassification {
    pub(crate) fn new(db: Database, analytics: Analytics, calendar: BusinessCalendar) -> Self {
        Self { db, analytics, calendar }
    }

    /// How far everybody was classified under the taxonomy.
    async fn through(&self, id: &str) -> Result<Option<Evaluated>, Fault> {
        let through = history::through(self.db.reader(), Subject::Classes, id).await?;
        Ok(through.map(|(through, since)| Evaluated { id: id.to_owned(), through, since }))
    }

    /// The scorecards in force that were not evaluated for the business date yet.
    async fn unscored(&self, today: NaiveDate) -> Result<BTreeSet<String>, Fault> {
        let mut unscored = BTreeSet::new();
        for id in definitions::ids(self.db.reader(), &Scorecard::KIND).await? {
            let evaluated = scores::through(&self.db, &id).await?;
            if evaluated.is_some_and(|(through, _)| through < today) {
                unscored.insert(id);
            }
        }
        Ok(unscored)
    }
}

#[async_trait]
impl Daily for DailyClassification {
    fn name(&self) -> &'static str {
        "classification"
    }

    /// Those that wait for scores are left out: predicates would find none. So are those that are
    /// broken, so that the others go on.
    async fn evaluated(&self) -> Result<Vec<Evaluated>, Fault> {
        let today = business_date::current(&self.db, &self.calendar, clock::now()).await?.date;
        let (mut evaluated, mut due) = (Vec::new(), Vec::new());
        for version in definitions::in_force::<Taxonomy>(&self.db, &[] as &[&str]).await? {
            match self.through(&version.definition.id).await? {
                Some(one) if one.through < today => due.push((version, one)),
                other => evaluated.extend(other),
            }
        }
        if due.is_empty() {
            return Ok(evaluated);
        }
        let unscored = self.unscored(today).await?;
        let versions = due.iter().map(|(version, _)| version.clone()).collect();
        let evaluator = Evaluator::of_sound(&self.db, &self.analytics, versions).await?;
        for (version, one) in due {
            let number = version.version_id;
            let read = evaluator.scorecards_of(number);
            if evaluator.has(number) && !read.iter().any(|id| unscored.contains(*id)) {
                evaluated.push(one);
            }
        }
        Ok(evaluated)
    }

    fn run(&self, ids: Vec<String>, day: NaiveDate) -> Result<NewRun, Fault> {
        let asked = ClassificationRequest { taxonomies: ids };
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
