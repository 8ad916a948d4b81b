//! What runs work with, fixed when a run is first taken up: a version that is published
//! meanwhile does not mix with it. From these follows also what is kept up to date by itself:
//! whatever a run has done for everyone.

use std::collections::BTreeMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef,
};

use super::entity::{classification_run, coding_run};
use super::taxonomies::{self, TaxonomyVersion};
use crate::entity::run;
use crate::run::RunState;
use crate::{Database, Error};

/// Whether a taxonomy or a scheme is kept up to date as changes arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Following {
    /// Its first run is under way: wait for its end, so that it is what everyone starts from.
    Starting,
    /// A run has been through everyone: yes.
    Active,
}

/// The versions that a run classifies under, by taxonomy: those it was pinned to before,
/// otherwise `versions`, to which it is pinned from now on.
pub async fn pin_versions(
    db: &Database,
    run_id: i64,
    versions: &[TaxonomyVersion],
) -> Result<Vec<TaxonomyVersion>, Error> {
    use classification_run::{ActiveModel, Column, Entity};
    let mut pinned = pinned_versions(db, run_id).await?;
    if pinned.is_empty() && !versions.is_empty() {
        let rows = versions.iter().map(|version| ActiveModel {
            run_id: Set(run_id),
            taxonomy_id: Set(version.definition.id.clone()),
            version_id: Set(version.version_id),
        });
        let ignore = OnConflict::columns([Column::RunId, Column::TaxonomyId]);
        let transaction = db.begin().await?;
        Entity::insert_many(rows)
            .on_conflict(ignore.to_owned().do_nothing().to_owned())
            .exec_without_returning(&transaction)
            .await?;
        transaction.commit().await?;
        pinned = pinned_versions(db, run_id).await?;
    }
    let mut versions = taxonomies::by_ids(db, &pinned).await?;
    versions.sort_by(|left, right| left.definition.id.cmp(&right.definition.id));
    Ok(versions)
}

async fn pinned_versions(db: &Database, run_id: i64) -> Result<Vec<i64>, Error> {
    use classification_run::{Column, Entity};
    let rows = Entity::find().filter(Column::RunId.eq(run_id)).all(db.reader()).await?;
    Ok(rows.into_iter().map(|row| row.version_id).collect())
}

/// Notes which scheme a run gives codes under.
pub async fn pin_scheme(db: &Database, run_id: i64, scheme: &str) -> Result<(), Error> {
    use coding_run::{ActiveModel, Column, Entity};
    let row = ActiveModel { run_id: Set(run_id), scheme_id: Set(scheme.to_owned()) };
    let transaction = db.begin().await?;
    Entity::insert(row)
        .on_conflict(OnConflict::column(Column::RunId).do_nothing().to_owned())
        .exec_without_returning(&transaction)
        .await?;
    transaction.commit().await
}

/// The ids of the taxonomies that a run has classified everyone under, or is doing so for the
/// first time. Runs that failed or were cancelled do not count.
pub async fn followed_taxonomies(db: &Database) -> Result<BTreeMap<String, Following>, Error> {
    use classification_run::{Column, Entity};
    let rows = Entity::find()
        .select_only()
        .column(Column::TaxonomyId)
        .column(run::Column::State)
        .distinct()
        .join(JoinType::InnerJoin, to_run::<Entity>(Column::RunId))
        .filter(run::Column::State.is_in(counted()))
        .into_tuple()
        .all(db.reader())
        .await?;
    Ok(following(rows))
}

/// The ids of the schemes that a run has given codes to everyone under, or is doing so for the
/// first time. Runs that failed or were cancelled do not count.
pub async fn followed_schemes(db: &Database) -> Result<BTreeMap<String, Following>, Error> {
    use coding_run::{Column, Entity};
    let rows = Entity::find()
        .select_only()
        .column(Column::SchemeId)
        .column(run::Column::State)
        .distinct()
        .join(JoinType::InnerJoin, to_run::<Entity>(Column::RunId))
        .filter(run::Column::State.is_in(counted()))
        .into_tuple()
        .all(db.reader())
        .await?;
    Ok(following(rows))
}

fn to_run<E: EntityTrait>(column: E::Column) -> RelationDef {
    E::belongs_to(run::Entity).from(column).to(run::Column::RunId).into()
}

fn counted() -> [i32; 3] {
    [RunState::Queued, RunState::Running, RunState::Succeeded].map(RunState::number)
}

fn following(rows: Vec<(String, i32)>) -> BTreeMap<String, Following> {
    let mut following = BTreeMap::new();
    for (id, state) in rows {
        let reached = if state == RunState::Succeeded.number() {
            Following::Active
        } else {
            Following::Starting
        };
        let held = following.entry(id).or_insert(reached);
        *held = reached.max(*held);
    }
    following
}
