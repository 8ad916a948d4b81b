//! The closed loop: each caller makes its next call when the one before has ended.

use crate::target::{Calls, Outcome};
use std::time::Duration;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use tonic::Status;

/// How long a number of callers is tried, and the best then measured, after a time to settle.
const TRIED: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(8);
const SETTLE: Duration = Duration::from_millis(500);
/// More callers than this are not tried: more calls at once than a few for each core gain nothing.
const MOST_CALLERS: usize = 32;

/// The best rate of a closed loop.
pub(crate) struct Peak {
    /// Answers a second.
    pub rate: f64,
    /// How many callers it took.
    pub callers: usize,
}

/// Tries 2, 4, 8 ... callers and measures the best again: the best of several readings is one that
/// was lucky.
pub(crate) async fn peak(calls: &Calls) -> Result<Peak, Status> {
    let mut best = Peak { rate: 0.0, callers: 0 };
    let mut callers = 2;
    while callers <= MOST_CALLERS {
        let rate = rate(calls, callers, TRIED).await?;
        if rate > best.rate {
            best = Peak { rate, callers };
        }
        callers *= 2;
    }
    Ok(Peak { rate: rate(calls, best.callers, MEASURED).await?, ..best })
}

/// Answers a second that so many callers get.
async fn rate(calls: &Calls, callers: usize, time: Duration) -> Result<f64, Status> {
    let began = Instant::now();
    let answers = closed_loop(calls, callers, SETTLE + time).await?;
    let measured = began + SETTLE..began + SETTLE + time;
    let count = answers.iter().filter(|time| measured.contains(time)).count();
    Ok(count as f64 / time.as_secs_f64())
}

/// Has `callers` call for `time`; who is turned away comes back when told to. Returns the times
/// of the answers in order.
pub(crate) async fn closed_loop(
    calls: &Calls,
    callers: usize,
    time: Duration,
) -> Result<Vec<Instant>, Status> {
    let end = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        tasks.spawn(call_until(end, calls.clone(), (caller..).step_by(callers)));
    }
    let mut answers = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        answers.extend(ended.expect("a caller does not panic")?);
    }
    answers.sort_unstable();
    Ok(answers)
}

async fn call_until(
    end: Instant,
    calls: Calls,
    numbers: impl Iterator<Item = usize>,
) -> Result<Vec<Instant>, Status> {
    let mut answers = Vec::new();
    for number in numbers {
        if Instant::now() >= end {
            break;
        }
        match calls.make(number).await {
            Outcome::Answered => answers.push(Instant::now()),
            Outcome::Shed(delay) => sleep(delay).await,
            Outcome::Failed(status) => return Err(status),
        }
    }
    Ok(answers)
}
