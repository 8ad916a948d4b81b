//! Reading definitions.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select, Statement,
};

use super::{Definition, Kind, Version};
use crate::entity::definition as name;
use crate::entity::definition_version::{Column, Entity, Model};
use crate::{Database, Error, Page, PageRequest, Transaction};

/// A version of a definition, the latest (draft or published) when `version` is `None`.
/// [`Error::NotFound`] when there is none.
pub async fn get<D: Definition>(
    db: &Database,
    id: &str,
    version: Option<i64>,
) -> Result<Version<D>, Error> {
    let row = versions(&D::KIND, id)
        .apply_if(version, |query, version| query.filter(Column::Version.eq(version)))
        .order_by_desc(Column::Version)
        .one(db.reader())
        .await?;
    let missing = || {
        let name = D::KIND.resource(id);
        Error::not_found(
            D::KIND.name,
            match version {
                None => name,
                Some(version) => format!("{name}/versions/{version}"),
            },
        )
    };
    row.ok_or_else(missing)?.try_into()
}

/// The versions with these numbers among all, by number; those that do not exist are left out.
pub async fn by_numbers<D: Definition>(
    connection: &impl ConnectionTrait,
    version_ids: &[i64],
) -> Result<Vec<Version<D>>, Error> {
    let rows = Entity::find()
        .filter(Column::Kind.eq(D::KIND.name))
        .filter(Column::VersionId.is_in(version_ids.iter().copied()))
        .order_by_asc(Column::VersionId)
        .all(connection)
        .await?;
    rows.into_iter().map(Version::try_from).collect()
}

/// The version with this number among all.
pub async fn by_number<D: Definition>(
    connection: &impl ConnectionTrait,
    version_id: i64,
) -> Result<Version<D>, Error> {
    let version = by_numbers(connection, &[version_id]).await?.pop();
    version.ok_or_else(|| Error::not_found(D::KIND.name, format!("version {version_id}")))
}

/// The latest version (draft or published) of every definition, by id; the key of a page is an
/// id, and it is a shorter one where documents are long. One that this program cannot read is an error
/// in its place, and not of the page.
pub async fn list<D: Definition>(
    db: &Database,
    page: &PageRequest<String>,
) -> Result<Page<Result<Version<D>, Error>, String>, Error> {
    let latest = || {
        Entity::find()
            .filter(Column::VersionId.in_subquery(latest_ids(&D::KIND, false)))
            .apply_if(page.after.clone(), |rows, after| rows.filter(Column::DefinitionId.gt(after)))
            .order_by_asc(Column::DefinitionId)
    };
    let length = Expr::cust("CAST(octet_length(document) AS bigint)");
    let lengths = latest().select_only().expr_as(length, "length").limit(page.limit);
    let page = page.fitting(&lengths.into_tuple::<i64>().all(db.reader()).await?);
    let rows = latest().limit(page.fetch()).all(db.reader()).await?;
    let page = Page::of(&page, rows, |row| row.definition_id.clone());
    page.try_map(|row| Ok(Version::try_from(row)))
}

/// The latest published version of each of the definitions (of every one when `ids` is empty),
/// by id. Those without one and those retired are left out.
pub async fn in_force<D: Definition>(
    db: &Database,
    ids: &[impl AsRef<str>],
) -> Result<Vec<Version<D>>, Error> {
    let retired = Query::select()
        .column(name::Column::DefinitionId)
        .from(name::Entity)
        .and_where(Expr::col(name::Column::Kind).eq(D::KIND.name))
        .and_where(Expr::col(name::Column::RetiredAt).is_not_null())
        .to_owned();
    let mut query = Entity::find()
        .filter(Column::VersionId.in_subquery(latest_ids(&D::KIND, true)))
        .filter(Column::DefinitionId.not_in_subquery(retired));
    if !ids.is_empty() {
        query = query.filter(Column::DefinitionId.is_in(ids.iter().map(AsRef::as_ref)));
    }
    let rows = query.order_by_asc(Column::DefinitionId).all(db.reader()).await?;
    rows.into_iter().map(Version::try_from).collect()
}

