//! One process of Kehu: the database, the services of its roles, their workers and followers.

use crate::exit::Failure;
use kehu_coding::Coding;
use kehu_core::{calendar::BusinessCalendar, currency};
use kehu_ingestion::Ingestion;
use kehu_reporting::Reporting;
use kehu_runs::{Follower, Job, Runs, follow, work};
use kehu_scoring::Scoring;
use kehu_server::{clock, listener::Listener};
use kehu_storage::{
    Database,
    settings::{self, Settings},
};
use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::RoutesBuilder;

/// A service that a process can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Role {
    /// Records in.
    Ingestion,
    /// Features and scores.
    Scoring,
    /// Classes and codes.
    Coding,
    /// Reports.
    Reporting,
}

/// Every role.
pub(crate) const ALL_ROLES: [Role; 4] =
    [Role::Ingestion, Role::Scoring, Role::Coding, Role::Reporting];

/// Where the data is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Store {
    /// Folder of the embedded database; created when missing
    #[arg(long, env = "KEHU_DATA_DIR", default_value = "./kehu-data", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// PostgreSQL to use instead, like postgres://user:password@host/kehu
    #[arg(long, env = "KEHU_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
}

/// An open database. Keeps the folder of an embedded one to this process.
pub(crate) struct Opened {
    /// The database.
    pub db: Database,
    _lock: Option<File>,
}

impl Store {
    /// Opens the database and brings it up to date if it is embedded. A shared one is brought
    /// up to date by `kehu migrate`, so that a starting replica changes nothing.
    pub(crate) async fn open(&self) -> Result<Opened, Failure> {
        let (url, lock) = match &self.database_url {
            Some(url) => (url.clone(), None),
            None => (self.embedded_url(), Some(lock_folder(&self.data_dir)?)),
        };
        let db = Database::connect(&url).await.map_err(unavailable)?;
        if lock.is_some() {
            db.migrate().await.map_err(unavailable)?;
        }
        Ok(Opened { db, _lock: lock })
    }

    fn embedded_url(&self) -> String {
        format!("sqlite://{}", self.data_dir.join("kehu.db").display())
    }
}

/// What a process serves, and where.
pub(crate) struct NodeOptions {
    /// Its roles.
    pub roles: Vec<Role>,
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Base currency and time zone.
    pub wanted: Wanted,
}

/// What the first start of a database fixes for ever.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Wanted {
    /// Currency that all amounts are also kept in, ISO 4217; fixed at the first start, CNY if not
    /// given then
    #[arg(long, value_name = "CODE")]
    pub base_currency: Option<String>,

    /// Time zone of business dates, an IANA name; fixed at the first start, Asia/Shanghai if not
    /// given then
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
}

/// A process that serves.
pub(crate) struct Node {
    /// The address it listens on.
    pub address: SocketAddr,
    /// Its business calendar.
    pub calendar: BusinessCalendar,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), kehu_server::listener::Error>>,
    background: Vec<JoinHandle<()>>,
    _opened: Opened,
}

impl Node {
    /// Starts serving.
    pub(crate) async fn start(opened: Opened, options: NodeOptions) -> Result<Self, Failure> {
        check_migrated(&opened.db).await?;
        let settings = keep_settings(&opened.db, options.wanted).await?;
        let calendar = calendar_of(&settings)?;
        let listener = Listener::bind(options.listen)
            .await
            .map_err(|error| Failure::Unavailable(error.to_string()))?;
        let address = listener.address;
        let stop = CancellationToken::new();
        let parts = assemble(&opened.db, &settings, &options.roles);
        let background = spawn_background(&opened.db, parts.jobs, parts.followers, address, &stop);
        let serving = tokio::spawn(listener.serve(parts.routes, stop.clone()));
        Ok(Self { address, calendar, stop, serving, background, _opened: opened })
    }

    /// The URL that clients on this machine use.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the process is told to stop, then stops.
    pub(crate) async fn serve(mut self) -> Result<(), Failure> {
        tokio::select! {
            ended = &mut self.serving => return served(ended),
            () = stop_signal() => {}
        }
        self.stop().await
    }

    /// Lets open calls and pieces of work finish, then closes the database.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.stop.cancel();
        served(self.serving.await)?;
        for task in self.background {
            task.await.map_err(Failure::internal)?;
        }
        self._opened.db.close().await.map_err(Failure::internal)
    }
}

