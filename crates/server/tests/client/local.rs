use kehu_server::client::{Client, ClientOptions};
use std::time::{Duration, Instant};
use tonic::{Code, service::Routes};
use tonic_health::{
    pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient},
    server::health_reporter,
};

#[tokio::test]
async fn a_service_in_the_process_is_called_without_a_socket() {
    let (reporter, service) = health_reporter();
    let client = Client::new(ClientOptions::in_process(Routes::new(service))).await.unwrap();
    client.connect().await.unwrap();
    let mut health = HealthClient::new(client);
    let answer = health.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
    let mut changes = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(changes.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    reporter.set_service_status("", tonic_health::ServingStatus::NotServing).await;
    assert_eq!(changes.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    let unknown = HealthCheckRequest { service: "nobody".to_owned() };
    assert_eq!(health.check(unknown).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_service_in_the_process_has_a_deadline_too() {
    let stuck = tower::service_fn(|_: http::Request<tonic::body::Body>| {
        std::future::pending::<Result<http::Response<tonic::body::Body>, _>>()
    });
    let mut options = ClientOptions::in_process(stuck);
    options.deadline = Duration::from_millis(100);
    let mut health = HealthClient::new(Client::new(options).await.unwrap());
    let began = Instant::now();
    let status = health.check(HealthCheckRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(began.elapsed() < Duration::from_secs(10));
}
