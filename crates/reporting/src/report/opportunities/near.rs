//! Who is close to a class above its own.

use crate::{Reporting, request::Question, source};
use kehu_analytics::{Bound, ColumnKind, Frame, Near, Schema};
use kehu_core::{
    Value,
    scorecard::{self, Scorecard},
    taxonomy::Taxonomy,
};
use kehu_server::{Fault, names};
use kehu_storage::{
    Database,
    coding::classes::{self, View},
    definitions,
    facts::CustomerSet,
    scoring::scores,
};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How far from a limit is close, as a share of it.
const CLOSE: Decimal = Decimal::from_parts(1, 0, 0, false, 1);

/// The classes of a taxonomy, with what is close to the predicate of each.
pub(super) struct Ladder {
    taxonomy: Taxonomy,
    /// By the place of the class; `None` without a predicate.
    near: Vec<Option<Near>>,
    features: Vec<String>,
    scorecards: Vec<String>,
}

/// A customer who is close to a class.
pub(super) struct Close {
    pub(super) customer: i64,
    /// The place of its class.
    pub(super) class: usize,
    /// The place of the class that it is close to.
    pub(super) next: usize,
    /// The bounds that it is short of, with its values and how much they lack.
    pub(super) lacks: Vec<(Bound, Value, Decimal)>,
    pub(super) amount: Option<Decimal>,
}

/// The feature that tells what a customer brings.
const AMOUNT: &str = "amount_365d";

impl Ladder {
    /// Reads the predicates of a taxonomy. A [`Fault::Precondition`] when one does not fit the features
    /// and scorecards there are any more.
    pub(super) async fn read(reporting: &Reporting, taxonomy: Taxonomy) -> Result<Self, Fault> {
        let (schema, scorecards) = columns(reporting).await?;
        let (mut near, mut read) = (Vec::new(), BTreeSet::from([AMOUNT.to_owned()]));
        for class in &taxonomy.classes {
            let Some(sql) = class.predicate.as_deref() else {
                near.push(None);
                continue;
            };
            let compiled = reporting.analytics.near(sql, &schema, CLOSE);
            let compiled = compiled.map_err(|error| Fault::Precondition {
                kind: "TAXONOMY_COMPILES",
                subject: names::resource(names::TAXONOMIES, &taxonomy.id),
                description: format!("class {} no longer fits: {error}", class.id),
            })?;
            read.extend(compiled.columns().iter().cloned());
            near.push(Some(compiled));
        }
        let of_scores: BTreeSet<&String> =
            read.iter().filter_map(|it| scorecards.get(it)).collect();
        let of_scores = of_scores.into_iter().cloned().collect();
        read.retain(|column| !scorecards.contains_key(column));
        let features = read.into_iter().collect();
        Ok(Self { taxonomy, near, features, scorecards: of_scores })
    }

    /// Those of some customers who are close to a class above theirs, each to the nearest above.
    pub(super) async fn close(
        &self,
        reporting: &Reporting,
        question: &Question,
        set: &CustomerSet,
    ) -> Result<Vec<Close>, Fault> {
        let moment = question.moment;
        let view = View { true_on: Some(moment.as_of), known_at: moment.known_at };
        let db = &reporting.db;
        let found = classes::at(db, &question.taxonomy, set, view).await?;
        let classes: HashMap<i64, String> =
            found.customers.into_iter().zip(found.classes).collect();
        let frame = self.frame(reporting, set, view).await?;
        let mut close = Vec::with_capacity(self.near.len());
        for near in &self.near {
            let of_class = near.as_ref().map(|near| near.close(&frame)).transpose();
            close.push(of_class.map_err(source::fault)?);
        }
        let mut people = Vec::new();
        for (row, customer) in frame.customers().into_iter().enumerate() {
            let class = classes.get(&customer.0).and_then(|class| self.place(class));
            let Some(class) = class else { continue };
            let is_close = |next: &usize| close[*next].as_ref().is_some_and(|close| close[row]);
            if let Some(next) = self.above(class).find(is_close) {
                let values = frame.row(row);
                let lacks = self.lacks(next, &values);
                let amount = values.get(AMOUNT).and_then(Value::number);
                people.push(Close { customer: customer.0, class, next, lacks, amount });
            }
        }
        Ok(people)
    }

    fn place(&self, class: &str) -> Option<usize> {
        self.taxonomy.classes.iter().position(|known| known.id == class)
    }

    /// The classes that stand higher and are asked for before this one, the nearest first: whoever
    /// comes to fulfil the predicate of one of them moves there.
    fn above(&self, class: usize) -> impl Iterator<Item = usize> + use<> {
        let rank = |place: usize| self.taxonomy.rank(&self.taxonomy.classes[place].id);
        let before = match self.taxonomy.classes[class].predicate {
            Some(_) => class,
            None => self.taxonomy.classes.len(),
        };
        let mut above: Vec<usize> = (0..before).filter(|it| rank(*it) < rank(class)).collect();
        above.sort_by_key(|place| (std::cmp::Reverse(rank(*place)), *place));
        above.into_iter()
    }

    fn lacks(
        &self,
        class: usize,
        values: &BTreeMap<String, Value>,
    ) -> Vec<(Bound, Value, Decimal)> {
        let bounds = self.near[class].iter().flat_map(Near::bounds);
        let lacking = |bound: &Bound| {
            let value = values.get(&bound.column)?;
            bound.lacks(value).map(|lacks| (bound.clone(), value.clone(), lacks))
        };
        bounds.filter_map(lacking).collect()
    }

    async fn frame(
        &self,
        reporting: &Reporting,
        set: &CustomerSet,
        view: View,
    ) -> Result<Frame, Fault> {
        let as_of = view.true_on.unwrap_or_default();
        let features: Vec<&str> = self.features.iter().map(String::as_str).collect();
        let frame = reporting.analytics.features(set, as_of, &features).await;
        let frame = frame.map_err(source::fault)?;
        let scores = scores::columns(&reporting.db, &self.scorecards, set, view).await?;
        let scores = scores.of(&frame.customers()).into_iter();
        let columns = scores.map(|(name, kind, values)| (name, column_kind(kind), values));
        frame.with_columns(columns.collect()).map_err(source::fault)
    }
}

/// What predicates may read: features, and the columns of scores with the scorecard of each.
async fn columns(reporting: &Reporting) -> Result<(Schema, BTreeMap<String, String>), Fault> {
    let catalogue = reporting.analytics.catalogue().await.map_err(source::fault)?;
    let (mut schema, mut scorecards) = (catalogue.schema(), BTreeMap::new());
    let db: &Database = &reporting.db;
    for version in definitions::in_force::<Scorecard>(db, &[] as &[&str]).await? {
        for (name, kind) in version.definition.columns() {
            schema.add(name.clone(), column_kind(kind));
            scorecards.insert(name, version.definition.id.clone());
        }
    }
    Ok((schema, scorecards))
}

fn column_kind(kind: scorecard::ColumnKind) -> ColumnKind {
    match kind {
        scorecard::ColumnKind::Integer => ColumnKind::Integer,
        scorecard::ColumnKind::Decimal => ColumnKind::Decimal,
        scorecard::ColumnKind::Text => ColumnKind::Text,
    }
}
