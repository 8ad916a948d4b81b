//! Forgetting runs that ended long ago.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

use super::{RunState, order};
use crate::entity::{run, run_partition, run_pin, run_request};
use crate::{Database, Error, time};

/// Runs deleted in one transaction.
const AT_ONCE: u64 = 1_000;

/// Deletes the runs that ended before `before`, with their pieces and pins; returns how many. Of
/// each definition the succeeded run of the latest date stays: it is why, from what date on and
/// in which version the definition is kept up to date. What runs have written keeps their number.
pub async fn trim(db: &Database, before: DateTime<Utc>) -> Result<u64, Error> {
    let keep = followed(db).await?;
    let (mut trimmed, mut after) = (0, 0);
    loop {
        let ended: Vec<i64> = run::Entity::find()
            .select_only()
            .column(run::Column::RunId)
            .filter(run::Column::FinishedAt.lt(time::micros(before)))
            .filter(run::Column::RunId.gt(after))
            .order_by_asc(run::Column::RunId)
            .limit(AT_ONCE)
            .into_tuple()
            .all(db.reader())
            .await?;
        let Some(last) = ended.last() else { return Ok(trimmed) };
        after = *last;
        let gone: Vec<i64> = ended.into_iter().filter(|run_id| !keep.contains(run_id)).collect();
        trimmed += delete(db, &gone).await?;
    }
}

async fn delete(db: &Database, run_ids: &[i64]) -> Result<u64, Error> {
    let ids = || run_ids.iter().copied();
    let transaction = db.begin().await?;
    order::forget(&transaction, run_ids).await?;
    run_partition::Entity::delete_many()
        .filter(run_partition::Column::RunId.is_in(ids()))
        .exec(&transaction)
        .await?;
    run_pin::Entity::delete_many()
        .filter(run_pin::Column::RunId.is_in(ids()))
        .exec(&transaction)
        .await?;
    run_request::Entity::delete_many()
        .filter(run_request::Column::RunId.is_in(ids()))
        .exec(&transaction)
        .await?;
    let deleted = run::Entity::delete_many()
        .filter(run::Column::RunId.is_in(ids()))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(deleted.rows_affected)
}

/// The runs that say what is followed.
async fn followed(db: &Database) -> Result<BTreeSet<i64>, Error> {
    let rows: Vec<(String, String, i64)> = run_pin::Entity::find()
        .select_only()
        .column(run_pin::Column::Kind)
        .column(run_pin::Column::DefinitionId)
        .column(run_pin::Column::RunId)
        .join(
            JoinType::InnerJoin,
            run_pin::Entity::belongs_to(run::Entity)
                .from(run_pin::Column::RunId)
                .to(run::Column::RunId)
                .into(),
        )
        .filter(run::Column::State.eq(RunState::Succeeded.number()))
        .order_by_asc(run::Column::AsOf)
        .order_by_asc(run::Column::RunId)
        .into_tuple()
        .all(db.reader())
        .await?;
    let latest: BTreeMap<(String, String), i64> =
        rows.into_iter().map(|(kind, id, run_id)| ((kind, id), run_id)).collect();
    Ok(latest.into_values().collect())
}
