//! The history of a definition: what was done with it, by whom, when and why.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sea_orm::{ConnectionTrait, QueryTrait};

use super::read::latest;
use super::{Kind, Signed};
use crate::entity::definition_event::{ActiveModel, Column, Entity, Model};
use crate::{Database, Error, Page, PageRequest, time};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// A draft was saved, the first or in place of another.
    Drafted,
    /// Something was said.
    Commented,
    /// The draft was approved.
    Approved,
    /// The draft was published.
    Published,
    /// A former version was published once more.
    RolledBack,
}

const DEEDS: [(Deed, i32); 5] = [
    (Deed::Drafted, 1),
    (Deed::Commented, 2),
    (Deed::Approved, 3),
    (Deed::Published, 4),
    (Deed::RolledBack, 5),
];

impl Deed {
    fn number(self) -> i32 {
        let found = DEEDS.iter().find(|(deed, _)| *deed == self);
        found.map_or(0, |(_, number)| *number)
    }

    fn of(number: i32) -> Result<Self, Error> {
        let found = DEEDS.iter().find(|(_, known)| *known == number);
        let unknown = || Error::Corrupt(format!("{number} is nothing that is done"));
        found.map(|(deed, _)| *deed).ok_or_else(unknown)
    }
}

/// Something that was done with a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number; later ones have greater ones.
    pub event_id: i64,
    /// What.
    pub deed: Deed,
    /// The version that it was done with.
    pub version: i64,
    /// When, by whom and why.
    pub signed: Signed,
    /// The version that was published once more.
    pub former_version: Option<i64>,
}

impl TryFrom<Model> for Event {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let why = (!row.note.is_empty()).then_some(row.note);
        Ok(Self {
            event_id: row.event_id,
            deed: Deed::of(row.deed)?,
            version: row.version,
            signed: Signed { at: time::instant(row.done_at)?, by: row.done_by, why },
            former_version: row.former_version,
        })
    }
}

/// Says something, which is why `signed` is there, about the latest version of a definition.
/// [`Error::NotFound`] when there is none.
pub async fn comment(
    db: &Database,
    kind: &Kind,
    id: &str,
    signed: &Signed,
) -> Result<Event, Error> {
    let transaction = db.begin().await?;
    let held = latest(&transaction, kind, id).await?;
    let held = held.ok_or_else(|| Error::not_found(kind.name, kind.resource(id)))?;
    let done = Done { deed: Deed::Commented, version: held.version, former: None };
    let event = note(&transaction, (kind, id), done, signed).await?;
    transaction.commit().await?;
    Ok(event)
}

/// What was done with a definition, the latest first; the key of a page is the number of an event.
pub async fn events(
    db: &Database,
    kind: &Kind,
    id: &str,
    page: &PageRequest,
) -> Result<Page<Event>, Error> {
    let rows = Entity::find()
        .filter(Column::Kind.eq(kind.name))
        .filter(Column::DefinitionId.eq(id))
        .apply_if(page.after, |query, after| query.filter(Column::EventId.lt(after)))
        .order_by_desc(Column::EventId)
        .limit(page.fetch())
        .all(db.reader())
        .await?;
    Page::of(page, rows, |row| row.event_id).try_map(Event::try_from)
}

/// What is to be noted.
pub(super) struct Done {
    pub(super) deed: Deed,
    pub(super) version: i64,
    pub(super) former: Option<i64>,
}

impl Done {
    pub(super) fn new(deed: Deed, version: i64) -> Self {
        Self { deed, version, former: None }
    }
}

/// Notes what a transaction does with a definition.
pub(super) async fn note(
    transaction: &impl ConnectionTrait,
    (kind, id): (&Kind, &str),
    done: Done,
    signed: &Signed,
) -> Result<Event, Error> {
    let row = ActiveModel {
        kind: Set(kind.name.to_owned()),
        definition_id: Set(id.to_owned()),
        version: Set(done.version),
        deed: Set(done.deed.number()),
        done_at: Set(time::micros(signed.at)),
        done_by: Set(signed.by.clone()),
        note: Set(signed.why.clone().unwrap_or_default()),
        former_version: Set(done.former),
        ..Default::default()
    };
    Entity::insert(row).exec_with_returning(transaction).await?.try_into()
}
