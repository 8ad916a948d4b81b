//! Logs, to standard error. Ids only; a personal value never goes into a log.

use super::{Error, traces};
use crate::clock;
use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    fmt::{self, Debug},
    io::IsTerminal,
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{Format, Writer},
    },
    registry::LookupSpan,
};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people on a terminal, as JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// A JSON object a line: `timestamp`, `level`, `target`, `message`, `fields` if there are
    /// any, `trace_id` and `span_id` within a trace.
    Json,
}

/// Logs of a client command, for people, at the level of `filter` (`info`,
/// `kehu_scoring=debug,warn`).
pub fn plain(filter: &str) -> Result<(), Error> {
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(parse(filter)?).with_writer(std::io::stderr);
    let terminal = std::io::stderr().is_terminal();
    let subscriber = if terminal { subscriber } else { subscriber.with_ansi(false) };
    tracing::subscriber::set_global_default(subscriber.finish()).map_err(|_| Error::AlreadyStarted)
}

/// The layer that writes events to `writer`.
pub(super) fn layer<S, W>(
    filter: &str,
    format: LogFormat,
    writer: W,
) -> Result<Box<dyn Layer<S> + Send + Sync>, Error>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let terminal = std::io::stderr().is_terminal();
    // Spans belong to traces; a line names the one it is in.
    let filter = parse(filter)?.and(filter_fn(|metadata| metadata.is_event()));
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    Ok(match format {
        LogFormat::Auto if !terminal => layer.event_format(Json).with_filter(filter).boxed(),
        LogFormat::Json => layer.event_format(Json).with_filter(filter).boxed(),
        LogFormat::Auto | LogFormat::Pretty => {
            let pretty = Pretty(Format::default().with_ansi(terminal));
            layer.event_format(pretty).with_filter(filter).boxed()
        }
    })
}

fn parse(filter: &str) -> Result<EnvFilter, Error> {
    EnvFilter::try_new(filter).map_err(|error| Error::Filter(error.to_string()))
}

/// Has panics logged with their place. Not with their text: there may be a value of a row in it.
pub(super) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(location, thread = thread.name().unwrap_or_default(), "panicked");
    }));
}

/// One line for people, with the trace that it is of at its end.
struct Pretty(Format);

impl<S, N> FormatEvent<S, N> for Pretty
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        match traces::current_ids() {
            Some((trace_id, _)) => writeln!(writer, "{} trace_id={trace_id}", line.trim_end()),
            None => writer.write_str(&line),
        }
    }
}

/// One JSON object.
struct Json;

#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'a str,
    target: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    span_id: Option<String>,
}

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (trace_id, span_id) = traces::current_ids().unzip();
        let line = Line {
            timestamp: clock::now().to_rfc3339_opts(SecondsFormat::Micros, true),
            level: event.metadata().level().as_str(),
            target: event.metadata().target(),
            message: fields.message,
            fields: fields.others,
            trace_id,
            span_id,
        };
        let line = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.others.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.add(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, format: LogFormat, work: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let logs = layer(filter, format, move || writer.clone()).unwrap();
        let tracers = SdkTracerProvider::builder().build();
        let subscriber = tracing_subscriber::registry().with(traces::layer(&tracers)).with(logs);
        tracing::subscriber::with_default(subscriber, work);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_event_is_a_json_object_on_a_line_of_its_own() {
        let text = logged("info", LogFormat::Json, || {
            tracing::warn!(run_id = 7, share = 0.5, kind = "a\n\"b\"", late = true, "run {}", "x");
            tracing::debug!("not at this level");
            let failure = std::io::Error::other("broken");
            tracing::error!(%failure, cause = ?Some(1));
        });
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [warning, error] = &lines[..] else { panic!("{text}") };
        let time = warning["timestamp"].as_str().unwrap();
        assert!(time.ends_with('Z') && time.len() == "2026-01-01T00:00:00.000000Z".len(), "{time}");
        assert_eq!(warning["level"], "WARN");
        assert_eq!(warning["target"], "kehu_server::telemetry::logs::tests");
        assert_eq!(warning["message"], "run x");
        let fields = serde_json::json!({
            "run_id": 7, "share": 0.5, "kind": "a\n\"b\"", "late": true
        });
        assert_eq!(warning["fields"], fields);
        assert_eq!(warning.get("trace_id"), None, "it is in no span");
        assert_eq!(error["message"], "");
        assert_eq!(error["fields"]["failure"], "broken");
        assert_eq!(error["fields"]["cause"], "Some(1)");
    }

    #[test]
    fn a_line_names_the_span_it_is_in_whatever_is_logged() {
        let mut ids = None;
        let text = logged("warn", LogFormat::Json, || {
            tracing::info_span!("work").in_scope(|| {
                ids = traces::current_ids();
                tracing::warn!("inside");
            });
        });
        let (trace_id, span_id) = ids.expect("spans have ids at every level of logs");
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["trace_id"], trace_id.as_str());
        assert_eq!(line["span_id"], span_id.as_str());
        assert_eq!(line.get("fields"), None);
    }

    #[test]
    fn a_line_for_people_ends_with_its_trace() {
        let mut trace = String::new();
        let text = logged("info", LogFormat::Pretty, || {
            tracing::info!("outside");
            tracing::info_span!("work", secret = "field of a span").in_scope(|| {
                trace = traces::current_ids().unwrap().0;
                tracing::info!(run_id = 7, "inside");
            });
        });
        let [outside, inside] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert!(outside.ends_with("outside"), "{outside}");
        assert!(inside.ends_with(&format!("inside run_id=7 trace_id={trace}")), "{inside}");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn a_panic_is_logged_by_its_place_not_its_text() {
        let before = std::panic::take_hook();
        log_panics();
        let text = logged("info", LogFormat::Json, || {
            let caught = std::panic::catch_unwind(|| panic!("customer Zhang"));
            assert!(caught.is_err());
        });
        std::panic::set_hook(before);
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "panicked");
        let location = line["fields"]["location"].as_str().unwrap();
        assert!(location.contains("telemetry/logs.rs:"), "{location}");
        assert!(!text.contains("Zhang"), "{text}");
    }

    #[test]
    fn a_filter_that_is_none_is_refused() {
        let refused = layer::<tracing_subscriber::Registry, _>("a=b=c", LogFormat::Json, || {
            Written::default()
        });
        assert!(matches!(refused.err(), Some(Error::Filter(_))));
    }
}
