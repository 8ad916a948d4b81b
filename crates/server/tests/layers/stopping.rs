//! Told to stop: streams resume elsewhere, open calls finish, nothing new is taken.

use crate::world::World;
use kehu_contract::{
    error::ErrorReason,
    run::{GetRunRequest, WatchRunRequest, run_service_client::RunServiceClient},
};
use kehu_server::fault;
use std::time::Duration;
use tokio::time::timeout;
use tonic::Code;
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
};

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn streams_end_and_open_calls_finish() {
    let world = World::start(&[]).await;
    let request = WatchRunRequest { name: "runs/1".into() };
    let mut stream = world.runs().watch_run(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let held = world.hold();
    world.until_holding(1).await;

    world.stop();
    let ended = timeout(PATIENCE, stream.message()).await.expect("the stream is ended");
    let status = ended.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(fault::reason(&status), Some(ErrorReason::Draining));
    let refused = RunServiceClient::connect(world.url()).await;
    assert!(refused.is_err(), "a new connection was taken");
    assert!(!held.is_finished());

    world.release();
    held.await.unwrap().expect("the open call is answered");
    drop(stream);
    timeout(PATIENCE, world.until_stopped()).await.expect("the listener ends");
}

#[tokio::test]
async fn health_says_ready_per_service_and_alive_always() {
    let world = World::start(&[]).await;
    let ask = |service: &'static str| {
        let mut client = HealthClient::new(world.channel());
        async move {
            let request = HealthCheckRequest { service: service.into() };
            client.check(request).await.map(|answer| answer.into_inner().status)
        }
    };
    let (ready, not_ready) = (ServingStatus::Serving as i32, ServingStatus::NotServing as i32);
    for (set, expected) in [(None, not_ready), (Some(true), ready), (Some(false), not_ready)] {
        if let Some(set) = set {
            world.health.set_ready(set).await;
        }
        assert_eq!(ask("").await.unwrap(), expected);
        assert_eq!(ask("kehu.run.v1.RunService").await.unwrap(), expected);
        assert_eq!(ask("liveness").await.unwrap(), ready);
    }
    let elsewhere = ask("kehu.scoring.v1.ScoringService").await.unwrap_err();
    assert_eq!(elsewhere.code(), Code::NotFound);
    world.runs().get_run(GetRunRequest::default()).await.expect("not ready, but it answers");
}
