//! What a process tells about itself: logs, traces and metrics.
//!
//! Client commands only log ([`logs::plain`]). A server starts [`Telemetry`] before anything
//! that is to be measured: an instrument that is used earlier measures nothing for ever.

mod answer;
pub mod logs;
pub mod metrics;
mod process;
pub mod prometheus;
pub mod rpc;
pub mod traces;
mod zero;

use opentelemetry::{KeyValue, StringValue, Value, global};
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkError,
    metrics::SdkMeterProvider,
    propagation::TraceContextPropagator,
    trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider},
};
use std::time::Duration;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

pub use logs::LogFormat;
pub use zero::count_from_zero;

/// How long one export may take, and so also the last one.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a server tells, and to whom.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which events are logged: `info`, or `kehu_scoring=debug,warn`. Traces do not depend on it.
    pub log: String,
    /// How they are written.
    pub log_format: LogFormat,
    /// The OpenTelemetry collector, `http://host:4317` (gRPC); `None` exports nothing.
    pub otlp_endpoint: Option<String>,
    /// Share of the traces begun here that are exported, 0 to 1.
    pub trace_ratio: f64,
    /// How often metrics are exported.
    pub metrics_interval: Duration,
    /// The roles of this process: `ingestion`, `scoring` …
    pub roles: Vec<String>,
}

/// The telemetry of a server, from its start to [`Telemetry::shutdown`].
#[derive(Debug)]
pub struct Telemetry {
    tracers: SdkTracerProvider,
    meters: SdkMeterProvider,
    registry: ::prometheus::Registry,
}

impl Telemetry {
    /// Starts logs, traces and metrics of the whole process, and has panics logged. To be called
    /// within the runtime, which needs two workers or more: an export waits for the connection,
    /// which another worker drives.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let logs = logs::layer(&options.log, options.log_format, std::io::stderr)?;
        let resource = resource(&options.roles);
        let tracers = traces::provider(options, resource.clone())?;
        let registry = ::prometheus::Registry::new();
        let meters = metrics::provider(options, resource, &registry)?;
        tracing_subscriber::registry()
            .with(traces::layer(&tracers))
            .with(logs)
            .try_init()
            .map_err(|_| Error::AlreadyStarted)?;
        logs::log_panics();
        // They would log that they were set.
        tracing::subscriber::with_default(NoSubscriber::default(), || {
            global::set_text_map_propagator(TraceContextPropagator::new());
            global::set_tracer_provider(tracers.clone());
            global::set_meter_provider(meters.clone());
        });
        process::observe();
        Ok(Self { tracers, meters, registry })
    }

    /// What [`prometheus::serve`] shows.
    pub fn registry(&self) -> ::prometheus::Registry {
        self.registry.clone()
    }

    /// Exports what is left, for at most some seconds. To be called when nothing is served any
    /// more, and within the runtime.
    pub async fn shutdown(self) -> Result<(), Error> {
        let Self { tracers, meters, .. } = self;
        // Both wait for an export without giving way to other tasks.
        let tracers =
            tokio::task::spawn_blocking(move || tracers.shutdown_with_timeout(EXPORT_TIMEOUT));
        let meters =
            tokio::task::spawn_blocking(move || meters.shutdown_with_timeout(EXPORT_TIMEOUT));
        let (tracers, meters) = tokio::join!(tracers, meters);
        for ended in [tracers, meters] {
            ended.map_err(|_| Error::Interrupted)?.map_err(Error::Flush)?;
        }
        Ok(())
    }
}

/// Who tells. Attributes in `OTEL_RESOURCE_ATTRIBUTES` are added.
fn resource(roles: &[String]) -> Resource {
    let instance = format!("{:032x}", RandomIdGenerator::default().new_trace_id());
    let roles: Vec<StringValue> = roles.iter().cloned().map(StringValue::from).collect();
    Resource::builder()
        .with_service_name("kehu")
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance),
            KeyValue::new("kehu.roles", Value::Array(roles.into())),
        ])
        .build()
}

/// Why telemetry could not start, or not flush.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is not one.
    #[error("not a log filter: {0}")]
    Filter(String),
    /// It runs already.
    #[error("logging has started already")]
    AlreadyStarted,
    /// The endpoint is not one.
    #[error("cannot export to the OpenTelemetry collector: {0}")]
    Endpoint(#[from] ExporterBuildError),
    /// The Prometheus exporter could not be made.
    #[error("cannot offer metrics to Prometheus: {0}")]
    Prometheus(#[source] OTelSdkError),
    /// Not everything could be exported.
    #[error("the last telemetry was not exported: {0}")]
    Flush(#[source] OTelSdkError),
    /// The task that exports ended before it was done.
    #[error("the last export was interrupted")]
    Interrupted,
}
