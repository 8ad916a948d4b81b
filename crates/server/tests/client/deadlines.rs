use crate::server::{Reply, Server};
use kehu_contract::{
    error::ErrorReason,
    reporting::{RenderReportRequest, reporting_service_client::ReportingServiceClient},
    scoring::{GetScoreRequest, scoring_service_client::ScoringServiceClient},
};
use kehu_server::{
    client::{Client, ClientOptions},
    deadline, fault,
};
use std::time::{Duration, Instant};
use tonic::{Code, Request, Status};
use tonic_types::{ErrorDetails, StatusExt};

async fn client(server: &Server, deadline: Duration) -> Client {
    let mut options = ClientOptions::new(server.url());
    options.deadline = deadline;
    Client::new(options).await.unwrap()
}

/// The timeout that a server is told of a call whose caller sets one, or none.
async fn told(set: Option<Duration>) -> Duration {
    let server = Server::start(|_| Reply::Done).await;
    let mut request = Request::new(GetScoreRequest::default());
    if let Some(set) = set {
        request.set_timeout(set);
    }
    ScoringServiceClient::new(server.client().await).get_score(request).await.unwrap();
    deadline::read(&server.seen()[0].headers).unwrap()
}

fn is_nearly(told: Duration, seconds: u64) -> bool {
    let bound = Duration::from_secs(seconds);
    told <= bound && told + Duration::from_secs(2) > bound
}

#[tokio::test]
async fn the_server_is_told_the_shortest_time() {
    assert!(is_nearly(told(None).await, 30));
    assert!(is_nearly(told(Some(Duration::from_secs(5))).await, 5));
    assert!(is_nearly(told(Some(Duration::from_secs(50))).await, 30));
    let serving = tokio::time::Instant::now() + Duration::from_secs(10);
    assert!(is_nearly(deadline::scope(serving, told(None)).await, 10));
    let shorter = told(Some(Duration::from_secs(5)));
    assert!(is_nearly(deadline::scope(serving, shorter).await, 5));
}

#[tokio::test]
async fn a_call_ends_with_the_one_being_served() {
    let server = Server::start(|_| Reply::Hang).await;
    let mut scoring = ScoringServiceClient::new(server.client().await);
    let began = Instant::now();
    let serving = tokio::time::Instant::now() + Duration::from_millis(200);
    let status = deadline::scope(serving, scoring.get_score(GetScoreRequest::default())).await;
    assert_late(&status.unwrap_err());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

fn assert_late(status: &Status) {
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert_eq!(fault::reason(status), Some(ErrorReason::DeadlineExceeded));
}

#[tokio::test]
async fn a_call_without_an_answer_exceeds_its_deadline() {
    let server = Server::start(|_| Reply::Hang).await;
    let client = client(&server, Duration::from_millis(300)).await;
    let began = Instant::now();
    let status = ScoringServiceClient::new(client).get_score(GetScoreRequest::default()).await;
    assert_late(&status.unwrap_err());
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(10), "{took:?}");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn no_try_is_waited_for_past_the_deadline() {
    let reply = |_| {
        let mut details = ErrorDetails::new();
        details.set_retry_info(Some(Duration::from_secs(60)));
        Reply::Fail(Status::with_error_details(Code::Unavailable, "not now", details))
    };
    let server = Server::start(reply).await;
    let client = client(&server, Duration::from_secs(30)).await;
    let began = Instant::now();
    let status = ScoringServiceClient::new(client).get_score(GetScoreRequest::default()).await;
    assert_eq!(status.unwrap_err().code(), Code::Unavailable);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn every_try_is_told_less_time() {
    let reply = |call| match call {
        1 => Reply::Fail(Status::unavailable("not now")),
        _ => Reply::Done,
    };
    let server = Server::start(reply).await;
    let client = server.client().await;
    ScoringServiceClient::new(client).get_score(GetScoreRequest::default()).await.unwrap();
    let told: Vec<_> =
        server.seen().iter().map(|seen| deadline::read(&seen.headers).unwrap()).collect();
    assert!(told[1] < told[0], "{told:?}");
}

#[tokio::test]
async fn a_stream_has_no_deadline() {
    let server = Server::start(|_| Reply::After(Duration::from_millis(500))).await;
    let client = client(&server, Duration::from_millis(100)).await;
    let mut reporting = ReportingServiceClient::new(client);
    let mut report =
        reporting.render_report(RenderReportRequest::default()).await.unwrap().into_inner();
    assert!(report.message().await.unwrap().is_some());
    assert!(report.message().await.unwrap().is_none());
    assert_eq!(server.seen()[0].headers.get(deadline::HEADER), None);
}
