//! The database of a process: opening it, waiting for it, and what its first start fixes.

use super::folder::{self, Folder};
use crate::exit::Failure;
use kehu_core::calendar::BusinessCalendar;
use kehu_server::config;
use kehu_storage::{
    Database, Options,
    settings::{self, Settings},
};
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

/// How often a database that is waited for is tried.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// An open database. Keeps the folder of an embedded one to this process.
pub(crate) struct Opened {
    /// The database.
    pub db: Database,
    _folder: Option<Folder>,
}

impl Opened {
    /// Opens the database and brings it up to date if it is embedded. A shared one is brought
    /// up to date by `kehu migrate`, so that a starting replica changes nothing.
    pub(crate) async fn open(storage: &config::Storage) -> Result<Self, Failure> {
        let (url, folder) = match &storage.database_url {
            Some(url) => (url.clone(), None),
            None => {
                let folder = Folder::take(&storage.data_dir)?;
                (format!("sqlite://{}", folder.database().display()), Some(folder))
            }
        };
        let db = connect(storage, &url).await?;
        if folder.is_some() {
            db.migrate().await.map_err(unavailable)?;
        }
        Ok(Self { db, _folder: folder })
    }

    /// Opens a database that is up to date, and waits for a shared one to be so. What it waits for
    /// is logged when it is another thing than before, and told to `waits_for`.
    pub(crate) async fn wait(
        storage: &config::Storage,
        waits_for: &watch::Sender<String>,
    ) -> Result<Self, Failure> {
        let give_up = Instant::now() + storage.startup_wait;
        loop {
            match Self::open_migrated(storage).await {
                Err(Failure::Unavailable(why))
                    if storage.database_url.is_some() && Instant::now() < give_up =>
                {
                    if waits_for.send_replace(why.clone()) != why {
                        tracing::warn!(why, "waiting for the database");
                    }
                    sleep(TRY_AGAIN).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn open_migrated(storage: &config::Storage) -> Result<Self, Failure> {
        let opened = Self::open(storage).await?;
        let pending = opened.db.pending_migrations().await.map_err(unavailable)?;
        if pending.is_empty() {
            return Ok(opened);
        }
        let count = pending.len();
        let why = format!("the database lacks {count} migration(s): run kehu migrate first");
        Err(Failure::Unavailable(why))
    }

    /// Waits for the connections in use and closes them.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.db.close().await.map_err(Failure::internal)
    }
}

async fn connect(storage: &config::Storage, url: &str) -> Result<Database, Failure> {
    let options = Options {
        max_connections: storage.max_connections,
        statement_timeout: storage.statement_timeout,
        acquire_timeout: storage.acquire_timeout,
        lock_timeout: storage.lock_timeout,
        idle_timeout: storage.idle_timeout,
    };
    Database::connect_with(url, &options).await.map_err(unavailable)
}

/// What the first start fixed in a database, whoever uses it meanwhile; `None` where it is yet to
/// come.
pub(crate) async fn fixed(storage: &config::Storage) -> Result<Option<Settings>, Failure> {
    let url = match &storage.database_url {
        Some(url) => url.clone(),
        None => {
            let path = folder::database_in(&storage.data_dir);
            if !path.is_file() {
                return Ok(None);
            }
            format!("sqlite://{}", path.display())
        }
    };
    let db = connect(storage, &url).await?;
    let held = settings::get(&db).await.map_err(unavailable);
    db.close().await.map_err(Failure::internal)?;
    held
}

/// The settings that hold: those of the first start.
pub(crate) async fn keep_settings(
    db: &Database,
    wanted: &config::Business,
) -> Result<Settings, Failure> {
    let held = settings::get(db).await.map_err(unavailable)?;
    let first = Settings { base_currency: "CNY".to_owned(), time_zone: "Asia/Shanghai".to_owned() };
    let default = held.clone().unwrap_or(first);
    let wanted = Settings {
        base_currency: wanted.base_currency.clone().unwrap_or(default.base_currency),
        time_zone: wanted.time_zone.clone().unwrap_or(default.time_zone),
    };
    match held {
        None => settings::set_once(db, &wanted).await.map_err(unavailable),
        Some(held) if held == wanted => Ok(held),
        Some(held) => Err(Failure::Usage(format!(
            "this database is kept in {} and {}, and that cannot change: leave out \
             --base-currency and --time-zone, or use another database",
            held.base_currency, held.time_zone
        ))),
    }
}

/// The calendar of the settings.
pub(crate) fn calendar_of(settings: &Settings) -> Result<BusinessCalendar, Failure> {
    BusinessCalendar::new(&settings.time_zone).map_err(|error| Failure::Usage(error.to_string()))
}

fn unavailable(error: kehu_storage::Error) -> Failure {
    Failure::Unavailable(error.to_string())
}
