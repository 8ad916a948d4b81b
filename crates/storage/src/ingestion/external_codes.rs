//! Codes that customers have had elsewhere, as their sources know them. They are found by, and
//! decide nothing: two customers may have the same one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kehu_core::{CustomerId, code_scheme, key};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::entity::external_code::{Column as Of, Entity, Model};
use super::sources::{self, Names};
use super::versions::Writing;
use super::{Entry, Reference, merges};
use crate::bulk::{self, Column, ColumnType, OnConflict};
use crate::{Database, Error, dialect};

/// What a code is found by: case and separators do not count, unless there is nothing else.
pub fn external_code(code: &str) -> String {
    let normal = code_scheme::normalise(code);
    if normal.is_empty() { key::look(code) } else { normal }
}

/// Writes the codes of a batch, each with the customer that its reference was first linked to, and
/// returns those for whom one is new.
pub(super) async fn write(
    writing: &Writing<'_>,
    entries: &[Entry],
) -> Result<BTreeSet<CustomerId>, Error> {
    let Writing { transaction, source_id, resolved, .. } = *writing;
    let mut given: BTreeMap<(String, i64), &str> = BTreeMap::new();
    for entry in entries {
        let Entry::Customer { external_id, codes, .. } = entry else { continue };
        for code in codes {
            given.insert((external_code(code), resolved.home(external_id).0), code);
        }
    }
    if given.is_empty() {
        return Ok(BTreeSet::new());
    }
    let normals: Vec<&str> = given.keys().map(|(normal, _)| normal.as_str()).collect();
    let backend = transaction.get_database_backend();
    let key = "source_id = $1 AND normal = wanted";
    let from = dialect::from_each(backend, 2, "external_code", key);
    let sql = format!("SELECT normal, customer_id {from}");
    let columns = [("normal", ColumnType::Text), ("customer_id", ColumnType::I64)];
    let values = vec![source_id.into(), dialect::text_array(backend, &normals)];
    let read = bulk::read(transaction, &sql, values, &columns).await?;
    let Ok([Column::Text(held), Column::I64(customers)]) = <[Column; 2]>::try_from(read) else {
        return Err(Error::Corrupt("external codes have columns of other types".to_owned()));
    };
    let held: BTreeSet<(String, i64)> = held.into_iter().zip(customers).collect();
    given.retain(|key, _| !held.contains(key));
    let columns = [
        ("normal", Column::Text(given.keys().map(|(normal, _)| normal.clone()).collect())),
        ("source_id", Column::I64(vec![source_id; given.len()])),
        ("customer_id", Column::I64(given.keys().map(|(_, customer)| *customer).collect())),
        ("code", Column::Text(given.values().map(|code| (*code).to_owned()).collect())),
    ];
    bulk::insert(transaction, "external_code", &columns, OnConflict::Ignore).await?;
    Ok(given.into_keys().map(|(_, customer)| CustomerId(customer)).collect())
}

/// The customers that sources, or the named one, say have had this code, ascending.
pub async fn find_external_code(
    db: &Database,
    source: Option<&str>,
    code: &str,
) -> Result<Vec<CustomerId>, Error> {
    let mut query = Entity::find().filter(Of::Normal.eq(external_code(code)));
    if let Some(name) = source {
        let Some(source_id) = sources::find(db.reader(), name).await? else {
            return Ok(Vec::new());
        };
        query = query.filter(Of::SourceId.eq(source_id));
    }
    let rows = query.all(db.reader()).await?;
    let homes: Vec<i64> = rows.into_iter().map(|row| row.customer_id).collect();
    let survivors = merges::survivors(db.reader(), &homes).await?;
    let customers = homes.iter().map(|home| survivors.get(home).map_or(*home, |(root, _)| *root));
    let customers: BTreeSet<i64> = customers.collect();
    Ok(customers.into_iter().map(CustomerId).collect())
}

/// The codes of some customers, by customer; of each by source and code.
pub(super) async fn of_customers(
    connection: &impl ConnectionTrait,
    customers: Vec<i64>,
) -> Result<HashMap<i64, Vec<Reference>>, Error> {
    if customers.is_empty() {
        return Ok(HashMap::new());
    }
    let absorbed = merges::absorbed_in(connection, &customers).await?;
    let homes = customers.into_iter().chain(absorbed.keys().copied());
    let rows: Vec<Model> = Entity::find()
        .filter(Of::CustomerId.is_in(homes))
        .order_by_asc(Of::Normal)
        .all(connection)
        .await?;
    let mut codes: HashMap<i64, Vec<Reference>> = HashMap::new();
    if rows.is_empty() {
        return Ok(codes);
    }
    let names = Names::load(connection).await?;
    for row in rows {
        let reference = Reference { source: names.get(row.source_id)?, external_id: row.code };
        let customer = *absorbed.get(&row.customer_id).unwrap_or(&row.customer_id);
        codes.entry(customer).or_default().push(reference);
    }
    for codes in codes.values_mut() {
        codes.sort();
        codes.dedup();
    }
    Ok(codes)
}
