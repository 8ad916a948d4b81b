//! Customers: read one, many, or by a source's key; write many at once.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
pub use kehu_core::Reference;

use kehu_core::CustomerId;
use kehu_core::contact_key;
use kehu_core::match_key::{self, NameKeys};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Select, Statement,
};

use super::entity::{customer, customer_reference};
use super::{
    Profile, external_codes,
    sources::{self, Names},
};
use crate::bulk::{self, Column, OnConflict};
use crate::document::{self, Document};
use crate::{Database, Error, Page, PageRequest, Transaction, dialect, time};

/// The attributes that customers are looked up by, however they are written.
pub(crate) const PHONE: &str = "phone";
pub(crate) const EMAIL: &str = "email";

/// A golden record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its number.
    pub id: CustomerId,
    /// Every key of a source that leads to it, by source and key.
    pub references: Vec<Reference>,
    /// Codes that sources say it has had, by source and code.
    pub codes: Vec<Reference>,
    /// What is known about it.
    pub profile: Profile,
    /// 1 when created, one more with each change.
    pub version: i64,
    /// When it first appeared.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The customer with this number, if there is one.
pub async fn get_customer(db: &Database, id: CustomerId) -> Result<Option<Customer>, Error> {
    load(db.reader(), id).await
}

/// The same on any connection.
pub(super) async fn load(
    connection: &impl ConnectionTrait,
    id: CustomerId,
) -> Result<Option<Customer>, Error> {
    select(connection, id, "").await
}

/// The same, kept from others until the transaction ends.
pub(super) async fn load_locked(
    transaction: &Transaction,
    id: CustomerId,
) -> Result<Option<Customer>, Error> {
    let lock = dialect::lock_rows_of(transaction.get_database_backend());
    select(transaction, id, lock.map(|lock| format!(" {lock} c")).as_deref().unwrap_or("")).await
}

/// A row a reference.
async fn select(
    connection: &impl ConnectionTrait,
    id: CustomerId,
    lock: &str,
) -> Result<Option<Customer>, Error> {
    let sql = format!(
        "SELECT c.*, s.name AS source, r.external_id FROM customer c \
         LEFT JOIN customer_reference r ON r.customer_id = c.customer_id \
         LEFT JOIN source s ON s.source_id = r.source_id WHERE c.customer_id = $1{lock}"
    );
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [id.0.into()]);
    let rows = connection.query_all_raw(statement).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut references = Vec::with_capacity(rows.len());
    for row in &rows {
        let (source, external_id) = (row.try_get("", "source")?, row.try_get("", "external_id")?);
        if let (Some(source), Some(external_id)) = (source, external_id) {
            references.push(Reference { source, external_id });
        }
    }
    references.sort();
    let codes = external_codes::of_customers(connection, vec![id.0]).await?;
    let codes = codes.into_values().next().unwrap_or_default();
    customer(customer::Model::from_query_result(first, "")?, references, codes).map(Some)
}

/// Those of the customers that there are: of a page, so not more than a statement takes.
pub async fn get_customers(db: &Database, ids: &[CustomerId]) -> Result<Vec<Customer>, Error> {
    let ids = ids.iter().map(|id| id.0);
    let query = customer::Entity::find().filter(customer::Column::CustomerId.is_in(ids));
    with_references(db.reader(), query.all(db.reader()).await?).await
}

/// Which customers to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter<'a> {
    /// Those that this source has a key of.
    pub source: Option<&'a str>,
    /// Those whose name has one of these match keys.
    pub name: Option<NameKeys>,
    /// The newest first, and not the oldest.
    pub newest_first: bool,
}

/// A page of customers by their number.
pub async fn list_customers(
    db: &Database,
    filter: &CustomerFilter<'_>,
    page: &PageRequest,
) -> Result<Page<Customer>, Error> {
    let id = customer::Column::CustomerId;
    let query = customer::Entity::find().limit(page.fetch());
    let mut query = match filter.newest_first {
        false => query.filter(id.gt(page.after.unwrap_or(0))).order_by_asc(id),
        true => query.filter(id.lt(page.after.unwrap_or(i64::MAX))).order_by_desc(id),
    };
    if let Some(keys) = &filter.name {
        query = query.filter(customer::Column::CustomerId.in_subquery(named(keys)));
    }
    if let Some(name) = filter.source {
        let Some(source_id) = sources::find(db.reader(), name).await? else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let of_source = Query::select()
            .column(customer_reference::Column::CustomerId)
            .from(customer_reference::Entity)
            .and_where(customer_reference::Column::SourceId.eq(source_id))
            .to_owned();
        query = query.filter(customer::Column::CustomerId.in_subquery(of_source));
    }
    let rows = query.all(db.reader()).await?;
    let customers = with_references(db.reader(), rows).await?;
    Ok(Page::of(page, customers, |customer| customer.id.0))
}

