//! Runs that evaluate how well taxonomies do as of a date, and keep the result.

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::taxonomy::Taxonomy;
use kehu_core::{calendar, evaluation::Evaluation};
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, aside, clock, names};
use kehu_storage::{
    Database,
    coding::{
        classes,
        evaluations::{self, Evaluated},
        taxonomies::TaxonomyVersion,
    },
    definitions,
    document::Document,
    run::{Cut, Kind},
};
use serde::{Deserialize, Serialize};

use crate::evaluation::read::{self, Reader};
use crate::evaluation::{inputs, judged};

/// Evaluations read classes, so classification that was asked for before comes first.
pub(crate) const KIND: Kind =
    Kind { name: "evaluation", cut: Cut::Whole, after: &["classification"] };

/// Customers whose features are read at most.
const MOST_SAMPLED: usize = 200_000;
/// How long before the date the base population is, where nothing else is said.
const BASE_MONTHS: u32 = 12;

/// What a run was asked to evaluate, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvaluationRequest {
    /// The ids of the taxonomies.
    pub(crate) taxonomies: Vec<String>,
    /// The day of the base population; `None` where nothing was said of it.
    pub(crate) base_on: Option<NaiveDate>,
}

impl Document for EvaluationRequest {
    const NAME: &'static str = "request of an evaluation";
}

/// Carries out these runs.
pub(crate) struct EvaluationJob {
    db: Database,
    analytics: Analytics,
}

impl EvaluationJob {
    pub(crate) fn new(db: Database, analytics: Analytics) -> Self {
        Self { db, analytics }
    }

    /// Evaluates one taxonomy after the other, and keeps all at once. One of several that is broken, or
    /// under which nobody is classified, is set aside.
    async fn evaluate_all(&self, context: &RunContext, partition: &Partition) -> Result<(), Fault> {
        let as_of = context.run.as_of.ok_or_else(|| Fault::internal("the run has no date"))?;
        let request: EvaluationRequest = context.request()?;
        context.phase("sample").await?;
        let customers = read::sample(context, &self.db, &partition.customers, MOST_SAMPLED).await?;
        let mut made = Vec::with_capacity(request.taxonomies.len());
        for id in &request.taxonomies {
            match self.evaluate(context, (id, as_of, request.base_on), &customers).await {
                Ok(evaluation) => made.push(evaluation),
                Err(fault @ Fault::Precondition { .. }) if request.taxonomies.len() > 1 => {
                    aside::broken(&names::resource(names::TAXONOMIES, id), &fault);
                }
                Err(fault) => return Err(fault),
            }
        }
        let transaction = self.db.begin().await?;
        for (version, evaluation) in &made {
            let of = Evaluated {
                taxonomy: version.definition.id.clone(),
                version: version.version,
                as_of,
                run_id: context.run.run_id,
                at: clock::now(),
            };
            evaluations::keep(&transaction, &of, evaluation).await?;
        }
        context.finish_partition(&transaction, partition, customers.len(), 0).await?;
        Ok(transaction.commit().await?)
    }

    async fn evaluate(
        &self,
        context: &RunContext,
        (id, as_of, base_on): (&str, NaiveDate, Option<NaiveDate>),
        customers: &[i64],
    ) -> Result<(TaxonomyVersion, Evaluation), Fault> {
        context.phase("classes").await?;
        let timeline = classes::in_force(self.db.reader(), id).await?;
        let segment = timeline.on(calendar::to_days(as_of));
        let version_id = segment.ok_or_else(|| not_classified(id, as_of))?.version_id;
        let version = definitions::by_number::<Taxonomy>(self.db.reader(), version_id).await?;
        let first = timeline.segments().iter().map(|segment| segment.from).min();
        let base_on = base_on.or_else(|| {
            let first = first.and_then(calendar::from_days);
            first.max(Some(calendar::months_before(as_of, BASE_MONTHS)))
        });
        let base_on = base_on.filter(|base_on| *base_on < as_of);
        let db = &self.db;
        let (count, class_mix) = judged::class_mix(db, id, as_of, base_on).await?;
        if count == 0 {
            return Err(not_classified(id, as_of));
        }
        let judged = judged::judged(db, &self.analytics, &version, as_of).await?;
        let months = judged::months(db, id, as_of).await?;
        context.phase("features").await?;
        let reader = Reader { context, db, analytics: &self.analytics, customers };
        let (sampled, measures) = inputs::measures(&reader, &version.definition, as_of).await?;
        let inputs = inputs::inputs(&reader, &version, (base_on, as_of)).await?;
        let evaluation = Evaluation {
            base_on,
            customers: count,
            sampled,
            measures,
            judged,
            months,
            class_mix,
            inputs,
        };
        Ok((version, evaluation))
    }
}

fn not_classified(id: &str, as_of: NaiveDate) -> Fault {
    Fault::Precondition {
        kind: "CUSTOMERS_CLASSIFIED",
        subject: names::resource(names::TAXONOMIES, id),
        description: format!(
            "nobody is classified on {as_of}: classify everybody for that day first"
        ),
    }
}

#[async_trait]
impl Job for EvaluationJob {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        while let Some(partition) = context.next().await? {
            self.evaluate_all(context, &partition).await?;
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
        let own = r#"[1,1,{"taxonomies":["abc"],"base_on":"2010-12-10"}]"#;
        let request: EvaluationRequest = document::read(own).unwrap();
        assert_eq!(document::write(&request), own);
        let more = own.replace("[1,1,{", "[2,1,{\"added\":[7],");
        assert_eq!(document::read::<EvaluationRequest>(&more).unwrap(), request);
        let newer = document::read::<EvaluationRequest>(&more.replace("[2,1,", "[2,2,"));
        assert!(matches!(newer, Err(Error::NewerFormat { needed: 2, .. })));
    }
}
