//! Giving codes: counters without gaps, in the transaction of the codes themselves.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict as Merge, Order, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Statement};

use super::super::customers::ROWS_AT_ONCE;
use super::super::entity::code::{Column as Field, Entity};
use super::EndReason;
use crate::bulk::{self, Column, OnConflict};
use crate::change_log::{self, NewChange, Topic};
use crate::{Database, Error, Transaction, time};

/// A code to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCode {
    /// As it is printed.
    pub code: String,
    /// Its normal form.
    pub normal: String,
    /// The counter that its number is from.
    pub prefix: String,
    /// Its number.
    pub number: i64,
    /// To whom.
    pub customer: CustomerId,
    /// The short code of the customer's class.
    pub class_code: String,
}

/// For what day codes are given, by whom, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// The day.
    pub as_of: NaiveDate,
    /// The run; `None` where it followed from a change.
    pub run_id: Option<i64>,
    /// When.
    pub now: DateTime<Utc>,
}

/// Tells those who watch that codes are given, and returns where.
pub(super) async fn tell(
    transaction: &Transaction,
    customers: &[CustomerId],
    Given { as_of, now, .. }: Given,
) -> Result<String, Error> {
    let customers: BTreeSet<CustomerId> = customers.iter().copied().collect();
    let change = NewChange {
        topic: Topic::Codes,
        customers: customers.into_iter().collect(),
        first_day: as_of,
        last_day: as_of,
        as_of: Some(as_of),
        recorded_at: now,
        cause: None,
    };
    Ok(change_log::append(transaction, &change).await?.to_string())
}

/// Takes `count` numbers of a prefix's counter and returns the last of them; the first number
/// of all is 1. They are given back when the transaction rolls back.
pub async fn take(
    transaction: &Transaction,
    scheme: &str,
    prefix: &str,
    count: i64,
) -> Result<i64, Error> {
    let last = Expr::col(("code_sequence", "last"));
    let statement = Query::insert()
        .into_table("code_sequence")
        .columns(["scheme_id", "prefix", "last"])
        .values_panic([scheme.into(), prefix.into(), count.into()])
        .on_conflict(
            Merge::columns(["scheme_id", "prefix"]).value("last", last.add(count)).to_owned(),
        )
        .returning_col("last")
        .to_owned();
    let row = transaction.query_one(&statement).await?;
    let row = row.ok_or_else(|| Error::Corrupt(format!("no counter for the prefix {prefix}")))?;
    Ok(row.try_get("", "last")?)
}

/// The greatest number that any prefix of a scheme has given; 0 before the first.
pub async fn most_given(db: &Database, scheme: &str) -> Result<i64, Error> {
    let statement = Query::select()
        .expr(Expr::col("last").max())
        .from("code_sequence")
        .and_where(Expr::col("scheme_id").eq(scheme))
        .to_owned();
    let row = db.reader().query_one(&statement).await?;
    Ok(row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten().unwrap_or(0))
}

/// Gives the last `count` numbers of a prefix's counter back, which the transaction took.
pub async fn put_back(
    transaction: &Transaction,
    scheme: &str,
    prefix: &str,
    count: i64,
) -> Result<(), Error> {
    let statement = Query::update()
        .table("code_sequence")
        .value("last", Expr::col("last").sub(count))
        .and_where(Expr::col("scheme_id").eq(scheme))
        .and_where(Expr::col("prefix").eq(prefix))
        .to_owned();
    transaction.execute(&statement).await?;
    Ok(())
}