/// The numbers of the customers with one of these match keys. A union, so that each key is looked up
/// by its index.
fn named(keys: &NameKeys) -> SelectStatement {
    let by = |column: &'static str, key: &str| {
        let mut select = Query::select();
        select.column("customer_id").from("customer");
        select.and_where(ExprTrait::eq(Expr::col(column), key)).to_owned()
    };
    // One of the two names may have a title.
    let mut named = by("name_key", &keys.name);
    named.union(UnionType::Distinct, by("person_key", &keys.name));
    if let Some(person) = &keys.person {
        named.union(UnionType::Distinct, by("person_key", person));
        named.union(UnionType::Distinct, by("name_key", person));
    }
    named
}

/// The customer that a source's key leads to, if any.
pub async fn find_reference(
    db: &Database,
    source: &str,
    external_id: &str,
) -> Result<Option<CustomerId>, Error> {
    let Some(source_id) = sources::find(db.reader(), source).await? else {
        return Ok(None);
    };
    let key = (source_id, external_id.to_owned());
    let row = customer_reference::Entity::find_by_id(key).one(db.reader()).await?;
    Ok(row.map(|row| CustomerId(row.customer_id)))
}

/// The customers that this key leads to, of whichever source it is.
pub async fn find_key(db: &Database, external_id: &str) -> Result<Vec<CustomerId>, Error> {
    let sql = "SELECT DISTINCT r.customer_id FROM source s JOIN customer_reference r \
               ON r.source_id = s.source_id AND r.external_id = $1";
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [external_id.into()]);
    let mut found = Vec::new();
    for row in db.reader().query_all_raw(statement).await? {
        found.push(CustomerId(row.try_get_by_index(0)?));
    }
    Ok(found)
}

async fn with_references(
    connection: &impl ConnectionTrait,
    rows: Vec<customer::Model>,
) -> Result<Vec<Customer>, Error> {
    let mut references = references_of(connection, &rows).await?;
    let ids = rows.iter().map(|row| row.customer_id).collect();
    let mut codes = external_codes::of_customers(connection, ids).await?;
    let mut customers = Vec::with_capacity(rows.len());
    for row in rows {
        let references = references.remove(&row.customer_id).unwrap_or_default();
        let codes = codes.remove(&row.customer_id).unwrap_or_default();
        customers.push(customer(row, references, codes)?);
    }
    Ok(customers)
}

fn customer(
    row: customer::Model,
    references: Vec<Reference>,
    codes: Vec<Reference>,
) -> Result<Customer, Error> {
    Ok(Customer {
        id: CustomerId(row.customer_id),
        references,
        codes,
        version: row.version,
        created_at: time::instant(row.created_at)?,
        updated_at: time::instant(row.updated_at)?,
        profile: profile(row)?,
    })
}

/// Of each customer all its references, in order.
pub(super) async fn references_of(
    connection: &impl ConnectionTrait,
    customers: &[customer::Model],
) -> Result<HashMap<i64, Vec<Reference>>, Error> {
    if customers.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = customers.iter().map(|row| row.customer_id);
    let rows = customer_reference::Entity::find()
        .filter(customer_reference::Column::CustomerId.is_in(ids))
        .all(connection)
        .await?;
    let names = Names::load(connection).await?;
    let mut references: HashMap<i64, Vec<Reference>> = HashMap::new();
    for row in rows {
        let source = names.get(row.source_id)?;
        let reference = Reference { source, external_id: row.external_id };
        references.entry(row.customer_id).or_default().push(reference);
    }
    for references in references.values_mut() {
        references.sort();
    }
    Ok(references)
}

impl Document for BTreeMap<String, String> {
    const NAME: &'static str = "set of attributes of a customer";
}

