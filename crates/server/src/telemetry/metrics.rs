//! Metrics: every one that a process emits, in one table.

use super::{EXPORT_TIMEOUT, Error, Options};
use opentelemetry::{
    global,
    metrics::{AsyncInstrument, Counter, Gauge, Histogram, UpDownCounter},
};
use opentelemetry_otlp::{MetricExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    metrics::{Aggregation, Instrument, PeriodicReader, SdkMeterProvider, Stream},
};
use std::sync::LazyLock;

/// The scope of every instrument.
const SCOPE: &str = "kehu";

/// Bounds of the buckets of durations of calls and statements, seconds.
const SHORT: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Bounds of the buckets of durations of runs, seconds.
const LONG: [f64; 12] = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// How a metric is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Counts what there is now by what comes and goes.
    UpDownCounter,
    /// What was last measured.
    Gauge,
    /// How many measurements were in which range.
    Histogram,
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its OpenTelemetry name.
    pub name: &'static str,
    /// Its unit by UCUM.
    pub unit: &'static str,
    /// How it is measured.
    pub kind: Kind,
    /// What it tells.
    pub description: &'static str,
}

/// `rpc.method`, `rpc.response.status_code`, `error.type` of failures.
pub const RPC_SERVER_CALL_DURATION: Metric = Metric {
    name: "rpc.server.call.duration",
    unit: "s",
    kind: Kind::Histogram,
    description: "Duration of calls that were served, to the end of their streams",
};
/// `rpc.method`, `rpc.response.status_code`, `error.type` of failures.
pub const RPC_CLIENT_CALL_DURATION: Metric = Metric {
    name: "rpc.client.call.duration",
    unit: "s",
    kind: Kind::Histogram,
    description: "Duration of calls that were made, to the end of their streams",
};
/// `rpc.method`.
pub const SERVER_ACTIVE_CALLS: Metric = Metric {
    name: "kehu.server.active_calls",
    unit: "{call}",
    kind: Kind::UpDownCounter,
    description: "Unary calls being served",
};
/// `rpc.method`.
pub const SERVER_SHED_CALLS: Metric = Metric {
    name: "kehu.server.shed_calls",
    unit: "{call}",
    kind: Kind::Counter,
    description: "Calls turned away because too many are being served, in all or for their caller",
};
/// `error.type` (`connections`, `connections_of_address`: no place; `handshake`; `silent`).
pub const SERVER_REFUSED_CONNECTIONS: Metric = Metric {
    name: "kehu.server.refused_connections",
    unit: "{connection}",
    kind: Kind::Counter,
    description: "Connections that were closed before a call: no place, no TLS, or nothing came",
};
/// `rpc.method`.
pub const SERVER_OPEN_STREAMS: Metric = Metric {
    name: "kehu.server.open_streams",
    unit: "{stream}",
    kind: Kind::UpDownCounter,
    description: "Streaming calls open",
};
/// Without attributes.
pub const SERVER_MAX_CALLS: Metric = Metric {
    name: "kehu.server.max_calls",
    unit: "{call}",
    kind: Kind::Gauge,
    description: "Unary calls that the process serves at once",
};
/// Without attributes.
pub const SERVER_MAX_STREAMS: Metric = Metric {
    name: "kehu.server.max_streams",
    unit: "{stream}",
    kind: Kind::Gauge,
    description: "Streaming calls that the process holds open at once",
};
/// Without attributes.
pub const SERVER_READY: Metric = Metric {
    name: "kehu.server.ready",
    unit: "1",
    kind: Kind::Gauge,
    description: "1 while the process takes calls, 0 while it starts or drains",
};
/// Without attributes.
pub const SERVER_LEFT: Metric = Metric {
    name: "kehu.server.left",
    unit: "{document}",
    kind: Kind::Counter,
    description: "Times that something a later release wrote was left to its programs",
};
/// `kehu.definition`: its resource name.
pub const SERVER_BROKEN: Metric = Metric {
    name: "kehu.server.broken",
    unit: "{definition}",
    kind: Kind::Counter,
    description: "Times that a definition was set aside because it is broken",
};
/// `db.system.name`, `db.operation.name`, `error.type` of failures. Measured in storage.
pub const DB_CLIENT_OPERATION_DURATION: Metric = Metric {
    name: "db.client.operation.duration",
    unit: "s",
    kind: Kind::Histogram,
    description: "Duration of database statements",
};
/// `error.type` (`disk_full`, `read_only`, `out_of_memory`, `disk_error`). Measured in storage.
pub const STORAGE_REFUSED_WRITES: Metric = Metric {
    name: "kehu.storage.refused_writes",
    unit: "{write}",
    kind: Kind::Counter,
    description: "Writes that the database refused for its disk or memory",
};
/// `kehu.record.kind`, `kehu.outcome` (`accepted`, `unchanged`, `rejected`).
pub const INGESTION_RECORDS: Metric = Metric {
    name: "kehu.ingestion.records",
    unit: "{record}",
    kind: Kind::Counter,
    description: "Records taken in, by what became of them",
};
/// `kehu.cleaning.rule`, as the contract names it in lower case (`full_width`).
pub const INGESTION_CLEANED: Metric = Metric {
    name: "kehu.ingestion.cleaned",
    unit: "{value}",
    kind: Kind::Counter,
    description: "Keys and texts that a rule of cleaning changed; one may count for several",
};
/// `kehu.consumer`.
pub const CHANGE_LOG_LAG: Metric = Metric {
    name: "kehu.change_log.lag",
    unit: "s",
    kind: Kind::Gauge,
    description: "Age of the oldest change that a consumer has not applied; 0 when there is none",
};
/// `kehu.consumer`.
pub const CHANGE_LOG_BACKLOG: Metric = Metric {
    name: "kehu.change_log.backlog",
    unit: "{change}",
    kind: Kind::Gauge,
    description: "Changes that a consumer has not applied",
};
/// `kehu.run.kind`, `kehu.outcome` (`succeeded`; `shared`: others finish the run; `failed`,
/// `cancelled`, `given_back`; `lost`: another worker took over, or the run has ended).
pub const RUN_DURATION: Metric = Metric {
    name: "kehu.run.duration",
    unit: "s",
    kind: Kind::Histogram,
    description: "Duration of attempts at runs",
};
/// `kehu.run.kind`.
pub const RUN_ACTIVE: Metric = Metric {
    name: "kehu.run.active",
    unit: "{run}",
    kind: Kind::UpDownCounter,
    description: "Runs being carried out",
};
/// Without attributes.
pub const INGESTION_DAMAGED: Metric = Metric {
    name: "kehu.ingestion.damaged",
    unit: "{reject}",
    kind: Kind::Counter,
    description: "Rejects that were found to be damaged: they cannot be read whole",
};
/// Without attributes.
pub const INGESTION_DROPPED_REJECTS: Metric = Metric {
    name: "kehu.ingestion.dropped_rejects",
    unit: "{reject}",
    kind: Kind::Counter,
    description: "Rejects that were deleted early, because their caller has more than its share",
};
/// `kehu.left_out.by` (`taxonomy`, `code_scheme`), `kehu.left_out.id`.
pub const CODING_LEFT_OUT: Metric = Metric {
    name: "kehu.coding.left_out",
    unit: "{customer}",
    kind: Kind::Counter,
    description: "Customers that were left without a class or a code, each time it was looked at",
};
/// `error.type`: what is wrong with the credentials (`expired`, `wrong_audience` …), or
/// `missing_scope`.
pub const SERVER_SIGN_ON_FAILURES: Metric = Metric {
    name: "kehu.server.sign_on_failures",
    unit: "{call}",
    kind: Kind::Counter,
    description: "Calls refused because their caller is not believed, or may not do that",
};
/// `db.client.connection.pool.name`, `db.client.connection.state` (`used`, `idle`). Measured in
/// storage, as the next two.
pub const DB_CLIENT_CONNECTION_COUNT: Metric = Metric {
    name: "db.client.connection.count",
    unit: "{connection}",
    kind: Kind::Gauge,
    description: "Connections to the database that are used, or may be",
};
/// `db.client.connection.pool.name`.
pub const DB_CLIENT_CONNECTION_WAIT_TIME: Metric = Metric {
    name: "db.client.connection.wait_time",
    unit: "s",
    kind: Kind::Histogram,
    description: "How long it took to get a connection from the pool",
};
/// Without attributes.
pub const PROCESS_CPU_TIME: Metric = Metric {
    name: "process.cpu.time",
    unit: "s",
    kind: Kind::Counter,
    description: "CPU time that the process has used",
};
/// Without attributes.
pub const PROCESS_MEMORY_USAGE: Metric = Metric {
    name: "process.memory.usage",
    unit: "By",
    kind: Kind::Gauge,
    description: "Physical memory that the process uses",
};
/// Without attributes.
pub const PROCESS_OPEN_FILES: Metric = Metric {
    name: "process.unix.file_descriptor.count",
    unit: "{file_descriptor}",
    kind: Kind::Gauge,
    description: "Files and sockets that the process has open",
};
/// Without attributes.
pub const PROCESS_UPTIME: Metric = Metric {
    name: "process.uptime",
    unit: "s",
    kind: Kind::Gauge,
    description: "How long the process has been running",
};
/// `kehu.reject.reason`, as the contract names it in lower case (`date_ambiguous`).
pub const INGESTION_PROBLEMS: Metric = Metric {
    name: "kehu.ingestion.problems",
    unit: "{problem}",
    kind: Kind::Counter,
    description: "Reasons for which records were refused; one record may have several",
};
/// `kehu.run.kind`, `kehu.outcome` as of the duration.
pub const RUN_ENDED: Metric = Metric {
    name: "kehu.run.ended",
    unit: "{attempt}",
    kind: Kind::Counter,
    description: "Attempts at runs that have ended, by how",
};
/// `kehu.taxonomy`, `kehu.class`.
pub const CODING_CUSTOMERS: Metric = Metric {
    name: "kehu.coding.customers",
    unit: "{customer}",
    kind: Kind::Gauge,
    description: "Customers in a class on the business date, as last counted",
};
/// `kehu.code_scheme`.
pub const CODING_CODES_LEFT: Metric = Metric {
    name: "kehu.coding.codes_left",
    unit: "{code}",
    kind: Kind::Gauge,
    description: "Codes that a scheme can still give under its fullest prefix, as last counted",
};