/// The services of a process, not yet running.
struct Parts {
    routes: RoutesBuilder,
    jobs: Vec<Arc<dyn Job>>,
    followers: Vec<Arc<dyn Follower>>,
}

fn assemble(db: &Database, settings: &Settings, roles: &[Role]) -> Parts {
    let mut parts =
        Parts { routes: RoutesBuilder::default(), jobs: Vec::new(), followers: Vec::new() };
    Runs::new(db.clone()).routes(&mut parts.routes);
    for role in roles {
        let (db, settings) = (db.clone(), settings.clone());
        match role {
            Role::Ingestion => Ingestion::new(db, settings).routes(&mut parts.routes),
            Role::Scoring => {
                let scoring = Scoring::new(db, settings);
                scoring.routes(&mut parts.routes);
                parts.jobs.extend(scoring.jobs());
                parts.followers.extend(scoring.followers());
            }
            Role::Coding => {
                let coding = Coding::new(db, settings);
                coding.routes(&mut parts.routes);
                parts.jobs.extend(coding.jobs());
                parts.followers.extend(coding.followers());
            }
            Role::Reporting => Reporting::new(db, settings).routes(&mut parts.routes),
        }
    }
    parts
}

fn spawn_background(
    db: &Database,
    jobs: Vec<Arc<dyn Job>>,
    followers: Vec<Arc<dyn Follower>>,
    address: SocketAddr,
    stop: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    if !jobs.is_empty() {
        let owner = format!("{address} {} {}", std::process::id(), clock::now().timestamp_micros());
        tasks.push(tokio::spawn(work(db.clone(), jobs, owner, stop.clone())));
    }
    for follower in followers {
        tasks.push(tokio::spawn(follow(db.clone(), follower, stop.clone())));
    }
    tasks
}

/// One process at a time uses the folder of an embedded database.
fn lock_folder(folder: &Path) -> Result<File, Failure> {
    let output = |source| Failure::Output { path: folder.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(output)?;
    let lock = File::create(folder.join("lock")).map_err(output)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(Failure::Unavailable(format!(
            "another kehu uses {}: stop it, or choose another folder with --data-dir",
            folder.display()
        ))),
        Err(std::fs::TryLockError::Error(source)) => Err(output(source)),
    }
}

async fn check_migrated(db: &Database) -> Result<(), Failure> {
    let pending = db.pending_migrations().await.map_err(unavailable)?;
    if pending.is_empty() {
        return Ok(());
    }
    Err(Failure::Unavailable(format!(
        "the database lacks {} migration(s): run kehu migrate first",
        pending.len()
    )))
}

/// The settings that hold: those of the first start.
async fn keep_settings(db: &Database, wanted: Wanted) -> Result<Settings, Failure> {
    let held = settings::get(db).await.map_err(unavailable)?;
    let first = Settings { base_currency: "CNY".to_owned(), time_zone: "Asia/Shanghai".to_owned() };
    let default = held.clone().unwrap_or(first);
    let wanted = Settings {
        base_currency: wanted.base_currency.unwrap_or(default.base_currency),
        time_zone: wanted.time_zone.unwrap_or(default.time_zone),
    };
    check_settings(&wanted)?;
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

fn check_settings(settings: &Settings) -> Result<(), Failure> {
    if !currency::is_known(&settings.base_currency) {
        let given = &settings.base_currency;
        return Err(Failure::Usage(format!("{given:?} is no ISO 4217 currency such as EUR")));
    }
    calendar_of(settings).map(|_| ())
}

fn calendar_of(settings: &Settings) -> Result<BusinessCalendar, Failure> {
    BusinessCalendar::new(&settings.time_zone).map_err(|error| Failure::Usage(error.to_string()))
}

fn served(
    ended: Result<Result<(), kehu_server::listener::Error>, tokio::task::JoinError>,
) -> Result<(), Failure> {
    ended.map_err(Failure::internal)?.map_err(Failure::internal)
}

fn unavailable(error: kehu_storage::Error) -> Failure {
    Failure::Unavailable(error.to_string())
}

/// Returns when the process is told to stop: SIGTERM, or SIGINT of a terminal.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without signals there is only the terminal; an error means that nobody can tell.
    let _ = tokio::signal::ctrl_c().await;
}
