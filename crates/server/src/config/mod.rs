//! Configuration: commented defaults, a file, the environment, flags, in rising precedence;
//! checked as a whole before anything is opened or bound.

mod check;
mod reader;
mod show;
mod sources;

use crate::{auth::Grant, telemetry::LogFormat};
use reader::Reader;
use sources::Layered;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

pub use show::Shown;
pub use sources::{DEFAULTS, Flag, Given, Sources};

/// All settings of a process. `default.toml` says what each means.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Listeners, limits and stopping.
    pub server: Server,
    /// Certificates.
    pub tls: Tls,
    /// Who may call.
    pub auth: Auth,
    /// The database.
    pub storage: Storage,
    /// Long work.
    pub runs: Runs,
    /// What publishing scorecards takes.
    pub scorecards: Scorecards,
    /// What publishing taxonomies takes.
    pub taxonomies: Taxonomies,
    /// How long what grows is kept.
    pub retention: Retention,
    /// What the first start of a database fixes.
    pub business: Business,
    /// What computing may use.
    pub analytics: Analytics,
    /// Logs, traces and metrics.
    pub telemetry: Telemetry,
}

/// Listeners, limits and stopping.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address of the API.
    pub listen: SocketAddr,
    /// Address of the plain listener for health.
    pub health_listen: Option<SocketAddr>,
    /// Whether the API may be served without TLS to others than this machine.
    pub insecure: bool,
    /// Unary calls answered at once.
    pub max_calls: u32,
    /// Streaming calls open at once.
    pub max_streams: u32,
    /// Unary calls of one caller answered at once.
    pub max_calls_per_caller: u32,
    /// Streaming calls of one caller open at once.
    pub max_streams_per_caller: u32,
    /// Bytes of messages of one caller held at once, MiB.
    pub max_mib_per_caller: u32,
    /// Streams of health and reflection open at once.
    pub max_probes: u32,
    /// Streams of health and reflection open at once on a connection.
    pub max_probes_per_connection: u32,
    /// Calls at once on a connection.
    pub max_streams_per_connection: u32,
    /// Connections open at once.
    pub max_connections: u32,
    /// Connections of one address open at once.
    pub max_connections_per_address: u32,
    /// How long a client may take to send a message, or to make room for more of an answer.
    pub slow_client_timeout: Duration,
    /// Longest deadline of a unary call, and the deadline of one that has none.
    pub max_deadline: Duration,
    /// How often a quiet connection is pinged.
    pub keepalive_interval: Duration,
    /// How long the answer to a ping may take.
    pub keepalive_timeout: Duration,
    /// Age at which a connection is asked to close; its open calls finish.
    pub max_connection_age: Duration,
    /// How long a stream may stay without a message.
    pub stream_idle_timeout: Duration,
    /// Whether reflection is served.
    pub reflection: bool,
    /// How long to go on serving after saying not ready.
    pub drain_delay: Duration,
    /// How long open calls may take to finish.
    pub drain_grace: Duration,
    /// How long readiness waits for the followers.
    pub catch_up_timeout: Duration,
}

/// Certificates, PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Chain of the server's certificate.
    pub certificate_file: Option<PathBuf>,
    /// Its private key.
    pub key_file: Option<PathBuf>,
    /// Authority of the clients' certificates; a client must show one when given.
    pub client_ca_file: Option<PathBuf>,
}

/// Who may call.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Keys of the issuer of bearer tokens.
    pub jwks_file: Option<PathBuf>,
    /// What `aud` of a token must contain.
    pub audience: Option<String>,
    /// What `iss` of a token must be.
    pub issuer: Option<String>,
    /// What holders of client certificates may do.
    pub certificates: Vec<Grant>,
}

