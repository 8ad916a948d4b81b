//! Writing what was found for some days.

use std::cmp::max;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::scorecard::{Score, Scorecard};
use kehu_core::{CustomerId, Value};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, UpdateMany};

use super::codec::{self, Content};
use super::timeline::{Finding, NEVER, Outcome, Span, Timeline};
use super::{days, read};
use crate::bulk::{self, OnConflict};
use crate::change_log::Position;
use crate::definitions::{self, Definition};
use crate::scoring::entity::score_span::{Column, Entity, FOREVER, Model};
use crate::scoring::scorecards::Version;
use crate::{Error, Transaction, time};

/// Customers or rows named in one statement.
const CHUNK: usize = 1_000;

/// Up to so many customers in the range of each one named, the range is read.
const SPARSE: i64 = 4;

/// An evaluation of some customers under a scorecard as of a date.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation<'a> {
    /// The version that was evaluated.
    pub version: &'a Version,
    /// The date that it is true on.
    pub as_of: NaiveDate,
    /// The run that did it; `None` when it follows from a change.
    pub run_id: Option<i64>,
    /// Every change of facts up to this position of the change log is in it.
    pub facts_position: Position,
    /// Now.
    pub recorded_at: DateTime<Utc>,
    /// What was found, one a customer.
    pub found: &'a [Evaluated],
}

/// What was found for a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    /// Whose.
    pub customer: CustomerId,
    /// The values in the order of [`kehu_core::scorecard::Scorecard::features`], and the score
    /// that follows from them; `None` when it was no customer on the date.
    pub score: Option<(Vec<Value>, Score)>,
}

/// What came of recording.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// The customers of whom something was written, ascending.
    pub written: Vec<CustomerId>,
    /// Those of whom nothing was, because what stands has seen later changes than the
    /// evaluation: evaluate them again. Ascending.
    pub stale: Vec<CustomerId>,
}

