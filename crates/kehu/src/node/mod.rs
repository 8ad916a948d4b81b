//! One process of Kehu: the database, the services of its roles, their workers and followers,
//! from start to stop.

pub(crate) mod folder;
mod ready;
mod retention;
mod roles;
mod stop;
mod store;

use crate::exit::Failure;
use kehu_analytics::{Analytics, Limits};
use kehu_contract::run::BusinessDate;
use kehu_core::calendar::BusinessCalendar;
use kehu_runs::{BusinessDates, Worker, follow, keep_days, trim};
use kehu_server::{
    clock, config,
    health::Health,
    listener::{Api, Listener},
    reload::FileError,
    security::Security,
    telemetry::{self, Telemetry, prometheus},
};
use kehu_storage::Database;
use std::{net::SocketAddr, time::Duration};
use store::{calendar_of, keep_settings};
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use roles::Parts;
pub(crate) use roles::{ALL_ROLES, Role};
pub(crate) use stop::Signals;
pub(crate) use store::{Opened, fixed};

/// How long calls of those who are told what is waited for may take to finish.
const EXPLAINED: Duration = Duration::from_millis(500);

/// A process whose listeners are bound and that tells how it is, but serves nothing yet.
pub(crate) struct Node {
    settings: config::Settings,
    roles: Vec<Role>,
    security: Security,
    listener: Listener,
    shell: Shell,
}

/// A process that serves.
pub(crate) struct Serving {
    /// The address it listens on.
    pub address: SocketAddr,
    /// Its business calendar.
    pub calendar: BusinessCalendar,
    /// The business date that held when it started.
    pub business_date: BusinessDate,
    shell: Shell,
    api: JoinHandle<Result<(), kehu_server::listener::Error>>,
    /// Workers, followers, and what forgets old runs.
    background: Vec<JoinHandle<()>>,
    readiness: JoinHandle<()>,
    opened: Opened,
    draining: CancellationToken,
    stop: CancellationToken,
}

/// Tells callers why the process does not serve yet.
struct Explaining {
    task: JoinHandle<Result<(), kehu_server::listener::Error>>,
    stop: CancellationToken,
}

impl Explaining {
    /// Ends it; who is connected connects anew, to what serves then.
    async fn end(self) {
        self.stop.cancel();
        let task = self.task.abort_handle();
        match timeout(EXPLAINED, self.task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "callers were not told what is waited for")
            }
            Ok(Err(error)) => tracing::error!(%error, "what answered callers broke down"),
            // Who watches health stays connected for ever.
            Err(_) => task.abort(),
        }
    }
}

/// What a process tells of itself, from before it serves to after.
struct Shell {
    settings: config::Server,
    secure: bool,
    health: Health,
    telemetry: Telemetry,
    /// Health and metrics on listeners of their own, which outlive the rest.
    beside: Vec<JoinHandle<Result<(), Failure>>>,
    end: CancellationToken,
}

impl Node {
    /// Starts telemetry, reads certificates and keys, binds every address, and answers for
    /// health: alive, not ready. Where its address is taken it takes the `other` one, if any.
    pub(crate) async fn bind(
        settings: config::Settings,
        roles: Vec<Role>,
        other: Option<SocketAddr>,
    ) -> Result<Self, Failure> {
        let security = Security::load(&settings).map_err(faulty)?;
        let names = roles.iter().map(|role| role.name().to_owned()).collect();
        let telemetry = Telemetry::start(&telemetry_options(&settings.telemetry, names))
            .map_err(|error| Failure::Usage(error.to_string()))?;
        let listener = match (bind("server.listen", settings.server.listen).await, other) {
            (Err(_), Some(other)) => bind("server.listen", other).await?,
            (bound, _) => bound?,
        };
        let health = Health::new(roles::service_names(&roles)).await;
        let end = CancellationToken::new();
        let beside = beside(&settings, &health, &telemetry, &end).await?;
        warn_if_open(&settings, &security);
        let (server, secure) = (settings.server.clone(), security.tls.is_some());
        let shell = Shell { settings: server, secure, health, telemetry, beside, end };
        Ok(Self { settings, roles, security, listener, shell })
    }

    /// Waits for the database and serves; `None` when the process is told to stop before that.
    pub(crate) async fn start(self, signals: &mut Signals) -> Result<Option<Serving>, Failure> {
        let (why, told) = watch::channel("it opens its database".to_owned());
        let explaining = self.explain(told)?;
        let opened = tokio::select! {
            opened = Opened::wait(&self.settings.storage, &why) => opened.map(Some),
            () = signals.next() => Ok(None),
        };
        explaining.end().await;
        match opened {
            Ok(Some(opened)) => self.serve(opened).await.map(Some),
            Ok(None) => {
                self.shell.end().await;
                Ok(None)
            }
            Err(failure) => {
                self.shell.end().await;
                Err(failure)
            }
        }
    }

    /// Tells those who call before it serves what it waits for.
    fn explain(&self, why: watch::Receiver<String>) -> Result<Explaining, Failure> {
        let stop = CancellationToken::new();
        let (tls, health) = (self.security.tls.clone(), &self.shell.health);
        let server = &self.settings.server;
        let answers = self.listener.explain(server, tls, health, why, stop.clone());
        let task = tokio::spawn(answers.map_err(Failure::internal)?);
        Ok(Explaining { task, stop })
    }

