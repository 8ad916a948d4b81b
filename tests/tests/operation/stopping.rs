//! Being told to stop, once and twice.

use kehu_contract::run::{ListRunsRequest, run_service_client::RunServiceClient};
use kehu_tests::{
    program::{Server, kehu},
    until,
};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tonic::{
    Streaming,
    transport::{Channel, Endpoint},
};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient},
};

/// Starts a server on an embedded database, ready, that goes on for `delay` when told to stop.
async fn start(data: &Path, delay: Duration) -> Server {
    let mut command = kehu(&["serve", "--listen", "127.0.0.1:0"]);
    command.arg("--data-dir").arg(data);
    command.env("KEHU__SERVER__DRAIN_DELAY", format!("{}s", delay.as_secs()));
    let server = Server::spawn(command).await;
    until("it is ready", async || server.is_ready().await).await;
    server
}

async fn connect(server: &Server) -> Channel {
    Endpoint::from_shared(server.url.clone()).unwrap().connect().await.unwrap()
}

async fn watch(server: &Server) -> Streaming<HealthCheckResponse> {
    let mut health = HealthClient::new(connect(server).await);
    health.watch(HealthCheckRequest::default()).await.unwrap().into_inner()
}

async fn next(health: &mut Streaming<HealthCheckResponse>) -> ServingStatus {
    let answer = health.message().await.unwrap().expect("the stream goes on");
    match answer.status {
        1 => ServingStatus::Serving,
        2 => ServingStatus::NotServing,
        _ => ServingStatus::Unknown,
    }
}

#[tokio::test]
async fn while_it_drains_it_says_so_and_answers() {
    let folder = tempfile::tempdir().unwrap();
    let delay = Duration::from_secs(3);
    let server = start(folder.path(), delay).await;
    let mut health = watch(&server).await;
    assert_eq!(next(&mut health).await, ServingStatus::Serving);
    let channel = connect(&server).await;

    let began = Instant::now();
    server.terminate().await;
    assert_eq!(next(&mut health).await, ServingStatus::NotServing);
    // Who has not heard of it yet calls on, over the connection it has or a new one.
    for channel in [channel, connect(&server).await] {
        RunServiceClient::new(channel).list_runs(ListRunsRequest::default()).await.unwrap();
    }
    assert_eq!(server.ended().await, Some(0));
    assert!(began.elapsed() >= delay, "it ended after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let delay = Duration::from_secs(600);
    let server = start(folder.path(), delay).await;
    let mut health = watch(&server).await;
    assert_eq!(next(&mut health).await, ServingStatus::Serving);
    server.terminate().await;
    assert_eq!(next(&mut health).await, ServingStatus::NotServing);

    let began = Instant::now();
    server.terminate().await;
    assert_eq!(server.ended().await, Some(130));
    assert!(began.elapsed() < delay / 10, "it ended after {:?}", began.elapsed());
}