/// Ends the current codes of `customers` under the scheme; they resolve for ever.
pub async fn end(
    transaction: &Transaction,
    scheme: &str,
    customers: &[CustomerId],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for customers in customers.chunks(ROWS_AT_ONCE) {
        Entity::update_many()
            .col_expr(Field::Current, Expr::value(0))
            .col_expr(Field::EndedAt, Expr::value(time::micros(now)))
            .filter(Field::SchemeId.eq(scheme))
            .filter(Field::CustomerId.is_in(customers.iter().map(|customer| customer.0)))
            .filter(Field::Current.eq(1))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Says of the codes that the transaction has ended why, and which took their place: those that are
/// current now.
pub async fn explain_end(
    transaction: &Transaction,
    scheme: &str,
    customers: &[CustomerId],
    (because, at): (EndReason, DateTime<Utc>),
) -> Result<(), Error> {
    let next = |column: &str| {
        format!(
            "(SELECT next.{column} FROM code AS next WHERE next.scheme_id = code.scheme_id AND \
             next.customer_id = code.customer_id AND next.current = 1)"
        )
    };
    let (class_code, code) = (next("class_code"), next("code"));
    let backend = transaction.get_database_backend();
    for customers in customers.chunks(ROWS_AT_ONCE) {
        let ids: Vec<String> = customers.iter().map(|customer| customer.0.to_string()).collect();
        let sql = format!(
            "UPDATE code SET ended_because = {}, ended_for = {class_code}, successor = {code} \
             WHERE scheme_id = $1 AND ended_at = $2 AND current = 0 AND ended_because IS NULL AND \
             customer_id IN ({})",
            because.number(),
            ids.join(", ")
        );
        let values = [scheme.into(), time::micros(at).into()];
        transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}

/// Makes the codes current, and returns the customers whose code exists already (of another
/// scheme that renders the same): they have got none, and take the next number; that theirs was
/// skipped stays on record ([`skipped`]). The caller
/// holds the lock of the scheme and has seen that none of the customers has a current code.
pub async fn give(
    transaction: &Transaction,
    scheme: &str,
    codes: &[NewCode],
    given: Given,
) -> Result<Vec<CustomerId>, Error> {
    let Given { as_of, run_id, now } = given;
    let customers: Vec<CustomerId> = codes.iter().map(|code| code.customer).collect();
    let position = match codes.is_empty() {
        true => None,
        false => Some(tell(transaction, &customers, given).await?),
    };
    let each = |text: fn(&NewCode) -> &String| {
        Column::Text(codes.iter().map(|code| text(code).clone()).collect())
    };
    let rows = codes.len();
    let columns = [
        ("normal", each(|code| &code.normal)),
        ("code", each(|code| &code.code)),
        ("scheme_id", Column::Text(vec![scheme.to_owned(); rows])),
        ("customer_id", Column::I64(codes.iter().map(|code| code.customer.0).collect())),
        ("class_code", each(|code| &code.class_code)),
        ("as_of", Column::I32(vec![time::days(as_of); rows])),
        ("current", Column::I32(vec![1; rows])),
        ("created_at", Column::I64(vec![time::micros(now); rows])),
        ("run_id", Column::OptI64(vec![run_id; rows])),
        ("position", Column::OptText(vec![position; rows])),
    ];
    let inserted = bulk::insert(transaction, "code", &columns, OnConflict::Ignore).await?;
    if usize::try_from(inserted) == Ok(rows) {
        return Ok(Vec::new());
    }
    let left = left_without(transaction, scheme, codes).await?;
    let skipped: Vec<NewCode> =
        codes.iter().filter(|code| left.contains(&code.customer)).cloned().collect();
    skip(transaction, scheme, &skipped, run_id, now).await?;
    Ok(left)
}

/// A number that a counter gave out and no code has, because the code was given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The counter.
    pub prefix: String,
    /// The number.
    pub number: i64,
    /// The normal form of the code, which another scheme has given.
    pub normal: String,
}

/// The numbers of a scheme that were skipped, by counter and number.
pub async fn skipped(db: &Database, scheme: &str) -> Result<Vec<Skipped>, Error> {
    let statement = Query::select()
        .columns(["prefix", "number", "normal"])
        .from("code_skip")
        .and_where(Expr::col("scheme_id").eq(scheme))
        .order_by("prefix", Order::Asc)
        .order_by("number", Order::Asc)
        .to_owned();
    let mut skipped = Vec::new();
    for row in db.reader().query_all(&statement).await? {
        let (prefix, number) = (row.try_get("", "prefix")?, row.try_get("", "number")?);
        skipped.push(Skipped { prefix, number, normal: row.try_get("", "normal")? });
    }
    Ok(skipped)
}

/// Notes numbers that no code has, because the code was given before.
pub async fn skip(
    transaction: &Transaction,
    scheme: &str,
    codes: &[NewCode],
    run_id: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let rows = codes.len();
    let columns = [
        ("scheme_id", Column::Text(vec![scheme.to_owned(); rows])),
        ("prefix", Column::Text(codes.iter().map(|code| code.prefix.clone()).collect())),
        ("number", Column::I64(codes.iter().map(|code| code.number).collect())),
        ("normal", Column::Text(codes.iter().map(|code| code.normal.clone()).collect())),
        ("customer_id", Column::I64(codes.iter().map(|code| code.customer.0).collect())),
        ("recorded_at", Column::I64(vec![time::micros(now); rows])),
        ("run_id", Column::OptI64(vec![run_id; rows])),
    ];
    bulk::insert(transaction, "code_skip", &columns, OnConflict::Fail).await?;
    Ok(())
}

async fn left_without(
    transaction: &Transaction,
    scheme: &str,
    codes: &[NewCode],
) -> Result<Vec<CustomerId>, Error> {
    let mut coded = HashSet::new();
    for codes in codes.chunks(ROWS_AT_ONCE) {
        let customers: Vec<i64> = Entity::find()
            .select_only()
            .column(Field::CustomerId)
            .filter(Field::SchemeId.eq(scheme))
            .filter(Field::CustomerId.is_in(codes.iter().map(|code| code.customer.0)))
            .filter(Field::Current.eq(1))
            .into_tuple()
            .all(transaction)
            .await?;
        coded.extend(customers);
    }
    let without = codes.iter().filter(|code| !coded.contains(&code.customer.0));
    Ok(without.map(|code| code.customer).collect())
}
