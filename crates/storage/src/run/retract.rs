//! Runs whose findings were taken back.

use chrono::NaiveDate;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::RunState;
use crate::entity::run::{Column, Entity};
use crate::{Database, Error, Transaction, time};

/// The first run of a kind as of a day that has not ended.
pub async fn open_on(db: &Database, kind: &str, day: NaiveDate) -> Result<Option<i64>, Error> {
    let open = [RunState::Queued, RunState::Running].map(RunState::number);
    let first = Entity::find()
        .select_only()
        .column(Column::RunId)
        .filter(Column::Kind.eq(kind))
        .filter(Column::State.is_in(open))
        .filter(Column::AsOf.eq(time::days(day)))
        .order_by_asc(Column::RunId)
        .into_tuple();
    Ok(first.one(db.reader()).await?)
}

/// Puts on record that a run took back what another one had found.
pub async fn retracted(transaction: &Transaction, run_id: i64, by: i64) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::RetractedBy, Expr::value(by))
        .filter(Column::RunId.eq(run_id))
        .exec(transaction)
        .await?;
    Ok(())
}