/// The ids of the definitions of a kind that are not retired, sorted.
pub async fn ids(connection: &impl ConnectionTrait, kind: &Kind) -> Result<Vec<String>, Error> {
    let ids = name::Entity::find()
        .select_only()
        .column(name::Column::DefinitionId)
        .filter(name::Column::Kind.eq(kind.name))
        .filter(name::Column::RetiredAt.is_null())
        .order_by_asc(name::Column::DefinitionId);
    Ok(ids.into_tuple().all(connection).await?)
}

/// Every published version of a definition, the newest first.
pub async fn published<D: Definition>(db: &Database, id: &str) -> Result<Vec<Version<D>>, Error> {
    let rows = versions(&D::KIND, id)
        .filter(Column::PublishedAt.is_not_null())
        .order_by_desc(Column::Version)
        .all(db.reader())
        .await?;
    rows.into_iter().map(Version::try_from).collect()
}

/// Every published version of every definition of a kind, by definition, then in their order.
pub async fn all_published<D: Definition>(db: &Database) -> Result<Vec<Version<D>>, Error> {
    let rows = Entity::find()
        .filter(Column::Kind.eq(D::KIND.name))
        .filter(Column::PublishedAt.is_not_null())
        .order_by_asc(Column::DefinitionId)
        .order_by_asc(Column::Version)
        .all(db.reader())
        .await?;
    rows.into_iter().map(Version::try_from).collect()
}

/// How many versions there are of a kind. None is ever taken back, so that it tells whether there are
/// new ones, in whatever order they were committed.
pub async fn count(connection: &impl ConnectionTrait, kind: &Kind) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM definition_version WHERE kind = $1";
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [kind.name.into()]);
    let row = connection.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

/// The number that stands for a definition in the rows of many; [`Error::NotFound`] when there is
/// no such definition.
pub async fn key(connection: &impl ConnectionTrait, kind: &Kind, id: &str) -> Result<i32, Error> {
    let named = definition(connection, kind, id).await?;
    let named = named.ok_or_else(|| Error::not_found(kind.name, kind.resource(id)))?;
    Ok(named.definition_key)
}

/// The same within another query.
pub fn key_of(kind: &Kind, id: &str) -> SelectStatement {
    Query::select()
        .column(name::Column::DefinitionKey)
        .from(name::Entity)
        .and_where(Expr::col(name::Column::Kind).eq(kind.name))
        .and_where(Expr::col(name::Column::DefinitionId).eq(id))
        .to_owned()
}

/// Keeps every other transaction that asks for it from a definition until this one ends.
pub async fn lock(transaction: &Transaction, kind: &Kind, id: &str) -> Result<(), Error> {
    let row = named(kind, id).lock_exclusive().one(transaction).await?;
    row.map(|_| ()).ok_or_else(|| Error::not_found(kind.name, kind.resource(id)))
}

pub(super) async fn definition(
    connection: &impl ConnectionTrait,
    kind: &Kind,
    id: &str,
) -> Result<Option<name::Model>, Error> {
    Ok(named(kind, id).one(connection).await?)
}

pub(super) async fn latest(
    connection: &impl ConnectionTrait,
    kind: &Kind,
    id: &str,
) -> Result<Option<Model>, Error> {
    Ok(versions(kind, id).order_by_desc(Column::Version).one(connection).await?)
}

fn named(kind: &Kind, id: &str) -> Select<name::Entity> {
    name::Entity::find()
        .filter(name::Column::Kind.eq(kind.name))
        .filter(name::Column::DefinitionId.eq(id))
}

fn versions(kind: &Kind, id: &str) -> Select<Entity> {
    Entity::find().filter(Column::Kind.eq(kind.name)).filter(Column::DefinitionId.eq(id))
}

/// The numbers of the latest version of every definition: numbers grow with versions, because a
/// draft is replaced in its place.
fn latest_ids(kind: &Kind, published: bool) -> SelectStatement {
    let mut ids = Query::select();
    ids.expr(Expr::col(Column::VersionId).max())
        .from(Entity)
        .and_where(Expr::col(Column::Kind).eq(kind.name))
        .group_by_col(Column::DefinitionId);
    if published {
        ids.and_where(Expr::col(Column::PublishedAt).is_not_null());
    }
    ids
}
