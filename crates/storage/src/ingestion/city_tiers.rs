//! Tiers of cities: definitions in versions without drafts, one a city, and whom a change concerns.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use kehu_core::city_tier::{CityTier, CityTiers};
use kehu_core::{CustomerId, division};
use sea_orm::{ConnectionTrait, Statement, Value};

use crate::change_log::{self, NewChange, Position, Topic};
use crate::definitions::{self, Definition, Kind, Signed, Version};
use crate::document::Document;
use crate::{Database, Error, Transaction};

/// Customers of one entry of the change log.
const CUSTOMERS: usize = 5_000;

impl Document for CityTier {
    const NAME: &'static str = "tier of a city";
}

impl Definition for CityTier {
    const KIND: Kind =
        Kind { name: "city tier", collection: "cityTiers", versioned: true, approval: false };

    type Frozen = ();

    fn id(&self) -> &str {
        &self.city
    }
}

/// The tiers as of now, read when somebody has changed one since.
#[derive(Debug, Clone)]
pub struct HeldCityTiers {
    db: Database,
    /// With the number of changes that were read.
    held: Arc<Mutex<(i64, Arc<CityTiers>)>>,
}

impl HeldCityTiers {
    /// Those of a database.
    pub fn new(db: Database) -> Self {
        Self { db, held: Arc::default() }
    }

    /// All of them.
    pub async fn current(&self) -> Result<Arc<CityTiers>, Error> {
        // The number first: what comes between the two is found to be new by the next call.
        let count = definitions::count(self.db.reader(), &CityTier::KIND).await?;
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if held.0 == count {
            return Ok(held.1);
        }
        let changes = definitions::all_published::<CityTier>(&self.db).await?;
        let tiers = Arc::new(CityTiers::new(changes.into_iter().map(|change| change.definition)));
        let read = (count, Arc::clone(&tiers));
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(tiers)
    }
}

/// Changes the tier of a city, after its version `after` (0 for none), and tells of its customers: how
/// many they are, and the place in the change log, if there are any. [`Error::Conflict`] when
/// somebody else has changed it meanwhile.
pub async fn set_city_tier(
    db: &Database,
    tier: &CityTier,
    after: i64,
    signed: &Signed,
) -> Result<(Version<CityTier>, u64, Option<Position>), Error> {
    let transaction = db.begin().await?;
    let version = definitions::follow_up_in(&transaction, tier, &(), after, signed).await?;
    let customers = customers_of(&transaction, &tier.city).await?;
    let position = announce(&transaction, &customers, tier.from, signed).await?;
    transaction.commit().await?;
    let count = u64::try_from(customers.len()).unwrap_or(u64::MAX);
    Ok((version, count, position))
}

/// Tells the change log of customers whom a change of reference data concerns from a day on; the
/// place of the last entry, if there is one.
pub(super) async fn announce(
    transaction: &Transaction,
    customers: &[CustomerId],
    first_day: NaiveDate,
    signed: &Signed,
) -> Result<Option<Position>, Error> {
    let mut position = None;
    for customers in customers.chunks(CUSTOMERS) {
        let change = NewChange {
            topic: Topic::Facts,
            customers: customers.to_vec(),
            first_day,
            last_day: first_day,
            as_of: None,
            recorded_at: signed.at,
            cause: None,
        };
        position = Some(change_log::append(transaction, &change).await?);
    }
    Ok(position)
}

/// Who is in a city, or ever was said to be: what they were on which day is for features to tell.
async fn customers_of(transaction: &Transaction, city: &str) -> Result<Vec<CustomerId>, Error> {
    let backend = transaction.get_database_backend();
    let names = division::names(city);
    let place = |number: usize| format!("${number}");
    let places: Vec<String> = (1..=names.len()).map(place).collect();
    let sql = format!(
        "SELECT DISTINCT customer_id FROM profile_value WHERE field IN ('city', 'province') \
         AND UPPER(TRIM(value)) IN ({}) ORDER BY customer_id",
        places.join(", ")
    );
    let values: Vec<Value> = names.into_iter().map(Value::from).collect();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let mut found = Vec::new();
    for row in transaction.query_all_raw(statement).await? {
        found.push(CustomerId(row.try_get_by_index(0)?));
    }
    Ok(found)
}