/// Writes what was found under one scorecard, by date: where it is not what stands, the span
/// that stands is closed or superseded. What goes back behind a newer version, or behind what
/// has seen later changes, is not written. [`Error::Conflict`] when another writer was quicker:
/// evaluate again.
pub async fn record(
    transaction: &Transaction,
    evaluations: &[Evaluation<'_>],
) -> Result<Recorded, Error> {
    let Some(first) = evaluations.first() else { return Ok(Recorded::default()) };
    let scorecard_id = first.version.definition.id.as_str();
    let key = definitions::key(transaction, &Scorecard::KIND, scorecard_id).await?;
    let from = evaluations.iter().map(|evaluation| evaluation.as_of).min().unwrap_or(first.as_of);
    let days = days::days_after(transaction, key, from).await?;
    let mut customers: Vec<i64> = Vec::new();
    for evaluation in evaluations {
        customers.extend(evaluation.found.iter().map(|found| found.customer.0));
    }
    customers.sort_unstable();
    customers.dedup();
    let rows = standing(transaction, key, &customers, time::days(from)).await?;
    let mut timelines = timelines(transaction, &rows).await?;
    let recorded = take(&mut timelines, evaluations, &days);
    let mut diff = Diff::of(&rows, timelines);
    diff.known = max(diff.known, time::micros(first.recorded_at));
    diff.write(transaction, key).await?;
    Ok(recorded)
}

/// Takes the findings into the timelines.
fn take(
    timelines: &mut BTreeMap<i64, Timeline>,
    evaluations: &[Evaluation<'_>],
    days: &BTreeSet<i32>,
) -> Recorded {
    let (mut written, mut stale) = (BTreeSet::new(), BTreeSet::new());
    let mut in_order: Vec<&Evaluation<'_>> = evaluations.iter().collect();
    in_order.sort_by_key(|evaluation| evaluation.as_of);
    for evaluation in in_order {
        let card = &evaluation.version.definition;
        let day = time::days(evaluation.as_of);
        let next = days.range(day + 1..).next().copied().unwrap_or(NEVER);
        for Evaluated { customer, score } in evaluation.found {
            let content = score.as_ref().map(|(values, score)| Content::of(card, values, score));
            let finding = Finding {
                version_id: evaluation.version.version_id,
                day,
                content,
                position: evaluation.facts_position,
                run_id: evaluation.run_id,
                next,
            };
            match timelines.entry(customer.0).or_default().take(finding) {
                Outcome::Same | Outcome::Old => {}
                Outcome::Stands => {
                    written.insert(*customer);
                }
                Outcome::Stale => {
                    stale.insert(*customer);
                }
            }
        }
    }
    Recorded { written: Vec::from_iter(written), stale: Vec::from_iter(stale) }
}

/// The spans of the customers that stand and reach to the day `from` or further.
async fn standing(
    transaction: &Transaction,
    key: i32,
    customers: &[i64],
    from: i32,
) -> Result<Vec<Model>, Error> {
    let mut rows = Vec::new();
    for chunk in customers.chunks(CHUNK) {
        let found = Entity::find()
            .filter(Column::ScorecardKey.eq(key))
            .filter(of_customers(chunk))
            .filter(Column::KnownTo.eq(FOREVER))
            .filter(Column::ValidTo.gt(from))
            .all(transaction)
            .await?;
        rows.extend(found);
    }
    Ok(rows)
}

/// The rows of these customers, as a range where that takes in few others: PostgreSQL, before it
/// has statistics of the table, reads a whole scorecard for a list of a thousand.
fn of_customers(customers: &[i64]) -> Expr {
    let (first, last) = (customers.first().copied(), customers.last().copied());
    let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
    let length = i64::try_from(customers.len()).unwrap_or(i64::MAX);
    if last - first < length.saturating_mul(SPARSE) {
        return Column::CustomerId.between(first, last);
    }
    Column::CustomerId.is_in(customers.iter().copied())
}

async fn timelines(
    transaction: &Transaction,
    rows: &[Model],
) -> Result<BTreeMap<i64, Timeline>, Error> {
    let versions = read::versions_of(transaction, rows).await?;
    let mut timelines: BTreeMap<i64, Timeline> = BTreeMap::new();
    for row in rows {
        let version = read::version(&versions, row.version_id)?;
        let (grade, bins) = (row.grade.clone(), row.bins.clone());
        timelines.entry(row.customer_id).or_default().0.push(Span {
            span_id: Some(row.span_id),
            version_id: row.version_id,
            from: row.valid_from,
            to: row.valid_to,
            content: codec::decode(&row.inputs, grade, bins, &version.definition)?,
            position: row.facts_position,
            run_id: row.run_id,
        });
    }
    Ok(timelines)
}

/// A row as it was read: its number, and the position that was in it.
type Row = (i64, Position);

/// What is to be written.
#[derive(Default)]
struct Diff {
    /// When it is known, in microseconds: later than all that it changes.
    known: i64,
    /// Rows that were open, by the day on which they end now.
    closed: BTreeMap<i32, Vec<Row>>,
    /// Rows that nothing is left of, or that ended on another day.
    superseded: Vec<Row>,
    /// Rows that stay, by the position that is in them now.
    seen: BTreeMap<Position, Vec<Row>>,
    inserted: Vec<(i64, Span)>,
}

impl Diff {
    fn of(rows: &[Model], timelines: BTreeMap<i64, Timeline>) -> Self {
        let mut diff = Self::default();
        let mut before: HashMap<i64, &Model> = rows.iter().map(|row| (row.span_id, row)).collect();
        for (customer, timeline) in timelines {
            for span in timeline.0 {
                let row = span.span_id.and_then(|span_id| before.remove(&span_id));
                diff.keep(customer, span, row);
            }
        }
        for row in before.into_values() {
            diff.supersede(row);
        }
        diff
    }

    fn keep(&mut self, customer: i64, span: Span, row: Option<&Model>) {
        let Some(row) = row else {
            self.inserted.push((customer, span));
            return;
        };
        if span.to != row.valid_to && row.valid_to != NEVER {
            self.supersede(row);
            self.inserted.push((customer, span));
            return;
        }
        let read = (row.span_id, row.facts_position);
        if span.to != row.valid_to {
            self.closed.entry(span.to).or_default().push(read);
            self.known = max(self.known, row.known_from + 1);
        } else if span.position != row.facts_position {
            self.seen.entry(span.position).or_default().push(read);
        }
    }

    fn supersede(&mut self, row: &Model) {
        self.superseded.push((row.span_id, row.facts_position));
        // Clocks of replicas differ; what is superseded must not end before it began.
        let began = max(row.known_from, row.closed_known.unwrap_or_default());
        self.known = max(self.known, began + 1);
    }

    /// Each update names what it was made from, so that of two writers the later one notices.
    async fn write(&self, transaction: &Transaction, key: i32) -> Result<(), Error> {
        for (day, rows) in &self.closed {
            let close = || {
                Entity::update_many()
                    .col_expr(Column::ValidTo, Expr::value(*day))
                    .col_expr(Column::ClosedKnown, Expr::value(self.known))
                    .filter(Column::ValidTo.eq(NEVER))
            };
            update(transaction, rows, close).await?;
        }
        let supersede = || Entity::update_many().col_expr(Column::KnownTo, Expr::value(self.known));
        update(transaction, &self.superseded, supersede).await?;
        for (position, rows) in &self.seen {
            let see =
                || Entity::update_many().col_expr(Column::FactsPosition, Expr::value(*position));
            update(transaction, rows, see).await?;
        }
        self.insert(transaction, key).await
    }

    async fn insert(&self, transaction: &Transaction, key: i32) -> Result<(), Error> {
        use bulk::Column::{I32, I64, OptI64, OptText, Text};
        let spans = || self.inserted.iter().map(|(_, span)| span);
        let count = self.inserted.len();
        let columns = [
            ("customer_id", I64(self.inserted.iter().map(|(customer, _)| *customer).collect())),
            ("scorecard_key", I32(vec![key; count])),
            ("version_id", I64(spans().map(|span| span.version_id).collect())),
            ("valid_from", I32(spans().map(|span| span.from).collect())),
            ("valid_to", I32(spans().map(|span| span.to).collect())),
            ("grade", OptText(spans().map(|span| span.content.grade.clone()).collect())),
            ("bins", Text(spans().map(|span| span.content.bins.clone()).collect())),
            ("inputs", Text(spans().map(|span| codec::encode(&span.content.values)).collect())),
            ("facts_position", Text(spans().map(|span| span.position.to_string()).collect())),
            ("run_id", OptI64(spans().map(|span| span.run_id).collect())),
            ("known_from", I64(vec![self.known; count])),
            ("known_to", I64(vec![FOREVER; count])),
        ];
        match bulk::insert(transaction, "score_span", &columns, OnConflict::Fail).await {
            Err(Error::AlreadyExists { .. }) => Err(quicker()),
            inserted => inserted.map(|_| ()),
        }
    }
}

/// Updates rows that stand; [`Error::Conflict`] when one is not as it was read.
async fn update(
    transaction: &Transaction,
    rows: &[Row],
    statement: impl Fn() -> UpdateMany<Entity>,
) -> Result<(), Error> {
    for chunk in rows.chunks(CHUNK) {
        let read = Expr::tuple([Expr::col(Column::SpanId), Expr::col(Column::FactsPosition)]);
        let update = statement()
            .filter(read.in_tuples(chunk.iter().copied()))
            .filter(Column::KnownTo.eq(FOREVER));
        let updated = update.exec(transaction).await?.rows_affected;
        if usize::try_from(updated).ok() != Some(chunk.len()) {
            return Err(quicker());
        }
    }
    Ok(())
}

fn quicker() -> Error {
    Error::Conflict("another writer was quicker with the same scores, evaluate again".to_owned())
}