/// Every metric that a process emits.
pub const METRICS: [Metric; 33] = [
    RPC_SERVER_CALL_DURATION,
    RPC_CLIENT_CALL_DURATION,
    SERVER_ACTIVE_CALLS,
    SERVER_SHED_CALLS,
    SERVER_REFUSED_CONNECTIONS,
    SERVER_OPEN_STREAMS,
    SERVER_MAX_CALLS,
    SERVER_MAX_STREAMS,
    SERVER_READY,
    SERVER_LEFT,
    SERVER_BROKEN,
    DB_CLIENT_OPERATION_DURATION,
    STORAGE_REFUSED_WRITES,
    INGESTION_RECORDS,
    INGESTION_CLEANED,
    CHANGE_LOG_LAG,
    CHANGE_LOG_BACKLOG,
    RUN_DURATION,
    RUN_ACTIVE,
    CODING_LEFT_OUT,
    INGESTION_DAMAGED,
    INGESTION_DROPPED_REJECTS,
    SERVER_SIGN_ON_FAILURES,
    DB_CLIENT_CONNECTION_COUNT,
    DB_CLIENT_CONNECTION_WAIT_TIME,
    PROCESS_CPU_TIME,
    PROCESS_MEMORY_USAGE,
    PROCESS_OPEN_FILES,
    PROCESS_UPTIME,
    INGESTION_PROBLEMS,
    RUN_ENDED,
    CODING_CUSTOMERS,
    CODING_CODES_LEFT,
];

