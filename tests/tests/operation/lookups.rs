//! What a look-up costs.

use crate::metrics::{scrape, statements};
use kehu_contract::coding::{
    LookupRequest, classification_service_client::ClassificationServiceClient, lookup_request::Key,
};
use kehu_contract::ingestion::SourceReference;
use kehu_tests::{
    ServerDatabase,
    program::{self, Server},
    sample,
};
use std::time::Instant;

const LOOKUPS: u32 = 600;
/// Statements that a process sends of itself, and to see what is in force, in a second at most.
const OTHERS: f64 = 40.0;

/// Everything of a customer is read in one statement: so many more are sent, and what others send
/// meanwhile, of which a slow machine sends no more than a quick one in the same time.
async fn are_a_statement_each(store: &[&str]) {
    sample::load(store, 1_000).await;
    let listen = program::free_address();
    let metrics_listen = listen.to_string();
    let server = Server::start(&[store, &["--metrics-listen", &metrics_listen]].concat()).await;
    kehu_tests::until("it is ready", async || server.is_ready().await).await;
    let mut classes = ClassificationServiceClient::connect(server.url.clone()).await.unwrap();
    let mut lookup = async |key| {
        let request = LookupRequest { key: Some(key), ..Default::default() };
        classes.lookup(request).await.unwrap().into_inner()
    };
    let one = lookup(Key::Customer("customers/1".to_owned())).await;
    let (who, code) = (one.customer_summary.unwrap(), one.codes[0].code.clone());
    assert_eq!(one.classes.len(), 2, "abc and value-six");
    let reference = SourceReference { source: who.source, external_id: who.external_id };
    let keys =
        [Key::Customer("customers/1".to_owned()), Key::Code(code), Key::Reference(reference)];
    for key in &keys {
        lookup(key.clone()).await;
    }
    let (before, began) = (statements(&scrape(listen).await), Instant::now());
    for key in keys.iter().cycle().take(LOOKUPS.try_into().unwrap()) {
        assert_eq!(lookup(key.clone()).await.customer, "customers/1");
    }
    let sent = statements(&scrape(listen).await) - before;
    let most = f64::from(LOOKUPS) + OTHERS * (1.0 + began.elapsed().as_secs_f64());
    assert!(sent >= f64::from(LOOKUPS) && sent <= most, "{sent} statements, at most {most}");
    server.stop().await;
}

#[tokio::test]
async fn req_1_5_a_look_up_is_one_statement() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    are_a_statement_each(&["--data-dir", &data]).await;
    if let Some(shared) = ServerDatabase::migrated().await {
        are_a_statement_each(&["--database-url", &shared.url]).await;
    }
}
