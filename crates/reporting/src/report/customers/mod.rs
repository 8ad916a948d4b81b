//! One row a customer: who it is, its class and code, its scores, what it bought. Read some
//! customers at a time, so that memory does not grow with the base.

use super::{
    Needs,
    table::{Cell, Column, Kind, Row, Table},
};
use crate::{Reporting, request::Question, source};
use async_trait::async_trait;
use chrono::NaiveDate;
use futures::stream::{self, StreamExt};
use kehu_analytics::Analytics;
use kehu_core::{
    CustomerId, Label, Value, calendar,
    label::Language,
    scorecard::{ColumnKind, Scorecard},
    taxonomy::{Class, Taxonomy},
};
use kehu_server::{Fault, names};
use kehu_storage::{
    Database, PageRequest,
    coding::{
        classes::{self, View},
        codes,
    },
    definitions,
    facts::{self, CustomerSet},
    ingestion::{Customer, list_customers},
    scoring::scores,
};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Customers in memory at once.
const CUSTOMERS_AT_ONCE: u64 = 5_000;

/// Columns before and after those of the scores.
const FIRST: [(&str, Kind, &str, &str); 8] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("customer", Kind::Id, "客户", "Customer"),
    ("references", Kind::Text, "来源标识", "References"),
    ("region_code", Kind::Text, "国家或地区", "Country"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("class_from_date", Kind::Date, "类别起始日期", "In the class from"),
    ("tags", Kind::Text, "标签", "Tags"),
];
const LAST: [(&str, Kind, &str, &str); 5] = [
    ("code", Kind::Text, "客户编码", "Code"),
    ("amount_total", Kind::Amount, "累计金额", "Amount of all time"),
    ("currency_code", Kind::Id, "币种", "Currency"),
    ("orders_total", Kind::Count, "累计订单数", "Orders of all time"),
    ("recency_days", Kind::Count, "距上次购买天数", "Days since the last order"),
];

/// The features behind the last columns.
const FEATURES: [&str; 3] = ["amount_total", "orders_total", "recency_days"];

/// What is the same for every customer.
struct Export {
    db: Database,
    analytics: Analytics,
    taxonomy: String,
    view: View,
    as_of: NaiveDate,
    language: Language,
    currency: String,
    versions: BTreeMap<i64, Taxonomy>,
    scheme: Option<String>,
    scorecards: Vec<String>,
    score_columns: Vec<(String, ColumnKind)>,
}

/// What is known of some customers.
struct Known {
    classes: HashMap<i64, (i64, String, i32)>,
    codes: HashMap<i64, String>,
    scores: BTreeMap<String, Vec<Value>>,
    features: Vec<Vec<Value>>,
}

/// The report `customers`.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn id(&self) -> &'static str {
        "customers"
    }

    fn label(&self) -> Label {
        Label::new("客户", "Customers")
    }

    fn needs(&self) -> Needs {
        Needs::Taxonomy
    }

    fn names_people(&self) -> bool {
        true
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let export = Arc::new(Export::open(reporting, question, language).await?);
        let columns = export.columns();
        let sets = facts::split(&reporting.db, &CustomerSet::All, CUSTOMERS_AT_ONCE).await?;
        let parts = stream::iter(sets).then(move |set| {
            let export = Arc::clone(&export);
            async move { export.rows(&set).await }
        });
        Ok(Table { columns, parts: parts.boxed() })
    }
}

impl Export {
    async fn open(
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
        let in_force = definitions::in_force::<Scorecard>(&db, &[] as &[&str]).await?;
        let columns = in_force.iter().flat_map(|version| version.definition.columns());
        let scheme = source::scheme_of(&db, &taxonomy).await?;
        Ok(Self {
            view: View { true_on: Some(as_of), known_at: question.moment.known_at },
            as_of,
            language,
            currency: reporting.currency().to_owned(),
            versions: versions.into_iter().map(|it| (it.version_id, it.definition)).collect(),
            scheme,
            score_columns: columns.filter(|(name, _)| !name.ends_with("_points")).collect(),
            scorecards: in_force.into_iter().map(|version| version.definition.id).collect(),
            taxonomy,
            analytics: reporting.analytics.clone(),
            db,
        })
    }

