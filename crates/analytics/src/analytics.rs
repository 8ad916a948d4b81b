//! The value that services are given to compute with.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use kehu_core::attribute::Attributes;
use kehu_storage::Database;
use kehu_storage::facts::CustomerSet;
use rust_decimal::Decimal;
use tokio_util::task::AbortOnDropHandle;

use crate::cache::Cache;
use crate::engine::Engine;
use crate::facts::{DatabaseFacts, FactSource, Facts, provider, tables};
use crate::features::{Plan, is_fixed};
use crate::{Catalogue, Error, Frame, Limits, Near, Predicate, PredicateError, Schema, predicate};

/// Customers whose facts are in memory at once.
const CUSTOMERS_AT_ONCE: u64 = 20_000;

/// Rows from which on a query is worth more than one thread.
const ROWS_FOR_THREADS: usize = 200_000;

/// Sets of features whose plans are kept: more than there are scorecards and taxonomies in force.
const PLANS: usize = 256;

/// Predicates that are kept compiled: those of some hundred taxonomies.
const PREDICATES: usize = 4_096;

/// Features of customers and predicates over them, computed on threads and within a memory of
/// its own. Cheap to clone; all clones share what was compiled.
#[derive(Clone)]
pub struct Analytics {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    facts: Box<dyn FactSource>,
    /// What the attributes came to that were declared when it was last asked for.
    catalogue: Mutex<(Arc<Attributes>, Arc<Catalogue>)>,
    /// By the names of their features, ascending.
    plans: Cache<Vec<String>, Arc<Plan>>,
    /// By their text and the columns that they may read.
    predicates: Cache<(String, Schema), Predicate>,
}

impl Analytics {
    /// Computes from the facts of a database.
    pub fn new(db: Database, limits: Limits) -> Self {
        Self::over(Box::new(DatabaseFacts::new(db)), limits)
    }

    /// Computes from the facts of a source.
    pub(crate) fn over(facts: Box<dyn FactSource>, limits: Limits) -> Self {
        let tables = tables();
        let inner = Inner {
            engine: Engine::new(limits, tables.iter().map(|table| (table.name, provider(table)))),
            facts,
            catalogue: Mutex::new((Arc::default(), Arc::new(Catalogue::shipped()))),
            plans: Cache::new(PLANS),
            predicates: Cache::new(PREDICATES),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The features that there are now, those of attributes among them that were declared a moment
    /// ago, by whichever process.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, Error> {
        let attributes = self.inner.facts.attributes().await?;
        let held = self.inner.catalogue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if Arc::ptr_eq(&held.0, &attributes) {
            return Ok(held.1);
        }
        let catalogue = Arc::new(Catalogue::new(&attributes)?);
        let made = (attributes, Arc::clone(&catalogue));
        *self.inner.catalogue.lock().unwrap_or_else(PoisonError::into_inner) = made;
        Ok(catalogue)
    }

    /// Computes features of customers from the facts up to and including `as_of`.
    ///
    /// The frame has one row for each customer of the set that exists, ascending by id, and the
    /// columns in the order of `features` (each once). A customer's values do not depend on the
    /// other customers of the set. Only the facts that the features need are read.
    /// [`Error::UnknownFeature`] names the first that does not exist, [`Error::Memory`] says that
    /// the limit does not do.
    pub async fn features(
        &self,
        customers: &CustomerSet,
        as_of: NaiveDate,
        features: &[&str],
    ) -> Result<Frame, Error> {
        let names = each_once(features);
        let plan = self.plan(&names).await?;
        let source = &self.inner.facts;
        let sets = source.split(customers, CUSTOMERS_AT_ONCE).await?;
        let mut frames = Vec::with_capacity(sets.len());
        for set in sets {
            let facts = source.read(&set, as_of, plan.tables()).await?;
            let threads = match facts.rows() < ROWS_FOR_THREADS {
                true => 1,
                false => self.inner.engine.limits().threads,
            };
            frames.push(self.compute(&plan, facts, threads).await?);
        }
        let frame = match Frame::concat(&frames)? {
            Some(frame) => frame,
            None => self.compute(&plan, Facts::default(), 1).await?,
        };
        frame.select(&names)
    }

    /// Freezes what features depend on that is not the customer's own, as of a date: to be called by
    /// a run before it computes them. The same however often one run calls it.
    pub async fn freeze(
        &self,
        as_of: NaiveDate,
        run_id: i64,
        features: &[&str],
    ) -> Result<(), Error> {
        let plan = self.plan(&each_once(features)).await?;
        self.inner.facts.freeze(as_of, run_id, plan.tables()).await
    }

    /// Compiles a predicate over the columns of `schema`, or returns what was compiled before.
    pub fn predicate(&self, sql: &str, schema: &Schema) -> Result<Predicate, PredicateError> {
        let key = (sql.to_owned(), schema.clone());
        if let Some(predicate) = self.inner.predicates.get(&key) {
            return Ok(predicate);
        }
        let predicate = predicate::compile(sql, schema, self.inner.engine.state())?;
        self.inner.predicates.put(key, predicate.clone());
        Ok(predicate)
    }

    /// Compiles a predicate with what is close to it, by a share of each of its limits.
    pub fn near(&self, sql: &str, schema: &Schema, share: Decimal) -> Result<Near, PredicateError> {
        predicate::compile_near(sql, schema, share, self.inner.engine.state())
    }

    /// The plan of a set of features.
    pub(crate) async fn plan(&self, names: &[String]) -> Result<Arc<Plan>, Error> {
        let mut names = names.to_vec();
        names.sort_unstable();
        let catalogue = match names.iter().all(|name| is_fixed(name)) {
            true => self.held(),
            false => self.catalogue().await?,
        };
        // A plan that was made may be of what cannot be used any more.
        catalogue.named(&names)?;
        if let Some(plan) = self.inner.plans.get(&names) {
            return Ok(plan);
        }
        let inner = Arc::clone(&self.inner);
        let compiled = self.inner.engine.run(Box::pin(async move {
            let plan = Plan::compile(&inner.engine, &catalogue, &names).await?;
            Ok((names, Arc::new(plan)))
        }));
        let (names, plan) = compiled.await?;
        self.inner.plans.put(names, Arc::clone(&plan));
        Ok(plan)
    }

    /// The catalogue as it was last asked for.
    fn held(&self) -> Arc<Catalogue> {
        let held = self.inner.catalogue.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held.1)
    }

