//! Writing the scores of one date.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use kehu_core::scorecard::Score;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::codec::{Content, encode};
use crate::bulk::{self, OnConflict};
use crate::change_log::Position;
use crate::scoring::entity::score::{Column, Entity, Model};
use crate::scoring::scorecards::{self, Version};
use crate::{Error, Transaction, time};

/// Customers or rows named in one statement.
const CHUNK: usize = 1_000;

/// Up to so many customers in the range of each one named, the range is read.
const SPARSE: i64 = 4;

/// What scores of one scorecard and one date have in common.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation<'a> {
    /// The version that gave them.
    pub version: &'a Version,
    /// The date they are true on.
    pub as_of: NaiveDate,
    /// The run that computed them; `None` when they follow from a change.
    pub run_id: Option<i64>,
    /// Every change of facts up to this position of the change log is in them. They do not
    /// replace a score that has later changes in it.
    pub facts_position: Position,
    /// Now.
    pub recorded_at: DateTime<Utc>,
}

/// Writes scores, one a customer: new ones are inserted, those that differ from what stands for
/// the same date supersede it, for the others nothing is written. Returns the customers of the
/// rows written, in the order of `scores`.
pub async fn record(
    transaction: &Transaction,
    evaluation: &Evaluation<'_>,
    scores: &[(CustomerId, Score)],
) -> Result<Vec<CustomerId>, Error> {
    scorecards::lock(transaction, &evaluation.version.definition.id).await?;
    let standing = standing(transaction, evaluation, scores).await?;
    let mut superseded = Vec::new();
    let mut written = Vec::new();
    let mut recorded_at = time::micros(evaluation.recorded_at);
    for (customer, score) in scores {
        let content = encode(score);
        if let Some(row) = standing.get(&customer.0) {
            if row.facts_position > evaluation.facts_position || same(row, evaluation, &content) {
                continue;
            }
            superseded.push(row.score_id);
            // Clocks of replicas differ; what is superseded must not end before it began.
            recorded_at = recorded_at.max(row.recorded_at + 1);
        }
        written.push((*customer, content));
    }
    supersede(transaction, &superseded, recorded_at).await?;
    insert(transaction, evaluation, recorded_at, &written).await?;
    Ok(written.into_iter().map(|(customer, _)| customer).collect())
}

/// What stands now for the date of the evaluation, by customer.
async fn standing(
    transaction: &Transaction,
    evaluation: &Evaluation<'_>,
    scores: &[(CustomerId, Score)],
) -> Result<HashMap<i64, Model>, Error> {
    let mut standing = HashMap::new();
    for chunk in scores.chunks(CHUNK) {
        let rows = Entity::find()
            .filter(Column::ScorecardId.eq(evaluation.version.definition.id.as_str()))
            .filter(of_customers(chunk))
            .filter(Column::AsOf.eq(time::days(evaluation.as_of)))
            .filter(Column::SupersededAt.is_null())
            .all(transaction)
            .await?;
        standing.extend(rows.into_iter().map(|row| (row.customer_id, row)));
    }
    Ok(standing)
}

/// The rows of these customers, as a range where that takes in few others: PostgreSQL, before it
/// has statistics of the table, reads a whole scorecard for a list of a thousand.
fn of_customers(scores: &[(CustomerId, Score)]) -> Expr {
    let ids = || scores.iter().map(|(customer, _)| customer.0);
    let (first, last) = (ids().min().unwrap_or_default(), ids().max().unwrap_or_default());
    let length = i64::try_from(scores.len()).unwrap_or(i64::MAX);
    if last - first < length.saturating_mul(SPARSE) {
        return Column::CustomerId.between(first, last);
    }
    Column::CustomerId.is_in(ids())
}

fn same(row: &Model, evaluation: &Evaluation<'_>, content: &Content) -> bool {
    row.version_id == evaluation.version.version_id
        && row.score == content.score
        && row.grade == content.grade
        && row.bins == content.bins
        && row.points == content.points
        && row.detail == content.detail
}

async fn supersede(
    transaction: &Transaction,
    score_ids: &[i64],
    superseded_at: i64,
) -> Result<(), Error> {
    for chunk in score_ids.chunks(CHUNK) {
        Entity::update_many()
            .col_expr(Column::SupersededAt, Expr::value(superseded_at))
            .filter(Column::ScoreId.is_in(chunk.iter().copied()))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

async fn insert(
    transaction: &Transaction,
    evaluation: &Evaluation<'_>,
    recorded_at: i64,
    rows: &[(CustomerId, Content)],
) -> Result<(), Error> {
    use bulk::Column::{I32, I64, OptI64, OptText, Text};
    let count = rows.len();
    let texts = |text: fn(&Content) -> &String| {
        Text(rows.iter().map(|(_, content)| text(content).clone()).collect())
    };
    let columns = [
        ("customer_id", I64(rows.iter().map(|(customer, _)| customer.0).collect())),
        ("scorecard_id", Text(vec![evaluation.version.definition.id.clone(); count])),
        ("version_id", I64(vec![evaluation.version.version_id; count])),
        ("as_of", I32(vec![time::days(evaluation.as_of); count])),
        ("score", OptI64(rows.iter().map(|(_, content)| content.score).collect())),
        ("grade", OptText(rows.iter().map(|(_, content)| content.grade.clone()).collect())),
        ("bins", texts(|content| &content.bins)),
        ("points", texts(|content| &content.points)),
        ("detail", texts(|content| &content.detail)),
        ("facts_position", Text(vec![evaluation.facts_position.to_string(); count])),
        ("run_id", OptI64(vec![evaluation.run_id; count])),
        ("recorded_at", I64(vec![recorded_at; count])),
    ];
    bulk::insert(transaction, "score", &columns, OnConflict::Fail).await?;
    Ok(())
}
