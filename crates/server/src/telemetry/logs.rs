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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
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