    /// Runs a plan over facts, `partitions` ranges of customers at once.
    pub(crate) async fn compute(
        &self,
        plan: &Arc<Plan>,
        facts: Facts,
        partitions: usize,
    ) -> Result<Frame, Error> {
        let held = self.reserve(&facts)?;
        let (inner, plan) = (Arc::clone(&self.inner), Arc::clone(plan));
        let work = async move {
            let _held = held;
            let ranges = match partitions {
                0 | 1 => vec![facts],
                more => facts.cut(more),
            };
            inner.run(&plan, ranges).await
        };
        self.inner.engine.run(Box::pin(work)).await
    }

    /// Counts the facts as memory in use. [`Error::Memory`].
    fn reserve(&self, facts: &Facts) -> Result<MemoryReservation, Error> {
        let environment = self.inner.engine.environment();
        let held = MemoryConsumer::new("facts").register(&environment.memory_pool);
        held.try_grow(facts.bytes())?;
        Ok(held)
    }
}

impl Inner {
    async fn run(
        self: Arc<Self>,
        plan: &Arc<Plan>,
        mut ranges: Vec<Facts>,
    ) -> Result<Frame, Error> {
        if ranges.len() < 2 {
            return plan.run(&self.engine, ranges.pop().unwrap_or_default()).await;
        }
        let mut tasks = Vec::with_capacity(ranges.len());
        for facts in ranges {
            let (inner, plan) = (Arc::clone(&self), Arc::clone(plan));
            let task = tokio::spawn(async move { plan.run(&inner.engine, facts).await });
            tasks.push(AbortOnDropHandle::new(task));
        }
        let mut frames = Vec::with_capacity(tasks.len());
        for task in tasks {
            frames.push(task.await.map_err(|error| Error::Engine(error.into()))??);
        }
        Ok(Frame::concat(&frames)?.expect("there are several"))
    }
}

impl fmt::Debug for Analytics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { engine, facts, .. } = &*self.inner;
        let mut shown = formatter.debug_struct("Analytics");
        shown.field("facts", facts).field("limits", &engine.limits()).finish_non_exhaustive()
    }
}

/// The names, each where it comes first.
fn each_once(names: &[&str]) -> Vec<String> {
    let mut once: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        if !once.iter().any(|known| known == name) {
            once.push((*name).to_owned());
        }
    }
    once
}
