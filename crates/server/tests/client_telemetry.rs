//! What the client tells of its calls. Apart from its other tests: an instrument that is used
//! before the provider of meters is there measures nothing for ever.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "client/server.rs"]
#[expect(dead_code, reason = "the other tests of the client use more of it")]
mod server;

use kehu_contract::coding::{
    DecodeCodeRequest, ResolveCodeRequest, code_service_client::CodeServiceClient,
};
use kehu_contract::reporting::{
    ExportReportRequest, reporting_service_client::ReportingServiceClient,
};
use kehu_server::Fault;
use opentelemetry::{
    Context, global,
    trace::{FutureExt, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::{metrics::SdkMeterProvider, propagation::TraceContextPropagator};
use prometheus::{Encoder, Registry, TextEncoder};
use server::{Reply, Server};
use std::sync::LazyLock;

/// What the meters of this process have measured; asked for before the first client is made.
static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let registry = Registry::new();
    let exporter =
        opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
    global::set_meter_provider(SdkMeterProvider::builder().with_reader(exporter).build());
    registry
});

/// The lines about a method.
fn measured(method: &str) -> Vec<String> {
    let mut text = Vec::new();
    TextEncoder::new().encode(&REGISTRY.gather(), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let counts =
        text.lines().filter(|line| line.starts_with("rpc_client_call_duration_seconds_count"));
    counts.filter(|line| line.contains(method)).map(str::to_owned).collect()
}

fn assert_contains(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

#[tokio::test]
async fn calls_are_measured_once_with_all_their_tries() {
    LazyLock::force(&REGISTRY);
    let reply = |call| match call {
        1 => Reply::Fail(tonic::Status::unavailable("not now")),
        _ => Reply::Done,
    };
    let server = Server::start(reply).await;
    let mut codes = CodeServiceClient::new(server.client().await);
    codes.decode_code(DecodeCodeRequest::default()).await.unwrap();
    let lines = measured("DecodeCode");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let expected = [
        r#"rpc_method="kehu.coding.v1.CodeService/DecodeCode""#,
        r#"rpc_system_name="grpc""#,
        r#"rpc_response_status_code="OK""#,
    ];
    assert_contains(&lines[0], &expected);
    assert!(lines[0].ends_with("} 1") && !lines[0].contains("error_type"), "{}", lines[0]);
}

#[tokio::test]
async fn failures_are_measured_by_their_code() {
    LazyLock::force(&REGISTRY);
    let fault = || Fault::NotFound { kind: "code", name: "A-1".to_owned() };
    let server = Server::start(move |_| Reply::Fail(fault().into())).await;
    let mut codes = CodeServiceClient::new(server.client().await);
    codes.resolve_code(ResolveCodeRequest::default()).await.unwrap_err();
    let lines = measured("ResolveCode");
    let expected = [r#"error_type="NOT_FOUND""#, r#"rpc_response_status_code="NOT_FOUND""#];
    assert_contains(&lines[0], &expected);
}

#[tokio::test]
async fn a_stream_is_measured_to_its_end() {
    LazyLock::force(&REGISTRY);
    let server = Server::start(|_| Reply::Done).await;
    let mut reporting = ReportingServiceClient::new(server.client().await);
    let mut report =
        reporting.export_report(ExportReportRequest::default()).await.unwrap().into_inner();
    assert_eq!(measured("ExportReport"), [""; 0]);
    while report.message().await.unwrap().is_some() {}
    drop(report);
    assert_contains(&measured("ExportReport")[0], &[r#"rpc_response_status_code="OK""#]);
}

#[tokio::test]
async fn a_call_belongs_to_the_trace_it_is_made_in() {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let server = Server::start(|_| Reply::Done).await;
    let (trace, span) = (TraceId::from(0xabcd_u128), SpanId::from(0x1234_u64));
    let parent = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default());
    let context = Context::new().with_remote_span_context(parent);
    let mut codes = CodeServiceClient::new(server.client().await);
    codes
        .validate_code(kehu_contract::coding::ValidateCodeRequest::default())
        .with_context(context)
        .await
        .unwrap();
    let sent = &server.seen()[0].headers["traceparent"];
    assert_eq!(sent, "00-0000000000000000000000000000abcd-0000000000001234-01");
}
