//! A run whose process is told to stop.

use kehu_contract::{
    error::ErrorReason,
    run::{ListRunsRequest, WatchRunRequest, run_service_client::RunServiceClient},
};
use kehu_server::fault;
use kehu_storage::{
    Database,
    run::{self, RunState},
};
use kehu_tests::{
    ServerDatabase,
    program::{self, Server, kehu},
    sample, until,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use std::{
    process::Stdio,
    time::{Duration, Instant},
};
use tonic::{Code, Status, Streaming, transport::Channel};

/// A scoring process and a run that it has begun, which gets no further than `sales` lets it.
struct Held {
    first: Server,
    sales: DatabaseTransaction,
    run_id: i64,
    runs: RunServiceClient<Channel>,
    /// `kehu score`, which asked for the run.
    score: tokio::process::Child,
    /// Reads the run, whoever works on it.
    database: Database,
}

impl Held {
    async fn start(shared: &ServerDatabase, listen: &str, grace: &str) -> Self {
        sample::load(&["--database-url", &shared.url], 1_000).await;
        let first = scoring(&shared.url, listen, grace).await;
        let sales = hold_sales(&shared.url).await;
        let arguments = ["score", "abc", "--as-of", "2010-12-13", "--server", &first.url];
        let score = kehu(&arguments).stdout(Stdio::null()).spawn().unwrap();
        let database = Database::connect(&shared.url).await.unwrap();
        let runs = RunServiceClient::connect(first.url.clone()).await.unwrap();
        let run_id = begun(&runs, &database).await;
        Self { first, sales, run_id, runs, score, database }
    }
}

/// Starts a process that scores.
async fn scoring(url: &str, listen: &str, grace: &str) -> Server {
    let mut command = kehu(&["serve", "--role", "scoring", "--listen", listen]);
    command.args(["--database-url", url]).env("KEHU__SERVER__DRAIN_GRACE", grace);
    Server::spawn(command).await
}

/// Keeps every run from reading the sales until it is dropped.
async fn hold_sales(url: &str) -> DatabaseTransaction {
    let connection = sea_orm::Database::connect(url).await.unwrap();
    let transaction = connection.begin().await.unwrap();
    transaction.execute_unprepared("LOCK TABLE sales_order").await.unwrap();
    transaction
}

/// The run that reads the sales now.
async fn begun(runs: &RunServiceClient<Channel>, database: &Database) -> i64 {
    let mut run_id = 0;
    until("a run has begun", async || {
        let listed = runs.clone().list_runs(ListRunsRequest::default()).await.unwrap();
        let newest = listed.into_inner().runs.swap_remove(0).name;
        run_id = newest.trim_start_matches("runs/").parse().unwrap();
        let run = run::get(database, run_id).await.unwrap();
        run.state == RunState::Running && run.phase == "scores"
    })
    .await;
    run_id
}

/// How a stream ends that does not end well.
async fn end<T>(mut stream: Streaming<T>) -> Status {
    loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended well"),
            Err(status) => return status,
        }
    }
}

#[tokio::test]
async fn it_is_given_back_and_finished_by_another() {
    let Some(shared) = ServerDatabase::migrated().await else { return };
    let listen = program::free_address().to_string();
    let mut held = Held::start(&shared, &listen, "60s").await;
    let request = WatchRunRequest { name: format!("runs/{}", held.run_id) };
    let watched = held.runs.watch_run(request).await.unwrap().into_inner();

    held.first.terminate().await;
    let end = end(watched).await;
    assert_eq!(end.code(), Code::Unavailable, "{end:?}");
    assert_eq!(fault::reason(&end), Some(ErrorReason::Draining), "{end:?}");
    let Held { first, sales, run_id, mut score, database, .. } = held;
    sales.rollback().await.unwrap();
    assert_eq!(first.ended().await, Some(0));
    let run = run::get(&database, run_id).await.unwrap();
    assert_eq!(run.state, RunState::Queued, "the run was not given back");

    let second = scoring(&shared.url, &listen, "60s").await;
    // Who asked for the run follows it to its end.
    assert_eq!(score.wait().await.unwrap().code(), Some(0));
    let run = run::get(&database, run_id).await.unwrap();
    // One that had to wait for the lease to run out would be the second attempt.
    assert_eq!((run.state, run.attempt), (RunState::Succeeded, 1));
    second.stop().await;
}

#[tokio::test]
async fn one_that_cannot_stop_does_not_hold_its_process() {
    let Some(shared) = ServerDatabase::migrated().await else { return };
    let held = Held::start(&shared, "127.0.0.1:0", "500ms").await;
    let began = Instant::now();
    held.first.terminate().await;
    assert_eq!(held.first.ended().await, Some(0));
    assert!(began.elapsed() < Duration::from_secs(30), "it ended after {:?}", began.elapsed());
    held.sales.rollback().await.unwrap();
}
