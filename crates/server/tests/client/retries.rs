use crate::server::{Reply, Server};
use kehu_contract::scoring::{
    GetScoreRequest, PublishScorecardRequest, StartScoringRequest,
    scorecard_service_client::ScorecardServiceClient, scoring_service_client::ScoringServiceClient,
};
use kehu_server::{Fault, client::Client};
use std::time::{Duration, Instant};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

const REQUEST_ID: &str = "6f1e2a34-0b5c-4d7e-8f90-123456789abc";

fn unavailable() -> Reply {
    Reply::Fail(Status::unavailable("not now"))
}

/// A server that cannot answer its first `times` calls.
async fn failing(times: usize) -> Server {
    Server::start(move |call| if call <= times { unavailable() } else { Reply::Done }).await
}

async fn get_score(client: Client) -> Result<(), Status> {
    ScoringServiceClient::new(client).get_score(GetScoreRequest::default()).await.map(|_| ())
}

async fn start_scoring(client: Client, request_id: &str) -> Result<(), Status> {
    let request = StartScoringRequest { request_id: request_id.to_owned(), ..Default::default() };
    ScoringServiceClient::new(client).start_scoring(request).await.map(|_| ())
}

#[tokio::test]
async fn a_read_is_tried_four_times() {
    let server = failing(3).await;
    get_score(server.client().await).await.unwrap();
    assert_eq!(server.count(), 4);

    let server = failing(4).await;
    let status = get_score(server.client().await).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "not now"));
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn what_may_not_be_repeated_is_tried_once() {
    let server = failing(1).await;
    let mut scorecards = ScorecardServiceClient::new(server.client().await);
    let status = scorecards.publish_scorecard(PublishScorecardRequest::default()).await;
    assert_eq!(status.unwrap_err().code(), Code::Unavailable);
    assert_eq!(server.count(), 1);

    let server = Server::start(|_| Reply::BreakOff).await;
    let mut scorecards = ScorecardServiceClient::new(server.client().await);
    let status = scorecards.publish_scorecard(PublishScorecardRequest::default()).await;
    assert_eq!(status.unwrap_err().code(), Code::Unavailable);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_run_is_started_again_under_a_request_id_only() {
    let server = failing(1).await;
    assert!(start_scoring(server.client().await, "").await.is_err());
    assert_eq!(server.count(), 1);

    let server = failing(1).await;
    start_scoring(server.client().await, REQUEST_ID).await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let server = Server::start(|call| if call == 1 { Reply::BreakOff } else { Reply::Done }).await;
    get_score(server.client().await).await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn other_failures_are_not_repeated() {
    for fault in [Fault::Conflict, Fault::internal("broken"), Fault::DeadlineExceeded] {
        let status = Status::from(fault);
        let expected = status.code();
        let server = Server::start(move |_| Reply::Fail(status.clone())).await;
        let status = get_score(server.client().await).await.unwrap_err();
        assert_eq!((status.code(), server.count()), (expected, 1));
    }
}

#[tokio::test]
async fn the_server_says_when_to_come_back() {
    let wait = Duration::from_millis(400);
    let details = ErrorDetails::with_retry_info(Some(wait));
    let status = Status::with_error_details(Code::Unavailable, "later", details);
    let reply = move |call| if call == 1 { Reply::Fail(status.clone()) } else { Reply::Done };
    let server = Server::start(reply).await;
    get_score(server.client().await).await.unwrap();
    let seen = server.seen();
    let waited = seen[1].at - seen[0].at;
    assert!(waited >= wait, "{waited:?}");
}

#[tokio::test]
async fn a_server_that_is_down_does_not_get_four_times_its_load() {
    let server = failing(usize::MAX).await;
    let client = server.client().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..60 {
        calls.spawn(get_score(client.clone()));
    }
    while let Some(status) = calls.join_next().await {
        assert_eq!(status.unwrap().unwrap_err().code(), Code::Unavailable);
    }
    // 60 calls, and as retries the 100 of ten seconds and a fifth of the calls.
    assert!((160..=172).contains(&server.count()), "{}", server.count());
}

#[tokio::test]
async fn a_server_that_dies_is_told_as_unavailable() {
    let server = Server::start(|_| Reply::Hang).await;
    let client = server.client().await;
    let began = Instant::now();
    let call = tokio::spawn(get_score(client));
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(server);
    let status = call.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(
        kehu_server::fault::reason(&status).unwrap().as_str_name(),
        "ERROR_REASON_UNAVAILABLE"
    );
    assert!(began.elapsed() < Duration::from_secs(10));
}