impl Metric {
    /// Its name on the Prometheus endpoint: of a histogram without `_bucket`, `_sum`, `_count`.
    pub fn prometheus_name(&self) -> String {
        let name = self.name.replace('.', "_");
        let unit = match self.unit {
            "s" => "_seconds",
            "By" => "_bytes",
            "1" => "_ratio",
            _ => "",
        };
        let total = if self.kind == Kind::Counter { "_total" } else { "" };
        format!("{name}{unit}{total}")
    }

    /// The instrument of a histogram.
    pub fn histogram(&self) -> Histogram<f64> {
        let meter = global::meter(SCOPE);
        let builder = meter.f64_histogram(self.name);
        builder.with_unit(self.unit).with_description(self.description).build()
    }

    /// The instrument of a counter.
    pub fn counter(&self) -> Counter<u64> {
        let meter = global::meter(SCOPE);
        let builder = meter.u64_counter(self.name);
        builder.with_unit(self.unit).with_description(self.description).build()
    }

    /// The instrument of an up-down counter.
    pub fn up_down_counter(&self) -> UpDownCounter<i64> {
        let meter = global::meter(SCOPE);
        let builder = meter.i64_up_down_counter(self.name);
        builder.with_unit(self.unit).with_description(self.description).build()
    }

    /// The instrument of a gauge.
    pub fn gauge(&self) -> Gauge<f64> {
        let meter = global::meter(SCOPE);
        let builder = meter.f64_gauge(self.name);
        builder.with_unit(self.unit).with_description(self.description).build()
    }