    fn columns(&self) -> Vec<Column> {
        let score = |(name, kind): &(String, ColumnKind)| {
            let kind = match kind {
                ColumnKind::Integer => Kind::Count,
                ColumnKind::Decimal => Kind::Number,
                ColumnKind::Text => Kind::Text,
            };
            Column { id: name.clone(), label: Label::new(name, name), kind, definition: None }
        };
        let scores = self.score_columns.iter().map(score);
        FIRST.map(Column::new).into_iter().chain(scores).chain(LAST.map(Column::new)).collect()
    }

    async fn rows(&self, set: &CustomerSet) -> Result<Vec<Row>, Fault> {
        let frame = self.analytics.features(set, self.as_of, &FEATURES).await;
        let frame = frame.map_err(source::fault)?;
        let customers = frame.customers();
        let mut features = Vec::new();
        for name in FEATURES {
            features.push(frame.column(name).map_err(source::fault)?);
        }
        let known = self.known(set, &customers, features).await?;
        let mut records = self.records(&customers).await?;
        let mut rows = Vec::new();
        for (place, customer) in customers.iter().enumerate() {
            let Some(record) = records.remove(customer) else { continue };
            rows.extend(self.row(&record, place, &known)?);
        }
        Ok(rows)
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
        Ok(Known { classes, codes, scores: scores.collect(), features })
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
            let page = list_customers(&self.db, None, &page).await?;
            records.extend(page.items.into_iter().map(|customer| (customer.id, customer)));
            after = page.next;
        }
        Ok(records)
    }

    /// The customer's row; `None` when it was not there on the date: no class, no order.
    fn row(&self, record: &Customer, place: usize, known: &Known) -> Result<Option<Row>, Fault> {
        let class = known.classes.get(&record.id.0);
        let [amount, orders, recency] = [0, 1, 2].map(|it| known.features[it][place].number());
        if class.is_none() && amount.is_none() {
            return Ok(None);
        }
        let mut row = vec![
            Cell::Date(self.as_of),
            Cell::Id(names::customer(record.id)),
            Cell::text(&references(record)),
            record.profile.region_code.as_deref().map_or(Cell::Null, Cell::text),
        ];
        row.extend(self.class_cells(class)?);
        for (name, kind) in &self.score_columns {
            let value = known.scores.get(name).and_then(|values| values.get(place));
            row.push(score_cell(value, *kind));
        }
        row.extend([
            known.codes.get(&record.id.0).map_or(Cell::Null, |code| Cell::text(code)),
            Cell::optional(amount),
            Cell::id(&self.currency),
            whole(orders),
            whole(recency),
        ]);
        Ok(Some(row))
    }

    /// Class id, label, date and tags.
    fn class_cells(&self, class: Option<&(i64, String, i32)>) -> Result<[Cell; 4], Fault> {
        let Some((version_id, id, as_of)) = class else { return Ok([const { Cell::Null }; 4]) };
        let definition = self.versions.get(version_id).and_then(|version| version.class(id));
        let (Some(class), Some(from)) = (definition, calendar::from_days(*as_of)) else {
            return Err(Fault::internal(format!("class {id} is in no version")));
        };
        Ok([
            Cell::id(&class.id),
            Cell::text(class.label.get(self.language)),
            Cell::Date(from),
            Cell::text(&self.tags(class)),
        ])
    }

    fn tags(&self, class: &Class) -> String {
        let tags: Vec<_> = class.tags.iter().map(|tag| tag.get(self.language)).collect();
        tags.join("; ")
    }
}

/// Every key of a source that leads to the customer, `source:key`.
fn references(record: &Customer) -> String {
    let text =
        |it: &kehu_storage::ingestion::Reference| format!("{}/{}", it.source, it.external_id);
    let references: Vec<_> = record.references.iter().map(text).collect();
    references.join("; ")
}

fn score_cell(value: Option<&Value>, kind: ColumnKind) -> Cell {
    match value {
        None | Some(Value::Null) => Cell::Null,
        Some(Value::Bool(boolean)) => Cell::Id(boolean.to_string()),
        Some(Value::Text(text)) => Cell::text(text),
        Some(Value::Number(number)) if kind == ColumnKind::Integer => whole(Some(*number)),
        Some(Value::Number(number)) => Cell::Number(*number),
    }
}

/// A number of days, orders or a bin.
fn whole(number: Option<Decimal>) -> Cell {
    number.and_then(|number| number.to_i64()).map_or(Cell::Null, Cell::Count)
}
