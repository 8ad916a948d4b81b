//! Traces: spans of `tracing` become spans of OpenTelemetry, whose context travels with calls
//! and with the rows of the database that stand for work to come, as W3C `traceparent`.

use super::{EXPORT_TIMEOUT, Error, Options};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context, global,
    propagation::{Extractor, Injector},
    trace::{SpanContext, TraceContextExt, TracerProvider},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use std::collections::{BTreeSet, HashMap};
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

/// Where `traceparent` is in headers and carriers.
const TRACEPARENT: &str = "traceparent";

/// Without an endpoint no span is recorded, but each has its ids, for logs and errors.
pub(super) fn provider(options: &Options, resource: Resource) -> Result<SdkTracerProvider, Error> {
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = &options.otlp_endpoint else {
        let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
        return Ok(builder.with_sampler(sampler).build());
    };
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(EXPORT_TIMEOUT)
        .build()?;
    let sampler = Sampler::TraceIdRatioBased(options.trace_ratio);
    let sampler = Sampler::ParentBased(Box::new(sampler));
    Ok(builder.with_sampler(sampler).with_batch_exporter(exporter).build())
}

/// The layer that makes spans of the provider from Kehu's own. While a span is entered its
/// context is OpenTelemetry's current one, also for crates that know nothing of `tracing`.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    OpenTelemetryLayer::<S, SdkTracer>::new(provider.tracer("kehu"))
        .with_context_activation(true)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(Targets::new().with_target("kehu", Level::INFO))
}

/// Puts the current trace into the headers of a call that goes out.
pub fn inject_trace(headers: &mut HeaderMap) {
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&Context::current(), &mut Headers(headers));
    });
}

/// The trace that the headers of a call carry; an empty context when they carry none.
pub(crate) fn extract_trace(headers: &HeaderMap) -> Context {
    let mut carrier = HashMap::new();
    for name in [TRACEPARENT, "tracestate"] {
        if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
            carrier.insert(name.to_owned(), value.to_owned());
        }
    }
    extract(&carrier)
}

/// Ties the work of `span` to the spans that asked for it in other calls or processes, given by
/// their `traceparent`: it gets a link to each of them, and when all are of one trace it
/// continues that trace, as a child of the first. To be called before the span is entered.
pub fn follow_from<'a>(span: &Span, origins: impl IntoIterator<Item = &'a str>) {
    let mut origins: Vec<Context> = origins.into_iter().map(remote_context).collect();
    let mut seen = BTreeSet::new();
    origins.retain(|origin| {
        let origin = origin.span().span_context().clone();
        origin.is_valid() && seen.insert(ids(&origin))
    });
    for origin in &origins {
        span.add_link(origin.span().span_context().clone());
    }
    let mut traces = origins.iter().map(|origin| origin.span().span_context().trace_id());
    let Some(first) = traces.next() else { return };
    if traces.all(|trace| trace == first) {
        continue_trace(span, origins.swap_remove(0));
    }
}

/// Makes `span` a child of a span elsewhere. To be called before the span is entered.
pub(crate) fn continue_trace(span: &Span, parent: Context) {
    // It fails only where nothing traces, or not this span.
    let _ = span.set_parent(parent);
}

/// The ids of the current trace and span in hexadecimal; `None` outside a trace.
pub(crate) fn current_ids() -> Option<(String, String)> {
    let context = Context::current();
    let span = context.span();
    span.span_context().is_valid().then(|| ids(span.span_context()))
}

fn ids(span: &SpanContext) -> (String, String) {
    (span.trace_id().to_string(), span.span_id().to_string())
}

fn remote_context(traceparent: &str) -> Context {
    extract(&HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]))
}

fn extract(carrier: &dyn Extractor) -> Context {
    global::get_text_map_propagator(|propagator| {
        propagator.extract_with_context(&Context::new(), carrier)
    })
}

/// The headers of a call as what a propagator writes to.
struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        // What a propagator writes are headers, save an empty `tracestate`.
        if let (Ok(name), Ok(value)) = (key.parse::<HeaderName>(), HeaderValue::try_from(value))
            && !value.is_empty()
        {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::LogFormat;
    use opentelemetry::trace::{Span as _, SpanId, TraceFlags, TraceId, TraceState, Tracer};
    use std::time::Duration;

    #[test]
    fn without_a_collector_spans_have_ids_and_pass_on_what_others_decided() {
        let options = Options {
            log: "info".to_owned(),
            log_format: LogFormat::Auto,
            otlp_endpoint: None,
            trace_ratio: 1.0,
            metrics_interval: Duration::from_secs(1),
            roles: vec![],
        };
        let provider = provider(&options, Resource::builder_empty().build()).unwrap();
        let tracer = provider.tracer("test");
        let begun = tracer.start_with_context("begun here", &Context::new());
        assert!(begun.span_context().is_valid() && !begun.span_context().is_sampled());
        let parent = SpanContext::new(
            TraceId::from(7),
            SpanId::from(7),
            TraceFlags::SAMPLED,
            true,
            TraceState::default(),
        );
        let context = Context::new().with_remote_span_context(parent);
        let continued = tracer.start_with_context("continued", &context);
        assert_eq!(continued.span_context().trace_id(), TraceId::from(7));
        assert!(continued.span_context().is_sampled());
    }
}
