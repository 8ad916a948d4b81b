//! One trace from a call over the change log to those who follow, and the metrics on the way.
//! It is one test: what a process tells is set up once.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails it by panicking")]

mod world;

use kehu_server::{
    clock,
    telemetry::{
        LogFormat, Options, Telemetry,
        metrics::{self, METRICS},
    },
};
use kehu_storage::{
    Database,
    bulk::{self, ColumnType},
    change_log::{self, Position, Topic},
    run::{self, Cut, Kind, NewRun, RunState},
};
use kehu_tests::{
    changes::append,
    collector::{Collector, Span, attribute, hexadecimal},
    each_database,
};
use std::{cell::RefCell, collections::BTreeSet, time::Duration};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use world::{Relay, ingest, serve, start_relay, start_worker, wait};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_a_call_to_all_that_follows_from_it() {
    let collector = Collector::start().await;
    let telemetry = Telemetry::start(&options(&collector)).unwrap();
    // What fails here may say why.
    drop(std::panic::take_hook());
    let traces = RefCell::new(Vec::new());
    each_database(async |test| {
        let stop = CancellationToken::new();
        let trace = pass_on(&test.database, &stop).await;
        let asked = carry_out(&test.database, &stop).await;
        merge(&test.database, &stop).await;
        get_stuck(&test.database, test.kind, &telemetry, &stop).await;
        fail(&test.database, test.kind, &telemetry).await;
        stop.cancel();
        traces.borrow_mut().push((trace, asked));
    })
    .await;
    assert_metrics(&telemetry);
    telemetry.shutdown().await.unwrap();
    for (trace, asked) in traces.borrow().iter() {
        assert_passed_on(&collector, trace);
        assert_carried_out(&collector, asked);
    }
    assert_merged(&collector, traces.borrow().len());
    let stuck = named(&collector.spans(), "follow sqlite");
    assert!(!stuck.is_empty() && stuck.iter().all(|span| span.status.as_ref().unwrap().code == 2));
}

fn options(collector: &Collector) -> Options {
    Options {
        log: "error".to_owned(),
        log_format: LogFormat::Json,
        otlp_endpoint: Some(collector.endpoint.clone()),
        trace_ratio: 1.0,
        metrics_interval: Duration::from_secs(3600),
        roles: vec![],
    }
}

/// A record goes from ingestion to one follower, and from that to another. Returns its trace.
async fn pass_on(db: &Database, stop: &CancellationToken) -> String {
    let relay = |consumer, from, to| Relay { db: db.clone(), consumer, from, to, fails: false };
    start_relay(relay("first", Topic::Facts, Some(Topic::Scores)), stop);
    start_relay(relay("second", Topic::Scores, None), stop);
    let trace = ingest(serve(db).await).await;
    wait("the second step", async || followed(db, "second", Topic::Scores).await).await;
    trace
}

/// A run is asked for in one place and carried out in another. Returns the trace of who asks.
async fn carry_out(db: &Database, stop: &CancellationToken) -> String {
    let new = NewRun {
        kind: Kind { name: "scoring", cut: Cut::Ranges, after: &[] },
        request: "{}".to_owned(),
        as_of: None,
        partition_size: None,
        request_id: None,
        caller: None,
    };
    let span = tracing::info_span!(target: "kehu_test", "ask");
    let run = run::start(db, &new, clock::now()).instrument(span).await.unwrap();
    start_worker(db, stop);
    let ended = async || run::get(db, run.run_id).await.unwrap().state == RunState::Succeeded;
    wait("the run's end", ended).await;
    run.traceparent.unwrap()[3..35].to_owned()
}

/// Changes of two traces, and one of none, are followed at once.
async fn merge(db: &Database, stop: &CancellationToken) {
    for name in ["left", "right"] {
        let span = tracing::info_span!(target: "kehu_test", "append", otel.name = name);
        append(db, Topic::Classes).instrument(span).await;
    }
    append(db, Topic::Classes).await;
    let changes = change_log::read(db, Topic::Classes, Position::START, 10).await.unwrap();
    assert_eq!(changes[2].traceparent, None, "it was appended outside a trace");
    let (consumer, from) = ("both", Topic::Classes);
    start_relay(Relay { db: db.clone(), consumer, from, to: None, fails: false }, stop);
    wait("the merge", async || followed(db, "both", Topic::Classes).await).await;
}

