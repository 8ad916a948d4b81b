//! A fresh, migrated database of each kind for every test.

use std::time::Duration;

use kehu_storage::Database;
use tempfile::TempDir;

use crate::postgres::ServerDatabase;

/// How long a test's connections may take to close.
const CLOSING: Duration = Duration::from_millis(500);

/// A migrated, empty database of one test; gone when it is dropped.
pub struct TestDatabase {
    /// The connections.
    pub database: Database,
    /// What to connect with once more, as another replica would.
    pub url: String,
    /// `sqlite` or `postgres`, for messages.
    pub kind: &'static str,
    _home: Home,
}

/// Where the database lives; dropping it removes the database.
#[expect(dead_code, reason = "held only to be dropped")]
enum Home {
    Folder(TempDir),
    Server(ServerDatabase),
}

/// A fresh database of each kind: SQLite in a temporary folder, and PostgreSQL where there is a
/// server, see [`ServerDatabase::migrated`].
pub async fn databases() -> Vec<TestDatabase> {
    let mut databases = vec![embedded().await];
    if let Some(clone) = ServerDatabase::migrated().await {
        databases.push(postgres(clone).await);
    }
    databases
}

/// Runs the test on each of [`databases`], and says on which it fails.
pub async fn each_database(test: impl AsyncFn(&TestDatabase)) {
    for database in databases().await {
        eprintln!("on {}:", database.kind);
        test(&database).await;
        // A server drops a database at once when nobody is connected. A test may have left
        // something open; then the server ends it.
        let _ = tokio::time::timeout(CLOSING, database.database.close()).await;
    }
}

/// A fresh database on SQLite alone.
pub async fn embedded() -> TestDatabase {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let url = format!("sqlite://{}/kehu.db", folder.path().display());
    let database = connect(&url).await;
    database.migrate().await.expect("the migrations run on SQLite");
    TestDatabase { database, url, kind: "sqlite", _home: Home::Folder(folder) }
}

async fn postgres(clone: ServerDatabase) -> TestDatabase {
    let url = clone.url.clone();
    let database = connect(&url).await;
    TestDatabase { database, url, kind: "postgres", _home: Home::Server(clone) }
}

async fn connect(url: &str) -> Database {
    Database::connect(url).await.expect("the test database can be reached")
}
