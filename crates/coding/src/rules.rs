//! Taxonomies compiled: every predicate checked against the columns there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kehu_analytics::{
    Analytics, Bound, Catalogue, ColumnKind, Frame, Predicate, PredicateError, Schema,
};
use kehu_core::attribute::Family;
use kehu_core::scorecard::{self, Problem, Scorecard};
use kehu_core::taxonomy::Taxonomy;
use kehu_core::{CustomerId, Value};
use kehu_server::Fault;
use kehu_storage::{Database, coding::classes::NewClass, definitions};
use rust_decimal::Decimal;

use crate::convert::analytics_fault;

/// What predicates may use: the features, and the columns of the scorecards in force.
pub(crate) struct Columns {
    analytics: Analytics,
    schema: Schema,
    /// The scorecard that gives each column of scores.
    scorecards: BTreeMap<String, String>,
    catalogue: Arc<Catalogue>,
    /// The features that each scorecard rests on.
    rests_on: BTreeMap<String, Vec<String>>,
}

impl Columns {
    /// The columns there are now.
    pub(crate) async fn read(db: &Database, analytics: &Analytics) -> Result<Self, Fault> {
        let catalogue = analytics.catalogue().await.map_err(analytics_fault)?;
        let mut schema = catalogue.schema();
        let (mut scorecards, mut rests_on) = (BTreeMap::new(), BTreeMap::new());
        for version in definitions::in_force::<Scorecard>(db, &[] as &[&str]).await? {
            for (name, kind) in version.definition.columns() {
                schema.add(name.clone(), column_kind(kind));
                scorecards.insert(name, version.definition.id.clone());
            }
            let features = version.definition.features().into_iter().map(str::to_owned);
            rests_on.insert(version.definition.id.clone(), features.collect());
        }
        Ok(Self { analytics: analytics.clone(), schema, scorecards, catalogue, rests_on })
    }

    /// Compiles a predicate over them, or says what is wrong with it.
    pub(crate) fn predicate(&self, sql: &str) -> Result<Predicate, PredicateError> {
        self.analytics.predicate(sql, &self.schema)
    }

    /// The features that columns rest on, by what they tell of customers.
    pub(crate) fn families<'a>(
        &self,
        columns: impl Iterator<Item = &'a str>,
    ) -> BTreeMap<Family, BTreeSet<String>> {
        let mut families: BTreeMap<Family, BTreeSet<String>> = BTreeMap::new();
        for column in columns {
            let scorecard = self.scorecard(column).and_then(|id| self.rests_on.get(id));
            let own = [column.to_owned()];
            for id in scorecard.map_or(&own[..], Vec::as_slice) {
                let Some(feature) = self.catalogue.find(id) else { continue };
                families.entry(feature.family).or_default().insert(id.clone());
            }
        }
        families
    }

    /// The features that columns rest on, each with the scorecards through which it is read; those that
    /// are gone are left out.
    pub(crate) fn inputs<'a>(
        &self,
        columns: impl Iterator<Item = &'a str>,
    ) -> BTreeMap<String, BTreeSet<String>> {
        let mut inputs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for column in columns {
            let scorecard = self.scorecard(column);
            let own = [column.to_owned()];
            let features = scorecard.and_then(|id| self.rests_on.get(id));
            for id in features.map_or(&own[..], Vec::as_slice) {
                if self.catalogue.find(id).is_some() {
                    inputs.entry(id.clone()).or_default().extend(scorecard.map(str::to_owned));
                }
            }
        }
        inputs
    }

    /// The bounds that a predicate sets to features, each once, in its order.
    pub(crate) fn bounds(&self, sql: &str) -> Result<Vec<Bound>, PredicateError> {
        let near = self.analytics.near(sql, &self.schema, Decimal::ZERO)?;
        let mut bounds: Vec<Bound> = Vec::new();
        for bound in near.bounds().iter().filter(|it| self.scorecard(&it.column).is_none()) {
            if !bounds.iter().any(|it| it.column == bound.column && it.limit == bound.limit) {
                bounds.push(bound.clone());
            }
        }
        Ok(bounds)
    }

    /// The scorecard that gives the column, `None` for a feature.
    pub(crate) fn scorecard(&self, column: &str) -> Option<&str> {
        self.scorecards.get(column).map(String::as_str)
    }
}

/// The kind that a column of scores has in a frame.
pub(crate) fn column_kind(kind: scorecard::ColumnKind) -> ColumnKind {
    match kind {
        scorecard::ColumnKind::Integer => ColumnKind::Integer,
        scorecard::ColumnKind::Decimal => ColumnKind::Decimal,
        scorecard::ColumnKind::Text => ColumnKind::Text,
    }
}

