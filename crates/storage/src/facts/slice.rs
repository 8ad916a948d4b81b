//! A set of customers cut into pieces small enough for one statement.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::{CustomerSet, SLICE};
use crate::bulk::{self, Column, ColumnType};
use crate::pauses::Point;
use crate::{Database, Error, dialect};

/// Some customers: few enough for one statement.
pub(super) enum Slice {
    /// Ids from the first to the last.
    Range(i64, i64),
    /// Ids, ascending, at least one.
    Ids(Vec<i64>),
}

impl Slice {
    /// The rows of `query`, as columns of the names and types asked for. `{customers}` stands in
    /// it for the condition on the column `customer_id`; `values` are its parameters `$1` and
    /// following.
    pub(super) async fn read<const N: usize>(
        &self,
        db: &Database,
        query: &str,
        values: &[Value],
        columns: &[(&str, ColumnType); N],
    ) -> Result<[Column; N], Error> {
        let read = self.read_all(db, query, values, columns).await?;
        Ok(read.try_into().expect("a read gives as many columns as are asked for"))
    }

    /// The same for any number of columns.
    pub(super) async fn read_all(
        &self,
        db: &Database,
        query: &str,
        values: &[Value],
        columns: &[(&str, ColumnType)],
    ) -> Result<Vec<Column>, Error> {
        let mut values = values.to_vec();
        let backend = db.reader().get_database_backend();
        let query = query.replace("{customers}", &self.condition(backend, &mut values));
        bulk::read(db.reader(), &query, values, columns).await
    }

    pub(super) fn into_set(self) -> CustomerSet {
        match self {
            Slice::Range(first, last) => CustomerSet::Range(first, last),
            Slice::Ids(ids) => CustomerSet::Ids(ids),
        }
    }

    fn condition(&self, backend: DbBackend, values: &mut Vec<Value>) -> String {
        let next = values.len() + 1;
        match self {
            Slice::Range(first, last) => {
                values.extend([Value::from(*first), Value::from(*last)]);
                format!("customer_id BETWEEN ${next} AND ${}", next + 1)
            }
            Slice::Ids(ids) => match ids[..] {
                [id] => {
                    values.push(id.into());
                    format!("customer_id = ${next}")
                }
                _ => {
                    values.push(dialect::array(backend, ids));
                    format!("customer_id {}", dialect::in_array(backend, next))
                }
            },
        }
    }
}

/// The slices in which the facts of the set are read: each in a statement of the same text
/// whoever is asked about, so that the database prepares it once.
pub(super) async fn to_read(db: &Database, set: &CustomerSet) -> Result<Vec<Slice>, Error> {
    db.reach(Point::Facts).await;
    match set {
        // Not cut, because there cannot be more customers than there are ids.
        CustomerSet::Range(first, last) if last.abs_diff(*first) < SLICE && first <= last => {
            Ok(vec![Slice::Range(*first, *last)])
        }
        set => cut(db, set, SLICE).await,
    }
}

/// Cuts the set into slices of at most `size` customers, ascending. Ranges hold customers that
/// exist; ids are not looked up.
pub(super) async fn cut(db: &Database, set: &CustomerSet, size: u64) -> Result<Vec<Slice>, Error> {
    match set {
        CustomerSet::All => cut_range(db, i64::MIN, i64::MAX, size).await,
        CustomerSet::Range(first, last) => cut_range(db, *first, *last, size).await,
        CustomerSet::Ids(ids) => Ok(cut_ids(ids, size)),
    }
}

fn cut_ids(ids: &[i64], size: u64) -> Vec<Slice> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let size = usize::try_from(size.max(1)).unwrap_or(usize::MAX);
    ids.chunks(size).map(|chunk| Slice::Ids(chunk.to_vec())).collect()
}

async fn cut_range(db: &Database, first: i64, last: i64, size: u64) -> Result<Vec<Slice>, Error> {
    let mut slices = Vec::new();
    let mut from = first;
    while let Some((low, high)) = next_range(db, from, last, size.max(1)).await? {
        slices.push(Slice::Range(low, high));
        if high == last {
            break;
        }
        from = high + 1;
    }
    Ok(slices)
}

/// The lowest and the highest of the first `size` ids in the range, `None` when it is empty.
async fn next_range(
    db: &Database,
    first: i64,
    last: i64,
    size: u64,
) -> Result<Option<(i64, i64)>, Error> {
    let sql = "SELECT MIN(customer_id), MAX(customer_id) FROM (SELECT customer_id FROM customer \
               WHERE customer_id BETWEEN $1 AND $2 ORDER BY customer_id LIMIT $3) AS slice";
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let values = [Value::from(first), Value::from(last), Value::from(size)];
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let Some(row) = db.reader().query_one_raw(statement).await? else { return Ok(None) };
    let low: Option<i64> = row.try_get_by_index(0)?;
    let high: Option<i64> = row.try_get_by_index(1)?;
    Ok(low.zip(high))
}

/// What a read that names the types of its columns cannot come to.
pub(super) fn wrong_types() -> Error {
    Error::Corrupt("a read gave columns of other types than were asked for".to_owned())
}
