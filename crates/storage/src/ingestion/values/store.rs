//! The rows of values.

use std::collections::HashMap;

use kehu_core::CustomerId;
use sea_orm::ConnectionTrait;

use super::{Homes, READ_BY_FEATURES, Row, Value, Values, together};
use crate::bulk::{self, Column, ColumnType, OnConflict};
use crate::business_date::Days;
use crate::ingestion::merges;
use crate::ingestion::profile::ATTRIBUTE;
use crate::{Error, Transaction, dialect};

const KEY: [&str; 4] = ["customer_id", "field", "said_at", "version"];
/// What changes of a row: its value only in the transaction that wrote it.
const CHANGES: [&str; 2] = ["last_said_at", "superseded_at"];

/// All values of these customers, by customer, and by whose references they came by.
pub(in crate::ingestion) async fn load(
    connection: &impl ConnectionTrait,
    customers: &[i64],
) -> Result<HashMap<CustomerId, Homes>, Error> {
    load_where(connection, customers, "").await
}

/// The values of the fields that features read of these customers, by customer.
pub(crate) async fn load_read_by_features(
    connection: &impl ConnectionTrait,
    customers: &[i64],
) -> Result<HashMap<CustomerId, Values>, Error> {
    let fields = READ_BY_FEATURES.join("', '");
    let fields = format!(" AND (field IN ('{fields}') OR field LIKE '{ATTRIBUTE}%')");
    let loaded = load_where(connection, customers, &fields).await?;
    if loaded.is_empty() {
        return Ok(HashMap::new());
    }
    let calendar = Days::calendar_of(connection).await?;
    let mut found = HashMap::with_capacity(loaded.len());
    for (customer, homes) in loaded {
        found.insert(customer, together(&homes, &calendar)?.into_owned());
    }
    Ok(found)
}

async fn load_where(
    connection: &impl ConnectionTrait,
    customers: &[i64],
    condition: &str,
) -> Result<HashMap<CustomerId, Homes>, Error> {
    let mut found: HashMap<CustomerId, Homes> = HashMap::new();
    if customers.is_empty() {
        return Ok(found);
    }
    let absorbed = merges::absorbed_in(connection, customers).await?;
    let homes: Vec<i64> = customers.iter().copied().chain(absorbed.keys().copied()).collect();
    let backend = connection.get_database_backend();
    let is_any = dialect::in_array(backend, 1);
    let sql = format!(
        "SELECT customer_id, field, said_at, version, value, source_id, said_on, last_said_at, \
         recorded_at, superseded_at FROM profile_value WHERE customer_id {is_any}{condition} \
         ORDER BY customer_id, field, said_at, version"
    );
    let values = vec![dialect::array(backend, &homes)];
    let read = bulk::read(connection, &sql, values, &TYPES).await?;
    let rows = Rows::of(read)?;
    for place in 0..rows.field.len() {
        let home = rows.customer_id[place];
        let customer = CustomerId(*absorbed.get(&home).unwrap_or(&home));
        let values = found.entry(customer).or_default().entry(CustomerId(home)).or_default();
        values.entry(rows.field[place].clone()).or_default().push(rows.value(place));
    }
    Ok(found)
}

const TYPES: [(&str, ColumnType); 10] = [
    ("customer_id", ColumnType::I64),
    ("field", ColumnType::Text),
    ("said_at", ColumnType::I64),
    ("version", ColumnType::I64),
    ("value", ColumnType::OptText),
    ("source_id", ColumnType::I64),
    ("said_on", ColumnType::I32),
    ("last_said_at", ColumnType::I64),
    ("recorded_at", ColumnType::I64),
    ("superseded_at", ColumnType::OptI64),
];

/// Rows as columns.
#[derive(Default)]
struct Rows {
    customer_id: Vec<i64>,
    field: Vec<String>,
    said_at: Vec<i64>,
    version: Vec<i64>,
    value: Vec<Option<String>>,
    source_id: Vec<i64>,
    said_on: Vec<i32>,
    last_said_at: Vec<i64>,
    recorded_at: Vec<i64>,
    superseded_at: Vec<Option<i64>>,
}

impl Rows {
    fn of(read: Vec<Column>) -> Result<Self, Error> {
        let Ok(
            [
                Column::I64(customer_id),
                Column::Text(field),
                Column::I64(said_at),
                Column::I64(version),
                Column::OptText(value),
                Column::I64(source_id),
                Column::I32(said_on),
                Column::I64(last_said_at),
                Column::I64(recorded_at),
                Column::OptI64(superseded_at),
            ],
        ) = <[Column; 10]>::try_from(read)
        else {
            let text = "a read of profile_value gave columns of other types";
            return Err(Error::Corrupt(text.to_owned()));
        };
        Ok(Self {
            customer_id,
            field,
            said_at,
            version,
            value,
            source_id,
            said_on,
            last_said_at,
            recorded_at,
            superseded_at,
        })
    }

    fn value(&self, place: usize) -> Value {
        Value {
            value: self.value[place].clone(),
            source_id: self.source_id[place],
            said_at: self.said_at[place],
            said_on: self.said_on[place],
            last_said_at: self.last_said_at[place],
            version: self.version[place],
            recorded_at: self.recorded_at[place],
            superseded_at: self.superseded_at[place],
            row: Row::Kept,
        }
    }

    fn push(&mut self, customer: CustomerId, field: &str, value: &Value) {
        self.customer_id.push(customer.0);
        self.field.push(field.to_owned());
        self.said_at.push(value.said_at);
        self.version.push(value.version);
        self.value.push(value.value.clone());
        self.source_id.push(value.source_id);
        self.said_on.push(value.said_on);
        self.last_said_at.push(value.last_said_at);
        self.recorded_at.push(value.recorded_at);
        self.superseded_at.push(value.superseded_at);
    }

    fn into_columns(self) -> [(&'static str, Column); 10] {
        [
            ("customer_id", Column::I64(self.customer_id)),
            ("field", Column::Text(self.field)),
            ("said_at", Column::I64(self.said_at)),
            ("version", Column::I64(self.version)),
            ("value", Column::OptText(self.value)),
            ("source_id", Column::I64(self.source_id)),
            ("said_on", Column::I32(self.said_on)),
            ("last_said_at", Column::I64(self.last_said_at)),
            ("recorded_at", Column::I64(self.recorded_at)),
            ("superseded_at", Column::OptI64(self.superseded_at)),
        ]
    }
}

/// Writes the rows that are new or have changed, of customers that are kept from other writers; each
/// value with the customer whose reference it came by.
pub(in crate::ingestion) async fn write<'a>(
    transaction: &Transaction,
    customers: impl Iterator<Item = &'a Homes>,
) -> Result<(), Error> {
    let mut rows = Rows::default();
    let mut changes = false;
    for (customer, values) in customers.flatten() {
        for (field, values) in values {
            for value in values.iter().filter(|value| value.row != Row::Kept) {
                changes |= value.row == Row::Changed;
                rows.push(*customer, field, value);
            }
        }
    }
    if rows.field.is_empty() {
        return Ok(());
    }
    let on_conflict = match changes {
        true => OnConflict::Update { key: &KEY, set: &CHANGES },
        false => OnConflict::Fail,
    };
    bulk::insert(transaction, "profile_value", &rows.into_columns(), on_conflict).await?;
    Ok(())
}
