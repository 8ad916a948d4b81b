//! Databases on the test server, cloned from a template that was migrated once.

use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use kehu_storage::Database;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// Any number that nothing else on the server locks.
const TEMPLATE_LOCK: i64 = 0x6b65_6875_7465;

/// A database of one test on the server that `KEHU_TEST_POSTGRES_URL` names (`tests/postgres
/// start` prints it), dropped with the value.
pub struct ServerDatabase {
    /// What to connect with.
    pub url: String,
    name: String,
    admin_url: String,
}

impl ServerDatabase {
    /// A migrated one, cloned from the template, which the first test that finds it missing
    /// makes. Without the variable there is `None` and a message, or the test fails if
    /// `KEHU_TEST_REQUIRE_POSTGRES=1`.
    pub async fn migrated() -> Option<Self> {
        let admin_url = admin_url()?;
        let mut admin = connect(&admin_url).await;
        let template = format!("kehu_template_{:016x}", schema_hash());
        make_template(&mut admin, &admin_url, &template).await;
        Some(Self::create(admin, admin_url, &template).await)
    }

    /// One without any table; `None` as above.
    pub async fn empty() -> Option<Self> {
        let admin_url = admin_url()?;
        let admin = connect(&admin_url).await;
        Some(Self::create(admin, admin_url, "template0").await)
    }

    async fn create(mut admin: PgConnection, admin_url: String, template: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kehu_test_{}_{count}", std::process::id());
        run(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Self { url: with_database(&admin_url, &name), name, admin_url }
    }

    /// Ends every connection to it and refuses new ones, as when the server is down.
    pub async fn cut_off(&self) {
        let mut admin = connect(&self.admin_url).await;
        run(&mut admin, format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name)).await;
        let connected = format!("FROM pg_stat_activity WHERE datname = '{}'", self.name);
        run(&mut admin, format!("SELECT pg_terminate_backend(pid) {connected}")).await;
    }

    /// Lets nobody write any more, or again, as when its disk is mounted anew for reading only; every
    /// connection is ended, since those that are open would go on as before.
    pub async fn only_read(&self, only: bool) {
        let mut admin = connect(&self.admin_url).await;
        let name = &self.name;
        let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {only}");
        run(&mut admin, set).await;
        let connected = format!("FROM pg_stat_activity WHERE datname = '{name}'");
        run(&mut admin, format!("SELECT pg_terminate_backend(pid) {connected}")).await;
    }

    /// Takes connections again.
    pub async fn let_in(&self) {
        let mut admin = connect(&self.admin_url).await;
        run(&mut admin, format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)).await;
    }
}

/// The server's URL, if there is one.
fn admin_url() -> Option<String> {
    let url = std::env::var("KEHU_TEST_POSTGRES_URL").ok();
    if url.is_none() && std::env::var("KEHU_TEST_REQUIRE_POSTGRES").as_deref() == Ok("1") {
        panic!("KEHU_TEST_POSTGRES_URL is not set; run: tests/postgres start")
    }
    if url.is_none() {
        eprintln!(
            "\n*** NOT TESTED ON POSTGRESQL: KEHU_TEST_POSTGRES_URL is not set ***\n\
             *** export KEHU_TEST_POSTGRES_URL=$(tests/postgres start)        ***\n"
        );
    }
    url
}

/// One process makes the template, under another name until it is whole; the others wait.
async fn make_template(admin: &mut PgConnection, admin_url: &str, template: &str) {
    run(admin, format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await;
    let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{template}'");
    let exists =
        admin.fetch_optional(AssertSqlSafe(exists)).await.expect("the catalog can be read");
    if exists.is_none() {
        let draft = format!("{template}_draft");
        run(admin, format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await;
        run(admin, format!("CREATE DATABASE {draft}")).await;
        migrate(&with_database(admin_url, &draft)).await;
        run(admin, format!("ALTER DATABASE {draft} RENAME TO {template}")).await;
    }
    run(admin, format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})")).await;
}

async fn migrate(url: &str) {
    let database = Database::connect(url).await.expect("the template can be reached");
    database.migrate().await.expect("the migrations run on PostgreSQL");
    database.close().await.expect("the connections can be closed");
}

/// Changes whenever a migration does, so that a changed one gets a new template.
fn schema_hash() -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/storage/src/migrations");
    let files = std::fs::read_dir(folder).expect("the migrations are in the repository");
    let mut files: Vec<_> = files.map(|file| file.expect("it can be listed").path()).collect();
    files.sort();
    let mut hash = DefaultHasher::new();
    for file in files {
        hash.write(&std::fs::read(file).expect("a migration can be read"));
    }
    hash.finish()
}

/// The URL with another database in it.
fn with_database(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, None), |(a, o)| (a, Some(o)));
    let (server, _) = address.rsplit_once('/').expect("the URL names a database");
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    format!("{server}/{name}{options}")
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap_or_else(|error| {
        panic!("KEHU_TEST_POSTGRES_URL cannot be reached ({error}); run: tests/postgres start")
    })
}

async fn run(connection: &mut PgConnection, sql: String) {
    let done = connection.execute(AssertSqlSafe(sql.clone())).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

impl Drop for ServerDatabase {
    fn drop(&mut self) {
        let drop = drop_database(self.admin_url.clone(), self.name.clone());
        // A test's runtime cannot wait here; one on another thread can.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be built").block_on(drop);
        });
        if thread.join().is_err() {
            eprintln!("the test database {} is left on the server", self.name);
        }
    }
}

async fn drop_database(admin_url: String, name: String) {
    let mut admin = connect(&admin_url).await;
    run(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
}
