//! Classes that a person has set against the rules, until they expire.
//!
//! An override holds from the business date on which it was set to the day before it expires, or is
//! ended. Of one customer under one taxonomy they follow each other and never overlap. Whoever
//! classifies asks here what persons say, after the rules ([`on`]), so that runs and followers come to
//! the same; an override that is set or ended is a change like any other, and is followed.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::{CustomerId, taxonomy::Taxonomy};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::change_log::{self, NewChange, Topic};
use crate::definitions::{self, Definition};
use crate::history;
use crate::{Database, Error, Page, PageRequest, Transaction, time};

/// Most overrides that hold at once under a taxonomy: beyond that the rules are to be changed.
pub const MOST: i64 = 10_000;

/// A class that a person has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassOverride {
    /// Its number.
    pub override_id: i64,
    /// The id of the taxonomy.
    pub taxonomy: String,
    /// What was set.
    pub set: NewOverride,
    /// The first day on which it holds.
    pub from: NaiveDate,
    /// By whom it was set, by the name that sign-on knows; empty where it is off.
    pub by: String,
    /// When it was set.
    pub at: DateTime<Utc>,
    /// When it was ended before its time, by a person or by another override; `None` otherwise.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What a person sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOverride {
    /// Whose class it is.
    pub customer: CustomerId,
    /// The id of the class.
    pub class: String,
    /// The first day on which it holds no longer.
    pub until: NaiveDate,
    /// Why.
    pub reason: String,
    /// Who has checked it.
    pub reviewer: String,
}

/// When and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand<'a> {
    /// The business date.
    pub today: NaiveDate,
    /// The time.
    pub now: DateTime<Utc>,
    /// The caller; empty where sign-on is off.
    pub by: &'a str,
}

const SELECT: &str = "SELECT o.override_id, d.definition_id AS taxonomy, o.customer_id, o.class_id, \
     o.from_day, o.until_day, o.reason, o.reviewer, o.set_by, o.set_at, o.ended_at FROM \
     class_override AS o JOIN definition AS d ON d.definition_key = o.taxonomy_key";

/// Sets a class from today on, in place of the override that holds, if one does. The same once more
/// changes nothing. [`Error::Refused`] when too many hold.
pub async fn set(
    db: &Database,
    taxonomy: &str,
    new: &NewOverride,
    hand: &Hand<'_>,
) -> Result<ClassOverride, Error> {
    let transaction = db.begin().await?;
    definitions::lock(&transaction, &Taxonomy::KIND, taxonomy).await?;
    let key = definitions::key(&transaction, &Taxonomy::KIND, taxonomy).await?;
    if let Some(held) = held(&transaction, key, new.customer, hand.today).await? {
        if held.set == *new {
            return Ok(held);
        }
        end(&transaction, &held, hand).await?;
    }
    let today = time::days(hand.today);
    let sql = format!(
        "SELECT count(*) FROM class_override WHERE taxonomy_key = {key} AND from_day <= {today} AND \
         until_day > {today}"
    );
    for row in history::query(&transaction, &sql).await? {
        let count: i64 = row.try_get_by_index(0)?;
        if count >= MOST {
            return Err(Error::Refused {
                condition: "FEW_OVERRIDES",
                subject: format!("taxonomies/{taxonomy}"),
                description: format!("{MOST} overrides hold already: change the rules instead"),
            });
        }
    }
    insert(&transaction, key, new, hand).await?;
    tell(&transaction, new.customer, hand).await?;
    let held = held(&transaction, key, new.customer, hand.today).await?;
    let held = held.ok_or_else(|| Error::Corrupt("an override is gone".to_owned()))?;
    transaction.commit().await?;
    Ok(held)
}

/// Ends the override that holds today: from today on the rules decide. [`Error::NotFound`] when none
/// holds.
pub async fn clear(
    db: &Database,
    taxonomy: &str,
    customer: CustomerId,
    hand: &Hand<'_>,
) -> Result<ClassOverride, Error> {
    let transaction = db.begin().await?;
    definitions::lock(&transaction, &Taxonomy::KIND, taxonomy).await?;
    let key = definitions::key(&transaction, &Taxonomy::KIND, taxonomy).await?;
    let held = held(&transaction, key, customer, hand.today).await?;
    let name = || format!("{customer} under taxonomies/{taxonomy}");
    let mut held = held.ok_or_else(|| Error::not_found("override", name()))?;
    end(&transaction, &held, hand).await?;
    tell(&transaction, customer, hand).await?;
    transaction.commit().await?;
    held.set.until = hand.today;
    held.ended_at = Some(hand.now);
    Ok(held)
}

/// The override of a customer that holds on a day.
async fn held(
    connection: &impl ConnectionTrait,
    key: i32,
    customer: CustomerId,
    day: NaiveDate,
) -> Result<Option<ClassOverride>, Error> {
    let day = time::days(day);
    let sql = format!(
        "{SELECT} WHERE o.taxonomy_key = {key} AND o.customer_id = {} AND o.from_day <= {day} AND \
         o.until_day > {day}",
        customer.0
    );
    let row = history::query(connection, &sql).await?.pop();
    row.map(|row| ClassOverride::try_from(Row::from_query_result(&row, "")?)).transpose()
}

