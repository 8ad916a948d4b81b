//! Following a run to its end.

use crate::{connection::Connection, exit::Failure, progress};
use indicatif::ProgressBar;
use kehu_contract::run::{Run, RunState, WatchRunRequest};
use kehu_server::client::may_resume;
use std::time::Duration;
use tokio::time::sleep;
use tonic::Status;

/// How often in a row the view of a run may break off without news of it.
const PATIENCE: u32 = 5;
/// How long to wait after the first of these times; twice as long after the second, and so on.
const WAIT: Duration = Duration::from_millis(500);

/// Shows the run's progress until it has ended; a failed or cancelled one is a failure. A server
/// that stops is waited for, or another watched: the run is in the database.
pub(crate) async fn follow(
    connection: &Connection,
    label: &str,
    run: Option<Run>,
) -> Result<Run, Failure> {
    let mut run = run.ok_or_else(|| Failure::internal("the server named no run"))?;
    let bar = progress::bar(label, 0);
    let mut failures = 0;
    while let Err(status) = watch(connection, &bar, &mut run, &mut failures).await {
        failures += 1;
        if failures > PATIENCE || !may_resume(&status) {
            return Err(status.into());
        }
        sleep(WAIT * failures).await;
    }
    bar.finish_and_clear();
    ended(run)
}

/// Shows the run as it goes on, until it has ended or is out of sight. News end the `failures`.
async fn watch(
    connection: &Connection,
    bar: &ProgressBar,
    run: &mut Run,
    failures: &mut u32,
) -> Result<(), Status> {
    let request = WatchRunRequest { name: run.name.clone() };
    let mut changes = connection.runs().watch_run(request).await?.into_inner();
    while let Some(change) = changes.message().await? {
        let Some(changed) = change.run else { continue };
        *run = changed;
        *failures = 0;
        bar.set_length(u64::try_from(run.total_count).unwrap_or_default());
        bar.set_position(u64::try_from(run.done_count).unwrap_or_default());
        bar.set_message(run.phase.clone());
    }
    Ok(())
}

fn ended(run: Run) -> Result<Run, Failure> {
    match run.state() {
        RunState::Succeeded => Ok(run),
        RunState::Failed => {
            let message = run.error.map(|error| error.message).unwrap_or_default();
            Err(Failure::Run(format!("{} failed: {message}", run.name)))
        }
        RunState::Cancelled => Err(Failure::Run(format!("{} was cancelled", run.name))),
        RunState::Unspecified | RunState::Queued | RunState::Running | RunState::Cancelling => {
            Err(Failure::Unavailable(format!(
                "lost sight of {}: follow it with kehu runs watch {}",
                run.name, run.name
            )))
        }
    }
}
