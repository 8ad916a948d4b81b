//! Too many calls: the rest is turned away at once, and told when to come back.

use crate::world::{World, eventually};
use kehu_contract::{
    error::ErrorReason,
    run::{GetRunRequest, ListRunsRequest, WatchRunRequest, run_service_client::RunServiceClient},
};
use kehu_server::fault;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt;

fn assert_overloaded(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(fault::reason(status), Some(ErrorReason::Overloaded));
    let wait = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(wait.is_some_and(|wait| !wait.is_zero()), "{wait:?}");
}

#[tokio::test]
async fn a_call_too_many_is_told_to_come_back() {
    let world = World::start(&[("server.max_calls", "2")]).await;
    let held = [world.hold(), world.hold()];
    world.until_holding(2).await;
    let status = world.runs().list_runs(ListRunsRequest::default()).await.unwrap_err();
    assert_overloaded(&status);

    let check = HealthCheckRequest { service: "liveness".into() };
    HealthClient::new(world.channel()).check(check).await.expect("health is always answered");
    let watched = world.runs().watch_run(WatchRunRequest { name: "runs/1".into() }).await;
    assert!(watched.is_ok(), "streams are counted apart");

    world.release();
    for call in held {
        call.await.unwrap().expect("what was being served is answered");
    }
    world.runs().list_runs(ListRunsRequest::default()).await.expect("there is room again");
}

#[tokio::test]
async fn a_connection_that_goes_on_is_told_to_wait_longer() {
    let world = World::start(&[("server.max_calls", "1")]).await;
    let held = world.hold();
    world.until_holding(1).await;
    let refused = |channel| async {
        let mut runs = RunServiceClient::new(channel);
        let status = runs.list_runs(ListRunsRequest::default()).await.unwrap_err();
        assert_overloaded(&status);
        status.get_details_retry_info().and_then(|info| info.retry_delay).unwrap()
    };
    let first = refused(world.channel()).await;
    let mut last = first;
    for _ in 0..200 {
        last = refused(world.channel()).await;
    }
    assert!(last > first * 4 && last < first * 32, "{first:?}, then {last:?}");
    assert_eq!(refused(world.connect().await).await, first, "another connection");
    world.release();
    held.await.unwrap().unwrap();
    world.runs().get_run(GetRunRequest::default()).await.expect("it is let in again");
}

#[tokio::test]
async fn a_call_whose_caller_gave_up_makes_room() {
    let world = World::start(&[("server.max_calls", "1")]).await;
    let held = world.hold();
    world.until_holding(1).await;
    held.abort();
    eventually(|| async { world.runs().list_runs(ListRunsRequest::default()).await.is_ok() }).await;
}

#[tokio::test]
async fn a_stream_counts_until_it_is_closed() {
    let world = World::start(&[("server.max_streams", "1")]).await;
    let watch =
        || async { world.runs().watch_run(WatchRunRequest { name: "runs/1".into() }).await };
    let first = watch().await.unwrap();
    assert_overloaded(&watch().await.unwrap_err());
    world.runs().get_run(GetRunRequest::default()).await.expect("calls are counted apart");
    drop(first);
    eventually(|| async { watch().await.is_ok() }).await;
}
