//! Which versions of taxonomies a run works with, and which lines it writes.

use chrono::NaiveDate;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationDef,
};

use super::classes::{self, ClassLine};
use super::entity::classification_run::{ActiveModel, Column, Entity, Model};
use super::taxonomies::TaxonomyVersion;
use crate::definitions::{self, pins};
use crate::entity::run as run_entity;
use crate::history::{self, Guarded, Subject, Writer};
use crate::run::{self, RunState};
use crate::{Database, Error, Transaction, time};

/// A version that a run classifies under, and the line that it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The version.
    pub version: TaxonomyVersion,
    /// Its line.
    pub line: ClassLine,
}

/// What a run as of a day classifies under, by taxonomy: what it was pinned to before, otherwise
/// `versions`, the newest of their taxonomies, to which it is pinned from now on. Where the
/// newest is in force already, it is the one in force on the day; where it is not, the run is
/// given a line that nobody sees before it is complete.
pub async fn pin_versions(
    db: &Database,
    run_id: i64,
    as_of: NaiveDate,
    versions: &[TaxonomyVersion],
) -> Result<Vec<Pinned>, Error> {
    let transaction = db.begin().await?;
    Writer::begin(&transaction, Subject::Classes, Guarded::Lines, 1).await?;
    let mut rows = read(&transaction, run_id).await?;
    if rows.is_empty() && !versions.is_empty() {
        let mut models = Vec::new();
        for version in versions {
            let line = line_for(&transaction, run_id, as_of, version).await?;
            models.push(ActiveModel {
                run_id: Set(run_id),
                taxonomy_id: Set(version.definition.id.clone()),
                version_id: Set(line.version_id),
                line_id: Set(line.line_id),
            });
        }
        forget_ended(&transaction).await?;
        Entity::insert_many(models).exec_without_returning(&transaction).await?;
        rows = read(&transaction, run_id).await?;
    }
    transaction.commit().await?;
    let pinned = pinned(db, rows).await?;
    let pins: Vec<_> = pinned.iter().map(|one| pins::of(&one.version)).collect();
    run::pin(db, run_id, &pins).await?;
    Ok(pinned)
}

/// The lines that a run under way writes, by taxonomy.
pub async fn lines(transaction: &Transaction, run_id: i64) -> Result<Vec<ClassLine>, Error> {
    let mut lines = Vec::new();
    for row in read(transaction, run_id).await? {
        lines.push(load(transaction, &row).await?);
    }
    Ok(lines)
}

async fn read(transaction: &Transaction, run_id: i64) -> Result<Vec<Model>, Error> {
    let rows = Entity::find().filter(Column::RunId.eq(run_id)).order_by_asc(Column::TaxonomyId);
    Ok(rows.all(transaction).await?)
}

async fn load(connection: &impl ConnectionTrait, row: &Model) -> Result<ClassLine, Error> {
    ClassLine::load(connection, &row.taxonomy_id, row.line_id, row.version_id).await
}

async fn pinned(db: &Database, rows: Vec<Model>) -> Result<Vec<Pinned>, Error> {
    let mut pinned = Vec::new();
    for row in rows {
        let version = definitions::by_number(db.reader(), row.version_id).await?;
        pinned.push(Pinned { line: load(db.reader(), &row).await?, version });
    }
    Ok(pinned)
}

/// Which line a run that has ended wrote is asked by nobody.
async fn forget_ended(transaction: &Transaction) -> Result<(), Error> {
    let [queued, running] = open();
    let sql = format!(
        "DELETE FROM classification_run WHERE run_id NOT IN (SELECT run_id FROM run WHERE state \
         IN ({queued}, {running}))"
    );
    history::execute(transaction, &sql).await?;
    Ok(())
}

fn open() -> [i32; 2] {
    [RunState::Queued, RunState::Running].map(RunState::number)
}

/// The line that a run as of a day writes for a taxonomy whose newest version is `version`.
async fn line_for(
    transaction: &Transaction,
    run_id: i64,
    as_of: NaiveDate,
    version: &TaxonomyVersion,
) -> Result<ClassLine, Error> {
    let taxonomy = version.definition.id.as_str();
    let timeline = classes::in_force(transaction, taxonomy).await?;
    if timeline.last().is_some_and(|last| last.version_id >= version.version_id) {
        let segment = timeline.on(time::days(as_of)).or(timeline.first());
        let segment = segment.ok_or_else(|| Error::not_found("line of", taxonomy))?;
        let (line_id, version_id) = (segment.line_id, segment.version_id);
        return ClassLine::load(transaction, taxonomy, line_id, version_id).await;
    }
    // Another run may be about to bring the same version in force: they work on one line.
    for (row, _) in under_way(transaction).await? {
        if row.version_id == version.version_id {
            return load(transaction, &row).await;
        }
    }
    ClassLine::open(transaction, version, Some(run_id)).await
}

/// The versions that runs are about to classify everybody under, with the days: whatever
/// changes meanwhile must be evaluated for those days, too.
pub async fn runs_under_way(db: &Database) -> Result<Vec<(Pinned, NaiveDate)>, Error> {
    let mut found = Vec::new();
    for (row, as_of) in under_way(db.reader()).await? {
        let Some(as_of) = as_of else { continue };
        for one in pinned(db, vec![row]).await? {
            found.push((one, time::date(as_of)?));
        }
    }
    Ok(found)
}

async fn under_way(connection: &impl ConnectionTrait) -> Result<Vec<(Model, Option<i32>)>, Error> {
    let to_run: RelationDef = Entity::belongs_to(run_entity::Entity)
        .from(Column::RunId)
        .to(run_entity::Column::RunId)
        .into();
    let rows: Vec<(i64, String, i64, i32, Option<i32>)> = Entity::find()
        .select_only()
        .columns([Column::RunId, Column::TaxonomyId, Column::VersionId, Column::LineId])
        .column(run_entity::Column::AsOf)
        .join(JoinType::InnerJoin, to_run)
        .filter(run_entity::Column::State.is_in(open()))
        .order_by_asc(Column::RunId)
        .order_by_asc(Column::TaxonomyId)
        .into_tuple()
        .all(connection)
        .await?;
    let row = |(run_id, taxonomy_id, version_id, line_id, as_of)| {
        (Model { run_id, taxonomy_id, version_id, line_id }, as_of)
    };
    Ok(rows.into_iter().map(row).collect())
}