    /// Has a gauge or counter read whenever metrics are collected; `None` tells nothing.
    pub fn observe(&self, read: impl Fn() -> Option<f64> + Send + Sync + 'static) {
        let meter = global::meter(SCOPE);
        let tell = move |observer: &dyn AsyncInstrument<f64>| {
            if let Some(value) = read() {
                observer.observe(value, &[]);
            }
        };
        if self.kind == Kind::Counter {
            let builder = meter.f64_observable_counter(self.name).with_callback(tell);
            builder.with_unit(self.unit).with_description(self.description).build();
        } else {
            let builder = meter.f64_observable_gauge(self.name).with_callback(tell);
            builder.with_unit(self.unit).with_description(self.description).build();
        }
    }
}

/// What a server tells about its calls and itself.
#[derive(Debug)]
pub struct Server {
    /// [`SERVER_ACTIVE_CALLS`]
    pub active_calls: UpDownCounter<i64>,
    /// [`SERVER_SHED_CALLS`]
    pub shed_calls: Counter<u64>,
    /// [`SERVER_REFUSED_CONNECTIONS`]
    pub refused_connections: Counter<u64>,
    /// [`SERVER_OPEN_STREAMS`]
    pub open_streams: UpDownCounter<i64>,
    /// [`SERVER_MAX_CALLS`]
    pub max_calls: Gauge<f64>,
    /// [`SERVER_MAX_STREAMS`]
    pub max_streams: Gauge<f64>,
    /// [`SERVER_READY`]
    pub ready: Gauge<f64>,
    /// [`SERVER_SIGN_ON_FAILURES`]
    pub sign_on_failures: Counter<u64>,
}

/// The instruments of the server. Their `rpc.method` is [`crate::method::name`].
pub fn server() -> &'static Server {
    static SERVER: LazyLock<Server> = LazyLock::new(|| Server {
        active_calls: SERVER_ACTIVE_CALLS.up_down_counter(),
        shed_calls: SERVER_SHED_CALLS.counter(),
        refused_connections: SERVER_REFUSED_CONNECTIONS.counter(),
        open_streams: SERVER_OPEN_STREAMS.up_down_counter(),
        max_calls: SERVER_MAX_CALLS.gauge(),
        max_streams: SERVER_MAX_STREAMS.gauge(),
        ready: SERVER_READY.gauge(),
        sign_on_failures: SERVER_SIGN_ON_FAILURES.counter(),
    });
    &SERVER
}

/// Metrics for `registry`, and for the collector if there is one.
pub(super) fn provider(
    options: &Options,
    resource: Resource,
    registry: &::prometheus::Registry,
) -> Result<SdkMeterProvider, Error> {
    let prometheus = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .map_err(Error::Prometheus)?;
    let builder = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_view(buckets)
        .with_reader(prometheus);
    let Some(endpoint) = &options.otlp_endpoint else { return Ok(builder.build()) };
    let exporter = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(EXPORT_TIMEOUT)
        .build()?;
    let reader = PeriodicReader::builder(exporter).with_interval(options.metrics_interval).build();
    Ok(builder.with_reader(reader).build())
}

/// The buckets of a histogram; the SDK's own are for milliseconds.
fn buckets(instrument: &Instrument) -> Option<Stream> {
    let boundaries = match instrument.name() {
        name if name == RUN_DURATION.name => LONG.to_vec(),
        name if name.ends_with(".duration") || name.ends_with(".wait_time") => SHORT.to_vec(),
        _ => return None,
    };
    let aggregation = Aggregation::ExplicitBucketHistogram { boundaries, record_min_max: true };
    Some(Stream::builder().with_aggregation(aggregation).build().expect("the bounds ascend"))
}
