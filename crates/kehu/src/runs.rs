//! Following a run to its end.

use crate::{connection::Connection, exit::Failure, progress};
use kehu_contract::run::{Run, RunState, WatchRunRequest};

/// Shows the run's progress until it has ended; a failed or cancelled one is a failure.
pub(crate) async fn follow(
    connection: &Connection,
    label: &str,
    run: Option<Run>,
) -> Result<Run, Failure> {
    let run = run.ok_or_else(|| Failure::internal("the server named no run"))?;
    let bar = progress::bar(label, 0);
    let request = WatchRunRequest { name: run.name.clone() };
    let mut changes = connection.runs().watch_run(request).await?.into_inner();
    let mut last = run;
    while let Some(change) = changes.message().await? {
        let Some(run) = change.run else { continue };
        bar.set_length(u64::try_from(run.total_count).unwrap_or_default());
        bar.set_position(u64::try_from(run.done_count).unwrap_or_default());
        bar.set_message(run.phase.clone());
        last = run;
    }
    bar.finish_and_clear();
    ended(last)
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
            Err(Failure::Unavailable(format!("lost sight of {}: watch it with grpcurl", run.name)))
        }
    }
}