/// Whether there are changes of a topic, and a consumer has followed the last of them.
async fn followed(db: &Database, consumer: &str, topic: Topic) -> bool {
    let changes = change_log::read(db, topic, Position::START, 100).await.unwrap();
    let cursor = change_log::cursor(db, consumer).await.unwrap();
    changes.last().is_some_and(|change| change.position == cursor)
}

/// A follower that fails again and again is seen to fall behind.
async fn get_stuck(
    db: &Database,
    consumer: &'static str,
    telemetry: &Telemetry,
    stop: &CancellationToken,
) {
    let from = Topic::Classes;
    start_relay(Relay { db: db.clone(), consumer, from, to: None, fails: true }, stop);
    let backlog = || value(telemetry, "kehu_change_log_backlog", consumer);
    wait("a backlog", async || backlog() == Some(3.0)).await;
    let lag = value(telemetry, "kehu_change_log_lag_seconds", consumer).unwrap();
    assert!((60.0..90.0).contains(&lag), "the change is a minute old: {lag}");
    assert_eq!(value(telemetry, "kehu_change_log_lag_seconds", "second"), Some(0.0));
}

/// A statement that fails is measured as one.
async fn fail(db: &Database, kind: &str, telemetry: &Telemetry) {
    let columns = [("x", ColumnType::I64)];
    bulk::read(db.reader(), "SELECT x FROM nowhere", vec![], &columns).await.unwrap_err();
    let system = if kind == "postgres" { "postgresql" } else { kind };
    let measured = labels(telemetry, "db_client_operation_duration_seconds");
    for operation in ["SELECT", "INSERT", "UPDATE"] {
        let labels = format!("db_operation_name={operation} db_system_name={system}");
        assert!(measured.contains(&labels), "{labels} in {measured:?}");
    }
    let failed = format!("db_operation_name=SELECT db_system_name={system} error_type=_OTHER");
    assert!(measured.contains(&failed), "{failed} in {measured:?}");
}

/// The gauge of a consumer.
fn value(telemetry: &Telemetry, name: &str, consumer: &str) -> Option<f64> {
    let families = telemetry.registry().gather();
    let family = families.iter().find(|family| family.name() == name)?;
    let of = |label: &str| label == consumer;
    let mut metrics = family.get_metric().iter();
    let metric = metrics.find(|metric| metric.get_label().iter().any(|it| of(it.value())))?;
    Some(metric.get_gauge().get_value())
}

/// The labels of each series.
fn labels(telemetry: &Telemetry, name: &str) -> BTreeSet<String> {
    let families = telemetry.registry().gather();
    let family = families.iter().find(|family| family.name() == name);
    let metrics = family.unwrap_or_else(|| panic!("no {name}")).get_metric();
    let series = metrics.iter().map(|metric| {
        let labels = metric.get_label().iter();
        let mut labels: Vec<_> =
            labels.map(|label| format!("{}={}", label.name(), label.value())).collect();
        labels.sort();
        labels.join(" ")
    });
    series.collect()
}

