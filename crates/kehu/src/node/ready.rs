//! When a process is ready: its followers have caught up with the change log of the start, and
//! the database answers. Services that write are ready as long as it takes writes, too.

use kehu_runs::Follower;
use kehu_server::health::Health;
use kehu_storage::change_log::{self, Position};
use kehu_storage::{Database, Error};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often the followers are looked at while they catch up.
const LOOK: Duration = Duration::from_millis(100);
/// How often the database is asked whether it answers, and how long it may take.
const ASK: Duration = Duration::from_secs(2);

/// How long at least from one warning that writes are refused to the next.
const WARN_AGAIN: Duration = Duration::from_secs(60);

/// Keeps `health` ready as long as the database answers, from the time on that the followers
/// have caught up, or `limit` later: a follower that is stuck must not keep everybody from
/// reading. Where the database has refused a write, one is tried until it succeeds. Until `stop`.
pub(crate) async fn keep(
    db: Database,
    followers: Vec<Arc<dyn Follower>>,
    limit: Duration,
    health: Health,
    stop: CancellationToken,
) {
    let watch = async {
        if timeout(limit, caught_up(&db, &followers)).await.is_err() {
            tracing::warn!("ready though the change log is not worked off: see its lag");
        }
        let mut warned = None;
        loop {
            let began = Instant::now();
            health.set_writable(takes_writes(&db, &mut warned).await).await;
            let answers = matches!(timeout(ASK, db.ping()).await, Ok(Ok(())));
            if !answers && health.is_ready() {
                tracing::warn!("the database does not answer: not ready");
            }
            health.set_ready(answers).await;
            sleep(ASK.saturating_sub(began.elapsed())).await;
        }
    };
    tokio::select! {
        () = watch => {}
        () = stop.cancelled() => {}
    }
}

/// Whether the database takes writes, as far as is known, and as is seen when one is tried.
/// `warned` is when it was last said that it does not.
async fn takes_writes(db: &Database, warned: &mut Option<Instant>) -> bool {
    let obstacle = db.obstacle();
    let Some(why) = *obstacle.borrow() else { return true };
    if warned.is_none_or(|at: Instant| at.elapsed() >= WARN_AGAIN) {
        tracing::warn!(%why, "the database refuses writes: services that write are not ready");
        *warned = Some(Instant::now());
    }
    let writes = matches!(timeout(ASK, db.try_write()).await, Ok(Ok(())));
    if writes {
        tracing::info!("the database takes writes again");
    }
    writes
}

/// Returns when every follower has applied what the change log holds now.
async fn caught_up(db: &Database, followers: &[Arc<dyn Follower>]) {
    let mut goal = None;
    loop {
        match behind(db, followers, &mut goal).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => tracing::warn!(%error, "cannot look at the change log"),
        }
        sleep(LOOK).await;
    }
}

/// Whether a follower has yet to apply a change up to `goal`, the end of the log when it was first
/// looked at.
async fn behind(
    db: &Database,
    followers: &[Arc<dyn Follower>],
    goal: &mut Option<Position>,
) -> Result<bool, Error> {
    let goal = match *goal {
        Some(goal) => goal,
        None => *goal.insert(change_log::end(db).await?),
    };
    for follower in followers {
        let cursor = change_log::cursor(db, follower.consumer()).await?;
        let next = change_log::read(db, follower.topic(), cursor, 1).await?;
        if next.first().is_some_and(|change| change.position <= goal) {
            return Ok(true);
        }
    }
    Ok(false)
}
