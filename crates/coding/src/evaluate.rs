//! From features and scores of customers to their classes: the one function behind runs and
//! follower.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use kehu_analytics::{Analytics, Frame};
use kehu_core::scorecard::Problem;
use kehu_server::{Fault, aside, names};
use kehu_storage::{
    Database,
    change_log::{self, Position},
    coding::{
        classes::{NewClass, View},
        overrides,
        taxonomies::TaxonomyVersion,
    },
    facts::CustomerSet,
    scoring::scores,
};

use crate::convert::analytics_fault;
use crate::measure;
use crate::rules::{Columns, Rules, column_kind};

/// Versions of taxonomies that classify together, over one frame.
pub(crate) struct Evaluator {
    analytics: Analytics,
    taxonomies: Vec<(TaxonomyVersion, Rules)>,
    features: BTreeSet<String>,
    scorecards: BTreeSet<String>,
    /// The columns among those of the predicates that scorecards give, with the scorecard.
    score_columns: BTreeMap<String, String>,
}

/// The classes of some customers, not yet recorded.
pub(crate) struct Evaluation {
    /// Up to where the change log was seen before anything was read.
    pub(crate) position: Position,
    /// The customers, ascending.
    pub(crate) customers: Vec<i64>,
    /// By the number of the version, one class for each customer.
    pub(crate) results: Vec<(i64, Vec<NewClass>)>,
}

impl Evaluator {
    /// Compiles the versions. A predicate that a newer version of a scorecard has broken is a
    /// [`Fault::Precondition`].
    pub(crate) async fn new(
        db: &Database,
        analytics: &Analytics,
        versions: Vec<TaxonomyVersion>,
    ) -> Result<Arc<Self>, Fault> {
        Self::with_feature(db, analytics, versions, None).await
    }

    /// The same, whose frames hold a feature that no predicate may read.
    pub(crate) async fn with_feature(
        db: &Database,
        analytics: &Analytics,
        versions: Vec<TaxonomyVersion>,
        feature: Option<&str>,
    ) -> Result<Arc<Self>, Fault> {
        let columns = Columns::read(db, analytics).await?;
        let mut evaluator = Self::empty(analytics);
        for version in versions {
            evaluator.add(version, &columns)?;
        }
        evaluator.features.extend(feature.map(str::to_owned));
        Ok(Arc::new(evaluator))
    }

    /// Compiles the versions and leaves out those that are broken, with an entry in the log, so
    /// that the others go on.
    pub(crate) async fn of_sound(
        db: &Database,
        analytics: &Analytics,
        versions: Vec<TaxonomyVersion>,
    ) -> Result<Arc<Self>, Fault> {
        let columns = Columns::read(db, analytics).await?;
        let mut evaluator = Self::empty(analytics);
        for version in versions {
            let name = names::resource(names::TAXONOMIES, &version.definition.id);
            if let Err(fault) = evaluator.add(version, &columns) {
                aside::broken(&name, &fault);
            }
        }
        Ok(Arc::new(evaluator))
    }

    /// Of all versions in force those that can classify; all, where none can, so that whoever works
    /// with them says what is wrong.
    pub(crate) async fn sound(
        db: &Database,
        analytics: &Analytics,
        versions: Vec<TaxonomyVersion>,
    ) -> Result<Vec<TaxonomyVersion>, Fault> {
        let evaluator = Self::of_sound(db, analytics, versions.clone()).await?;
        let is_sound = |version: &TaxonomyVersion| evaluator.has(version.version_id);
        if !versions.iter().any(is_sound) {
            return Ok(versions);
        }
        Ok(versions.into_iter().filter(is_sound).collect())
    }

    fn empty(analytics: &Analytics) -> Self {
        Self {
            analytics: analytics.clone(),
            taxonomies: Vec::new(),
            features: BTreeSet::new(),
            scorecards: BTreeSet::new(),
            score_columns: BTreeMap::new(),
        }
    }

