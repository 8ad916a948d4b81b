//! The layers round the services of a process, over real connections.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod overload;
mod raw;
mod share;
mod slow;
mod stopping;
mod world;

use kehu_contract::{
    error::ErrorReason,
    run::{GetRunRequest, ListRunsRequest, WatchRunRequest},
    scoring::{GetScoreRequest, scoring_service_client::ScoringServiceClient},
};
use kehu_server::{
    client::{Client, ClientOptions},
    fault,
};
use raw::Raw;
use std::time::Duration;
use tokio::time::timeout;
use tonic::{Code, Request, Status, client::Grpc, codegen::http::uri::PathAndQuery};
use tonic_types::StatusExt;
use world::World;

#[tokio::test]
async fn a_call_without_deadline_gets_the_longest() {
    let world = World::start(&[("server.max_deadline", "100ms")]).await;
    let status = world.runs().get_run(GetRunRequest { name: "hold".into() }).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(fault::reason(&status), Some(ErrorReason::DeadlineExceeded));
    assert_eq!(world.dropped(), 1, "the work behind the call goes on");
}

#[tokio::test]
async fn a_deadline_of_the_caller_ends_the_work_behind_the_call() {
    let world = World::start(&[]).await;
    let client = Client::new(ClientOptions::new(world.url())).await.unwrap();
    let mut request = Request::new(GetRunRequest { name: "hold".into() });
    request.set_timeout(Duration::from_secs(1));
    let status = world.runs_by(client).get_run(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(fault::reason(&status), Some(ErrorReason::DeadlineExceeded));
    let ended = timeout(Duration::from_secs(10), world.until_dropped(1)).await;
    assert!(ended.is_ok(), "the work behind the call goes on");
}

#[tokio::test]
async fn what_remains_of_a_deadline_is_passed_on() {
    let world = World::start(&[("server.max_deadline", "10s")]).await;
    let run = world.runs().get_run(GetRunRequest { name: "remaining".into() }).await.unwrap();
    let left: u64 = run.into_inner().run.unwrap().phase.parse().unwrap();
    assert!((5_000..=10_000).contains(&left), "{left} ms");
}

#[tokio::test]
async fn a_stream_has_no_deadline_but_its_callers() {
    let world = World::start(&[("server.max_deadline", "50ms")]).await;
    let request = WatchRunRequest { name: "runs/1".into() };
    let mut stream = world.runs().watch_run(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let more = timeout(Duration::from_millis(300), stream.message()).await;
    assert!(more.is_err(), "the stream ended: {more:?}");
}

#[tokio::test]
async fn a_stream_ends_at_the_deadline_of_its_caller() {
    let world = World::start(&[]).await;
    let mut request = Request::new(WatchRunRequest { name: "runs/1".into() });
    // Not by the client's own timer, which looks at the head of the answer alone.
    request.set_timeout(Duration::from_secs(2));
    let mut stream = world.runs().watch_run(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let ended = timeout(Duration::from_secs(10), stream.message()).await.expect("it ends");
    assert_eq!(fault::reason(&ended.unwrap_err()), Some(ErrorReason::DeadlineExceeded));
}

#[tokio::test]
async fn a_silent_stream_is_told_to_resume() {
    let world = World::start(&[("server.stream_idle_timeout", "200ms")]).await;
    let request = WatchRunRequest { name: "runs/1".into() };
    let mut stream = world.runs().watch_run(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let ended = timeout(Duration::from_secs(10), stream.message()).await.expect("it ends");
    let status = ended.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(fault::reason(&status), Some(ErrorReason::StreamIdle));
}

/// The status of a call whose one message is these bytes.
async fn call(world: &World, path: &'static str, message: Vec<u8>) -> Status {
    let mut grpc = Grpc::new(world.channel());
    grpc.ready().await.unwrap();
    let codec = Raw;
    let path = PathAndQuery::from_static(path);
    grpc.unary(Request::new(message), path, codec).await.unwrap_err()
}

#[tokio::test]
async fn what_is_no_call_of_the_contract_has_a_reason() {
    let world = World::start(&[]).await;
    let get_run = "/kehu.run.v1.RunService/GetRun";
    for (path, message, code, reason) in [
        (get_run, vec![0xff; 8], Code::InvalidArgument, ErrorReason::MalformedMessage),
        (get_run, vec![0; 5 << 20], Code::InvalidArgument, ErrorReason::MessageTooLarge),
        ("/kehu.run.v1.RunService/Nope", vec![], Code::Unimplemented, ErrorReason::UnknownMethod),
        ("/nobody.v1.Nothing/Nope", vec![], Code::Unimplemented, ErrorReason::UnknownMethod),
    ] {
        let status = call(&world, path, message).await;
        assert_eq!((status.code(), fault::reason(&status)), (code, Some(reason)), "{path}");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_connection_lives() {
    let world = World::start(&[]).await;
    let status = world.runs().get_run(GetRunRequest { name: "panic".into() }).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(fault::reason(&status), Some(ErrorReason::Internal));
    assert_eq!(status.message(), "internal error");
    let request = WatchRunRequest { name: "panic".into() };
    let mut stream = world.runs().watch_run(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    assert_eq!(stream.message().await.unwrap_err().code(), Code::Internal);
    world.runs().list_runs(ListRunsRequest::default()).await.unwrap();
}

#[tokio::test]
async fn a_service_of_another_role_is_named() {
    let world = World::start(&[]).await;
    let mut scoring = ScoringServiceClient::new(world.channel());
    let status = scoring.get_score(GetScoreRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(fault::reason(&status), Some(ErrorReason::ServiceNotServed));
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.metadata["service"], "kehu.scoring.v1.ScoringService");
}
