//! What followers and the worker tell about themselves.

use kehu_server::{
    Fault, clock,
    telemetry::metrics::{CHANGE_LOG_BACKLOG, CHANGE_LOG_LAG, RUN_ACTIVE, RUN_DURATION, RUN_ENDED},
};
use kehu_storage::{
    Database,
    change_log::{self, Topic},
};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, UpDownCounter},
};
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

/// How often the backlog of a consumer is measured.
const INTERVAL: Duration = Duration::from_secs(30);

/// Measures again and again how far a consumer is behind, without end. It does not depend on
/// the follower, which may be stuck.
pub(crate) async fn measure_backlog(db: &Database, consumer: &'static str, topic: Topic) {
    loop {
        if let Err(fault) = record_backlog(db, consumer, topic).await {
            tracing::debug!(consumer, %fault, "the backlog was not measured");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a measurement")]
async fn record_backlog(db: &Database, consumer: &'static str, topic: Topic) -> Result<(), Fault> {
    static LAG: LazyLock<Gauge<f64>> = LazyLock::new(|| CHANGE_LOG_LAG.gauge());
    static BACKLOG: LazyLock<Gauge<f64>> = LazyLock::new(|| CHANGE_LOG_BACKLOG.gauge());
    let backlog = change_log::backlog(db, consumer, topic).await?;
    // The clock of the process that recorded it may be ahead of ours.
    let age = backlog.map(|backlog| (clock::now() - backlog.oldest).to_std().unwrap_or_default());
    let attributes = [KeyValue::new("kehu.consumer", consumer)];
    LAG.record(age.unwrap_or_default().as_secs_f64(), &attributes);
    BACKLOG.record(backlog.map_or(0, |backlog| backlog.changes) as f64, &attributes);
    Ok(())
}

/// A run being carried out, counted as active until it is dropped.
pub(crate) struct ActiveRun {
    kind: &'static str,
    began: Instant,
}

impl ActiveRun {
    pub(crate) fn begin(kind: &'static str) -> Self {
        active().add(1, &[KeyValue::new("kehu.run.kind", kind)]);
        Self { kind, began: Instant::now() }
    }

    /// Records how the attempt ended.
    pub(crate) fn end(self, outcome: &'static str) {
        static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| RUN_DURATION.histogram());
        let attributes =
            [KeyValue::new("kehu.run.kind", self.kind), KeyValue::new("kehu.outcome", outcome)];
        static ENDED: LazyLock<Counter<u64>> = LazyLock::new(|| RUN_ENDED.counter());
        DURATION.record(self.began.elapsed().as_secs_f64(), &attributes);
        ENDED.add(1, &attributes);
    }
}

/// Has the counters of a kind of run stand at 0.
pub fn count_from_zero(kind: &'static str) {
    let kind = KeyValue::new("kehu.run.kind", kind);
    active().add(0, std::slice::from_ref(&kind));
    let ended = RUN_ENDED.counter();
    for outcome in ["succeeded", "shared", "failed", "cancelled", "given_back", "lost"] {
        ended.add(0, &[kind.clone(), KeyValue::new("kehu.outcome", outcome)]);
    }
}

impl Drop for ActiveRun {
    fn drop(&mut self) {
        active().add(-1, &[KeyValue::new("kehu.run.kind", self.kind)]);
    }
}

fn active() -> &'static UpDownCounter<i64> {
    static ACTIVE: LazyLock<UpDownCounter<i64>> = LazyLock::new(|| RUN_ACTIVE.up_down_counter());
    &ACTIVE
}
