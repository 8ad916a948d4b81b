//! The exchange rates, in memory: there are few, and a join would cost more than it gives.

use std::collections::HashMap;

use kehu_core::{Money, Rate};
use sea_orm::{ConnectionTrait, Statement};

use crate::{Database, Error};

/// For each foreign currency its rates, by first day. The base currency has none.
pub(super) struct Rates {
    by_currency: HashMap<String, Vec<(i32, Rate)>>,
}

impl Rates {
    pub(super) async fn read(db: &Database) -> Result<Self, Error> {
        let sql = "SELECT currency, start_on, rate FROM exchange_rate ORDER BY currency, start_on";
        let backend = db.reader().get_database_backend();
        let rows = db.reader().query_all_raw(Statement::from_string(backend, sql)).await?;
        let mut by_currency: HashMap<String, Vec<(i32, Rate)>> = HashMap::new();
        for row in rows {
            let rate = (row.try_get_by_index(1)?, Rate(row.try_get_by_index(2)?));
            by_currency.entry(row.try_get_by_index(0)?).or_default().push(rate);
        }
        Ok(Self { by_currency })
    }

    /// An amount of a currency in the base currency, at the rate valid on the day. An amount of
    /// a currency without a rate is one of the base currency: no other gets past ingestion.
    pub(super) fn to_base(&self, currency: &str, day: i32, amount: i64) -> Result<i64, Error> {
        let Some(rates) = self.by_currency.get(currency) else { return Ok(amount) };
        let after = rates.partition_point(|(start_on, _)| *start_on <= day);
        let Some((_, rate)) = after.checked_sub(1).map(|place| rates[place]) else {
            return Ok(amount);
        };
        let base =
            Money(amount).convert(rate).map_err(|error| Error::Corrupt(error.to_string()))?;
        Ok(base.0)
    }
}
