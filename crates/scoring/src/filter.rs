//! Scores chosen by a predicate.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use kehu_analytics::{Analytics, ColumnKind, Predicate};
use kehu_core::{CustomerId, Value};
use kehu_server::{Fault, Violations};
use kehu_storage::facts::CustomerSet;
use kehu_storage::scoring::scores::{self, ScoreRecord, View};
use kehu_storage::{Page, PageRequest};

use crate::Scoring;
use crate::convert::analytics_fault;

/// Scores that are looked at together, and in one call.
const LOOKED_AT_TOGETHER: u64 = 2_000;
const LOOKED_AT: usize = 20_000;

/// What a predicate may read besides features: the score itself.
const SCORE: &str = "score";
const GRADE: &str = "grade";

/// A predicate over features and the score as of a date.
pub(crate) struct Filter {
    predicate: Predicate,
    features: Vec<String>,
    as_of: NaiveDate,
}

impl Filter {
    /// Compiles the field `filter` of a request; `None` when it is empty, or wrong.
    pub(crate) async fn parse(
        analytics: &Analytics,
        sql: &str,
        as_of: NaiveDate,
        violations: &mut Violations,
    ) -> Result<Option<Self>, Fault> {
        if sql.is_empty() {
            return Ok(None);
        }
        let mut schema = analytics.catalogue().await.map_err(analytics_fault)?.schema();
        schema.add(SCORE.to_owned(), ColumnKind::Decimal);
        schema.add(GRADE.to_owned(), ColumnKind::Text);
        let compiled = analytics.predicate(sql, &schema);
        let compiled =
            compiled.inspect_err(|error| violations.add("filter", error.to_string())).ok();
        Ok(compiled.map(|predicate| {
            let columns = predicate.columns().iter();
            let features = columns.filter(|name| ![SCORE, GRADE].contains(&name.as_str()));
            Self { features: features.cloned().collect(), predicate, as_of }
        }))
    }
}

impl Scoring {
    /// A page of the scores for which the filter holds. A call that has looked at many ends with what
    /// it has found, and where to go on.
    pub(crate) async fn chosen_scores(
        &self,
        filter: &Filter,
        (scorecard, view): (&str, View),
        page: &PageRequest,
    ) -> Result<Page<ScoreRecord>, Fault> {
        let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let (mut chosen, mut looked_at, mut after) = (Vec::new(), 0, page.after);
        loop {
            let next = PageRequest { limit: LOOKED_AT_TOGETHER, after };
            let found = scores::list(&self.db, scorecard, view, &next).await?;
            looked_at += found.items.len();
            let holds = self.holds(filter, &found.items).await?;
            for score in found.items.into_iter().filter(|one| holds.contains(&one.customer)) {
                chosen.push(score);
                if chosen.len() == wanted {
                    let next = chosen.last().map(|score| score.customer.0);
                    return Ok(Page { items: chosen, next });
                }
            }
            after = found.next;
            if after.is_none() || looked_at >= LOOKED_AT {
                return Ok(Page { items: chosen, next: after });
            }
        }
    }

    /// The customers of those scores for which the filter holds.
    async fn holds(
        &self,
        filter: &Filter,
        scores: &[ScoreRecord],
    ) -> Result<BTreeSet<CustomerId>, Fault> {
        let customers = CustomerSet::Ids(scores.iter().map(|score| score.customer.0).collect());
        let features: Vec<&str> = filter.features.iter().map(String::as_str).collect();
        let frame = self.analytics.features(&customers, filter.as_of, &features).await;
        let frame = frame.map_err(analytics_fault)?;
        let of: HashMap<CustomerId, &ScoreRecord> =
            scores.iter().map(|score| (score.customer, score)).collect();
        let (mut composites, mut grades) = (Vec::new(), Vec::new());
        for customer in frame.customers() {
            let score = of.get(&customer).map(|record| &record.score);
            let composite = score.and_then(|score| score.composite);
            composites.push(composite.map_or(Value::Null, Value::Number));
            let grade = score.and_then(|score| score.grade.clone());
            grades.push(grade.map_or(Value::Null, Value::Text));
        }
        let columns = vec![
            (SCORE.to_owned(), ColumnKind::Decimal, composites),
            (GRADE.to_owned(), ColumnKind::Text, grades),
        ];
        let frame = frame.with_columns(columns).map_err(analytics_fault)?;
        let predicate = filter.predicate.clone();
        let holds = tokio::task::spawn_blocking(move || {
            let holds = predicate.evaluate(&frame).map_err(analytics_fault)?;
            let each = frame.customers().into_iter().zip(holds);
            Ok(each.filter(|(_, holds)| *holds == Some(true)).map(|(one, _)| one).collect())
        });
        holds.await.map_err(Fault::internal)?
    }
}
