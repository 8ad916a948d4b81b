use crate::server::{Reply, Server};
use http::header::AUTHORIZATION;
use kehu_contract::scoring::{GetScoreRequest, scoring_service_client::ScoringServiceClient};
use kehu_server::client::{Client, ClientOptions, Error};
use std::{path::Path, time::Duration};

async fn with_token(url: &str, path: &Path) -> Result<Client, Error> {
    let mut options = ClientOptions::new(url);
    options.token_file = Some(path.to_owned());
    Client::new(options).await
}

#[tokio::test]
async fn a_token_is_sent_and_a_new_one_taken_up() {
    let server = Server::start(|_| Reply::Done).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "first\n").unwrap();
    let client = with_token(&server.url(), &path).await.unwrap();
    let mut scoring = ScoringServiceClient::new(client);
    let mut call = async || scoring.get_score(GetScoreRequest::default()).await.unwrap();
    call().await;
    std::fs::write(&path, "second").unwrap();
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    call().await;
    // In the middle of a change there may be nothing to read.
    std::fs::remove_file(&path).unwrap();
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    call().await;
    let sent: Vec<_> =
        server.seen().iter().map(|seen| seen.headers[AUTHORIZATION].clone()).collect();
    assert_eq!(sent, ["Bearer first", "Bearer second", "Bearer second"]);
}

#[tokio::test]
async fn no_token_is_sent_for_everybody_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "secret").unwrap();
    for url in [
        "http://192.0.2.1:7400",
        "http://[2001:db8::1]:7400",
        "http://scoring:7400",
        "http://127.0.0.1:7400,http://scoring:7400",
        "http://localhost.example.com:7400",
    ] {
        let refused = with_token(url, &path).await;
        assert!(matches!(refused.err(), Some(Error::TokenInClear(_))), "{url}");
    }
    for url in ["http://127.0.0.1:7400", "http://[::1]:7400", "http://localhost:7400"] {
        assert!(with_token(url, &path).await.is_ok(), "{url}");
    }
}

#[tokio::test]
async fn a_file_without_a_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let url = "http://127.0.0.1:7400";
    assert!(matches!(with_token(url, &path).await.err(), Some(Error::File { .. })));
    for text in ["", " \n", "two\nlines"] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(with_token(url, &path).await.err(), Some(Error::Token(_))), "{text:?}");
    }
}
