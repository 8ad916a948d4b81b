//! `RunService` as its callers see it, over a real connection, with a worker at work, on both
//! databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use async_trait::async_trait;
use kehu_contract::{
    error::ErrorReason,
    run::{
        CancelRunRequest, Definition, GetRunRequest, ListRunsRequest, ListRunsResponse,
        RetractRunRequest, Run, RunState, WatchRunRequest, WatchRunResponse,
        run_service_client::RunServiceClient,
    },
};
use kehu_runs::{Job, RunContext, Runs, Worker};
use kehu_server::{Fault, clock, fault};
use kehu_storage::{
    Database, Transaction,
    run::{self as store, Cut, Kind, NewRun, Pin},
};
use kehu_tests::{Served, TestDatabase, customers, day, each_database};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_types::StatusExt;

const SCORING: &str = "scoring";
const CLASSIFICATION: &str = "classification";
const CODING: &str = "coding";
const RETRACTION: &str = "classification-retraction";

/// Carries out a run of its kind: scoring runs stand still after a partition until they are let
/// go, classification runs succeed, coding runs fail.
struct Scripted {
    db: Database,
    kind: &'static str,
}

fn of(name: &'static str) -> Kind {
    Kind { name, cut: Cut::Ranges, after: &[] }
}

#[async_trait]
impl Job for Scripted {
    fn kind(&self) -> Kind {
        of(self.kind)
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        let pin = Pin { kind: "scorecards".to_owned(), id: "rfm".to_owned(), version: Some(2) };
        store::pin(&self.db, context.run.run_id, &[pin]).await?;
        while let Some(partition) = context.next().await? {
            context.phase("counting").await?;
            let transaction = self.db.begin().await?;
            context.finish_partition(&transaction, &partition, 2, 1).await?;
            transaction.commit().await?;
            match self.kind {
                SCORING => loop {
                    context.check()?;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                },
                CODING => {
                    return Err(Fault::Precondition {
                        kind: "SOMETHING_DONE_FIRST",
                        subject: "codeSchemes/standard".to_owned(),
                        description: "something has to be done first".to_owned(),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn complete(&self, run: &store::Run, transaction: &Transaction) -> Result<(), Fault> {
        if self.kind == RETRACTION {
            store::retracted(transaction, 1, run.run_id).await?;
        }
        Ok(())
    }
}

/// The service, and a connection to it.
struct World {
    db: Database,
    served: Served,
}

impl World {
    async fn new(test: &TestDatabase) -> Self {
        let db = test.database.clone();
        customers(&db, 1..=5).await;
        let runs = Runs::new(db.clone());
        Self { served: Served::start(|routes| runs.routes(routes)).await, db }
    }

    /// Has a worker work until the answer is dropped.
    fn work(&self) -> DropGuard {
        let stop = CancellationToken::new();
        for kind in [SCORING, CLASSIFICATION, CODING, RETRACTION] {
            let job = Arc::new(Scripted { db: self.db.clone(), kind });
            let worker = Worker::new(self.db.clone(), job, "test".to_owned());
            tokio::spawn(worker.work(stop.clone()));
        }
        stop.drop_guard()
    }

    fn client(&self) -> RunServiceClient<Channel> {
        RunServiceClient::new(self.served.channel.clone())
    }

    /// Queues a run and returns its name.
    async fn start(&self, kind: &'static str) -> String {
        let new = NewRun {
            kind: of(kind),
            request: "{}".to_owned(),
            as_of: Some(day("2011-12-10")),
            partition_size: Some(2),
            request_id: None,
            caller: Some("ann".to_owned()),
        };
        let run = store::start(&self.db, &new, clock::now()).await.unwrap();
        kehu_server::names::run(run.run_id)
    }

    async fn get(&self, name: &str) -> Result<Run, Status> {
        let request = GetRunRequest { name: name.to_owned() };
        Ok(self.client().get_run(request).await?.into_inner().run.unwrap())
    }

    async fn cancel(&self, name: &str) -> Result<Run, Status> {
        let request = CancelRunRequest { name: name.to_owned() };
        Ok(self.client().cancel_run(request).await?.into_inner().run.unwrap())
    }

    async fn watch(&self, name: &str) -> Result<Streaming<WatchRunResponse>, Status> {
        let request = WatchRunRequest { name: name.to_owned() };
        Ok(self.client().watch_run(request).await?.into_inner())
    }

    async fn retract(&self, name: &str, reason: &str) -> Result<Run, Status> {
        let (name, reason) = (name.to_owned(), reason.to_owned());
        let request = RetractRunRequest { name, reason, request_id: String::new() };
        Ok(self.client().retract_run(request).await?.into_inner().run.unwrap())
    }

    async fn list(&self, request: ListRunsRequest) -> Result<ListRunsResponse, Status> {
        Ok(self.client().list_runs(request).await?.into_inner())
    }

    /// Asks for a run of this name in every way, and returns the refusals.
    async fn refusals(&self, name: &str) -> [Status; 3] {
        [
            self.get(name).await.unwrap_err(),
            self.cancel(name).await.unwrap_err(),
            self.watch(name).await.unwrap_err(),
        ]
    }
}

/// The next run that a stream sends; `None` at its end.
async fn next(watched: &mut Streaming<WatchRunResponse>) -> Option<Run> {
    watched.message().await.unwrap().map(|message| message.run.unwrap())
}

/// What a stream sends to its end.
async fn rest(watched: &mut Streaming<WatchRunResponse>) -> Vec<Run> {
    let mut runs = Vec::new();
    while let Some(run) = next(watched).await {
        runs.push(run);
    }
    runs
}

#[tokio::test]
async fn a_cancelled_run_ends_and_its_stream_with_it() {
    each_database(async |test| {
        let world = World::new(test).await;
        let name = world.start(SCORING).await;
        let mut watched = world.watch(&name).await.unwrap();
        let queued = next(&mut watched).await.unwrap();
        assert_eq!((queued.state(), queued.start_time), (RunState::Queued, None));
        assert!(queued.definitions.is_empty(), "{queued:?}");
        let _worker = world.work();
        let mut run = queued;
        while run.done_count == 0 {
            run = next(&mut watched).await.unwrap();
        }
        assert_eq!((run.state(), run.phase.as_str()), (RunState::Running, "counting"));
        assert_eq!((run.done_count, run.total_count, run.attempt_count), (2, 5, 1));
        assert_eq!(
            (run.kind.as_str(), run.changed_count, run.caller.as_str()),
            (SCORING, 1, "ann")
        );
        let card = Definition { name: "scorecards/rfm".to_owned(), version: 2 };
        assert_eq!(run.definitions, [card]);

        let cancelled = world.cancel(&name).await.unwrap();
        assert_eq!((cancelled.state(), cancelled.end_time), (RunState::Cancelling, None));
        let end = rest(&mut watched).await.pop().unwrap();
        assert_eq!((end.state(), end.done_count), (RunState::Cancelled, 2));
        assert!(end.end_time.is_some() && end.error.is_none(), "{end:?}");
        assert_eq!(world.get(&name).await.unwrap(), end);
        assert_eq!(world.cancel(&name).await.unwrap(), end, "cancelling again changes nothing");
    })
    .await;
}

#[tokio::test]
async fn a_run_that_waits_is_cancelled_at_once() {
    each_database(async |test| {
        let world = World::new(test).await;
        let name = world.start(SCORING).await;
        let cancelled = world.cancel(&name).await.unwrap();
        assert_eq!((cancelled.state(), cancelled.attempt_count), (RunState::Cancelled, 0));
        assert!(cancelled.end_time.is_some() && cancelled.start_time.is_none());
        let mut watched = world.watch(&name).await.unwrap();
        assert_eq!(rest(&mut watched).await, [cancelled]);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_has_ended_stays_as_it_is() {
    each_database(async |test| {
        let world = World::new(test).await;
        let _worker = world.work();
        for (kind, state, error) in [
            (CLASSIFICATION, RunState::Succeeded, None),
            (CODING, RunState::Failed, Some(Code::FailedPrecondition)),
        ] {
            let name = world.start(kind).await;
            let end = rest(&mut world.watch(&name).await.unwrap()).await.pop().unwrap();
            assert_eq!(end.state(), state);
            assert_eq!(end.error.as_ref().map(|error| Code::from(error.code)), error);
            assert_eq!(world.cancel(&name).await.unwrap(), end);
            let mut again = world.watch(&name).await.unwrap();
            assert_eq!(rest(&mut again).await, [end]);
        }
    })
    .await;
}

#[tokio::test]
async fn runs_are_listed_by_kind_page_by_page() {
    each_database(async |test| {
        let world = World::new(test).await;
        for kind in [SCORING, CODING, SCORING, SCORING, CODING] {
            world.start(kind).await;
        }
        let all = world.list(ListRunsRequest::default()).await.unwrap();
        assert_eq!(names(&all), ["runs/5", "runs/4", "runs/3", "runs/2", "runs/1"]);
        assert_eq!(all.next_page_token, "");

        let mut request =
            ListRunsRequest { page_size: 2, kind: SCORING.to_owned(), ..Default::default() };
        let first = world.list(request.clone()).await.unwrap();
        assert_eq!(names(&first), ["runs/4", "runs/3"]);
        assert!(first.runs.iter().all(|run| run.kind == SCORING));
        world.start(SCORING).await;
        request.page_token = first.next_page_token;
        let second = world.list(request.clone()).await.unwrap();
        assert_eq!(names(&second), ["runs/1"], "a newer run does not shift the pages");
        assert_eq!(second.next_page_token, "");

        request.kind = CODING.to_owned();
        let refused = world.list(request).await.unwrap_err();
        assert_eq!(fields(&refused), ["page_token"], "the token is of another list");
        let request =
            ListRunsRequest { page_size: -1, kind: "No kind".to_owned(), ..Default::default() };
        assert_eq!(fields(&world.list(request).await.unwrap_err()), ["kind", "page_size"]);
        let none = CLASSIFICATION.to_owned();
        let request = ListRunsRequest { kind: none, ..Default::default() };
        assert_eq!(world.list(request).await.unwrap(), ListRunsResponse::default());
    })
    .await;
}

fn names(page: &ListRunsResponse) -> Vec<&str> {
    page.runs.iter().map(|run| run.name.as_str()).collect()
}

/// The fields that a request was refused for.
fn fields(status: &Status) -> Vec<String> {
    assert_eq!(fault::reason(status), Some(ErrorReason::InvalidFields), "{status:?}");
    let violations = status.get_details_bad_request().unwrap().field_violations;
    violations.into_iter().map(|violation| violation.field).collect()
}

#[tokio::test]
async fn names_of_no_run_are_refused() {
    each_database(async |test| {
        let world = World::new(test).await;
        for name in ["runs/17", "17"] {
            for status in world.refusals(name).await {
                assert_eq!(status.code(), Code::NotFound);
                assert_eq!(fault::reason(&status), Some(ErrorReason::ResourceNotFound));
            }
        }
        for name in ["", "runs", "runs/", "runs/x", "runs/0", "runs/-1", "runs/1/", "customers/1"] {
            for status in world.refusals(name).await {
                assert_eq!(fields(&status), ["name"], "{name:?}");
            }
        }
        let huge = format!("runs/{}", i128::MAX);
        assert_eq!(fields(&world.get(&huge).await.unwrap_err()), ["name"]);
    })
    .await;
}

#[tokio::test]
async fn what_a_run_found_is_taken_back_once_and_on_record() {
    each_database(async |test| {
        let world = World::new(test).await;
        let name = world.start(CLASSIFICATION).await;
        let refused = world.retract(&name, "wrong year").await.unwrap_err();
        assert_eq!(conditions(&refused), [("RUN_ENDED".to_owned(), name.clone())]);
        assert_eq!(fields(&world.retract("runs/x", " ").await.unwrap_err()), ["name", "reason"]);
        assert_eq!(world.retract("runs/9", "wrong").await.unwrap_err().code(), Code::NotFound);

        let _working = world.work();
        rest(&mut world.watch(&name).await.unwrap()).await;
        let taking_back = world.retract(&name, " wrong year ").await.unwrap();
        assert_eq!(taking_back.kind, RETRACTION);
        assert_eq!(
            (taking_back.retracts.as_str(), taking_back.reason.as_str()),
            ("runs/1", "wrong year")
        );
        assert_eq!(taking_back.as_of_date, world.get(&name).await.unwrap().as_of_date);
        rest(&mut world.watch(&taking_back.name).await.unwrap()).await;
        assert_eq!(world.get(&name).await.unwrap().retracted_by, taking_back.name);
        let refused = world.retract(&name, "wrong year").await.unwrap_err();
        assert_eq!(conditions(&refused), [("RUN_STANDS".to_owned(), name)]);

        let coding = world.start(CODING).await;
        rest(&mut world.watch(&coding).await.unwrap()).await;
        let refused = world.retract(&coding, "wrong").await.unwrap_err();
        assert_eq!(conditions(&refused), [("RUN_CAN_BE_RETRACTED".to_owned(), coding)]);
    })
    .await;
}

#[tokio::test]
async fn a_run_is_not_taken_back_while_another_one_evaluates_its_date() {
    each_database(async |test| {
        let world = World::new(test).await;
        let first = world.start(CLASSIFICATION).await;
        {
            let _working = world.work();
            rest(&mut world.watch(&first).await.unwrap()).await;
        }
        let second = world.start(SCORING).await;
        assert!(world.retract(&first, "wrong").await.is_ok(), "another kind is no hindrance");
        world.cancel(&second).await.unwrap();
        let third = world.start(CLASSIFICATION).await;
        let refused = world.retract(&first, "still wrong").await.unwrap_err();
        assert_eq!(conditions(&refused), [("RUNS_OF_DATE_ENDED".to_owned(), first.clone())]);
        world.cancel(&third).await.unwrap();
        assert!(world.retract(&first, "still wrong").await.is_ok());
    })
    .await;
}

/// The conditions that a request did not meet, and of what.
fn conditions(status: &Status) -> Vec<(String, String)> {
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    let violations = status.get_details_precondition_failure().unwrap().violations;
    violations.into_iter().map(|violation| (violation.r#type, violation.subject)).collect()
}
