//! The analytical engine: where DataFusion runs, and how.

use std::sync::LazyLock;

use datafusion::execution::context::SessionState;
use datafusion::prelude::{SessionConfig, SessionContext};
use tokio::runtime::{Builder, Runtime};

use crate::Error;

/// Threads of their own, so that no query holds up the answers of the services.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .thread_name("analytics")
        .build()
        .expect("a process that cannot start a thread cannot work")
});

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

/// Does the work on the engine's threads.
pub(crate) async fn run<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    RUNTIME.spawn(work).await.map_err(|error| Error::Engine(error.into()))?
}

/// The threads that a large query is worth.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
