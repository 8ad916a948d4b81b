//! What reports on customers read: some customers at a time, so that memory does not grow with the
//! base.

use super::super::table::{Cell, Column, Kind, Row, Table};
use crate::{Reporting, request::Question, source};
use chrono::NaiveDate;
use futures::stream::{self, StreamExt};
use kehu_analytics::{Analytics, Catalogue, ColumnKind as FeatureKind};
use kehu_core::{
    CustomerId, Label, Value, calendar,
    label::Language,
    scorecard::{ColumnKind, Scorecard},
    taxonomy::{Class, Taxonomy},
};
use kehu_server::{Fault, Violations};
use kehu_storage::{
    Database, PageRequest,
    coding::{
        classes::{self, View},
        codes,
    },
    definitions,
    facts::{self, CustomerSet},
    ingestion::{Customer, CustomerFilter, list_customers},
    scoring::scores,
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Customers in memory at once.
const CUSTOMERS_AT_ONCE: u64 = 5_000;

/// What a list says of each customer.
pub(super) trait List: Sync {
    /// The features that it reads.
    fn features(&self, catalogue: &Catalogue) -> Vec<String>;

    /// Whether it says the classes under all other taxonomies, too.
    fn is_of_all_taxonomies(&self) -> bool {
        false
    }

    /// Its columns.
    fn columns(&self, export: &Export) -> Vec<Column>;

    /// The row of a customer; `None` when it was not there on the date.
    fn row(&self, export: &Export, one: &One<'_>) -> Result<Option<Row>, Fault>;
}

/// What is the same for every customer.
pub(super) struct Export {
    db: Database,
    analytics: Analytics,
    taxonomy: String,
    /// The class whose customers are listed; `None` for all.
    class: Option<String>,
    view: View,
    pub(super) as_of: NaiveDate,
    pub(super) language: Language,
    pub(super) currency: String,
    versions: BTreeMap<i64, Taxonomy>,
    scheme: Option<String>,
    scorecards: Vec<String>,
    score_columns: Vec<Column>,
    features: Vec<String>,
    feature_columns: Vec<Column>,
    /// Ids of the other taxonomies.
    others: Vec<String>,
}

/// What is known of some customers.
struct Known {
    classes: HashMap<i64, (i64, String, i32)>,
    /// Under each of the other taxonomies.
    others: Vec<HashMap<i64, String>>,
    codes: HashMap<i64, String>,
    scores: BTreeMap<String, Vec<Value>>,
    /// By the place of the feature.
    features: Vec<Vec<Value>>,
}

/// A customer.
pub(super) struct One<'a> {
    pub(super) record: &'a Customer,
    /// The values of the features of the list.
    pub(super) features: Vec<&'a Value>,
    place: usize,
    known: &'a Known,
}

/// The table of a list.
pub(super) async fn table(
    list: &'static dyn List,
    reporting: &Reporting,
    question: &Question,
    language: Language,
) -> Result<Table, Fault> {
    let export = Export::open(list, reporting, question, language).await?;
    let columns = list.columns(&export);
    let export = Arc::new(export);
    let sets = facts::split(&reporting.db, &CustomerSet::All, CUSTOMERS_AT_ONCE).await?;
    let parts = stream::iter(sets).then(move |set| {
        let export = Arc::clone(&export);
        async move { export.rows(list, &set).await }
    });
    Ok(Table { columns, parts: parts.boxed() })
}

impl Export {
    async fn open(
        list: &dyn List,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Self, Fault> {
        let db = reporting.db.clone();
        let taxonomy = question.taxonomy.clone();
        source::check_classified(&db, Some(&taxonomy), question.moment).await?;
        let as_of = question.moment.as_of;
        let versions = definitions::published::<Taxonomy>(&db, &taxonomy).await?;
        if versions.is_empty() {
            return Err(source::unclassified(
                &db,
                Some(&taxonomy),
                Some((as_of, question.moment.known_at)),
            )
            .await?);
        }
        check_class(question, versions.iter().map(|version| &version.definition))?;
        let in_force = definitions::in_force::<Scorecard>(&db, &[] as &[&str]).await?;
        let columns = in_force.iter().flat_map(|version| version.definition.columns());
        let scheme = source::scheme_of(&db, &taxonomy).await?;
        let catalogue = reporting.analytics.catalogue().await.map_err(source::fault)?;
        let features = list.features(&catalogue);
        let mut others = Vec::new();
        if list.is_of_all_taxonomies() {
            for version in definitions::in_force::<Taxonomy>(&db, &[] as &[&str]).await? {
                others.extend(Some(version.definition.id).filter(|id| *id != taxonomy));
            }
        }
        Ok(Self {
            view: View { true_on: Some(as_of), known_at: question.moment.known_at },
            as_of,
            language,
            currency: reporting.currency().to_owned(),
            versions: versions.into_iter().map(|it| (it.version_id, it.definition)).collect(),
            scheme,
            score_columns: columns
                .filter(|(name, _)| !name.ends_with("_points"))
                .map(|(name, kind)| score_column(&name, kind))
                .collect(),
            feature_columns: feature_columns(&catalogue, &features)?,
            features,
            others,
            scorecards: in_force.into_iter().map(|version| version.definition.id).collect(),
            taxonomy,
            class: question.class.clone(),
            analytics: reporting.analytics.clone(),
            db,
        })
    }

    /// The columns of the features.
    pub(super) fn feature_columns(&self) -> Vec<Column> {
        self.feature_columns.clone()
    }

    /// The features of a customer.
    pub(super) fn feature_cells(&self, one: &One<'_>) -> Row {
        let features = one.features.iter().zip(&self.feature_columns);
        features.map(|(value, column)| value_cell(value, column.kind)).collect()
    }

    /// The columns of the scores.
    pub(super) fn score_columns(&self) -> Vec<Column> {
        self.score_columns.clone()
    }

    /// The scores of a customer.
    pub(super) fn score_cells(&self, one: &One<'_>) -> Row {
        let value = |column: &Column| one.known.scores.get(&column.id)?.get(one.place);
        let cell = |column| value(column).map_or(Cell::Null, |it| value_cell(it, column.kind));
        self.score_columns.iter().map(cell).collect()
    }

    async fn rows(&self, list: &dyn List, set: &CustomerSet) -> Result<Vec<Row>, Fault> {
        let members = match &self.class {
            Some(class) => Some(self.members(class, set).await?),
            None => None,
        };
        let set = members.as_ref().unwrap_or(set);
        let names: Vec<&str> = self.features.iter().map(String::as_str).collect();
        let frame = self.analytics.features(set, self.as_of, &names).await;
        let frame = frame.map_err(source::fault)?;
        let customers = frame.customers();
        let mut features = Vec::new();
        for name in names {
            features.push(frame.column(name).map_err(source::fault)?);
        }
        let known = self.known(set, &customers, features).await?;
        let records = self.records(&customers).await?;
        let mut rows = Vec::new();
        for (place, customer) in customers.iter().enumerate() {
            let Some(record) = records.get(customer) else { continue };
            let features = known.features.iter().map(|values| &values[place]).collect();
            rows.extend(list.row(self, &One { record, features, place, known: &known })?);
        }
        Ok(rows)
    }

    /// Those of the customers that are in the class.
    async fn members(&self, class: &str, set: &CustomerSet) -> Result<CustomerSet, Fault> {
        let columns = classes::at(&self.db, &self.taxonomy, set, self.view).await?;
        let all = columns.customers.into_iter().zip(&columns.classes);
        let members = all.filter(|(_, of)| *of == class).map(|(customer, _)| customer);
        Ok(CustomerSet::Ids(members.collect()))
    }

    async fn known(
        &self,
        set: &CustomerSet,
        customers: &[CustomerId],
        features: Vec<Vec<Value>>,
    ) -> Result<Known, Fault> {
        let columns = classes::at(&self.db, &self.taxonomy, set, self.view).await?;
        let mut classes = HashMap::new();
        for (place, customer) in columns.customers.iter().enumerate() {
            let class = columns.classes[place].clone();
            classes
                .insert(*customer, (columns.version_ids[place], class, columns.valid_from[place]));
        }
        let scores = scores::columns(&self.db, &self.scorecards, set, self.view).await?;
        let scores = scores.of(customers).into_iter().map(|(name, _, values)| (name, values));
        let codes = match &self.scheme {
            None => codes::CodeColumns::default(),
            Some(scheme) => codes::current_of(&self.db, scheme, set).await?,
        };
        let codes = codes.customers.into_iter().zip(codes.codes).collect();
        let others = self.others(set).await?;
        Ok(Known { classes, others, codes, scores: scores.collect(), features })
    }

    /// The classes under the other taxonomies.
    async fn others(&self, set: &CustomerSet) -> Result<Vec<HashMap<i64, String>>, Fault> {
        let mut others = Vec::with_capacity(self.others.len());
        for taxonomy in &self.others {
            let found = classes::at(&self.db, taxonomy, set, self.view).await?;
            others.push(found.customers.into_iter().zip(found.classes).collect());
        }
        Ok(others)
    }

    /// A column with the class under each of the other taxonomies.
    pub(super) fn other_columns(&self) -> Vec<Column> {
        let column = |taxonomy: &String| {
            let id = format!("{}_class_id", taxonomy.replace('-', "_"));
            Column::new((
                &id,
                Kind::Id,
                &format!("{taxonomy} 类别标识"),
                &format!("Class id, {taxonomy}"),
            ))
        };
        self.others.iter().map(column).collect()
    }

    /// The classes of a customer under them.
    pub(super) fn other_cells(&self, one: &One<'_>) -> Row {
        let class = |classes: &HashMap<i64, String>| {
            classes.get(&one.record.id.0).map_or(Cell::Null, |class| Cell::id(class))
        };
        one.known.others.iter().map(class).collect()
    }

    /// The records of customers, who come in ascending order.
    async fn records(
        &self,
        customers: &[CustomerId],
    ) -> Result<HashMap<CustomerId, Customer>, Fault> {
        let (Some(first), Some(last)) = (customers.first(), customers.last()) else {
            return Ok(HashMap::new());
        };
        let mut records = HashMap::new();
        let mut after = Some(first.0 - 1);
        while let Some(id) = after.filter(|id| *id < last.0) {
            let page = PageRequest { limit: 1_000, after: Some(id) };
            let page = list_customers(&self.db, &CustomerFilter::default(), &page).await?;
            records.extend(page.items.into_iter().map(|customer| (customer.id, customer)));
            after = page.next;
        }
        Ok(records)
    }

    /// The class of a customer and its first day there; `None` when it is in none.
    pub(super) fn class(&self, one: &One<'_>) -> Result<Option<(&Class, NaiveDate)>, Fault> {
        let Some((version_id, id, from)) = one.known.classes.get(&one.record.id.0) else {
            return Ok(None);
        };
        let definition = self.versions.get(version_id).and_then(|version| version.class(id));
        match definition.zip(calendar::from_days(*from)) {
            Some(found) => Ok(Some(found)),
            None => Err(Fault::internal(format!("class {id} is in no version"))),
        }
    }

    /// The code of a customer.
    pub(super) fn code(&self, one: &One<'_>) -> Cell {
        one.known.codes.get(&one.record.id.0).map_or(Cell::Null, |code| Cell::text(code))
    }

    /// The tags of a class.
    pub(super) fn tags(&self, class: &Class) -> String {
        let tags: Vec<_> = class.tags.iter().map(|tag| tag.get(self.language)).collect();
        tags.join("; ")
    }
}

/// Refuses a class that no version of the taxonomy has.
fn check_class<'a>(
    question: &Question,
    mut versions: impl Iterator<Item = &'a Taxonomy>,
) -> Result<(), Fault> {
    let Some(class) = &question.class else { return Ok(()) };
    let mut violations = Violations::new();
    if !versions.any(|version| version.class(class).is_some()) {
        violations.add("class_id", format!("must be a class of {}", question.taxonomy));
    }
    violations.finish()
}

fn score_column(name: &str, kind: ColumnKind) -> Column {
    let kind = match kind {
        ColumnKind::Integer => Kind::Count,
        ColumnKind::Decimal => Kind::Number,
        ColumnKind::Text => Kind::Text,
    };
    Column { id: name.to_owned(), label: Label::new(name, name), kind, definition: None }
}

/// The columns of features of the catalogue.
fn feature_columns(catalogue: &Catalogue, features: &[String]) -> Result<Vec<Column>, Fault> {
    let mut columns = Vec::with_capacity(features.len());
    for name in features {
        let feature = catalogue.find(name);
        let feature = feature.ok_or_else(|| Fault::internal(format!("no feature {name}")))?;
        let kind = match (feature.kind, feature.unit.as_str()) {
            (FeatureKind::Text | FeatureKind::Boolean, _) => Kind::Text,
            (FeatureKind::Integer, _) => Kind::Count,
            (_, "currency") => Kind::Amount,
            (_, "share") => Kind::Share,
            _ => Kind::Number,
        };
        let (id, label) = (feature.id.clone(), feature.label.clone());
        columns.push(Column { id, label, kind, definition: None });
    }
    Ok(columns)
}

fn value_cell(value: &Value, kind: Kind) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(boolean) => Cell::Id(boolean.to_string()),
        Value::Text(text) => Cell::text(text),
        Value::Number(number) if kind == Kind::Count => whole(Some(*number)),
        Value::Number(number) => Cell::Number(*number),
    }
}

/// A number of days, orders or a bin.
pub(super) fn whole(number: Option<Decimal>) -> Cell {
    number.and_then(|number| number.to_i64()).map_or(Cell::Null, Cell::Count)
}