    /// Serves on a database that is open and up to date.
    pub(crate) async fn serve(self, opened: Opened) -> Result<Serving, Failure> {
        let kept = keep_settings(&opened.db, &self.settings.business).await?;
        let calendar = calendar_of(&kept)?;
        let business_date = BusinessDates::new(opened.db.clone(), calendar).get().await;
        let business_date =
            business_date.map_err(|fault| Failure::Unavailable(fault.to_string()))?;
        let address = self.listener.address;
        let (draining, stop) = (CancellationToken::new(), CancellationToken::new());
        let analytics = Analytics::new(opened.db.clone(), limits(&self.settings.analytics));
        let parts =
            roles::assemble(&opened.db, &kept, calendar, &analytics, &self.roles, &self.settings);
        count_from_zero(&self.roles, &parts);
        let readiness = tokio::spawn(ready::keep(
            opened.db.clone(),
            parts.followers.clone(),
            self.settings.server.catch_up_timeout,
            self.shell.health.clone(),
            draining.clone(),
        ));
        let mut background =
            spawn_background(&opened.db, &parts, &self.settings.runs, address, &stop);
        let retention = self.settings.retention;
        background.push(tokio::spawn(retention::keep(opened.db.clone(), retention, stop.clone())));
        if self.roles.contains(&Role::Ingestion) {
            let watch = kehu_ingestion::watch_rejects(opened.db.clone(), stop.clone());
            background.push(tokio::spawn(watch));
        }
        if self.roles.contains(&Role::Coding) {
            let count = kehu_coding::keep_counting(opened.db.clone(), calendar, stop.clone());
            background.push(tokio::spawn(count));
        }
        if !parts.dailies.is_empty() {
            let days = keep_days(opened.db.clone(), calendar, parts.dailies, stop.clone());
            background.push(tokio::spawn(days));
        }
        let api = Api {
            limits: self.settings.server,
            tls: self.security.tls,
            authenticator: self.security.authenticator,
            health: self.shell.health.clone(),
            services: roles::service_names(&self.roles),
        };
        let api = tokio::spawn(api.serve(self.listener, parts.routes, stop.clone()));
        let shell = self.shell;
        Ok(Serving {
            address,
            calendar,
            business_date,
            shell,
            api,
            background,
            readiness,
            opened,
            draining,
            stop,
        })
    }
}

impl Serving {
    /// The URL that clients on this machine use.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.shell.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

/// Certificates alone keep nobody out.
fn warn_if_open(settings: &config::Settings, security: &Security) {
    if !settings.server.listen.ip().is_loopback() && security.authenticator.is_none() {
        tracing::warn!("everybody who reaches the API may do everything: see [auth]");
    }
}

/// The files were good when the settings were checked, a moment ago.
fn faulty(faults: Vec<FileError>) -> Failure {
    config::Faulty(faults.iter().map(ToString::to_string).collect()).into()
}

async fn bind(setting: &'static str, address: SocketAddr) -> Result<Listener, Failure> {
    let bound = Listener::bind(setting, address).await;
    bound.map_err(|error| Failure::Unavailable(error.to_string()))
}

/// Serves health and metrics where they have an address of their own.
async fn beside(
    settings: &config::Settings,
    health: &Health,
    telemetry: &Telemetry,
    end: &CancellationToken,
) -> Result<Vec<JoinHandle<Result<(), Failure>>>, Failure> {
    let mut tasks = Vec::new();
    if let Some(address) = settings.server.health_listen {
        let listener = bind("server.health_listen", address).await?;
        let socket = listener.into_socket().map_err(Failure::internal)?;
        let (health, end) = (health.clone(), end.clone());
        tasks.push(tokio::spawn(async move {
            health.serve(socket, end).await.map_err(Failure::internal)
        }));
    }
    if let Some(address) = settings.telemetry.metrics_listen {
        let listener = bind("telemetry.metrics_listen", address).await?;
        let socket = listener.into_socket().map_err(Failure::internal)?;
        let (registry, end) = (telemetry.registry(), end.clone());
        tasks.push(tokio::spawn(async move {
            prometheus::serve(socket, registry, end).await;
            Ok(())
        }));
    }
    Ok(tasks)
}

fn limits(settings: &config::Analytics) -> Limits {
    let mib = usize::try_from(settings.memory_limit_mib).unwrap_or(usize::MAX);
    Limits::of_memory(mib.saturating_mul(1 << 20))
}

fn telemetry_options(settings: &config::Telemetry, roles: Vec<String>) -> telemetry::Options {
    telemetry::Options {
        log: settings.log.clone(),
        log_format: settings.log_format,
        otlp_endpoint: settings.otlp_endpoint.clone(),
        trace_ratio: settings.trace_ratio,
        metrics_interval: settings.metrics_interval,
        roles,
    }
}

/// Has what the process may count stand at 0, so that the first increase is seen as one.
fn count_from_zero(roles: &[Role], parts: &Parts) {
    telemetry::count_from_zero(&roles::service_names(roles));
    kehu_storage::writes::count_from_zero();
    if roles.contains(&Role::Ingestion) {
        kehu_ingestion::count_from_zero();
    }
    for job in &parts.jobs {
        kehu_runs::count_from_zero(job.kind().name);
    }
}

fn spawn_background(
    db: &Database,
    parts: &Parts,
    settings: &config::Runs,
    address: SocketAddr,
    stop: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    let mut tasks = vec![tokio::spawn(trim(db.clone(), settings.keep_ended, stop.clone()))];
    let owner = format!("{address} {} {}", std::process::id(), clock::now().timestamp_micros());
    for job in &parts.jobs {
        let worker = Worker::new(db.clone(), job.clone(), owner.clone());
        let worker = worker.partition_size(settings.partition_customers);
        for _ in 0..settings.workers_per_kind {
            tasks.push(tokio::spawn(worker.clone().work(stop.clone())));
        }
    }
    for follower in &parts.followers {
        tasks.push(tokio::spawn(follow(db.clone(), follower.clone(), owner.clone(), stop.clone())));
    }
    tasks
}
