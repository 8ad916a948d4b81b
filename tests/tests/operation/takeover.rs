//! A run whose process is told to stop.

use kehu_contract::{
    error::ErrorReason,
    run::{WatchRunRequest, run_service_client::RunServiceClient},
    scoring::{StartScoringRequest, scoring_service_client::ScoringServiceClient},
};
use kehu_server::{
    client::{Client, ClientOptions},
    fault,
};
use kehu_storage::{
    Database,
    run::{self, RunState},
};
use kehu_tests::{ServerDatabase, date, program::Server, sample, until};
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use tonic::Code;

/// Keeps every run from reading the sales until it is dropped.
async fn hold_sales(url: &str) -> DatabaseTransaction {
    let connection = sea_orm::Database::connect(url).await.unwrap();
    let transaction = connection.begin().await.unwrap();
    transaction.execute_unprepared("LOCK TABLE sales_order").await.unwrap();
    transaction
}

#[tokio::test]
async fn it_is_given_back_and_finished_by_another() {
    let Some(shared) = ServerDatabase::migrated().await else { return };
    let arguments = ["--database-url", &shared.url];
    sample::load(&arguments, 1_000).await;
    let scoring = [&arguments[..], &["--role", "scoring"]].concat();
    let first = Server::start(&scoring).await;
    let client = Client::new(ClientOptions::new(&first.url)).await.unwrap();
    let sales = hold_sales(&shared.url).await;
    let request = StartScoringRequest { as_of_date: date("2010-12-20"), ..Default::default() };
    let started = ScoringServiceClient::new(client.clone()).start_scoring(request).await.unwrap();
    let name = started.into_inner().run.unwrap().name;
    let request = WatchRunRequest { name: name.clone() };
    let watched = RunServiceClient::new(client).watch_run(request).await.unwrap();
    let mut watched = watched.into_inner();
    while watched.message().await.unwrap().unwrap().run.unwrap().phase != "features" {}

    first.terminate().await;
    let end = loop {
        if let Err(status) = watched.message().await {
            break status;
        }
    };
    assert_eq!(end.code(), Code::Unavailable, "{end:?}");
    assert_eq!(fault::reason(&end), Some(ErrorReason::Draining), "{end:?}");
    sales.rollback().await.unwrap();
    assert_eq!(first.ended().await, Some(0));

    let database = Database::connect(&shared.url).await.unwrap();
    let run_id = name.trim_start_matches("runs/").parse().unwrap();
    let run = run::get(&database, run_id).await.unwrap();
    assert_eq!(run.state, RunState::Queued, "the run was not given back");
    let second = Server::start(&scoring).await;
    until("the run is finished", async || {
        run::get(&database, run_id).await.unwrap().state.is_final()
    })
    .await;
    // One that had to wait for the lease to run out would be the second attempt.
    let run = run::get(&database, run_id).await.unwrap();
    assert_eq!((run.state, run.attempt), (RunState::Succeeded, 1));
    second.stop().await;
}
