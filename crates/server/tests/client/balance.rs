use crate::server::{Reply, Server};
use kehu_contract::scoring::{
    GetScoreRequest, PublishScorecardRequest, scorecard_service_client::ScorecardServiceClient,
    scoring_service_client::ScoringServiceClient,
};
use kehu_server::client::{Client, ClientOptions, Error};
use kehu_tests::until;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

async fn client(urls: &[String]) -> Client {
    Client::new(ClientOptions::new(urls.join(","))).await.unwrap()
}

/// Reads scores one after the other; every read must succeed.
async fn read(client: &Client, times: usize) {
    let mut scoring = ScoringServiceClient::new(client.clone());
    for _ in 0..times {
        scoring.get_score(GetScoreRequest::default()).await.unwrap();
    }
}

#[tokio::test]
async fn no_read_fails_when_one_of_two_servers_dies() {
    let slowly = |_| Reply::After(Duration::from_millis(5));
    let (first, second) = (Server::start(slowly).await, Server::start(slowly).await);
    let client = client(&[first.url(), second.url()]).await;
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = client.clone();
        readers.spawn(async move { read(&client, 150).await });
    }
    until("some reads", async || first.count() > 200).await;
    let (of_first, of_second) = (first.count(), second.count());
    drop(first);
    assert!(of_first.abs_diff(of_second) < 20, "{of_first} and {of_second}");
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
    assert!(of_first + second.count() >= 8 * 150);
}

#[tokio::test]
async fn a_server_that_comes_back_is_called_again() {
    let (first, second) =
        (Server::start(|_| Reply::Done).await, Server::start(|_| Reply::Done).await);
    let client = client(&[first.url(), second.url()]).await;
    read(&client, 10).await;
    let address = first.address;
    drop(first);
    read(&client, 10).await;
    let first = Server::start_at(address, |_| Reply::Done).await;
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    read(&client, 10).await;
    assert!(first.count() > 0);
}

#[tokio::test]
async fn an_address_that_refuses_costs_no_call_even_if_it_may_not_be_repeated() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = Server::start(|_| Reply::Done).await;
    let client = client(&[format!("http://{free}"), server.url()]).await;
    let mut scorecards = ScorecardServiceClient::new(client);
    for _ in 0..10 {
        scorecards.publish_scorecard(PublishScorecardRequest::default()).await.unwrap();
    }
    assert_eq!(server.count(), 10);
}

#[tokio::test]
async fn a_call_that_no_server_saw_is_sent_elsewhere() {
    let (first, second) =
        (Server::start(|_| Reply::Done).await, Server::start(|_| Reply::Done).await);
    let client = client(&[first.url(), second.url()]).await;
    let mut scorecards = ScorecardServiceClient::new(client);
    for _ in 0..2 {
        scorecards.publish_scorecard(PublishScorecardRequest::default()).await.unwrap();
    }
    assert_eq!((first.count(), second.count()), (1, 1));
    drop(first);
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..4 {
        scorecards.publish_scorecard(PublishScorecardRequest::default()).await.unwrap();
    }
    assert_eq!(second.count(), 5);
}

#[tokio::test]
async fn a_name_is_looked_up() {
    let server = Server::start(|_| Reply::Done).await;
    let client = client(&[format!("http://localhost:{}", server.address.port())]).await;
    client.connect().await.unwrap();
    let mut scoring = ScoringServiceClient::new(client);
    for _ in 0..4 {
        scoring.get_score(GetScoreRequest::default()).await.unwrap();
    }
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn no_server_is_noticed_at_once() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let began = Instant::now();
    for url in [format!("http://{free}"), "http://nowhere.invalid:7400".to_owned()] {
        let client = client(std::slice::from_ref(&url)).await;
        let error = client.connect().await.unwrap_err();
        assert_eq!(error.to_string(), format!("no server answers at {url}"));
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_is_no_url_is_refused() {
    for url in ["", "localhost:7400", "ftp://localhost", "http://a,", "http:///path"] {
        let refused = Client::new(ClientOptions::new(url)).await;
        assert!(matches!(refused.err(), Some(Error::Url(_))), "{url}");
    }
}
