//! What runs work with, fixed when a run is prepared: a version that is published meanwhile does
//! not mix with it. From these follows also what is kept up to date by itself: whatever a run has
//! done for everyone.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationDef,
};

use super::{RunState, lease};
use crate::entity::{
    run,
    run_pin::{ActiveModel, Column, Entity, Model},
};
use crate::{Database, Error};

/// A definition that a run works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The collection of its resource name: `scorecards`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its version; `None` for definitions without versions.
    pub version: Option<i64>,
}

impl From<Model> for Pin {
    fn from(row: Model) -> Self {
        Self { kind: row.kind, id: row.definition_id, version: row.version }
    }
}

/// What the run works with, by kind and id: what it was pinned to before, otherwise `pins`, to
/// which it is pinned from now on.
pub async fn pin(db: &Database, run_id: i64, pins: &[Pin]) -> Result<Vec<Pin>, Error> {
    let transaction = db.begin().await?;
    // Of two workers that prepare the same run one is late; it must find what the other pinned.
    lease::lock(&transaction, run_id).await?;
    let mut pinned = read(&transaction, &[run_id]).await?;
    if pinned.is_empty() && !pins.is_empty() {
        let rows = pins.iter().map(|pin| ActiveModel {
            run_id: Set(run_id),
            kind: Set(pin.kind.clone()),
            definition_id: Set(pin.id.clone()),
            version: Set(pin.version),
        });
        Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        pinned = read(&transaction, &[run_id]).await?;
        transaction.commit().await?;
    }
    Ok(pinned.into_iter().map(Pin::from).collect())
}

/// What each of these runs works with, by run; those that are not prepared yet are left out.
pub async fn pins(db: &Database, run_ids: &[i64]) -> Result<BTreeMap<i64, Vec<Pin>>, Error> {
    let mut pins: BTreeMap<i64, Vec<Pin>> = BTreeMap::new();
    for row in read(db.reader(), run_ids).await? {
        pins.entry(row.run_id).or_default().push(row.into());
    }
    Ok(pins)
}

async fn read(connection: &impl ConnectionTrait, run_ids: &[i64]) -> Result<Vec<Model>, Error> {
    let rows = Entity::find()
        .filter(Column::RunId.is_in(run_ids.iter().copied()))
        .order_by_asc(Column::RunId)
        .order_by_asc(Column::Kind)
        .order_by_asc(Column::DefinitionId)
        .all(connection)
        .await?;
    Ok(rows)
}

/// Whether a definition is kept up to date as changes arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Following {
    /// Its first run is under way: wait for its end, so that it is what everyone starts from.
    Starting,
    /// A run has been through everyone: yes.
    Active,
}

/// The ids of the definitions of a kind with which a run has been through everyone, or is doing
/// so for the first time. Runs that failed, were cancelled or taken back do not count.
pub async fn following(db: &Database, kind: &str) -> Result<BTreeMap<String, Following>, Error> {
    let rows: Vec<(String, i32)> = Entity::find()
        .select_only()
        .column(Column::DefinitionId)
        .column(run::Column::State)
        .distinct()
        .join(JoinType::InnerJoin, to_run())
        .filter(Column::Kind.eq(kind))
        .filter(run::Column::State.is_in(counted()))
        .filter(run::Column::RetractedBy.is_null())
        .into_tuple()
        .all(db.reader())
        .await?;
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
    Ok(following)
}

fn to_run() -> RelationDef {
    Entity::belongs_to(run::Entity).from(Column::RunId).to(run::Column::RunId).into()
}

fn counted() -> [i32; 3] {
    [RunState::Queued, RunState::Running, RunState::Succeeded].map(RunState::number)
}