/// The database.
#[derive(Debug, Clone)]
pub struct Storage {
    /// Folder of the embedded database.
    pub data_dir: PathBuf,
    /// PostgreSQL to use instead.
    pub database_url: Option<String>,
    /// Connections to PostgreSQL.
    pub max_connections: u32,
    /// Longest statement on PostgreSQL.
    pub statement_timeout: Duration,
    /// Longest wait for a free connection.
    pub acquire_timeout: Duration,
    /// Longest wait of a statement on PostgreSQL for another transaction.
    pub lock_timeout: Duration,
    /// How long a transaction on PostgreSQL may do nothing.
    pub idle_timeout: Duration,
    /// Longest wait at the start for a PostgreSQL that is down or not migrated.
    pub startup_wait: Duration,
}

/// Long work.
#[derive(Debug, Clone)]
pub struct Runs {
    /// Workers on the runs of each kind.
    pub workers_per_kind: u32,
    /// Customers of a partition.
    pub partition_customers: u32,
    /// Runs of a kind that may wait of one caller.
    pub max_waiting_per_caller: u32,
    /// How long runs are kept after they have ended.
    pub keep_ended: Duration,
}

/// What publishing a scorecard takes besides a draft that is sound.
#[derive(Debug, Clone)]
pub struct Scorecards {
    /// A simulation of the draft.
    pub publish_needs_simulation: bool,
}

/// What publishing a taxonomy takes besides a draft that is sound.
#[derive(Debug, Clone)]
pub struct Taxonomies {
    /// A simulation of the draft.
    pub publish_needs_simulation: bool,
    /// An approval by somebody other than the author.
    pub publish_needs_approval: bool,
}

/// How long what grows is kept.
#[derive(Debug, Clone)]
pub struct Retention {
    /// Answers to calls with a request id.
    pub requests: Duration,
    /// The change log, behind all followers.
    pub change_log: Duration,
    /// Ingest streams since their last batch.
    pub streams: Duration,
    /// Refused records.
    pub rejects: Duration,
    /// Refused records of one caller, MiB.
    pub rejects_mib_per_caller: u32,
}

/// What the first start of a database fixes; `None` takes what is fixed, or the default.
#[derive(Debug, Clone)]
pub struct Business {
    /// Currency of all amounts, ISO 4217.
    pub base_currency: Option<String>,
    /// Time zone of business dates, an IANA name.
    pub time_zone: Option<String>,
}

/// What computing features, scores and classes may use.
#[derive(Debug, Clone)]
pub struct Analytics {
    /// Memory for facts and what is computed from them, MiB.
    pub memory_limit_mib: u32,
}

/// Logs, traces and metrics.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// What is logged.
    pub log: String,
    /// How it is written.
    pub log_format: LogFormat,
    /// Address of the Prometheus endpoint.
    pub metrics_listen: Option<SocketAddr>,
    /// OpenTelemetry collector.
    pub otlp_endpoint: Option<String>,
    /// Share of the traces begun here that are recorded.
    pub trace_ratio: f64,
    /// How often metrics are sent to the collector.
    pub metrics_interval: Duration,
}

/// Everything that is wrong with a configuration, a line each: the setting, where it came from,
/// what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} fault(s):\n  {}", .0.len(), .0.join("\n  "))]
pub struct Faulty(pub Vec<String>);

impl Settings {
    /// The settings that hold under `sources`, or everything that is wrong with them. Reads the
    /// files that they name; opens and binds nothing.
    pub fn load(sources: &Sources) -> Result<Self, Faulty> {
        let mut reader = Reader::new(Layered::new(sources));
        let settings = read(&mut reader);
        let (_, layered) = reader.finish();
        if layered.problems.is_empty() { Ok(settings) } else { Err(Faulty(layered.problems)) }
    }
}

