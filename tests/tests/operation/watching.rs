//! Watching goes on where it was, whatever becomes of the process.

use kehu_contract::coding::{
    ListCodesRequest, WatchChangesRequest, WatchChangesResponse,
    classification_service_client::ClassificationServiceClient,
    code_service_client::CodeServiceClient, customer_change::Change,
};
use kehu_tests::{ServerDatabase, program::Server, sample};
use std::collections::BTreeSet;
use tonic::{Code, Streaming, transport::Channel};

type Classes = ClassificationServiceClient<Channel>;

async fn watch(server: &Server, cursor: &str) -> Streaming<WatchChangesResponse> {
    let mut classes = Classes::connect(server.url.clone()).await.unwrap();
    let request = WatchChangesRequest { cursor: cursor.to_owned(), taxonomy: String::new() };
    classes.watch_changes(request).await.unwrap().into_inner()
}

/// Adds the codes of a message to those that were seen; its cursor.
fn see(message: WatchChangesResponse, codes: &mut BTreeSet<String>, classes: &mut usize) -> String {
    for change in message.changes {
        match change.change {
            Some(Change::Code(code)) => drop(codes.insert(code.code)),
            Some(Change::ClassChange(_)) => *classes += 1,
            _ => {}
        }
    }
    message.cursor
}

async fn resumes(store: &[&str]) {
    let settings = [store, &["--base-currency", "GBP", "--time-zone", "Europe/London"]].concat();
    let server = Server::start(&settings).await;
    let first = watch(&server, "").await.message().await.unwrap().unwrap();
    server.stop().await;
    sample::load(store, 3_000).await;

    let (mut codes, mut classes) = (BTreeSet::new(), 0);
    let server = Server::start(store).await;
    let mut stream = watch(&server, &first.cursor).await;
    let message = stream.message().await.unwrap().unwrap();
    assert!(!message.caught_up, "there is more than a message holds");
    let cursor = see(message, &mut codes, &mut classes);
    server.kill().await;

    let server = Server::start(store).await;
    let mut stream = watch(&server, &cursor).await;
    loop {
        let message = stream.message().await.unwrap().unwrap();
        let caught_up = message.caught_up;
        see(message, &mut codes, &mut classes);
        if caught_up {
            break;
        }
    }
    let mut service = CodeServiceClient::connect(server.url.clone()).await.unwrap();
    let request = ListCodesRequest { page_size: 1_000, prefix: "G".into(), ..Default::default() };
    let given = service.list_codes(request).await.unwrap().into_inner().codes;
    assert!(!given.is_empty());
    for code in &given {
        assert!(codes.contains(&code.code), "{} was not told", code.code);
    }
    assert!(classes >= given.len(), "{classes} changes of classes");
    server.terminate().await;
    let ended = stream.message().await.unwrap_err();
    assert_eq!(ended.code(), Code::Unavailable, "{ended:?}");
    server.ended().await;
}

#[tokio::test]
async fn what_was_not_told_before_a_kill_is_told_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    resumes(&["--data-dir", &data]).await;
    if let Some(shared) = ServerDatabase::migrated().await {
        resumes(&["--database-url", &shared.url]).await;
    }
}
