//! Telemetry of a server, as its collector, its scraper and its callers see it. It is one test:
//! what a process tells is set up once.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails it by panicking")]

mod scrape;
mod service;

use kehu_contract::run::{
    GetRunRequest, ListRunsRequest, WatchRunRequest, run_service_client::RunServiceClient,
};
use kehu_server::telemetry::{LogFormat, Options, Telemetry, prometheus, rpc::Call};
use kehu_tests::collector::{Collector, Span, attribute, hexadecimal};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt;
use tracing::Instrument;

const GET: &str = "kehu.run.v1.RunService/GetRun";
const LIST: &str = "kehu.run.v1.RunService/ListRuns";
const WATCH: &str = "kehu.run.v1.RunService/WatchRun";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_traced_measured_exported_and_scraped() {
    let collector = Collector::start().await;
    let telemetry = Telemetry::start(&options(&collector)).unwrap();
    // What fails here may say why.
    drop(std::panic::take_hook());
    let again = Telemetry::start(&options(&collector));
    assert_eq!(again.unwrap_err().to_string(), "logging has started already");
    let channel = Channel::from_shared(service::serve().await).unwrap().connect().await.unwrap();
    let mut runs = RunServiceClient::new(channel.clone());

    let made = make_call(&mut runs).await;
    let failed = runs.get_run(GetRunRequest { name: "runs/broken".to_owned() }).await.unwrap_err();
    let watched = watch(&mut runs, "runs/short").await.unwrap();
    let broken = watch(&mut runs, "runs/broken").await.unwrap_err();
    let left = watch_and_leave(&mut runs).await;
    check_health(channel.clone()).await;
    let unknown = call_unknown(channel).await;
    assert_eq!((made, watched, left, unknown), (Code::NotFound, 1, 1, Code::Unimplemented));

    scrape_metrics(&telemetry).await;
    assert!(collector.metrics().is_empty(), "the interval is an hour");
    telemetry.shutdown().await.unwrap();
    assert_metrics_came(&collector);
    assert_call_crossed(&collector);
    assert_fault_names_its_trace(&collector, &failed, GET);
    assert_fault_names_its_trace(&collector, &broken, WATCH);
    assert_streams_end(&collector);
    let others = collector.span("_OTHER");
    assert_eq!(attribute(&others.attributes, "rpc.method").unwrap(), "_OTHER");
    assert_eq!(collector.spans().len(), 8, "{:?}", collector.spans());
    assert_eq!(collector.resource("service.name").unwrap(), "kehu");
    assert_eq!(collector.resource("service.version").unwrap(), env!("CARGO_PKG_VERSION"));
    assert_eq!(collector.resource("service.instance.id").unwrap().len(), 32);
    assert!(collector.resource("kehu.roles").unwrap().contains("\"coding\""));
}

fn options(collector: &Collector) -> Options {
    Options {
        log: "info".to_owned(),
        log_format: LogFormat::Json,
        otlp_endpoint: Some(collector.endpoint.clone()),
        trace_ratio: 1.0,
        metrics_interval: Duration::from_secs(3600),
        roles: vec!["scoring".to_owned(), "coding".to_owned()],
    }
}

/// A call as the client helper makes it; its code.
async fn make_call(runs: &mut RunServiceClient<Channel>) -> Code {
    let mut request = Request::new(GetRunRequest { name: "runs/7".to_owned() });
    let mut headers = http::HeaderMap::new();
    let mut call = Call::make("/kehu.run.v1.RunService/GetRun", &mut headers);
    *request.metadata_mut() = tonic::metadata::MetadataMap::from_headers(headers);
    let answer = runs.get_run(request).instrument(call.span().clone()).await;
    let code = answer.unwrap_err().code();
    call.end(code);
    code
}

