//! Taxonomies compiled: every predicate checked against the columns there are.

use std::collections::{BTreeMap, BTreeSet};

use kehu_analytics::{Analytics, ColumnKind, Frame, Predicate, Schema};
use kehu_core::scorecard::{self, Problem, Scorecard};
use kehu_core::taxonomy::Taxonomy;
use kehu_core::{CustomerId, Value};
use kehu_server::Fault;
use kehu_storage::{Database, coding::classes::NewClass, definitions};

use crate::convert::analytics_fault;

/// What predicates may use: the features, and the columns of the scorecards in force.
pub(crate) struct Columns {
    analytics: Analytics,
    schema: Schema,
    /// The scorecard that gives each column of scores.
    scorecards: BTreeMap<String, String>,
}

impl Columns {
    /// The columns there are now.
    pub(crate) async fn read(db: &Database, analytics: &Analytics) -> Result<Self, Fault> {
        let mut schema = analytics.catalogue().schema();
        let mut scorecards = BTreeMap::new();
        for version in definitions::in_force::<Scorecard>(db, &[] as &[&str]).await? {
            for (name, kind) in version.definition.columns() {
                schema.add(name.clone(), column_kind(kind));
                scorecards.insert(name, version.definition.id.clone());
            }
        }
        Ok(Self { analytics: analytics.clone(), schema, scorecards })
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
            match columns.analytics.predicate(sql, &columns.schema) {
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

    /// The class of every customer of the frame, in its order: the first whose predicate holds,
    /// else the default. The evidence of each is the columns that the predicates read.
    pub(crate) fn classify(&self, frame: &Frame) -> Result<Vec<NewClass>, Fault> {
        let chosen = self.choose(frame)?;
        let mut evidence = self.evidence(frame)?;
        let customers = frame.customers().into_iter();
        let assignment = |(customer, class): (CustomerId, Option<usize>)| {
            let class = class.map_or(&self.default_class, |index| &self.predicates[index].0);
            let evidence = evidence.next().unwrap_or_default();
            NewClass { customer, class: class.clone(), evidence }
        };
        Ok(customers.zip(chosen).map(assignment).collect())
    }

    /// For each customer the place of the first predicate that holds.
    fn choose(&self, frame: &Frame) -> Result<Vec<Option<usize>>, Fault> {
        let mut chosen = vec![None; frame.len()];
        for (index, (_, predicate)) in self.predicates.iter().enumerate() {
            let holds = predicate.evaluate(frame).map_err(analytics_fault)?;
            for (class, holds) in chosen.iter_mut().zip(holds) {
                if holds && class.is_none() {
                    *class = Some(index);
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
