//! One caller cannot take the others' place. Nobody signs on here, so a connection is a caller.

use crate::world::{World, eventually};
use futures::stream;
use kehu_contract::{
    error::ErrorReason,
    run::{GetRunRequest, ListRunsRequest, WatchRunRequest, run_service_client::RunServiceClient},
};
use kehu_server::fault;
use std::future::pending;
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_types::StatusExt;

fn assert_over_share(status: &Status, of: &str) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(fault::reason(status), Some(ErrorReason::ShareExhausted));
    assert_eq!(status.get_details_error_info().unwrap().metadata["share"], of);
    let wait = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(wait.is_some_and(|wait| !wait.is_zero()), "{wait:?}");
}

#[tokio::test]
async fn a_caller_with_its_share_of_calls_leaves_room_for_others() {
    let world = World::start(&[("server.max_calls_per_caller", "2")]).await;
    let held = [world.hold(), world.hold()];
    world.until_holding(2).await;
    let refused = world.runs().list_runs(ListRunsRequest::default()).await.unwrap_err();
    assert_over_share(&refused, "calls");
    let mut other = RunServiceClient::new(world.connect().await);
    other.list_runs(ListRunsRequest::default()).await.expect("another has a share of its own");

    world.release();
    for call in held {
        call.await.unwrap().expect("what was being served is answered");
    }
    eventually(|| async { world.runs().list_runs(ListRunsRequest::default()).await.is_ok() }).await;
}

#[tokio::test]
async fn a_caller_with_its_share_of_streams_leaves_room_for_others() {
    let world = World::start(&[("server.max_streams_per_caller", "1")]).await;
    let request = || WatchRunRequest { name: "runs/1".into() };
    let first = world.runs().watch_run(request()).await.unwrap();
    assert_over_share(&world.runs().watch_run(request()).await.unwrap_err(), "streams");
    let mut other = RunServiceClient::new(world.connect().await);
    other.watch_run(request()).await.expect("another has a share of its own");
    drop(first);
    eventually(|| async { world.runs().watch_run(request()).await.is_ok() }).await;
}

async fn watch(channel: Channel) -> Result<Streaming<HealthCheckResponse>, Status> {
    let request = HealthCheckRequest { service: "liveness".into() };
    HealthClient::new(channel).watch(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn what_needs_no_token_takes_nobodys_place() {
    let limits = [
        ("server.max_streams", "1"),
        ("server.max_probes", "3"),
        ("server.max_probes_per_connection", "2"),
    ];
    let world = World::start(&limits).await;
    let mut held = vec![watch(world.channel()).await.unwrap()];
    let mut reflection = ServerReflectionClient::new(world.channel());
    let reflected = reflection.server_reflection_info(stream::once(pending())).await;
    let reflected = reflected.expect("reflection shares the places of health");
    assert_over_share(&watch(world.channel()).await.unwrap_err(), "probes");

    held.push(watch(world.connect().await).await.expect("another connection has its own"));
    let full = watch(world.connect().await).await.unwrap_err();
    assert_eq!(fault::reason(&full), Some(ErrorReason::Overloaded));
    world.runs().watch_run(WatchRunRequest::default()).await.expect("streams are counted apart");
    world.runs().get_run(GetRunRequest::default()).await.expect("calls are counted apart");
    let check = HealthCheckRequest { service: "liveness".into() };
    HealthClient::new(world.channel()).check(check).await.expect("health is always answered");
    drop((held, reflected));
}