/// How many answers a stream has.
async fn watch(runs: &mut RunServiceClient<Channel>, name: &str) -> Result<usize, Status> {
    let request = WatchRunRequest { name: name.to_owned() };
    let mut answers = runs.watch_run(request).await?.into_inner();
    let mut count = 0;
    while answers.message().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

async fn watch_and_leave(runs: &mut RunServiceClient<Channel>) -> usize {
    let request = WatchRunRequest { name: "runs/endless".to_owned() };
    let mut answers = runs.watch_run(request).await.unwrap().into_inner();
    let first = answers.message().await.unwrap();
    drop(answers);
    runs.list_runs(ListRunsRequest::default()).await.unwrap();
    usize::from(first.is_some())
}

async fn check_health(channel: Channel) {
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    health.check(tonic_health::pb::HealthCheckRequest::default()).await.unwrap();
}

async fn call_unknown(channel: Channel) -> Code {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/made.up.Service/Zhang");
    let codec = tonic_prost::ProstCodec::<ListRunsRequest, ListRunsRequest>::default();
    let answer = client.unary(Request::new(ListRunsRequest::default()), path, codec).await;
    answer.unwrap_err().code()
}

async fn scrape_metrics(telemetry: &Telemetry) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(prometheus::serve(listener, telemetry.registry(), stop.clone()));
    let page = scrape::until(address, "CANCELLED").await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("content-type: text/plain; version=0.0.4\r\n"), "{page}");
    let series = |method: &str, code: &str, rest: &str| {
        let labels = format!("rpc_method=\"{method}\",rpc_response_status_code=\"{code}\"");
        let line = format!("{rest}{labels},rpc_system_name=\"grpc\"");
        assert!(page.contains(&line), "{line} in {page}");
    };
    series(GET, "NOT_FOUND", "rpc_server_call_duration_seconds_count{");
    series(GET, "NOT_FOUND", "rpc_client_call_duration_seconds_count{error_type=\"NOT_FOUND\",");
    series(GET, "INTERNAL", "rpc_server_call_duration_seconds_count{error_type=\"INTERNAL\",");
    series(LIST, "OK", "rpc_server_call_duration_seconds_count{");
    series(WATCH, "OK", "rpc_server_call_duration_seconds_count{");
    series(WATCH, "CANCELLED", "rpc_server_call_duration_seconds_count{");
    series("grpc.health.v1.Health/Check", "OK", "rpc_server_call_duration_seconds_count{");
    series("_OTHER", "UNIMPLEMENTED", "{error_type=\"UNIMPLEMENTED\",");
    assert!(page.contains("le=\"0.075\""), "the buckets are of seconds: {page}");
    assert!(!page.contains("Zhang"), "{page}");
    assert!(scrape::get(address, "/").await.starts_with("HTTP/1.1 404 "));
    stop.cancel();
    serving.await.unwrap();
    assert!(scrape::connect(address).await.is_err(), "nobody listens any more");
}

fn assert_metrics_came(collector: &Collector) {
    let mut metrics = collector.metrics();
    metrics.sort();
    metrics.retain(|name| !name.starts_with("process."));
    assert_eq!(metrics, ["rpc.client.call.duration", "rpc.server.call.duration"]);
}

fn spans(collector: &Collector, name: &str, code: &str) -> Vec<Span> {
    let mut spans = collector.spans();
    spans.retain(|span| {
        let status = attribute(&span.attributes, "rpc.response.status_code");
        span.name == name && status.as_deref() == Some(code)
    });
    spans
}

fn assert_call_crossed(collector: &Collector) {
    let [served, made] = &spans(collector, GET, "NOT_FOUND")[..] else {
        panic!("{:?}", collector.spans())
    };
    assert_eq!((served.kind, made.kind), (2, 3), "server and client");
    assert_eq!(served.trace_id, made.trace_id);
    assert_eq!(served.parent_span_id, made.span_id);
    let error = |span: &Span| attribute(&span.attributes, "error.type");
    assert_eq!((error(served), error(made).as_deref()), (None, Some("NOT_FOUND")));
    let failed = |span: &Span| span.status.as_ref().is_some_and(|status| status.code == 2);
    assert!(!failed(served) && failed(made), "to a server it is no error");
}

fn assert_fault_names_its_trace(collector: &Collector, status: &Status, method: &str) {
    assert_eq!(status.message(), "internal error");
    let told = status.get_details_request_info().unwrap().request_id;
    let [span] = &spans(collector, method, "INTERNAL")[..] else {
        panic!("{:?}", collector.spans())
    };
    assert_eq!(told, hexadecimal(&span.trace_id));
    assert_eq!(attribute(&span.attributes, "error.type").unwrap(), "INTERNAL");
    let [event] = &span.events[..] else { panic!("the cause belongs to the span: {span:?}") };
    assert_eq!(attribute(&event.attributes, "cause").unwrap(), "a broken row");
}

fn assert_streams_end(collector: &Collector) {
    assert_eq!(spans(collector, WATCH, "OK").len(), 1);
    assert_eq!(spans(collector, WATCH, "CANCELLED").len(), 1, "the caller left");
}
