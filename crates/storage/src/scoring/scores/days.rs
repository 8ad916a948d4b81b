//! For which days everybody was evaluated, and under which version.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::scorecard::Scorecard;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::definitions::{self, Definition};
use crate::scoring::entity::score_day::{ActiveModel, Column, Entity};
use crate::scoring::scorecards::Version;
use crate::{Database, Error, Transaction, time};

/// A day for which everybody was evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluatedDay {
    /// The day.
    pub day: NaiveDate,
    /// The number among all of the version in force then.
    pub version_id: i64,
}

/// Notes that everybody was evaluated for a day under these versions. What was noted before
/// stays known from its first time on.
pub async fn evaluated(
    transaction: &Transaction,
    versions: &[Version],
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for version in versions {
        let key = definitions::key(transaction, &Scorecard::KIND, &version.definition.id).await?;
        let row = ActiveModel {
            scorecard_key: Set(key),
            day: Set(time::days(day)),
            version_id: Set(version.version_id),
            known_from: Set(time::micros(now)),
        };
        let columns = [Column::ScorecardKey, Column::Day, Column::VersionId];
        Entity::insert(row)
            .on_conflict(OnConflict::columns(columns).do_nothing().to_owned())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// The days from `from` on for which everybody was evaluated under a scorecard, in order, each
/// with the newest of its versions.
pub async fn evaluated_days(
    db: &Database,
    scorecard_id: &str,
    from: NaiveDate,
) -> Result<Vec<EvaluatedDay>, Error> {
    let rows = Entity::find()
        .filter(
            Column::ScorecardKey.in_subquery(definitions::key_of(&Scorecard::KIND, scorecard_id)),
        )
        .filter(Column::Day.gte(time::days(from)))
        .order_by_asc(Column::Day)
        .order_by_asc(Column::VersionId)
        .all(db.reader())
        .await?;
    let mut days: Vec<EvaluatedDay> = Vec::new();
    for row in rows {
        let day = EvaluatedDay { day: time::date(row.day)?, version_id: row.version_id };
        match days.last_mut() {
            Some(last) if last.day == day.day => *last = day,
            _ => days.push(day),
        }
    }
    Ok(days)
}

/// The last day for which everybody was evaluated under a scorecard, and since when anybody was;
/// `None` before the first.
pub async fn evaluated_through(
    db: &Database,
    scorecard_id: &str,
) -> Result<Option<(NaiveDate, DateTime<Utc>)>, Error> {
    let of = || {
        Entity::find().filter(
            Column::ScorecardKey.in_subquery(definitions::key_of(&Scorecard::KIND, scorecard_id)),
        )
    };
    let Some(last) = of().order_by_desc(Column::Day).one(db.reader()).await? else {
        return Ok(None);
    };
    let first =
        of().order_by_asc(Column::KnownFrom).one(db.reader()).await?.unwrap_or(last.clone());
    Ok(Some((time::date(last.day)?, time::instant(first.known_from)?)))
}

/// The last day up to `day` for which everybody was evaluated, as known at a time, within another
/// query.
pub(super) fn last_day(scorecard_id: &str, day: i32, known_at: i64) -> SelectStatement {
    let key = definitions::key_of(&Scorecard::KIND, scorecard_id);
    Query::select()
        .expr(Expr::col(Column::Day).max())
        .from(Entity)
        .and_where(Expr::col(Column::ScorecardKey).in_subquery(key))
        .and_where(Expr::col(Column::Day).lte(day))
        .and_where(Expr::col(Column::KnownFrom).lte(known_at))
        .to_owned()
}

/// The days after `from` for which everybody was evaluated.
pub(super) async fn days_after(
    transaction: &Transaction,
    key: i32,
    from: NaiveDate,
) -> Result<BTreeSet<i32>, Error> {
    let rows = Entity::find()
        .filter(Column::ScorecardKey.eq(key))
        .filter(Column::Day.gt(time::days(from)))
        .all(transaction)
        .await?;
    Ok(rows.into_iter().map(|row| row.day).collect())
}
