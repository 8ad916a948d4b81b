//! From the features of customers to their scores: the one function behind runs and follower.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use kehu_analytics::{Analytics, Catalogue, Frame};
use kehu_core::scorecard::{Score, Scorecard, Scorer};
use kehu_core::{CustomerId, Reference, Value};
use kehu_server::{Fault, aside, names};
use kehu_storage::{
    Database,
    change_log::{self, Position},
    facts::{self, CustomerSet},
    scoring::{scorecards::Version, scores::Evaluated},
};

use crate::convert::analytics_fault;

/// A published version, ready to score.
#[derive(Debug)]
pub(crate) struct Card {
    pub(crate) version: Version,
    scorer: Scorer,
}

impl Card {
    /// Prepares a published version. [`Fault::Precondition`] when it cannot score any more.
    pub(crate) fn new(version: Version, catalogue: &Catalogue) -> Result<Arc<Self>, Fault> {
        let Some(published) = &version.published else {
            return Err(Fault::internal("only published versions can score"));
        };
        let scorer = Scorer::new(&version.definition, &published.frozen.calibration);
        let scorer = scorer.map_err(|error| broken(&version, &error.to_string()))?;
        for feature in version.definition.features() {
            if catalogue.find(feature).is_none() {
                return Err(broken(&version, &catalogue.missing(feature)));
            }
        }
        Ok(Arc::new(Self { version, scorer }))
    }

    /// A version, ready to score. One that cannot is set aside, with an entry in the log, so that the
    /// others go on.
    pub(crate) fn sound(version: &Version, catalogue: &Catalogue) -> Result<Arc<Self>, Fault> {
        let name = names::resource(names::SCORECARDS, &version.definition.id);
        let card = Self::new(version.clone(), catalogue);
        card.inspect_err(|fault| aside::broken(&name, fault))
    }

    /// The score of one customer by its values, in the order of [`Scorecard::features`].
    pub(crate) fn score(&self, customer: &Reference, values: &[Value]) -> Score {
        self.scorer.score(customer, values)
    }

    /// The scores of every customer of the frame, in its order.
    pub(crate) fn scores(
        &self,
        frame: &Frame,
        first: &FirstReferences,
    ) -> Result<Vec<Evaluated>, Fault> {
        let rows = values(frame, &self.version.definition)?;
        let score = |(customer, values): (CustomerId, Vec<Value>)| {
            let score = self.scorer.score(first.of(customer), &values);
            Evaluated { customer, values, score }
        };
        Ok(rows.into_iter().map(score).collect())
    }
}

fn broken(version: &Version, why: &str) -> Fault {
    Fault::Precondition {
        kind: "SCORECARD_COMPILES",
        subject: names::resource(names::SCORECARDS, &version.definition.id),
        description: format!("version {} of it cannot score: {why}", version.version),
    }
}

/// The first references of customers, by which ties in gradings by shares go.
#[derive(Debug, Default)]
pub(crate) struct FirstReferences {
    of: HashMap<CustomerId, Reference>,
    none: Reference,
}

impl FirstReferences {
    /// Those of the customers; none when no scorecard grades by shares.
    pub(crate) async fn read<'a>(
        db: &Database,
        mut cards: impl Iterator<Item = &'a Scorecard>,
        customers: &CustomerSet,
    ) -> Result<Self, Fault> {
        if !cards.any(|card| card.grading.is_by_shares()) {
            return Ok(Self::default());
        }
        Self::all(db, customers).await
    }

    /// Those of the customers, whatever the scorecards.
    pub(crate) async fn all(db: &Database, customers: &CustomerSet) -> Result<Self, Fault> {
        let of = facts::first_references(db, customers).await?;
        Ok(Self { of, none: Reference::default() })
    }

    /// The customer's; an empty one where none was read.
    pub(crate) fn of(&self, customer: CustomerId) -> &Reference {
        self.of.get(&customer).unwrap_or(&self.none)
    }
}

/// What some customers score as of a date.
pub(crate) struct Evaluation {
    /// Up to where the change log was seen before anything was read.
    pub(crate) position: Position,
    /// Who is a customer on the date, ascending.
    pub(crate) customers: Vec<i64>,
    /// Their scores by the number of the version.
    pub(crate) scores: HashMap<i64, Vec<Evaluated>>,
}

/// Scores customers under versions as of a date, computing their features once.
pub(crate) async fn evaluate(
    (db, analytics): (&Database, &Analytics),
    cards: Vec<Arc<Card>>,
    customers: &CustomerSet,
    as_of: NaiveDate,
) -> Result<Evaluation, Fault> {
    let position = change_log::seen(db).await?;
    let definitions = cards.iter().map(|card| &card.version.definition);
    let frame = frame(analytics, definitions.clone(), customers, as_of).await?;
    let first = FirstReferences::read(db, definitions, customers).await?;
    let customers = frame.customers().into_iter().map(|customer| customer.0).collect();
    let scores = busy(move || {
        let scores = |card: &Arc<Card>| Ok((card.version.version_id, card.scores(&frame, &first)?));
        cards.iter().map(scores).collect()
    });
    Ok(Evaluation { position, customers, scores: scores.await? })
}

/// The names of the features that the scorecards read, each once.
pub(crate) fn features<'a>(cards: impl Iterator<Item = &'a Scorecard>) -> Vec<&'a str> {
    let names: BTreeSet<&str> = cards.flat_map(Scorecard::features).collect();
    names.into_iter().collect()
}

/// The features that the scorecards read, each once, for some customers.
pub(crate) async fn frame<'a>(
    analytics: &Analytics,
    cards: impl Iterator<Item = &'a Scorecard>,
    customers: &CustomerSet,
    as_of: NaiveDate,
) -> Result<Frame, Fault> {
    let names = features(cards);
    analytics.features(customers, as_of, &names).await.map_err(analytics_fault)
}

/// For each customer of the frame its values in the order of [`Scorecard::features`].
pub(crate) fn values(
    frame: &Frame,
    card: &Scorecard,
) -> Result<Vec<(CustomerId, Vec<Value>)>, Fault> {
    let names = card.features();
    let customers = frame.customers();
    let mut rows: Vec<(CustomerId, Vec<Value>)> =
        customers.into_iter().map(|customer| (customer, Vec::with_capacity(names.len()))).collect();
    for name in names {
        for (row, value) in rows.iter_mut().zip(frame.column(name).map_err(analytics_fault)?) {
            row.1.push(value);
        }
    }
    Ok(rows)
}

/// Runs work that keeps a thread busy where it holds up nobody.
pub(crate) async fn busy<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
}
