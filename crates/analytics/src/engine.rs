//! The analytical engine: where DataFusion runs, and how.

use std::sync::LazyLock;

use datafusion::execution::context::SessionState;
use datafusion::prelude::{SessionConfig, SessionContext};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use crate::Error;

/// Threads of their own, so that no query holds up the answers of the services.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .thread_name("analytics")
        .build()
        .expect("a process that cannot start a thread cannot work")
});

/// Places for work under way. More at once than keeps the threads busy is slower for all: each has
/// its plan and its facts in memory, and they push each other out of the processor's caches.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2 * threads()));

/// The functions and rules of SQL; to build them costs more than to compile a predicate.
static STATE: LazyLock<SessionState> = LazyLock::new(|| session(1).state());

fn config(partitions: usize) -> SessionConfig {
    SessionConfig::new()
        .with_target_partitions(partitions)
        .with_information_schema(false)
        // `0.1` is a decimal, not the nearest binary fraction.
        .set_bool("datafusion.sql_parser.parse_float_as_decimal", true)
        .set_bool("datafusion.sql_parser.collect_spans", true)
}

/// A session of its own, with no tables, that works on `partitions` threads at once.
pub(crate) fn session(partitions: usize) -> SessionContext {
    SessionContext::new_with_config(config(partitions))
}

/// The functions and rules of SQL, without tables.
pub(crate) fn state() -> &'static SessionState {
    &STATE
}

/// Does the work on the engine's threads, first come, first served. It ends when this is dropped.
pub(crate) async fn run<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let _place = PLACES.acquire().await.map_err(|error| Error::Engine(error.into()))?;
    let work = AbortOnDropHandle::new(RUNTIME.spawn(work));
    work.await.map_err(|error| Error::Engine(error.into()))?
}

/// The threads that a large query is worth.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    /// Work that never ends, and what tells that it has been given up.
    fn endless() -> (impl Future<Output = Result<(), Error>> + Send, oneshot::Receiver<()>) {
        let (alive, ended) = oneshot::channel();
        let work = async move {
            let _alive: oneshot::Sender<()> = alive;
            std::future::pending().await
        };
        (work, ended)
    }

    #[tokio::test]
    async fn work_ends_with_the_call_that_wanted_it() {
        let minute = Duration::from_secs(60);
        // More than there are places for: each is given back.
        for _ in 0..=2 * threads() {
            let (work, ended) = endless();
            let late = timeout(Duration::from_millis(10), run(work)).await;
            assert!(late.is_err(), "it never ends");
            assert!(timeout(minute, ended).await.expect("it was given up").is_err());
        }
        assert_eq!(
            timeout(minute, run(async { Ok(7) })).await.expect("a place is free").unwrap(),
            7
        );
    }
}
