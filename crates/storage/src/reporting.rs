//! What reporting reads beside the stores of the other services. It writes nothing.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Cond, Expr, ExprTrait, Query};

use crate::{Database, Error, time};

/// The latest date for which any customer has a class under the taxonomy (under any, when it is
/// `None`), as known at an instant (now, when it is `None`).
pub async fn latest_classified(
    db: &Database,
    taxonomy: Option<&str>,
    known_at: Option<DateTime<Utc>>,
) -> Result<Option<NaiveDate>, Error> {
    latest(db, "class_assignment", taxonomy.map(|id| ("taxonomy_id", id)), known_at).await
}

async fn latest(
    db: &Database,
    table: &'static str,
    of: Option<(&'static str, &str)>,
    known_at: Option<DateTime<Utc>>,
) -> Result<Option<NaiveDate>, Error> {
    let standing = || Expr::col("superseded_at").is_null();
    let mut query = Query::select();
    query.expr(Expr::col("as_of").max()).from(table);
    if let Some((column, id)) = of {
        query.and_where(Expr::col(column).eq(id));
    }
    match known_at.map(time::micros) {
        None => query.and_where(standing()),
        Some(known_at) => query
            .and_where(Expr::col("recorded_at").lte(known_at))
            .cond_where(Cond::any().add(standing()).add(Expr::col("superseded_at").gt(known_at))),
    };
    let Some(row) = db.reader().query_one(&query).await? else { return Ok(None) };
    let days: Option<i32> = row.try_get_by_index(0)?;
    days.map(time::date).transpose()
}
