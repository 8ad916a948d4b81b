//! The closed loop: each client makes its next call when the one before has ended.

use crate::questions::{Caller, Question};
use std::time::Duration;
use tokio::{task::JoinSet, time::Instant};
use tonic::Status;

/// How long is measured, after a time to settle.
const MEASURED: Duration = Duration::from_secs(4);
const SETTLE: Duration = Duration::from_secs(1);

/// The time that half of the calls stay below when each of the callers asks the question again
/// and again.
pub(crate) async fn median(callers: Vec<Caller>, question: Question) -> Result<Duration, Status> {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in callers {
        tasks.spawn(times(caller, question, began + SETTLE, began + SETTLE + MEASURED));
    }
    let mut all = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        all.extend(ended.expect("a caller does not panic")?);
    }
    all.sort_unstable();
    all.get(all.len() / 2).copied().ok_or_else(|| Status::deadline_exceeded("no call ended"))
}

async fn times(
    mut caller: Caller,
    question: Question,
    from: Instant,
    to: Instant,
) -> Result<Vec<Duration>, Status> {
    let mut times = Vec::new();
    loop {
        let began = Instant::now();
        if began >= to {
            return Ok(times);
        }
        caller.ask(question).await?;
        if began >= from {
            times.push(began.elapsed());
        }
    }
}
