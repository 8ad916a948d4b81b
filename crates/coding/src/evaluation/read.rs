//! The customers that an evaluation looks at, and their features.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_core::evaluation::{self, Drift};
use kehu_core::{CustomerId, Value};
use kehu_runs::RunContext;
use kehu_server::Fault;
use kehu_storage::{
    Database,
    facts::{self, CustomerSet},
};
use rust_decimal::prelude::ToPrimitive;

use crate::convert::analytics_fault;

/// Customers whose features are read together.
const AT_ONCE: usize = 20_000;
/// Categories of a feature beyond which its drift says nothing.
const MOST_CATEGORIES: usize = 200;
/// What the draw of customers begins with.
const SEED: u64 = 20_251_001;

/// At most so many of the customers, ascending: all, or those who draw the least numbers.
pub(crate) async fn sample(
    context: &RunContext,
    db: &Database,
    all: &CustomerSet,
    most: usize,
) -> Result<Vec<i64>, Fault> {
    let mut drawn: Vec<(u64, i64)> = Vec::new();
    for set in facts::split(db, all, AT_ONCE as u64).await? {
        context.check()?;
        let references = facts::first_references(db, &set).await?;
        let each = references.into_iter();
        drawn.extend(each.map(|(CustomerId(id), first)| (evaluation::draw(SEED, &first), id)));
        if drawn.len() > 2 * most {
            keep_least(&mut drawn, most);
        }
    }
    keep_least(&mut drawn, most);
    let mut customers: Vec<i64> = drawn.into_iter().map(|(_, customer)| customer).collect();
    customers.sort_unstable();
    Ok(customers)
}

fn keep_least(drawn: &mut Vec<(u64, i64)>, most: usize) {
    if drawn.len() > most {
        drawn.select_nth_unstable(most);
        drawn.truncate(most);
    }
}

/// Reads features of the customers that were drawn.
pub(crate) struct Reader<'a> {
    pub(crate) context: &'a RunContext,
    pub(crate) db: &'a Database,
    pub(crate) analytics: &'a Analytics,
    /// Ascending.
    pub(crate) customers: &'a [i64],
}

impl Reader<'_> {
    /// The customers in pieces that are read together.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = CustomerSet> {
        self.customers.chunks(AT_ONCE).map(|piece| CustomerSet::Ids(piece.to_vec()))
    }

    /// Features of those of a piece who were customers on a day, with who they are.
    pub(crate) async fn piece(
        &self,
        piece: &CustomerSet,
        day: NaiveDate,
        features: &[&str],
    ) -> Result<(Vec<CustomerId>, Vec<Vec<Value>>), Fault> {
        self.context.check()?;
        let frame = self.analytics.features(piece, day, features).await.map_err(analytics_fault)?;
        let mut columns = Vec::with_capacity(features.len());
        for feature in features {
            columns.push(frame.column(feature).map_err(analytics_fault)?);
        }
        Ok((frame.customers(), columns))
    }

    /// Features of all who were customers on a day.
    pub(crate) async fn columns(
        &self,
        day: NaiveDate,
        features: &[&str],
    ) -> Result<Vec<Column>, Fault> {
        let run_id = self.context.run.run_id;
        self.analytics.freeze(day, run_id, features).await.map_err(analytics_fault)?;
        let mut columns: Vec<Column> = features.iter().map(|_| Column::default()).collect();
        for piece in self.pieces() {
            let (_, values) = self.piece(&piece, day, features).await?;
            for (column, values) in columns.iter_mut().zip(values) {
                values.into_iter().for_each(|value| column.add(value));
            }
        }
        Ok(columns)
    }
}

/// The values of a feature, in no order.
#[derive(Default)]
pub(crate) struct Column {
    numbers: Vec<f64>,
    categories: BTreeMap<String, u64>,
    nulls: u64,
}

impl Column {
    fn add(&mut self, value: Value) {
        let category = match value {
            Value::Null => return self.nulls += 1,
            Value::Number(number) => return self.numbers.extend(number.to_f64()),
            Value::Bool(value) => value.to_string(),
            Value::Text(text) => text,
        };
        *self.categories.entry(category).or_default() += 1;
    }

    /// The numbers.
    pub(crate) fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// How far the values have moved from those of a base.
    pub(crate) fn drift(&self, base: &Self) -> Option<Drift> {
        let cuts = evaluation::cuts(&base.numbers);
        let (mut before, mut now) = (base.binned(&cuts), self.binned(&cuts));
        let categories: std::collections::BTreeSet<&String> =
            base.categories.keys().chain(self.categories.keys()).collect();
        if categories.len() > MOST_CATEGORIES {
            return None;
        }
        for category in categories {
            let count =
                |column: &Self| column.categories.get(category).copied().unwrap_or_default();
            before.push(count(base));
            now.push(count(self));
        }
        evaluation::drift(&before, &now)
    }

    fn binned(&self, cuts: &[f64]) -> Vec<u64> {
        let mut counts = evaluation::binned(cuts, &self.numbers);
        counts.push(self.nulls);
        counts
    }
}
