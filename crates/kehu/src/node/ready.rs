//! When a process is ready: its followers have caught up with the change log of the start, and
//! the database answers.

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

/// Keeps `health` ready as long as the database answers, from the time on that the followers
/// have caught up, or `limit` later: a follower that is stuck must not keep everybody from
/// reading. Until `stop`.
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
        loop {
            let began = Instant::now();
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