fn read(reader: &mut Reader) -> Settings {
    let settings = Settings {
        server: read_server(reader),
        tls: Tls {
            certificate_file: reader.path("tls.certificate_file"),
            key_file: reader.path("tls.key_file"),
            client_ca_file: reader.path("tls.client_ca_file"),
        },
        auth: Auth {
            jwks_file: reader.path("auth.jwks_file"),
            audience: reader.optional("auth.audience"),
            issuer: reader.optional("auth.issuer"),
            certificates: reader.list(
                "auth.certificates",
                "tables of a name and scopes (ingest, read, score, code, admin, personal-data)",
            ),
        },
        storage: read_storage(reader),
        runs: Runs {
            workers_per_kind: reader.count("runs.workers_per_kind"),
            partition_customers: reader.count("runs.partition_customers"),
            max_waiting_per_caller: reader.count("runs.max_waiting_per_caller"),
            keep_ended: reader.time_limit("runs.keep_ended"),
        },
        scorecards: Scorecards {
            publish_needs_simulation: reader.flag("scorecards.publish_needs_simulation"),
        },
        taxonomies: Taxonomies {
            publish_needs_simulation: reader.flag("taxonomies.publish_needs_simulation"),
            publish_needs_approval: reader.flag("taxonomies.publish_needs_approval"),
        },
        retention: read_retention(reader),
        business: Business {
            base_currency: reader.optional("business.base_currency"),
            time_zone: reader.optional("business.time_zone"),
        },
        analytics: Analytics { memory_limit_mib: reader.count("analytics.memory_limit_mib") },
        telemetry: read_telemetry(reader),
    };
    check::check(&settings, reader);
    settings
}

fn read_server(reader: &mut Reader) -> Server {
    Server {
        listen: reader.listen("server.listen"),
        health_listen: reader.address("server.health_listen"),
        insecure: reader.flag("server.insecure"),
        max_calls: reader.count("server.max_calls"),
        max_streams: reader.count("server.max_streams"),
        max_calls_per_caller: reader.count("server.max_calls_per_caller"),
        max_streams_per_caller: reader.count("server.max_streams_per_caller"),
        max_mib_per_caller: reader.count("server.max_mib_per_caller"),
        max_probes: reader.count("server.max_probes"),
        max_probes_per_connection: reader.count("server.max_probes_per_connection"),
        max_streams_per_connection: reader.count("server.max_streams_per_connection"),
        max_connections: reader.count("server.max_connections"),
        max_connections_per_address: reader.count("server.max_connections_per_address"),
        slow_client_timeout: reader.time_limit("server.slow_client_timeout"),
        max_deadline: reader.time_limit("server.max_deadline"),
        keepalive_interval: reader.time_limit("server.keepalive_interval"),
        keepalive_timeout: reader.time_limit("server.keepalive_timeout"),
        max_connection_age: reader.time_limit("server.max_connection_age"),
        stream_idle_timeout: reader.time_limit("server.stream_idle_timeout"),
        reflection: reader.flag("server.reflection"),
        drain_delay: reader.duration("server.drain_delay"),
        drain_grace: reader.duration("server.drain_grace"),
        catch_up_timeout: reader.duration("server.catch_up_timeout"),
    }
}

fn read_storage(reader: &mut Reader) -> Storage {
    Storage {
        data_dir: PathBuf::from(reader.text("storage.data_dir")),
        database_url: check::database_url(reader),
        max_connections: reader.count("storage.max_connections"),
        statement_timeout: reader.time_limit("storage.statement_timeout"),
        acquire_timeout: reader.time_limit("storage.acquire_timeout"),
        lock_timeout: reader.time_limit("storage.lock_timeout"),
        idle_timeout: reader.time_limit("storage.idle_timeout"),
        startup_wait: reader.duration("storage.startup_wait"),
    }
}

fn read_retention(reader: &mut Reader) -> Retention {
    Retention {
        requests: reader.time_limit("retention.requests"),
        change_log: reader.time_limit("retention.change_log"),
        streams: reader.time_limit("retention.streams"),
        rejects: reader.time_limit("retention.rejects"),
        rejects_mib_per_caller: reader.count("retention.rejects_mib_per_caller"),
    }
}

fn read_telemetry(reader: &mut Reader) -> Telemetry {
    Telemetry {
        log: reader.text("telemetry.log"),
        log_format: check::log_format(reader),
        metrics_listen: reader.address("telemetry.metrics_listen"),
        otlp_endpoint: reader.optional("telemetry.otlp_endpoint"),
        trace_ratio: reader.ratio("telemetry.trace_ratio"),
        metrics_interval: reader.time_limit("telemetry.metrics_interval"),
    }
}

#[cfg(test)]
mod tests;
