//! Which versions a run computes: fixed when it is first taken up, so that a version published
//! meanwhile does not mix with it.

use chrono::NaiveDate;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::entity::scoring_run::{ActiveModel, Column, Entity, Model};
use super::scorecards::{self, Version};
use crate::entity::run;
use crate::run::RunState;
use crate::{Database, Error, time};

/// The versions that a run computes, by scorecard: those it was pinned to before, otherwise
/// `versions`, to which it is pinned from now on.
pub async fn pin(
    db: &Database,
    run_id: i64,
    as_of: NaiveDate,
    versions: &[Version],
) -> Result<Vec<Version>, Error> {
    let transaction = db.begin().await?;
    let before = Entity::find().filter(Column::RunId.eq(run_id)).all(&transaction).await?;
    if before.is_empty() && !versions.is_empty() {
        let rows = versions.iter().map(|version| ActiveModel {
            run_id: Set(run_id),
            scorecard_id: Set(version.definition.id.clone()),
            version_id: Set(version.version_id),
            as_of: Set(time::days(as_of)),
        });
        let ignore =
            OnConflict::columns([Column::RunId, Column::ScorecardId]).do_nothing().to_owned();
        Entity::insert_many(rows).on_conflict(ignore).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
    }
    let version_ids: Vec<i64> =
        pinned(db, run_id).await?.iter().map(|row| row.version_id).collect();
    let mut versions = scorecards::by_number(db, &version_ids).await?;
    versions.sort_by(|left, right| left.definition.id.cmp(&right.definition.id));
    Ok(versions)
}

async fn pinned(db: &Database, run_id: i64) -> Result<Vec<Model>, Error> {
    Ok(Entity::find().filter(Column::RunId.eq(run_id)).all(db.reader()).await?)
}

/// A scorecard whose scores follow changes, because a run computes or has computed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The version of the run with the latest date, the newest of them.
    pub version: Version,
    /// That date.
    pub as_of: NaiveDate,
}

/// The scorecards that a run has computed or is computing now, by id. Runs that failed or were
/// cancelled do not count.
pub async fn followed(db: &Database) -> Result<Vec<Followed>, Error> {
    let mut followed = Vec::new();
    for scorecard in scorecards::in_force::<&str>(db, &[]).await? {
        let Some(row) = latest_run(db, &scorecard.definition.id).await? else { continue };
        let as_of = time::date(row.as_of)?;
        let version = if row.version_id == scorecard.version_id {
            scorecard
        } else {
            one(db, row.version_id).await?
        };
        followed.push(Followed { version, as_of });
    }
    Ok(followed)
}

async fn latest_run(db: &Database, scorecard_id: &str) -> Result<Option<Model>, Error> {
    let states = [RunState::Queued, RunState::Running, RunState::Succeeded].map(RunState::number);
    let runs = run::Entity::find()
        .select_only()
        .column(run::Column::RunId)
        .filter(run::Column::State.is_in(states));
    let row = Entity::find()
        .filter(Column::ScorecardId.eq(scorecard_id))
        .filter(Column::RunId.in_subquery(runs.into_query()))
        .order_by_desc(Column::AsOf)
        .order_by_desc(Column::RunId)
        .one(db.reader())
        .await?;
    Ok(row)
}

async fn one(db: &Database, version_id: i64) -> Result<Version, Error> {
    let version = scorecards::by_number(db, &[version_id]).await?.pop();
    version.ok_or_else(|| Error::Corrupt(format!("version {version_id} of a scorecard is gone")))
}
