//! What a server did under ten times its peak, and whether that is what it promises.

use crate::{
    closed::{Peak, closed_loop},
    open::{Call, OpenLoop},
    target::{self, Calls, Outcome},
};
use std::{error::Error, fmt, time::Duration};
use tokio::time::Instant;
use tonic::Status;

/// How many times the peak is offered, and for how long.
const TIMES: f64 = 10.0;
const OFFERED: Duration = Duration::from_secs(10);
/// Answers count from here on, when as many calls are under way as there will be.
const SETTLE: Duration = Duration::from_secs(1);
/// How long the recovery is watched.
const WATCHED: Duration = Duration::from_secs(5);
/// A server has recovered when there is a window with this share of its peak.
const WINDOW: Duration = Duration::from_millis(100);
const RECOVERED_SHARE: f64 = 0.8;

/// The promises.
const GOODPUT_SHARE: f64 = 0.8;
const RECOVERY: Duration = Duration::from_secs(1);
/// An answer shares the machine with as many calls as the server takes at once, so it takes about
/// as long as they take at the peak; not all share alike, but nobody takes this many times as long.
const P99_TIMES: f64 = 4.0;
/// What the generator must manage to offer for a reading to count.
const OFFERED_SHARE: f64 = 0.99;

/// One reading under overload.
pub(crate) struct Reading {
    peak: f64,
    /// What the p99 must not exceed.
    longest: Duration,
    /// Answers a second.
    goodput: f64,
    /// Calls begun a second.
    offered: f64,
    begun: usize,
    shed: usize,
    /// Time from when a call was due to its answer, which 99 % stay below.
    p99: Duration,
    /// From the last call of the overload to a window as good as the peak; `None` for never.
    recovery: Option<Duration>,
    failure: Option<Status>,
}

impl Reading {
    /// Offers ten times the peak, then goes back to as many callers as the peak had.
    pub(crate) async fn take(calls: &Calls, peak: &Peak) -> Result<Self, Box<dyn Error>> {
        let overload = OpenLoop::run(calls, TIMES * peak.rate, OFFERED).await;
        let (began, stopped) = (overload.began, overload.stopped);
        let after = closed_loop(calls, peak.callers, WATCHED).await?;
        let ended = overload.calls().await;
        let counted = began + SETTLE..stopped;
        let answered: Vec<&Call> =
            ended.iter().filter(|call| matches!(call.outcome, Outcome::Answered)).collect();
        let in_time = answered.iter().filter(|call| counted.contains(&call.ended)).count();
        let shed = ended.iter().filter(|call| matches!(call.outcome, Outcome::Shed(_))).count();
        Ok(Self {
            peak: peak.rate,
            longest: Duration::from_secs_f64(P99_TIMES * target::max_calls()? / peak.rate),
            goodput: in_time as f64 / (counted.end - counted.start).as_secs_f64(),
            offered: ended.len() as f64 / (stopped - began).as_secs_f64(),
            begun: ended.len(),
            shed,
            p99: percentile(answered.iter().map(|call| call.ended - call.due).collect(), 0.99),
            recovery: recovery(&after, peak.rate).map(|time| time - stopped),
            failure: ended.into_iter().find_map(|call| match call.outcome {
                Outcome::Failed(status) => Some(status),
                _ => None,
            }),
        })
    }

    /// The promises that it breaks, a sentence each.
    pub(crate) fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if let Some(status) = &self.failure {
            broken.push(format!("a call was neither answered nor shed: {status}"));
        }
        if self.offered < OFFERED_SHARE * TIMES * self.peak {
            broken.push(format!("the generator could not offer {TIMES} times the peak"));
        }
        if self.goodput < GOODPUT_SHARE * self.peak {
            broken.push(format!("goodput fell below {GOODPUT_SHARE} of the peak"));
        }
        if self.p99 > self.longest {
            broken.push(format!("the p99 of what was answered is above {:.2?}", self.longest));
        }
        if self.recovery.is_none_or(|time| time > RECOVERY) {
            broken.push(format!("it did not recover within {RECOVERY:?}"));
        }
        broken
    }
}

/// `150.1 of 1703.0 offered; ...`: the goodput, then the rest.
impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { goodput, offered, shed, begun, p99, longest, recovery, .. } = self;
        write!(f, "{goodput:.1} of {offered:.1} offered; {shed} of {begun} calls shed; ")?;
        write!(f, "p99 {p99:.2?}, at most {longest:.2?}; ")?;
        match recovery {
            Some(time) => write!(f, "recovered in {time:.2?}"),
            None => write!(f, "not recovered in {WATCHED:?}"),
        }
    }
}

/// The value that a share of the values does not exceed; zero when there are none.
fn percentile(mut values: Vec<Duration>, share: f64) -> Duration {
    values.sort_unstable();
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// When the first window that has its share of the peak was complete.
fn recovery(answers: &[Instant], peak: f64) -> Option<Instant> {
    let enough = (RECOVERED_SHARE * peak * WINDOW.as_secs_f64()).ceil() as usize;
    let mut windows = answers.windows(enough.max(1));
    windows.find_map(|window| {
        let (first, last) = (*window.first()?, *window.last()?);
        (last - first <= WINDOW).then_some(last)
    })
}
