//! What is fixed when a database is first used: every figure in it depends on them.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};

use crate::entity::settings;
use crate::{Database, Error};

const ONLY_ROW: i32 = 1;

/// The settings of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The currency all amounts are also kept in, ISO 4217, e.g. `GBP`.
    pub base_currency: String,
    /// The time zone of business dates, an IANA name, e.g. `Europe/London`.
    pub time_zone: String,
}

/// The settings, `None` until they are set.
pub async fn get(db: &Database) -> Result<Option<Settings>, Error> {
    let row = settings::Entity::find_by_id(ONLY_ROW).one(db.reader()).await?;
    Ok(row.map(|row| Settings { base_currency: row.base_currency, time_zone: row.time_zone }))
}

/// Sets the settings if they are not set, and returns what holds. [`Error::AlreadyExists`] when
/// they are set to something else.
pub async fn set_once(db: &Database, wanted: &Settings) -> Result<Settings, Error> {
    if get(db).await?.is_none() {
        insert_if_absent(db, wanted).await?;
    }
    let held = get(db).await?.ok_or_else(|| Error::Corrupt("the settings are gone".to_owned()))?;
    if held != *wanted {
        let name = format!("{} {}", held.base_currency, held.time_zone);
        return Err(Error::already_exists("the setting of base currency and time zone", name));
    }
    Ok(held)
}

async fn insert_if_absent(db: &Database, wanted: &Settings) -> Result<(), Error> {
    let row = settings::ActiveModel {
        settings_id: Set(ONLY_ROW),
        base_currency: Set(wanted.base_currency.clone()),
        time_zone: Set(wanted.time_zone.clone()),
    };
    let transaction = db.begin().await?;
    settings::Entity::insert(row)
        .on_conflict(OnConflict::column(settings::Column::SettingsId).do_nothing().to_owned())
        .exec_without_returning(&transaction)
        .await?;
    transaction.commit().await
}