async fn end(
    transaction: &Transaction,
    held: &ClassOverride,
    hand: &Hand<'_>,
) -> Result<(), Error> {
    let sql = format!(
        "UPDATE class_override SET until_day = {}, ended_at = {} WHERE override_id = {}",
        time::days(hand.today),
        time::micros(hand.now),
        held.override_id
    );
    history::execute(transaction, &sql).await?;
    Ok(())
}

async fn insert(
    transaction: &Transaction,
    key: i32,
    new: &NewOverride,
    hand: &Hand<'_>,
) -> Result<(), Error> {
    let sql = "INSERT INTO class_override (taxonomy_key, customer_id, class_id, from_day, until_day, \
               reason, reviewer, set_by, set_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values: [Value; 9] = [
        key.into(),
        new.customer.0.into(),
        new.class.as_str().into(),
        time::days(hand.today).into(),
        time::days(new.until).into(),
        new.reason.as_str().into(),
        new.reviewer.as_str().into(),
        hand.by.into(),
        time::micros(hand.now).into(),
    ];
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// Has the customer classified again, whether predicates read facts alone or scores.
async fn tell(
    transaction: &Transaction,
    customer: CustomerId,
    hand: &Hand<'_>,
) -> Result<(), Error> {
    for (topic, as_of) in [(Topic::Facts, None), (Topic::Scores, Some(hand.today))] {
        let change = NewChange {
            topic,
            customers: vec![customer],
            first_day: hand.today,
            last_day: hand.today,
            as_of,
            recorded_at: hand.now,
            cause: None,
        };
        change_log::append(transaction, &change).await?;
    }
    Ok(())
}

/// The classes that persons have set under a taxonomy and that hold on a day, by customer, of those
/// from the first to the last id.
pub async fn on(
    db: &Database,
    taxonomy: &str,
    day: NaiveDate,
    (first, last): (i64, i64),
) -> Result<BTreeMap<i64, String>, Error> {
    let key = definitions::key(db.reader(), &Taxonomy::KIND, taxonomy).await?;
    let day = time::days(day);
    let sql = format!(
        "SELECT customer_id, class_id FROM class_override WHERE taxonomy_key = {key} AND from_day \
         <= {day} AND until_day > {day} AND customer_id BETWEEN {first} AND {last}"
    );
    let mut classes = BTreeMap::new();
    for row in history::query(db.reader(), &sql).await? {
        classes.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    }
    Ok(classes)
}

/// The override of a customer that holds on a day, if one does.
pub async fn get(
    db: &Database,
    taxonomy: &str,
    customer: CustomerId,
    day: NaiveDate,
) -> Result<Option<ClassOverride>, Error> {
    let key = definitions::key(db.reader(), &Taxonomy::KIND, taxonomy).await?;
    held(db.reader(), key, customer, day).await
}

/// The overrides under a taxonomy that hold on a day, or with `None` all there ever were, in the order
/// in which they were set; of one customer, when it is named. The key of a page is a number.
pub async fn list(
    db: &Database,
    taxonomy: &str,
    (customer, day): (Option<CustomerId>, Option<NaiveDate>),
    page: &PageRequest,
) -> Result<Page<ClassOverride>, Error> {
    let key = definitions::key(db.reader(), &Taxonomy::KIND, taxonomy).await?;
    let mut conditions = vec![format!("o.taxonomy_key = {key}")];
    conditions.extend(customer.map(|customer| format!("o.customer_id = {}", customer.0)));
    if let Some(day) = day.map(time::days) {
        conditions.push(format!("o.from_day <= {day} AND o.until_day > {day}"));
    }
    conditions.extend(page.after.map(|after| format!("o.override_id > {after}")));
    let sql = format!(
        "{SELECT} WHERE {} ORDER BY o.override_id LIMIT {}",
        conditions.join(" AND "),
        page.fetch()
    );
    let mut rows = Vec::new();
    for row in history::query(db.reader(), &sql).await? {
        rows.push(ClassOverride::try_from(Row::from_query_result(&row, "")?)?);
    }
    Ok(Page::of(page, rows, |row| row.override_id))
}

#[derive(FromQueryResult)]
struct Row {
    override_id: i64,
    taxonomy: String,
    customer_id: i64,
    class_id: String,
    from_day: i32,
    until_day: i32,
    reason: String,
    reviewer: String,
    set_by: String,
    set_at: i64,
    ended_at: Option<i64>,
}

impl TryFrom<Row> for ClassOverride {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            override_id: row.override_id,
            taxonomy: row.taxonomy,
            set: NewOverride {
                customer: CustomerId(row.customer_id),
                class: row.class_id,
                until: time::date(row.until_day)?,
                reason: row.reason,
                reviewer: row.reviewer,
            },
            from: time::date(row.from_day)?,
            by: row.set_by,
            at: time::instant(row.set_at)?,
            ended_at: row.ended_at.map(time::instant).transpose()?,
        })
    }
}
