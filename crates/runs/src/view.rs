//! Runs of the storage as runs of the contract.

use crate::retraction;
use chrono::{DateTime, Utc};
use kehu_contract::{
    google::rpc,
    run::{self as contract, RunState as State},
};
use kehu_server::{Fault, clock, convert, names};
use kehu_storage::{
    Database,
    run::{self, NewRun, Pin, Run, RunState},
};
use prost_types::Duration;

/// Runs of a kind that may wait of one caller, unless a setting says otherwise.
pub const MAX_WAITING: u32 = 64;

/// Queues a run of a caller, of whose runs of the kind `most` may wait. The same request id returns
/// the same run, and so does an equal request while that one waits.
pub async fn start(db: &Database, new: &NewRun, most: u32) -> Result<contract::Run, Fault> {
    let now = clock::now();
    let run = queue(db, new, most, now).await?;
    Ok(views(db, &[run], now).await?.remove(0))
}

/// The same, as it is kept.
pub(crate) async fn queue(
    db: &Database,
    new: &NewRun,
    most: u32,
    now: DateTime<Utc>,
) -> Result<Run, Fault> {
    run::ask(db, new, most, now).await.map_err(|error| match error {
        kehu_storage::Error::AlreadyExists { .. } => Fault::RequestIdReused,
        error => error.into(),
    })
}

/// The runs as callers see them at `now`, in the same order.
pub(crate) async fn views(
    db: &Database,
    runs: &[Run],
    now: DateTime<Utc>,
) -> Result<Vec<contract::Run>, Fault> {
    let ids: Vec<i64> = runs.iter().map(|run| run.run_id).collect();
    let mut pins = run::pins(db, &ids).await?;
    let view = |run: &Run| view(run, &pins.remove(&run.run_id).unwrap_or_default(), now);
    Ok(runs.iter().map(view).collect())
}

fn view(run: &Run, pins: &[Pin], now: DateTime<Utc>) -> contract::Run {
    let rate = rate_per_second(run, now);
    let retraction = retraction::asked(run);
    contract::Run {
        name: names::run(run.run_id),
        kind: run.kind.clone(),
        state: state(run).into(),
        phase: run.phase.clone(),
        definitions: pins.iter().map(definition).collect(),
        caller: run.caller.clone().unwrap_or_default(),
        retracted_by: run.retracted_by.map(names::run).unwrap_or_default(),
        retracts: retraction.as_ref().map(|asked| names::run(asked.run_id)).unwrap_or_default(),
        reason: retraction.map(|asked| asked.reason).unwrap_or_default(),
        done_count: run.done,
        changed_count: run.changed,
        total_count: run.total,
        as_of_date: run.as_of.map(convert::date),
        attempt_count: run.attempt,
        error: run.error.as_ref().map(|error| rpc::Status {
            code: error.code,
            message: error.message.clone(),
            details: Vec::new(),
        }),
        rate_per_second: rate.unwrap_or_default(),
        remaining_duration: rate.and_then(|rate| remaining(run, rate)),
        create_time: Some(convert::timestamp(run.created_at)),
        start_time: run.started_at.map(convert::timestamp),
        end_time: run.finished_at.map(convert::timestamp),
    }
}

fn definition(pin: &Pin) -> contract::Definition {
    contract::Definition {
        name: names::resource(&pin.kind, &pin.id),
        version: pin.version.unwrap_or_default(),
    }
}

fn state(run: &Run) -> State {
    match run.state {
        RunState::Queued => State::Queued,
        RunState::Running if run.cancel_requested => State::Cancelling,
        RunState::Running => State::Running,
        RunState::Succeeded => State::Succeeded,
        RunState::Failed => State::Failed,
        RunState::Cancelled => State::Cancelled,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate_per_second(run: &Run, now: DateTime<Utc>) -> Option<f64> {
    let elapsed = run.finished_at.unwrap_or(now) - run.started_at?;
    let seconds = elapsed.to_std().ok()?.as_secs_f64();
    (run.done > 0 && seconds > 0.0).then(|| run.done as f64 / seconds)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "an estimate for people, in whole seconds"
)]
fn remaining(run: &Run, rate: f64) -> Option<Duration> {
    if run.state.is_final() || run.total < run.done {
        return None;
    }
    let seconds = ((run.total - run.done) as f64 / rate).ceil() as i64;
    Some(Duration { seconds, nanos: 0 })
}
