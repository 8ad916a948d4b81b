//! Where DataFusion runs, and how: threads, memory and settings of one [`Analytics`].
//!
//! [`Analytics`]: crate::Analytics

use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::execution::TaskContext;
use datafusion::execution::context::SessionState;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use crate::Error;
use crate::functions::functions;

/// How many of those that hold most memory are named when there is not enough.
const NAMED: NonZeroUsize = NonZeroUsize::new(3).expect("not zero");

/// What the engine may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for facts and what is computed from them. What can spill to disk does
    /// when they are used up; the rest fails with [`Error::Memory`].
    pub memory: usize,
    /// Threads to compute on, at least 1.
    pub threads: usize,
}

impl Limits {
    /// So many bytes, and a thread a core.
    pub fn of_memory(memory: usize) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { memory, threads }
    }
}

/// Threads, memory and a session.
pub(crate) struct Engine {
    limits: Limits,
    /// Threads of their own, so that no query holds up the answers of the services. `None` only
    /// while it is dropped.
    runtime: Option<Runtime>,
    /// Places for work under way. More at once than keeps the threads busy is slower for all:
    /// each has its facts in memory, and they push each other out of the processor's caches.
    places: Semaphore,
    session: Hidden<Session>,
}

/// A value that the compiler need not look into to know that it may go to other threads. It does so
/// anew for each method of each service that holds one while it waits, and takes seconds each time
/// for what DataFusion is made of.
type Hidden<T> = Box<dyn Deref<Target = T> + Send + Sync>;

struct Session {
    /// Knows the tables, by name and columns; their rows come with each task.
    context: SessionContext,
    /// The functions and rules of SQL; to build them costs more than to compile a predicate.
    state: SessionState,
}

impl Engine {
    /// An engine that plans queries over these tables.
    pub(crate) fn new(
        limits: Limits,
        tables: impl IntoIterator<Item = (&'static str, Arc<dyn TableProvider>)>,
    ) -> Self {
        let threads = limits.threads.max(1);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("analytics")
            .build()
            .expect("a process that cannot start a thread cannot work");
        let context = SessionContext::new_with_config_rt(config(), environment(limits.memory));
        for (name, table) in tables {
            context.register_table(name, table).expect("the tables have different names");
        }
        for function in functions() {
            context.register_udf(function);
        }
        let state = context.state();
        let session: Hidden<Session> = Box::new(Box::new(Session { context, state }));
        let places = Semaphore::new(2 * threads);
        Self { limits, runtime: Some(runtime), places, session }
    }

    pub(crate) fn session(&self) -> &SessionContext {
        &self.session.context
    }

    /// The functions and rules of SQL.
    pub(crate) fn state(&self) -> &SessionState {
        &self.session.state
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn environment(&self) -> Arc<RuntimeEnv> {
        self.session.context.runtime_env()
    }

    /// What a plan finds of the process while it runs; `input` is found by its type.
    pub(crate) fn task<T: Send + Sync + 'static>(&self, input: Arc<T>) -> Arc<TaskContext> {
        let config = self.session.state.config().clone().with_extension(input);
        let environment = self.environment();
        // The functions are in the plan already.
        let (scalar, higher, aggregate, window) = Default::default();
        Arc::new(TaskContext::new(
            None,
            String::new(),
            config,
            scalar,
            higher,
            aggregate,
            window,
            environment,
        ))
    }

    /// Does the work on the engine's threads, first come, first served. It ends when this is
    /// dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: BoxFuture<'static, Result<T, Error>>,
    ) -> Result<T, Error> {
        let _place = self.places.acquire().await.map_err(|error| Error::Engine(error.into()))?;
        let runtime = self.runtime.as_ref().expect("there until it is dropped");
        let work = AbortOnDropHandle::new(runtime.spawn(work));
        work.await.map_err(|error| Error::Engine(error.into()))?
    }
}

impl Drop for Engine {
    /// Does not wait for the threads: this may happen on one that must not wait.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Every plan works on one range of customers after the other in one thread; several ranges are
/// several executions. So a value never depends on how many threads there are.
fn config() -> SessionConfig {
    SessionConfig::new()
        .with_target_partitions(1)
        .with_information_schema(false)
        // `0.1` is a decimal, not the nearest binary fraction.
        .set_bool("datafusion.sql_parser.parse_float_as_decimal", true)
        .set_bool("datafusion.sql_parser.collect_spans", true)
        // A plan that filters itself while it runs cannot be run again.
        .set_bool("datafusion.optimizer.enable_dynamic_filter_pushdown", false)
}

fn environment(memory: usize) -> Arc<RuntimeEnv> {
    let pool = TrackConsumersPool::new(FairSpillPool::new(memory), NAMED);
    let builder = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool));
    builder.build_arc().expect("the folder for spilling is made when it is needed")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use datafusion::physical_plan::{ExecutionPlan, collect};
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
        let engine = Engine::new(Limits { memory: 1 << 20, threads: 2 }, []);
        let minute = Duration::from_secs(60);
        // More than there are places for: each is given back.
        for _ in 0..=4 {
            let (work, ended) = endless();
            let late = timeout(Duration::from_millis(10), engine.run(Box::pin(work))).await;
            assert!(late.is_err(), "it never ends");
            assert!(timeout(minute, ended).await.expect("it was given up").is_err());
        }
        assert_eq!(
            timeout(minute, engine.run(Box::pin(async { Ok(7) })))
                .await
                .expect("a place is free")
                .unwrap(),
            7
        );
    }
    async fn plan(engine: &Engine, sql: &str) -> Arc<dyn ExecutionPlan> {
        let query = engine.session().sql(sql).await.unwrap();
        query.create_physical_plan().await.unwrap()
    }

    fn times_spilled(plan: &Arc<dyn ExecutionPlan>) -> usize {
        let here = plan.metrics().and_then(|metrics| metrics.spill_count()).unwrap_or(0);
        here + plan.children().into_iter().map(times_spilled).sum::<usize>()
    }

    #[tokio::test]
    async fn what_can_be_done_in_parts_is_when_memory_ends() {
        let engine = Engine::new(Limits { memory: 12 << 20, threads: 1 }, []);
        let sql = "SELECT value FROM generate_series(1, 1000000) ORDER BY value % 7, value DESC";
        let plan = plan(&engine, sql).await;
        let batches = collect(Arc::clone(&plan), engine.task(Arc::new(()))).await.unwrap();
        assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 1_000_000);
        assert!(times_spilled(&plan) > 0);
    }

    #[tokio::test]
    async fn what_cannot_says_that_memory_ended() {
        let engine = Engine::new(Limits { memory: 1 << 20, threads: 1 }, []);
        let sql = "SELECT count(*) FROM generate_series(1, 300000) AS a \
                   JOIN generate_series(1, 300000) AS b ON a.value = b.value";
        let plan = plan(&engine, sql).await;
        let failed = collect(plan, engine.task(Arc::new(()))).await.map_err(Error::from);
        assert!(matches!(failed, Err(Error::Memory(_))), "{failed:?}");
    }
}
