//! Runs that compare customers, and keep the pairs that are probably one.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use kehu_core::matching::{
    Estimate, Field, Frequencies, Index, Model, Record, Rule, Terms, coverage, draw, keys,
};
use kehu_runs::{Job, Partition, RunContext};
use kehu_server::{Fault, clock};
use kehu_storage::ingestion::matching::{self as store, Compared, Evidences, Found};
use kehu_storage::ingestion::{self, Hand};
use kehu_storage::{
    Database, Transaction,
    document::Document,
    facts::CustomerSet,
    run::{Cut, Kind, Run},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Runs that compare customers.
pub(crate) const KIND: Kind = Kind { name: "matching", cut: Cut::Ranges, after: &[] };
/// Customers of a piece: what they are compared with is read once for each 500 of them.
pub(crate) const PARTITION: u32 = 5_000;

/// Customers that are compared at most: their keys are in memory.
const MOST_CUSTOMERS: usize = 2_000_000;
/// Customers read at once to gather keys, and to be compared with those that share one.
const KEYS_AT_ONCE: u64 = 5_000;
const COMPARED_AT_ONCE: u64 = 500;
/// Customers drawn at random, of whom all pairs are looked at; and pairs that share a field.
const DRAWN: usize = 1_000;
const PAIRS_OF_A_FIELD: usize = 5_000;

/// What a run was asked to find, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatchingRequest {
    /// What is compared.
    pub(crate) fields: Vec<Field>,
    /// The least probability of a pair that is kept.
    pub(crate) review: Decimal,
    /// The probability from which on two are merged at once.
    pub(crate) merge: Option<Decimal>,
}

impl Document for MatchingRequest {
    const NAME: &'static str = "request of a matching run";
}

/// Carries out these runs.
pub(crate) struct MatchingJob {
    db: Database,
}

/// What is known of everybody.
struct Population {
    index: Index,
    frequencies: Frequencies,
    /// Those drawn at random.
    drawn: Vec<i64>,
    /// How many have a value of each field.
    with: Vec<usize>,
    count: usize,
}

/// All that a piece is compared by.
struct Matcher {
    request: MatchingRequest,
    population: Population,
    model: Model,
}

/// What is gathered of everybody, page by page.
struct Gathering {
    fields: Vec<Field>,
    entries: Vec<(u64, i64)>,
    terms: Terms,
    draws: BTreeSet<(u64, i64)>,
    with: Vec<usize>,
    count: usize,
}

impl Gathering {
    fn new(fields: &[Field]) -> Self {
        Self {
            fields: fields.to_vec(),
            entries: Vec::new(),
            terms: Terms::new(fields),
            draws: BTreeSet::new(),
            with: vec![0; fields.len()],
            count: 0,
        }
    }

    fn add(&mut self, customers: &[Compared]) {
        for customer in customers {
            let (id, record) = (customer.id.0, record(&self.fields, customer));
            self.entries.extend(keys(&self.fields, &record).into_iter().map(|key| (key, id)));
            self.terms.add(&record);
            for (with, has) in self.with.iter_mut().zip(record.has_values()) {
                *with += usize::from(has);
            }
            self.draws.insert((draw(id), id));
            if self.draws.len() > DRAWN {
                self.draws.pop_last();
            }
        }
        self.count += customers.len();
    }

    fn finish(self) -> Population {
        Population {
            index: Index::new(self.entries),
            frequencies: self.terms.count(),
            drawn: self.draws.into_iter().map(|(_, id)| id).collect(),
            with: self.with,
            count: self.count,
        }
    }
}

fn record(fields: &[Field], customer: &Compared) -> Record {
    Record::new(fields, |name| customer.profile.get(name))
}

/// Runs work that keeps a thread busy where it holds up nobody.
async fn busy<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)
}