    fn add(&mut self, version: TaxonomyVersion, columns: &Columns) -> Result<(), Fault> {
        let rules = Rules::compile(&version.definition, columns)
            .map_err(|problems| broken(&version, &problems))?;
        for column in rules.columns() {
            match columns.scorecard(column) {
                Some(scorecard) => {
                    self.scorecards.insert(scorecard.to_owned());
                    self.score_columns.insert(column.to_owned(), scorecard.to_owned());
                }
                None => {
                    self.features.insert(column.to_owned());
                }
            }
        }
        self.taxonomies.push((version, rules));
        Ok(())
    }

    /// Whether a version is among those that classify; broken ones may have been left out.
    pub(crate) fn has(&self, version_id: i64) -> bool {
        self.taxonomies.iter().any(|(version, _)| version.version_id == version_id)
    }

    /// Whether the predicates of a version read scores, and so follow their changes. Those over
    /// features alone follow the facts.
    pub(crate) fn reads_scores(&self, version_id: i64) -> bool {
        let version = self.taxonomies.iter().find(|(one, _)| one.version_id == version_id);
        version.is_some_and(|(_, rules)| {
            rules.columns().any(|column| self.score_columns.contains_key(column))
        })
    }

    /// The scorecards whose scores the predicates of a version read, by id.
    pub(crate) fn scorecards_of(&self, version_id: i64) -> BTreeSet<&str> {
        let version = self.taxonomies.iter().find(|(one, _)| one.version_id == version_id);
        let columns = version.into_iter().flat_map(|(_, rules)| rules.columns());
        columns.filter_map(|column| self.score_columns.get(column)).map(String::as_str).collect()
    }

    /// The scorecards whose scores the predicates read, by id.
    pub(crate) fn scorecards(&self) -> impl Iterator<Item = &str> {
        self.scorecards.iter().map(String::as_str)
    }

    /// Freezes what the predicates depend on that is not the customer's own, before a run evaluates.
    pub(crate) async fn freeze(&self, as_of: NaiveDate, run_id: i64) -> Result<(), Fault> {
        self.analytics.freeze(as_of, run_id, &self.feature_names()).await.map_err(analytics_fault)
    }

    /// The features that the predicates read.
    fn feature_names(&self) -> Vec<&str> {
        self.features.iter().map(String::as_str).collect()
    }

    /// Classifies the customers of the set that exist, from the facts up to `as_of` and the
    /// scores true on it; where a person has set the class, it is that.
    pub(crate) async fn evaluate(
        self: &Arc<Self>,
        db: &Database,
        customers: &CustomerSet,
        as_of: NaiveDate,
    ) -> Result<Evaluation, Fault> {
        let mut evaluation = self.judge(db, customers, as_of).await?;
        self.put_overrides(db, as_of, &mut evaluation).await?;
        self.tell_left_out(&evaluation.results);
        Ok(evaluation)
    }

    /// What the rules alone say.
    pub(crate) async fn judge(
        self: &Arc<Self>,
        db: &Database,
        customers: &CustomerSet,
        as_of: NaiveDate,
    ) -> Result<Evaluation, Fault> {
        let position = change_log::seen(db).await?;
        let frame = self.frame(db, customers, as_of).await?;
        self.judge_frame(frame, position).await
    }

    /// What the rules alone say of a frame that was read with the change log up to `position` seen.
    pub(crate) async fn judge_frame(
        self: &Arc<Self>,
        frame: Frame,
        position: Position,
    ) -> Result<Evaluation, Fault> {
        let customers = frame.customers().into_iter().map(|customer| customer.0).collect();
        let evaluator = Arc::clone(self);
        // Busy for long: on a thread where it holds up nobody.
        let results = tokio::task::spawn_blocking(move || evaluator.classify(&frame));
        let results = results.await.map_err(Fault::internal)??;
        Ok(Evaluation { position, customers, results })
    }

