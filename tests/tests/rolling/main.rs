//! A rolling restart of every role on PostgreSQL, under steady traffic: no call fails.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod import;
mod replica;
mod traffic;

use import::Import;
use kehu_contract::ingestion::{
    ListCustomersRequest, customer_service_client::CustomerServiceClient,
};
use kehu_server::client::{Client, ClientOptions};
use kehu_tests::{ServerDatabase, program, sample, until};
use replica::Role;
use traffic::Traffic;

/// The calls that are made at least while the processes restart, on a machine that has little
/// time for it.
const CALLS: usize = 200;

#[tokio::test]
async fn a_rolling_restart_fails_no_call() {
    let Some(database) = ServerDatabase::empty().await else { return };
    program::succeed(&["migrate", "--database-url", &database.url]).await;
    sample::load(&["--database-url", &database.url], 3_000).await;
    let mut roles = Vec::new();
    for name in ["ingestion", "scoring", "coding", "reporting"] {
        roles.push(Role::start(name, &database.url).await);
    }

    let mut traffic = Traffic::default();
    calls::start(&mut traffic, &roles).await;
    until("every kind of call is made", async || traffic.answered().len() == calls::KINDS).await;
    let import = Import::start(&roles[0].urls());
    until("the import is under way", async || has_customers(&roles[0].urls()).await).await;
    let before = traffic.answered();
    for role in &mut roles {
        role.roll().await;
    }
    let answered = traffic.stop().await;
    import.check().await;
    for role in roles {
        role.stop().await;
    }
    let mut all = 0;
    for (kind, answered) in answered {
        let calls = answered - before[kind];
        let enough = if calls::HEAVY.contains(&kind) { 1 } else { 10 };
        assert!(calls >= enough, "{kind} was called only {calls} times");
        all += calls;
    }
    assert!(all >= CALLS, "there were only {all} calls");
}

/// Whether customers of the imported file have arrived.
async fn has_customers(urls: &str) -> bool {
    let client = Client::new(ClientOptions::new(urls)).await.unwrap();
    let request = ListCustomersRequest { source: import::SOURCE.to_owned(), ..Default::default() };
    let listed = CustomerServiceClient::new(client).list_customers(request).await;
    !listed.unwrap().into_inner().customers.is_empty()
}