/// Every metric of the table is emitted under its name and with its description, and no other.
fn assert_metrics(telemetry: &Telemetry) {
    let server = metrics::server();
    server.active_calls.add(1, &[]);
    server.open_streams.add(1, &[]);
    server.shed_calls.add(1, &[]);
    server.refused_connections.add(1, &[]);
    for metric in [
        metrics::SERVER_LEFT,
        metrics::SERVER_BROKEN,
        metrics::CODING_LEFT_OUT,
        metrics::INGESTION_DAMAGED,
        metrics::INGESTION_DROPPED_REJECTS,
        metrics::STORAGE_REFUSED_WRITES,
        metrics::SERVER_SIGN_ON_FAILURES,
    ] {
        metric.counter().add(1, &[]);
    }
    for gauge in [&server.max_calls, &server.max_streams, &server.ready] {
        gauge.record(1.0, &[]);
    }
    for metric in [metrics::CODING_CUSTOMERS, metrics::CODING_CODES_LEFT] {
        metric.gauge().record(1.0, &[]);
    }
    let mut emitted: Vec<(String, String)> = telemetry
        .registry()
        .gather()
        .iter()
        .map(|family| (family.name().to_owned(), family.help().to_owned()))
        .collect();
    emitted.retain(|(name, _)| name != "target_info");
    let mut table: Vec<(String, String)> = METRICS
        .iter()
        .map(|metric| (metric.prometheus_name(), metric.description.to_owned()))
        .collect();
    table.sort();
    assert_eq!(emitted, table);
    let outcomes = labels(telemetry, "kehu_ingestion_records_total");
    let expected = [
        "kehu_outcome=accepted kehu_record_kind=customer",
        "kehu_outcome=rejected kehu_record_kind=none",
    ];
    assert_eq!(outcomes, expected.map(str::to_owned).into());
    let rules = labels(telemetry, "kehu_ingestion_cleaned_total");
    assert_eq!(rules, ["kehu_cleaning_rule=invisible".to_owned()].into());
    let runs = labels(telemetry, "kehu_run_duration_seconds");
    assert_eq!(runs, ["kehu_outcome=succeeded kehu_run_kind=scoring".to_owned()].into());
}

fn named(spans: &[Span], name: &str) -> Vec<Span> {
    spans.iter().filter(|span| span.name == name).cloned().collect()
}

fn of_trace(collector: &Collector, trace: &str) -> Vec<Span> {
    let mut spans = collector.spans();
    spans.retain(|span| hexadecimal(&span.trace_id) == trace);
    spans
}

/// Each step is a child of the one before, and those over the change log are linked to it too.
fn assert_passed_on(collector: &Collector, trace: &str) {
    let spans = of_trace(collector, trace);
    let call = named(&spans, "kehu.ingestion.v1.IngestionService/Ingest");
    let (served, made): (Vec<Span>, Vec<Span>) = call.into_iter().partition(|span| span.kind == 2);
    let steps = [
        made,
        served,
        named(&spans, "ingest batch"),
        named(&spans, "follow first"),
        named(&spans, "follow second"),
    ];
    assert_eq!(steps.each_ref().map(Vec::len), [1; 5], "{spans:?}");
    for pair in steps.windows(2) {
        let (before, step) = (&pair[0][0], &pair[1][0]);
        assert_eq!(step.parent_span_id, before.span_id, "{} follows {}", step.name, before.name);
        if step.name.starts_with("follow") {
            assert_eq!(step.kind, 5, "consumer");
            assert_eq!(step.links.len(), 1);
            assert_eq!(step.links[0].span_id, before.span_id);
            let count = attribute(&step.attributes, "messaging.batch.message_count");
            assert_eq!(count.as_deref(), Some("1"));
        }
    }
}

fn assert_carried_out(collector: &Collector, trace: &str) {
    let spans = of_trace(collector, trace);
    let (asked, done) = (named(&spans, "ask"), named(&spans, "run scoring"));
    assert_eq!((asked.len(), done.len()), (1, 1), "{spans:?}");
    assert_eq!(done[0].parent_span_id, asked[0].span_id);
    assert_eq!(attribute(&done[0].attributes, "kehu.outcome").unwrap(), "succeeded");
}

/// What follows from two traces belongs to neither, and is linked to both.
fn assert_merged(collector: &Collector, databases: usize) {
    let merged = named(&collector.spans(), "follow both");
    assert_eq!(merged.len(), databases);
    for span in merged {
        assert!(span.parent_span_id.is_empty(), "{span:?}");
        let linked: BTreeSet<_> = span.links.iter().map(|link| link.trace_id.clone()).collect();
        assert_eq!((span.links.len(), linked.len()), (2, 2));
        let origins = collector.spans().into_iter().filter(|it| linked.contains(&it.trace_id));
        let names: BTreeSet<String> = origins.map(|it| it.name).collect();
        assert_eq!(names, ["left".to_owned(), "right".to_owned()].into());
    }
}