impl MatchingJob {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    async fn gather(&self, context: &RunContext, fields: &[Field]) -> Result<Population, Fault> {
        context.phase("keys").await?;
        let mut gathering = Gathering::new(fields);
        let mut after = i64::MIN;
        loop {
            context.check()?;
            let page = store::compared_after(&self.db, (after, i64::MAX), KEYS_AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = last.id.0;
            gathering = busy(move || {
                gathering.add(&page);
                gathering
            })
            .await?;
            if gathering.count > MOST_CUSTOMERS {
                return Err(too_many());
            }
        }
        busy(move || gathering.finish()).await
    }

    async fn records(
        &self,
        fields: &[Field],
        ids: impl IntoIterator<Item = i64>,
    ) -> Result<HashMap<i64, Record>, Fault> {
        let ids: BTreeSet<i64> = ids.into_iter().collect();
        let found = store::compared(&self.db, &ids.into_iter().collect::<Vec<i64>>()).await?;
        Ok(found.iter().map(|customer| (customer.id.0, record(fields, customer))).collect())
    }

    /// The parameters, from a sample of the customers.
    async fn estimate(
        &self,
        context: &RunContext,
        fields: &[Field],
        population: &Population,
    ) -> Result<Model, Fault> {
        context.phase("parameters").await?;
        let drawn = self.records(fields, population.drawn.iter().copied()).await?;
        let mut estimate = Estimate::new(fields);
        let order = population.drawn.clone();
        estimate = busy(move || {
            let drawn: Vec<&Record> = order.iter().filter_map(|id| drawn.get(id)).collect();
            for (place, one) in drawn.iter().enumerate() {
                drawn[place + 1..].iter().for_each(|other| estimate.see_random(one, other));
            }
            estimate
        })
        .await?;
        for field in 0..fields.len() {
            context.check()?;
            let (pairs, all) = population.index.pairs(Rule::same(field), PAIRS_OF_A_FIELD);
            let ids = pairs.iter().flat_map(|(one, other)| [*one, *other]);
            let records = self.records(fields, ids).await?;
            estimate.look(field, all, coverage(population.with[field], population.count));
            for (one, other) in &pairs {
                if let (Some(one), Some(other)) = (records.get(one), records.get(other)) {
                    estimate.see(one, other);
                }
            }
        }
        let count = population.count;
        busy(move || estimate.model(count)).await
    }

    /// What the run works with: the parameters are those that were estimated first.
    async fn prepare(&self, context: &RunContext) -> Result<Arc<Matcher>, Fault> {
        let request: MatchingRequest = context.request()?;
        let population = self.gather(context, &request.fields).await?;
        let run_id = context.run.run_id;
        let model = match store::model(&self.db, run_id).await? {
            Some(model) => model,
            None => {
                let model = self.estimate(context, &request.fields, &population).await?;
                let transaction = self.db.begin().await?;
                store::keep_model(&transaction, run_id, &model).await?;
                transaction.commit().await?;
                model
            }
        };
        Ok(Arc::new(Matcher { request, population, model }))
    }

    async fn compare(
        &self,
        context: &RunContext,
        matcher: &Arc<Matcher>,
        partition: &Partition,
    ) -> Result<(), Fault> {
        let CustomerSet::Range(first, last) = partition.customers else {
            return Err(Fault::internal("a piece of a matching run is a range of customers"));
        };
        let (mut after, mut done, mut found) = (first.saturating_sub(1), 0, Vec::new());
        loop {
            context.check()?;
            let page = store::compared_after(&self.db, (after, last), COMPARED_AT_ONCE).await?;
            let Some(end) = page.last() else { break };
            after = end.id.0;
            done += page.len();
            found.extend(self.compare_page(matcher, page).await?);
        }
        let run_id = context.run.run_id;
        let transaction = self.db.begin().await?;
        let new = store::keep_candidates(&transaction, run_id, &found, clock::now()).await?;
        let Some(least) = matcher.request.merge else {
            context.finish_partition(&transaction, partition, done, new).await?;
            return Ok(transaction.commit().await?);
        };
        transaction.commit().await?;
        for pair in store::to_merge(&self.db, run_id, (first, last), least).await? {
            context.check()?;
            self.merge(context, pair).await?;
        }
        let transaction = self.db.begin().await?;
        context.finish_partition(&transaction, partition, done, new).await?;
        Ok(transaction.commit().await?)
    }

