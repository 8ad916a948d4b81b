//! Codes that customers had before Kehu gave any.

use std::collections::HashMap;

use kehu_core::CustomerId;
use sea_orm::sea_query::{Expr, OnConflict as Merge, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::super::customers::ROWS_AT_ONCE;
use super::super::entity::code::{Column as Field, Entity};
use super::give::{Given, end, explain_end, tell};
use super::{EndReason, leave_out};
use crate::bulk::{self, Column, OnConflict};
use crate::ingestion::merges;
use crate::{Error, Transaction, time};

/// A code from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// As it is printed.
    pub code: String,
    /// Its normal form.
    pub normal: String,
    /// Whose it is.
    pub customer: CustomerId,
    /// The short code of the class that it shows; empty where it shows none.
    pub class_code: String,
}

/// The customers to whom those of the normal forms were given that were, or whom they are merged into;
/// as the transaction sees it.
pub async fn owners(
    transaction: &Transaction,
    normals: &[&str],
) -> Result<HashMap<String, CustomerId>, Error> {
    let mut given: Vec<(String, i64)> = Vec::new();
    for normals in normals.chunks(ROWS_AT_ONCE) {
        let found: Vec<(String, i64)> = Entity::find()
            .select_only()
            .columns([Field::Normal, Field::CustomerId])
            .filter(Field::Normal.is_in(normals.iter().copied()))
            .into_tuple()
            .all(transaction)
            .await?;
        given.extend(found);
    }
    let homes: Vec<i64> = given.iter().map(|(_, customer)| *customer).collect();
    let survivors = merges::survivors(transaction, &homes).await?;
    let standing = |home: i64| survivors.get(&home).map_or(home, |(root, _)| *root);
    Ok(given.into_iter().map(|(normal, home)| (normal, CustomerId(standing(home)))).collect())
}

/// Moves a counter to a number, if it has not come so far: the next number that it gives out is beyond.
pub async fn raise(
    transaction: &Transaction,
    scheme: &str,
    prefix: &str,
    number: i64,
) -> Result<(), Error> {
    let beyond = "CASE WHEN code_sequence.last < excluded.last THEN excluded.last \
                  ELSE code_sequence.last END";
    let statement = Query::insert()
        .into_table("code_sequence")
        .columns(["scheme_id", "prefix", "last"])
        .values_panic([scheme.into(), prefix.into(), number.into()])
        .on_conflict(
            Merge::columns(["scheme_id", "prefix"]).value("last", Expr::cust(beyond)).to_owned(),
        )
        .to_owned();
    transaction.execute(&statement).await?;
    Ok(())
}

/// Keeps the codes: as the current ones of their customers, whose codes of before end with it, or as
/// aliases, that were never current. The caller holds the lock of the scheme and has seen that none of
/// the codes was given, and none of the customers is among them twice but with aliases.
pub async fn import(
    transaction: &Transaction,
    scheme: &str,
    codes: &[Imported],
    as_alias: bool,
    given: Given,
) -> Result<(), Error> {
    let customers: Vec<CustomerId> = codes.iter().map(|code| code.customer).collect();
    if codes.is_empty() {
        return Ok(());
    }
    let position = tell(transaction, &customers, given).await?;
    if !as_alias {
        end(transaction, scheme, &customers, given.now).await?;
    }
    let each = |text: fn(&Imported) -> &String| {
        Column::Text(codes.iter().map(|code| text(code).clone()).collect())
    };
    let rows = codes.len();
    let columns = [
        ("normal", each(|code| &code.normal)),
        ("code", each(|code| &code.code)),
        ("scheme_id", Column::Text(vec![scheme.to_owned(); rows])),
        ("customer_id", Column::I64(codes.iter().map(|code| code.customer.0).collect())),
        ("class_code", each(|code| &code.class_code)),
        ("as_of", Column::I32(vec![time::days(given.as_of); rows])),
        ("current", Column::I32(vec![i32::from(!as_alias); rows])),
        ("created_at", Column::I64(vec![time::micros(given.now); rows])),
        ("run_id", Column::OptI64(vec![given.run_id; rows])),
        ("imported", Column::I32(vec![1; rows])),
        ("position", Column::OptText(vec![Some(position); rows])),
    ];
    bulk::insert(transaction, "code", &columns, OnConflict::Fail).await?;
    if as_alias {
        return Ok(());
    }
    explain_end(transaction, scheme, &customers, (EndReason::Import, given.now)).await?;
    leave_out(transaction, scheme, &customers, &[]).await
}