/// The predicates of a taxonomy, ready to classify.
pub(crate) struct Rules {
    /// In order of priority, with the id of the class that each leads to.
    predicates: Vec<(String, Predicate)>,
    default_class: String,
    /// Every column that one of them reads.
    columns: BTreeSet<String>,
}

impl Rules {
    /// Checks the taxonomy, its structure and every predicate, and makes it ready. On failure,
    /// every problem with the path of its field, such as `classes[2].predicate`.
    pub(crate) fn compile(definition: &Taxonomy, columns: &Columns) -> Result<Self, Vec<Problem>> {
        let mut problems = definition.validate();
        let mut rules = Self {
            predicates: Vec::new(),
            default_class: definition.default_class.clone(),
            columns: BTreeSet::new(),
        };
        for (index, class) in definition.classes.iter().enumerate() {
            let Some(sql) = class.predicate.as_deref() else { continue };
            if sql.trim().is_empty() {
                // Told already, with the structure.
                continue;
            }
            match columns.predicate(sql) {
                Ok(predicate) => rules.add(&class.id, predicate),
                Err(error) => problems.push(Problem {
                    field: format!("classes[{index}].predicate"),
                    message: error.to_string(),
                }),
            }
        }
        if problems.is_empty() { Ok(rules) } else { Err(problems) }
    }

    fn add(&mut self, class: &str, predicate: Predicate) {
        self.columns.extend(predicate.columns().iter().cloned());
        self.predicates.push((class.to_owned(), predicate));
    }

    /// The columns that the predicates read, by name.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// What every customer of the frame comes to, in its order: the class of the first predicate
    /// that holds, else the default. Who comes to a predicate that cannot be evaluated is left
    /// out. The evidence of each is the columns that the predicates read.
    pub(crate) fn classify(&self, frame: &Frame) -> Result<Vec<NewClass>, Fault> {
        let chosen = self.choose(frame)?;
        let mut evidence = self.evidence(frame)?;
        let customers = frame.customers().into_iter();
        let assignment = |(customer, choice): (CustomerId, Choice)| {
            let evidence = evidence.next().unwrap_or_default();
            match choice {
                Choice::Undecided => {
                    NewClass { customer, class: self.default_class.clone(), evidence }
                }
                Choice::Class(index) => {
                    NewClass { customer, class: self.predicates[index].0.clone(), evidence }
                }
                Choice::Failed(index) => {
                    NewClass::left_out(customer, &too_large(&self.predicates[index].0), evidence)
                }
            }
        };
        Ok(customers.zip(chosen).map(assignment).collect())
    }

    /// For each predicate, in order, the class that it leads to and for whom of the frame it holds.
    pub(crate) fn holding(&self, frame: &Frame) -> Result<Vec<(&str, Vec<bool>)>, Fault> {
        let mut holding = Vec::with_capacity(self.predicates.len());
        for (class, predicate) in &self.predicates {
            let holds = predicate.evaluate(frame).map_err(analytics_fault)?;
            let holds = holds.into_iter().map(|holds| holds == Some(true)).collect();
            holding.push((class.as_str(), holds));
        }
        Ok(holding)
    }

    /// For each customer the first predicate that holds, or that fails before one does.
    fn choose(&self, frame: &Frame) -> Result<Vec<Choice>, Fault> {
        let mut chosen = vec![Choice::Undecided; frame.len()];
        for (index, (_, predicate)) in self.predicates.iter().enumerate() {
            let holds = predicate.evaluate(frame).map_err(analytics_fault)?;
            for (choice, holds) in chosen.iter_mut().zip(holds) {
                if *choice != Choice::Undecided {
                    continue;
                }
                match holds {
                    Some(true) => *choice = Choice::Class(index),
                    Some(false) => {}
                    None => *choice = Choice::Failed(index),
                }
            }
        }
        Ok(chosen)
    }

    fn evidence(
        &self,
        frame: &Frame,
    ) -> Result<impl Iterator<Item = BTreeMap<String, Value>> + use<>, Fault> {
        let mut rows = vec![BTreeMap::new(); frame.len()];
        for column in &self.columns {
            let values = frame.column(column).map_err(analytics_fault)?;
            for (row, value) in rows.iter_mut().zip(values) {
                row.insert(column.clone(), value);
            }
        }
        Ok(rows.into_iter())
    }
}

/// What the predicates say of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// None has held yet.
    Undecided,
    /// The one at this place holds.
    Class(usize),
    /// The one at this place cannot be evaluated.
    Failed(usize),
}

/// Why somebody is left out, without a value: those stand in the evidence.
fn too_large(class: &str) -> String {
    format!(
        "in the predicate of class {class} a number of this customer grows past 38 digits: correct \
         the value, or divide before multiplying"
    )
}