/// The profile in a row.
pub(super) fn profile(row: customer::Model) -> Result<Profile, Error> {
    let attributes = document::read(&row.attributes)?;
    Ok(Profile {
        display_name: row.display_name,
        customer_type: row.customer_type,
        region_code: row.region_code,
        province: row.province,
        city: row.city,
        industry_code: row.industry_code,
        registered_on: row.registered_on.map(time::date).transpose()?,
        attributes,
    })
}

/// A customer as it is to be written.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: CustomerId,
    pub(super) profile: Profile,
    pub(super) version: i64,
    /// The first day from which on all that features read of it holds; `None` for always.
    pub(super) moved_on: Option<i32>,
}

/// Creates customers.
pub(super) async fn insert(
    transaction: &Transaction,
    rows: &[Row],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let mut columns = columns(rows, now);
    columns.push(("created_at", Column::I64(vec![time::micros(now); rows.len()])));
    bulk::insert(transaction, "customer", &columns, OnConflict::Fail).await?;
    Ok(())
}

/// Overwrites customers that exist, all but their time of creation.
pub(super) async fn update(
    transaction: &Transaction,
    rows: &[Row],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let mut columns = columns(rows, now);
    let set: Vec<&str> = columns.iter().skip(1).map(|(name, _)| *name).collect();
    // Only an insertion would use it.
    columns.push(("created_at", Column::I64(vec![time::micros(now); rows.len()])));
    let on_conflict = OnConflict::Update { key: &["customer_id"], set: &set };
    bulk::insert(transaction, "customer", &columns, on_conflict).await?;
    Ok(())
}

fn columns(rows: &[Row], now: DateTime<Utc>) -> Vec<(&'static str, Column)> {
    let text = |field: fn(&Profile) -> &Option<String>| {
        Column::OptText(rows.iter().map(|row| field(&row.profile).clone()).collect())
    };
    let registered = rows.iter().map(|row| row.profile.registered_on.map(time::days));
    let attributes = rows.iter().map(|row| document::write(&row.profile.attributes));
    let (names, persons) = name_keys(rows);
    let contact = |attribute: &str, key: fn(&str) -> Option<String>| {
        let given = rows.iter().map(|row| row.profile.attributes.get(attribute));
        Column::OptText(given.map(|value| value.and_then(|value| key(value))).collect())
    };
    vec![
        ("customer_id", Column::I64(rows.iter().map(|row| row.id.0).collect())),
        ("display_name", text(|profile| &profile.display_name)),
        ("name_key", Column::OptText(names)),
        ("person_key", Column::OptText(persons)),
        ("phone_key", contact(PHONE, contact_key::phone)),
        ("email_key", contact(EMAIL, contact_key::email)),
        ("customer_type", text(|profile| &profile.customer_type)),
        ("region_code", text(|profile| &profile.region_code)),
        ("province", text(|profile| &profile.province)),
        ("city", text(|profile| &profile.city)),
        ("industry_code", text(|profile| &profile.industry_code)),
        ("registered_on", Column::OptI32(registered.collect())),
        ("attributes", Column::Text(attributes.collect())),
        ("moved_on", Column::OptI32(rows.iter().map(|row| row.moved_on).collect())),
        ("version", Column::I64(rows.iter().map(|row| row.version).collect())),
        ("updated_at", Column::I64(vec![time::micros(now); rows.len()])),
    ]
}

/// The match keys of the names, and of those that may be persons'.
fn name_keys(rows: &[Row]) -> (Vec<Option<String>>, Vec<Option<String>>) {
    let names = rows.iter().map(|row| row.profile.display_name.as_deref());
    let keys = names.map(|name| match name.and_then(match_key::of_name) {
        Some(keys) => (Some(keys.name), keys.person),
        None => (None, None),
    });
    keys.unzip()
}

/// The customers with these numbers.
pub(super) async fn find(
    transaction: &Transaction,
    ids: &[i64],
) -> Result<Vec<customer::Model>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(with_ids(transaction, ids).all(transaction).await?)
}

/// The same, kept from others until the transaction ends.
pub(super) async fn lock(
    transaction: &Transaction,
    ids: &[i64],
) -> Result<Vec<customer::Model>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let in_order = with_ids(transaction, ids).order_by_asc(customer::Column::CustomerId);
    Ok(in_order.lock_exclusive().all(transaction).await?)
}

fn with_ids(transaction: &Transaction, ids: &[i64]) -> Select<customer::Entity> {
    let backend = transaction.get_database_backend();
    customer::Entity::find().filter(dialect::is_any_number(backend, "customer_id", ids))
}
