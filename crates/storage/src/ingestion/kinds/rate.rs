//! Exchange rates.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use chrono::NaiveDate;
use kehu_core::Rate;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{Entry, Kind};
use crate::bulk::{self, Column, OnConflict};
use crate::ingestion::Batch;
use crate::ingestion::entity::exchange_rate;
use crate::ingestion::versions::Writing;
use crate::ingestion::write::{Counts, Moved};
use crate::{Database, Error, Page, PageRequest, Transaction, dialect, time};

/// The kind.
pub(super) static KIND: Kind = Kind {
    name: "exchange_rate",
    timeline: &[],
    facts: &[],
    valued: None,
    versions: None,
    measured: &[],
};

/// Rates by currency and first day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateTable(BTreeMap<String, BTreeMap<NaiveDate, Rate>>);

impl RateTable {
    /// Adds a rate, in the place of one of the same currency and day.
    pub fn insert(&mut self, currency: &str, start_on: NaiveDate, rate: Rate) {
        self.0.entry(currency.to_owned()).or_default().insert(start_on, rate);
    }

    /// The rate valid on `day`: the last one that starts on it or before, if there is one.
    pub fn effective(&self, currency: &str, day: NaiveDate) -> Option<Rate> {
        let rates = self.0.get(currency)?;
        rates.range(..=day).next_back().map(|(_, rate)| *rate)
    }

    /// The first day after `day` on which another rate starts.
    pub(in crate::ingestion) fn next(&self, currency: &str, day: NaiveDate) -> Option<NaiveDate> {
        let after = (Bound::Excluded(day), Bound::Unbounded);
        self.0.get(currency)?.range(after).next().map(|(start_on, _)| *start_on)
    }
}

/// All rates of some currencies.
pub async fn load_rates(db: &Database, currencies: &BTreeSet<String>) -> Result<RateTable, Error> {
    held(db.reader(), currencies).await
}

/// The same as the connection sees them.
pub(in crate::ingestion) async fn held(
    connection: &impl ConnectionTrait,
    currencies: &BTreeSet<String>,
) -> Result<RateTable, Error> {
    let mut table = RateTable::default();
    if currencies.is_empty() {
        return Ok(table);
    }
    let rows = exchange_rate::Entity::find()
        .filter(exchange_rate::Column::Currency.is_in(currencies))
        .all(connection)
        .await?;
    for row in rows {
        table.insert(&row.currency, time::date(row.start_on)?, Rate(row.rate));
    }
    Ok(table)
}

/// A rate as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRate {
    /// ISO 4217.
    pub currency: String,
    /// The first day it is valid.
    pub start_on: NaiveDate,
    /// Units of the base currency for one unit.
    pub rate: Rate,
}

/// A page of rates by currency and day; with a `currency`, only its rates. The key of a page is
/// currency and day.
pub async fn list_rates(
    db: &Database,
    currency: Option<&str>,
    page: &PageRequest<(String, NaiveDate)>,
) -> Result<Page<ListedRate, (String, NaiveDate)>, Error> {
    use exchange_rate::Column as Of;
    let mut query = exchange_rate::Entity::find()
        .order_by_asc(Of::Currency)
        .order_by_asc(Of::StartOn)
        .limit(page.fetch());
    if let Some(currency) = currency {
        query = query.filter(Of::Currency.eq(currency));
    }
    if let Some((currency, day)) = &page.after {
        let same_currency =
            Condition::all().add(Of::Currency.eq(currency)).add(Of::StartOn.gt(time::days(*day)));
        query = query.filter(Condition::any().add(Of::Currency.gt(currency)).add(same_currency));
    }
    let mut rates = Vec::new();
    for row in query.all(db.reader()).await? {
        let start_on = time::date(row.start_on)?;
        rates.push(ListedRate { currency: row.currency, start_on, rate: Rate(row.rate) });
    }
    Ok(Page::of(page, rates, |rate| (rate.currency.clone(), rate.start_on)))
}

/// Currencies with the days from which a rate has changed.
pub(in crate::ingestion) type Changed = BTreeMap<String, BTreeSet<NaiveDate>>;

/// Waits for who changes rates that the batch needs, and for who needs rates that it changes; what
/// is read of them from here on holds until the transaction ends.
pub(super) async fn take_turn(transaction: &Transaction, batch: &Batch) -> Result<(), Error> {
    let mut turns: BTreeMap<&str, bool> =
        batch.foreign.iter().map(|currency| (currency.as_str(), false)).collect();
    for entry in &batch.entries {
        if let Entry::Rate { currency, .. } = entry {
            turns.insert(currency, true);
        }
    }
    for (currency, changes) in turns {
        match changes {
            true => dialect::change_rates(transaction, currency).await?,
            false => dialect::use_rates(transaction, currency).await?,
        }
    }
    Ok(())
}

/// Writes the rates of a batch; of two for the same currency and day the last one stays. Returns
/// what changed, see [`crate::ingestion::revalue`].
pub(super) async fn write(
    writing: &Writing<'_>,
    entries: &[Entry],
    moved: &mut Moved,
) -> Result<Changed, Error> {
    let mut given = Vec::new();
    for entry in entries {
        if let Entry::Rate { currency, start_on, rate } = entry {
            given.push((currency.clone(), time::days(*start_on), rate.0));
        }
    }
    if given.is_empty() {
        return Ok(Changed::new());
    }
    let mut held = find(writing.transaction, &given).await?;
    let mut changed = BTreeMap::new();
    let mut counts = Counts::default();
    for (currency, day, rate) in given {
        let differs = held.insert((currency.clone(), day), rate) != Some(rate);
        counts.count(differs);
        if differs {
            changed.insert((currency, day), rate);
        }
    }
    moved.tally.add(KIND.name, counts);
    let columns = [
        ("currency", Column::Text(changed.keys().map(|(currency, _)| currency.clone()).collect())),
        ("start_on", Column::I32(changed.keys().map(|(_, day)| *day).collect())),
        ("rate", Column::I64(changed.values().copied().collect())),
    ];
    let on_conflict = OnConflict::Update { key: &["currency", "start_on"], set: &["rate"] };
    bulk::insert(writing.transaction, "exchange_rate", &columns, on_conflict).await?;
    let mut days = Changed::new();
    for (currency, day) in changed.into_keys() {
        days.entry(currency).or_default().insert(time::date(day)?);
    }
    Ok(days)
}

async fn find(
    transaction: &Transaction,
    given: &[(String, i32, i64)],
) -> Result<BTreeMap<(String, i32), i64>, Error> {
    let currencies: BTreeSet<&str> = given.iter().map(|(currency, ..)| currency.as_str()).collect();
    let rows = exchange_rate::Entity::find()
        .filter(exchange_rate::Column::Currency.is_in(currencies))
        .all(transaction)
        .await?;
    Ok(rows.into_iter().map(|row| ((row.currency, row.start_on), row.rate)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_valid_until_the_next() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let mut table = RateTable::default();
        table.insert("EUR", day("2011-01-01"), Rate(1));
        table.insert("EUR", day("2011-02-01"), Rate(2));
        for (currency, on, rate) in [
            ("EUR", "2010-12-31", None),
            ("EUR", "2011-01-01", Some(Rate(1))),
            ("EUR", "2011-01-31", Some(Rate(1))),
            ("EUR", "2011-02-01", Some(Rate(2))),
            ("EUR", "2020-01-01", Some(Rate(2))),
            ("USD", "2011-01-15", None),
        ] {
            assert_eq!(table.effective(currency, day(on)), rate, "{currency} {on}");
        }
    }
}
