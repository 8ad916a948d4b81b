//! The business date: what every service takes for the day on which it works. It is today in the
//! business time zone, or a date that somebody fixed, for historic data. Facts dated later are
//! held and do not count until their day.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::calendar::BusinessCalendar;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryOrder, Statement};

use crate::entity::business_date::{ActiveModel, Column, Entity, Model};
use crate::{Database, Error, time};

/// Somebody's word about the business date. Each stays on record; the last one holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The date that was fixed; `None` for today, every day anew.
    pub fixed_on: Option<NaiveDate>,
    /// Who decided.
    pub decided_by: String,
    /// When.
    pub decided_at: DateTime<Utc>,
}

/// The business date, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessDate {
    /// The date.
    pub date: NaiveDate,
    /// The decision that holds; `None` when nobody decided, which means today.
    pub decision: Option<Decision>,
}

impl BusinessDate {
    /// Whether the date was fixed, so that it does not move by itself.
    pub fn is_fixed(&self) -> bool {
        self.decision.as_ref().is_some_and(|decision| decision.fixed_on.is_some())
    }
}

/// The business date at the instant `now`.
pub async fn current(
    db: &Database,
    calendar: &BusinessCalendar,
    now: DateTime<Utc>,
) -> Result<BusinessDate, Error> {
    let row = Entity::find().order_by_desc(Column::DecisionId).one(db.reader()).await?;
    let decision = row.map(Decision::try_from).transpose()?;
    let fixed_on = decision.as_ref().and_then(|decision| decision.fixed_on);
    Ok(BusinessDate { date: fixed_on.unwrap_or_else(|| calendar.date(now)), decision })
}

/// What day it is, and of which day an instant is.
#[derive(Debug)]
pub(crate) struct Days {
    calendar: BusinessCalendar,
    today: NaiveDate,
}

impl Days {
    /// At the instant `now`. Before there are settings days are those of UTC.
    pub(crate) async fn load(
        connection: &impl ConnectionTrait,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let sql = "SELECT (SELECT time_zone FROM settings), \
                   (SELECT fixed_on FROM business_date ORDER BY decision_id DESC LIMIT 1)";
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await?;
        let row =
            row.ok_or_else(|| Error::Corrupt("a SELECT without FROM gave no row".to_owned()))?;
        let zone: Option<String> = row.try_get_by_index(0)?;
        let calendar = BusinessCalendar::new(zone.as_deref().unwrap_or("UTC"))
            .map_err(|error| Error::Corrupt(error.to_string()))?;
        let fixed_on: Option<i32> = row.try_get_by_index(1)?;
        let fixed_on = fixed_on.map(time::date).transpose()?;
        Ok(Self::new(calendar, fixed_on.unwrap_or_else(|| calendar.date(now))))
    }

    /// The calendar alone; before there are settings that of UTC.
    pub(crate) async fn calendar_of(
        connection: &impl ConnectionTrait,
    ) -> Result<BusinessCalendar, Error> {
        let sql = "SELECT time_zone FROM settings";
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await?;
        let zone: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?;
        BusinessCalendar::new(zone.as_deref().unwrap_or("UTC"))
            .map_err(|error| Error::Corrupt(error.to_string()))
    }

    /// The calendar.
    pub(crate) fn calendar(&self) -> &BusinessCalendar {
        &self.calendar
    }

    /// Days of this calendar, of which one is the business date.
    pub(crate) fn new(calendar: BusinessCalendar, today: NaiveDate) -> Self {
        Self { calendar, today }
    }

    /// The business date.
    pub(crate) fn today(&self) -> NaiveDate {
        self.today
    }

    /// The local date of an instant.
    pub(crate) fn date(&self, instant: DateTime<Utc>) -> NaiveDate {
        self.calendar.date(instant)
    }
}

/// Puts a decision on record, which holds from now on.
pub async fn decide(db: &Database, decision: &Decision) -> Result<(), Error> {
    let row = ActiveModel {
        fixed_on: Set(decision.fixed_on.map(time::days)),
        decided_by: Set(decision.decided_by.clone()),
        decided_at: Set(time::micros(decision.decided_at)),
        ..Default::default()
    };
    let transaction = db.begin().await?;
    Entity::insert(row).exec_without_returning(&transaction).await?;
    transaction.commit().await
}

impl TryFrom<Model> for Decision {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        Ok(Self {
            fixed_on: row.fixed_on.map(time::date).transpose()?,
            decided_by: row.decided_by,
            decided_at: time::instant(row.decided_at)?,
        })
    }
}