    /// Compares customers with those of a greater number that share a key with them.
    async fn compare_page(
        &self,
        matcher: &Arc<Matcher>,
        page: Vec<Compared>,
    ) -> Result<Vec<Found>, Fault> {
        let with = Arc::clone(matcher);
        let (page, others) = busy(move || {
            let others = with.others(&page);
            (page, others)
        })
        .await?;
        let ids: BTreeSet<i64> = others.iter().flatten().copied().collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        let read = store::compared(&self.db, &ids).await?;
        let with = Arc::clone(matcher);
        busy(move || with.found(&page, &others, &read)).await
    }

    /// Merges a pair, as a person who accepts it does.
    async fn merge(&self, context: &RunContext, candidate_id: i64) -> Result<(), Fault> {
        let by = context.run.caller.clone().unwrap_or_default();
        let hand = Hand { by: &by, now: clock::now() };
        let reason = format!("found by runs/{} as probable beyond its bound", context.run.run_id);
        let decision = store::Decision::Accept(None);
        let transaction = self.db.begin().await?;
        let decided = store::decide(&transaction, candidate_id, decision, &reason, &hand).await;
        match decided {
            Ok(_) => Ok(transaction.commit().await?),
            // Somebody was quicker.
            Err(kehu_storage::Error::Refused { .. }) => Ok(transaction.rollback().await?),
            Err(error) => Err(error.into()),
        }
    }
}

impl Matcher {
    /// With whom each of these customers is to be compared.
    fn others(&self, page: &[Compared]) -> Vec<Vec<i64>> {
        let of = |customer: &Compared| {
            let record = record(&self.request.fields, customer);
            let mut others = Vec::new();
            for key in keys(&self.request.fields, &record) {
                self.population.index.add_later(key, customer.id.0, &mut others);
            }
            others.sort_unstable();
            others.dedup();
            others
        };
        page.iter().map(of).collect()
    }

    fn found(&self, page: &[Compared], others: &[Vec<i64>], read: &[Compared]) -> Vec<Found> {
        let fields = &self.request.fields;
        let records: HashMap<i64, (i64, Record)> = read
            .iter()
            .map(|customer| (customer.id.0, (customer.version, record(fields, customer))))
            .collect();
        let mut found = Vec::new();
        for (customer, others) in page.iter().zip(others) {
            let one = record(fields, customer);
            for id in others {
                let Some((version, other)) = records.get(id) else { continue };
                let score = self.model.score(&one, other, &self.population.frequencies);
                if score.probability < self.request.review {
                    continue;
                }
                found.push(Found {
                    customers: [customer.id, kehu_core::CustomerId(*id)],
                    versions: [customer.version, *version],
                    probability: score.probability,
                    evidence: Evidences {
                        prior: self.model.prior_weight(),
                        fields: fields.iter().cloned().zip(score.evidence).collect(),
                    },
                });
            }
        }
        found
    }
}

fn too_many() -> Fault {
    Fault::Precondition {
        kind: "MATCHING_FITS",
        subject: "customers".to_owned(),
        description: format!("there are more than {MOST_CUSTOMERS} customers to compare"),
    }
}

#[async_trait]
impl Job for MatchingJob {
    fn kind(&self) -> Kind {
        KIND
    }

    async fn execute(&self, context: &RunContext) -> Result<(), Fault> {
        let matcher = self.prepare(context).await?;
        context.phase("comparing").await?;
        while let Some(partition) = context.next().await? {
            self.compare(context, &matcher, &partition).await?;
        }
        Ok(())
    }

    async fn complete(&self, run: &Run, transaction: &Transaction) -> Result<(), Fault> {
        Ok(ingestion::matching::drop_unfound_candidates(transaction, run.run_id).await?)
    }
}