    /// Puts what persons have set in place of what the rules say. Of a class that a version does not
    /// have, the rules decide.
    pub(crate) async fn put_overrides(
        &self,
        db: &Database,
        as_of: NaiveDate,
        evaluation: &mut Evaluation,
    ) -> Result<(), Fault> {
        let customers = &evaluation.customers;
        let (Some(first), Some(last)) = (customers.first(), customers.last()) else {
            return Ok(());
        };
        for ((version, _), (_, results)) in self.taxonomies.iter().zip(&mut evaluation.results) {
            let definition = &version.definition;
            let set = overrides::on(db, &definition.id, as_of, (*first, *last)).await?;
            if set.is_empty() {
                continue;
            }
            for result in results {
                let class = set.get(&result.customer.0);
                if let Some(class) = class.filter(|class| definition.class(class).is_some()) {
                    result.set(class);
                }
            }
        }
        Ok(())
    }

    fn tell_left_out(&self, results: &[(i64, Vec<NewClass>)]) {
        for ((version, _), (_, classes)) in self.taxonomies.iter().zip(results) {
            let left_out = classes.iter().filter(|class| class.is_left_out()).count();
            let taxonomy = version.definition.id.as_str();
            if left_out > 0 {
                tracing::error!(taxonomy, left_out, "customers are left out of the taxonomy");
            }
            measure::left_out("taxonomy", taxonomy, left_out);
        }
    }

    /// The rules of a version.
    pub(crate) fn rules(&self, version_id: i64) -> Option<&Rules> {
        let found = self.taxonomies.iter().find(|(version, _)| version.version_id == version_id);
        found.map(|(_, rules)| rules)
    }

    /// The columns that the predicates read, and no others but those that were asked for.
    pub(crate) async fn frame(
        &self,
        db: &Database,
        customers: &CustomerSet,
        as_of: NaiveDate,
    ) -> Result<Frame, Fault> {
        let read = (&self.feature_names()[..], &self.score_columns);
        frame((db, &self.analytics), read, customers, as_of).await
    }

    fn classify(&self, frame: &Frame) -> Result<Vec<(i64, Vec<NewClass>)>, Fault> {
        let mut results = Vec::with_capacity(self.taxonomies.len());
        for (version, rules) in &self.taxonomies {
            results.push((version.version_id, rules.classify(frame)?));
        }
        Ok(results)
    }
}

/// Features, and columns of scores with the scorecard of each, of customers as of a date.
pub(crate) async fn frame(
    (db, analytics): (&Database, &Analytics),
    (features, score_columns): (&[&str], &BTreeMap<String, String>),
    customers: &CustomerSet,
    as_of: NaiveDate,
) -> Result<Frame, Fault> {
    let frame = analytics.features(customers, as_of, features).await.map_err(analytics_fault)?;
    let scorecards: BTreeSet<&str> = score_columns.values().map(String::as_str).collect();
    let view = View { true_on: Some(as_of), known_at: None };
    let scores = scores::columns(db, &Vec::from_iter(scorecards), customers, view).await?;
    let mut columns = scores.of(&frame.customers());
    columns.retain(|(name, _, _)| score_columns.contains_key(name));
    let columns = columns.into_iter().map(|(name, kind, of)| (name, column_kind(kind), of));
    frame.with_columns(columns.collect()).map_err(analytics_fault)
}

pub(crate) fn broken(version: &TaxonomyVersion, problems: &[Problem]) -> Fault {
    let first = problems
        .first()
        .map_or_else(String::new, |problem| format!("{}: {}", problem.field, problem.message));
    let id = &version.definition.id;
    Fault::Precondition {
        kind: "TAXONOMY_COMPILES",
        subject: names::resource(names::TAXONOMIES, id),
        description: format!("taxonomy {id} no longer fits the scorecards in force: {first}"),
    }
}
