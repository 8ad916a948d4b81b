//! Scores as columns of a customer frame: what predicates, codes and reports read.

use std::collections::BTreeMap;

use kehu_core::scorecard::{ColumnKind, Scorecard};
use kehu_core::{CustomerId, Value};

use super::View;
use super::read::{self, ScoreRecord};
use crate::definitions;
use crate::facts::CustomerSet;
use crate::{Database, Error};

/// The columns of some scorecards for the customers that have a score under one of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScoreColumns {
    columns: Vec<(String, ColumnKind)>,
    /// For each customer the values of the columns; missing ones are null.
    values: BTreeMap<CustomerId, Vec<Value>>,
}

/// The columns `{card}_{indicator}_bin`, `{card}_{indicator}_points`, `{card}_score` and
/// `{card}_grade` of the scorecards for the customers: those of the version in force, and after
/// them those that only older versions have, where a score in view is of one.
///
/// A scorecard without a published version has no columns; [`Error::NotFound`] names it.
pub async fn columns<T: AsRef<str>>(
    db: &Database,
    scorecard_ids: &[T],
    customers: &CustomerSet,
    view: View,
) -> Result<ScoreColumns, Error> {
    let mut columns = ScoreColumns::default();
    if scorecard_ids.is_empty() {
        return Ok(columns);
    }
    let in_force = definitions::in_force::<Scorecard>(db, scorecard_ids).await?;
    for id in scorecard_ids.iter().map(AsRef::as_ref) {
        let version = in_force.iter().find(|version| version.definition.id == id);
        let version = version.ok_or_else(|| Error::not_found("published scorecard", id))?;
        columns.places(&version.definition);
        let found = read::of_customers(db, id, view, customers).await?;
        columns.extend(&found);
    }
    Ok(columns)
}

impl ScoreColumns {
    /// Names and kinds, in the order of the scorecards.
    pub fn names(&self) -> &[(String, ColumnKind)] {
        &self.columns
    }

    /// The columns with one value for each of `customers`, null for those without a score.
    pub fn of(&self, customers: &[CustomerId]) -> Vec<(String, ColumnKind, Vec<Value>)> {
        let rows: Vec<_> = customers.iter().map(|customer| self.values.get(customer)).collect();
        let column = |place: usize| {
            let value = |row: &Option<&Vec<Value>>| {
                row.and_then(|row| row.get(place)).cloned().unwrap_or_default()
            };
            rows.iter().map(value).collect()
        };
        let columns = self.columns.iter().enumerate();
        columns.map(|(place, (name, kind))| (name.clone(), *kind, column(place))).collect()
    }

    /// The places of the columns of a version, which are added where they are new.
    fn places(&mut self, card: &Scorecard) -> Vec<usize> {
        let mut places = Vec::new();
        for (name, kind) in card.columns() {
            let known = self.columns.iter().position(|(other, _)| *other == name);
            places.push(known.unwrap_or(self.columns.len()));
            if known.is_none() {
                self.columns.push((name, kind));
            }
        }
        places
    }

    fn extend(&mut self, found: &[ScoreRecord]) {
        let versions: BTreeMap<i64, _> =
            found.iter().map(|record| (record.version.version_id, &record.version)).collect();
        let mut places = BTreeMap::new();
        for (version_id, version) in versions {
            places.insert(version_id, self.places(&version.definition));
        }
        let width = self.columns.len();
        for record in found {
            let version = &record.version;
            let values = self.values.entry(record.customer).or_default();
            values.resize(width.max(values.len()), Value::Null);
            let columns = version.definition.values(&record.score);
            for (place, value) in places[&version.version_id].iter().zip(columns) {
                values[*place] = value;
            }
        }
    }
}
