//! The database of a process: opening it, waiting for it, and what its first start fixes.

use crate::exit::Failure;
use kehu_core::calendar::BusinessCalendar;
use kehu_server::config;
use kehu_storage::{
    Database, Options,
    settings::{self, Settings},
};
use std::{
    fs::{File, TryLockError},
    path::Path,
    time::Duration,
};
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
    _lock: Option<File>,
}

impl Opened {
    /// Opens the database and brings it up to date if it is embedded. A shared one is brought
    /// up to date by `kehu migrate`, so that a starting replica changes nothing.
    pub(crate) async fn open(storage: &config::Storage) -> Result<Self, Failure> {
        let (url, lock) = match &storage.database_url {
            Some(url) => (url.clone(), None),
            None => {
                let lock = lock_folder(&storage.data_dir)?;
                let file = storage.data_dir.join("kehu.db");
                (format!("sqlite://{}", file.display()), Some(lock))
            }
        };
        let options = Options {
            max_connections: storage.max_connections,
            statement_timeout: storage.statement_timeout,
            acquire_timeout: storage.acquire_timeout,
            lock_timeout: storage.lock_timeout,
            idle_timeout: storage.idle_timeout,
        };
        let db = Database::connect_with(&url, &options).await.map_err(unavailable)?;
        if lock.is_some() {
            db.migrate().await.map_err(unavailable)?;
        }
        Ok(Self { db, _lock: lock })
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

/// One process at a time uses the folder of an embedded database.
fn lock_folder(folder: &Path) -> Result<File, Failure> {
    let output = |source| Failure::Output { path: folder.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(output)?;
    let lock = File::create(folder.join("lock")).map_err(output)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Failure::Unavailable(format!(
            "another kehu uses {}: stop it, or choose another folder with --data-dir",
            folder.display()
        ))),
        Err(TryLockError::Error(source)) => Err(output(source)),
    }
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
