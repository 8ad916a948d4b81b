//! Whether the database takes writes: where its disk is full, or only read, what is to be written
//! is refused until somebody makes room, while everything can be read.

use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};
use sea_orm::ConnectionTrait;
use sea_orm::sqlx;
use tokio::sync::watch;

use crate::{Database, Error, dialect};

/// Bytes that [`Database::try_write`] writes: so many that a full disk has no room for them, though
/// it may have for a row.
const TRIED: usize = 1 << 18;

/// What keeps a database from writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Its disk is full.
    Full,
    /// It, or its disk, can only be read.
    ReadOnly,
    /// It has no memory left.
    Memory,
    /// Its disk gives errors, or its files are damaged.
    Disk,
}

impl Obstacle {
    /// One word for it, for telemetry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "disk_full",
            Self::ReadOnly => "read_only",
            Self::Memory => "out_of_memory",
            Self::Disk => "disk_error",
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Full => "its disk is full",
            Self::ReadOnly => "it can only be read",
            Self::Memory => "it has no memory left",
            Self::Disk => "its disk gives errors, or its files are damaged",
        })
    }
}

/// What writing met last; shared by all transactions of a database.
#[derive(Debug, Clone)]
pub(crate) struct Writes(watch::Sender<Option<Obstacle>>);

/// Has the counter of refused writes stand at 0.
pub fn count_from_zero() {
    for obstacle in [Obstacle::Full, Obstacle::ReadOnly, Obstacle::Memory, Obstacle::Disk] {
        count(obstacle, 0);
    }
}

fn count(obstacle: Obstacle, writes: u64) {
    static REFUSED: LazyLock<Counter<u64>> = LazyLock::new(|| {
        global::meter("kehu")
            .u64_counter("kehu.storage.refused_writes")
            .with_unit("{write}")
            .with_description("Writes that the database refused for its disk or memory")
            .build()
    });
    REFUSED.add(writes, &[KeyValue::new("error.type", obstacle.name())]);
}

impl Default for Writes {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Writes {
    /// Takes note of an error of a transaction, and counts it, if it is one that others will have,
    /// too.
    pub(crate) fn failed(&self, error: &sqlx::Error) {
        let Some(obstacle) = dialect::obstacle(error) else { return };
        count(obstacle, 1);
        self.0.send_replace(Some(obstacle));
    }
}

impl Database {
    /// What keeps the database from writing, as a transaction met it; `None` from the start on, and
    /// again once [`Database::try_write`] succeeds.
    pub fn obstacle(&self) -> watch::Receiver<Option<Obstacle>> {
        self.writes().0.subscribe()
    }

    /// Tries whether the database takes writes, and takes note of it: writes some hundred kilobytes
    /// of no meaning, and removes them.
    pub async fn try_write(&self) -> Result<(), Error> {
        let filler = filler();
        let fill = "INSERT INTO write_probe (probe_id, filler) VALUES (1, $1) \
                    ON CONFLICT (probe_id) DO UPDATE SET filler = excluded.filler";
        self.write_alone(fill, vec![filler.into()]).await?;
        self.write_alone("DELETE FROM write_probe", Vec::new()).await?;
        self.writes().0.send_replace(None);
        Ok(())
    }

    async fn write_alone(&self, sql: &str, values: Vec<sea_orm::Value>) -> Result<(), Error> {
        let transaction = self.begin_lease().await?;
        let backend = transaction.get_database_backend();
        let statement = sea_orm::Statement::from_sql_and_values(backend, sql, values);
        transaction.execute_raw(statement).await?;
        transaction.commit().await
    }
}

/// Text that does not get much smaller when the database compresses it.
fn filler() -> String {
    let mut text = String::with_capacity(TRIED + 16);
    let mut number = 1_u64;
    while text.len() < TRIED {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let _ = write!(text, "{number:016x}");
    }
    text
}
