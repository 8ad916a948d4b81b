//! Two taxonomies side by side: how their classes go together, and who is not where the others of its
//! class are.

mod agreement;

use super::{
    Facts, Needs,
    table::{Cell, Column, Kind, Row, Table},
};
use crate::{
    Reporting,
    ratio::{self, SHARE_SCALE},
    request::Question,
    source,
};
use agreement::Contingency;
use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use kehu_core::{CustomerId, label::Language, taxonomy::Class};
use kehu_server::Fault;
use kehu_storage::{
    Database,
    bulk::ColumnType::{I64, Text},
    coding::classes::{self, View},
    facts::{self, CustomerSet},
};
use rust_decimal::Decimal;
use std::{collections::BTreeSet, sync::Arc};

const COLUMNS: [(&str, Kind, &str, &str); 12] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("other_class_id", Kind::Id, "对照类别标识", "Other class id"),
    ("other_class_label", Kind::Text, "对照类别", "Other class"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("amount", Kind::Amount, "净销售额", "Net sales"),
    ("currency_code", Kind::Id, "币种", "Currency"),
    ("class_share", Kind::Share, "占类别比例", "Share of class"),
    ("agreeing_count", Kind::Count, "一致客户数", "Customers who agree"),
    ("cramers_v", Kind::Number, "克莱姆 V 系数", "Cramér's V"),
    ("adjusted_rand", Kind::Number, "调整兰德指数", "Adjusted Rand index"),
];

const DEFINITIONS: [(&str, &str, &str); 3] = [
    (
        "agreeing_count",
        "属于该类别多数客户所在对照类别的客户",
        "Those in the other class in which most of the class are",
    ),
    (
        "cramers_v",
        "0 为互不相关，1 为一一对应",
        "0 where they have nothing to do with each other, 1 where one follows from the other",
    ),
    (
        "adjusted_rand",
        "1 为划分相同，约 0 为偶然一致",
        "1 for the same partition, about 0 for what is due to chance",
    ),
];

const CUSTOMERS: [(&str, Kind, &str, &str); 7] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("customer", Kind::Id, "客户", "Customer"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("other_class_id", Kind::Id, "对照类别标识", "Other class id"),
    ("other_class_label", Kind::Text, "对照类别", "Other class"),
    ("expected_class_id", Kind::Id, "多数所在对照类别", "Other class of most"),
];

/// What stands for the sum over all.
const TOTAL: &str = "total";
/// Customers in memory at once.
const CUSTOMERS_AT_ONCE: u64 = 5_000;

/// The report `crosswalk`: a row for each two classes that have a customer in common, and the sum with
/// what tells how far the taxonomies agree.
pub(crate) struct Matrix;

/// The report `crosswalk-customers`: who is in another class of the other taxonomy than most of its
/// class are.
pub(crate) struct Customers;

/// The customers that have a class under both.
struct Crosswalk {
    classes: Vec<Class>,
    others: Vec<Class>,
    counts: Contingency,
    /// Of each cell that has anybody, by class and other class: the sales.
    cells: Vec<(usize, usize, i64, Decimal)>,
}

async fn crosswalk(db: &Database, question: &Question) -> Result<Crosswalk, Fault> {
    let as_of = question.moment.as_of;
    let other = Question { taxonomy: question.other_taxonomy.clone(), ..question.clone() };
    source::check_classified(db, Some(&question.taxonomy), question.moment).await?;
    source::check_classified(db, Some(&other.taxonomy), question.moment).await?;
    let mut columns: Vec<_> = ["class_id", "other_id"].map(|name| (name, Text)).into();
    columns.extend(["customers", "amount_high", "amount_low"].map(|name| (name, I64)));
    let query = include_str!("crosswalk.sql");
    let rows = source::basis(question).rows(db, query, &columns).await?;
    let (mut named, mut others_named) = (BTreeSet::new(), BTreeSet::new());
    for row in 0..rows.len() {
        named.extend(rows.text("class_id", row)?);
        others_named.extend(rows.text("other_id", row)?);
    }
    if rows.is_empty() {
        let asked = Some((as_of, question.moment.known_at));
        return Err(source::unclassified(db, Some(&other.taxonomy), asked).await?);
    }
    let classes = source::classes_of(db, question, &[as_of], &named).await?;
    let others = source::classes_of(db, &other, &[as_of], &others_named).await?;
    let mut counts = Contingency::new(classes.len(), others.len());
    let mut cells = Vec::with_capacity(rows.len());
    for row in 0..rows.len() {
        let class = source::place(&classes, rows.text("class_id", row)?.unwrap_or_default())?;
        let other = source::place(&others, rows.text("other_id", row)?.unwrap_or_default())?;
        let customers = rows.whole("customers", row)?;
        counts.add(class, other, customers);
        cells.push((class, other, customers, rows.amount("amount", row)?));
    }
    cells.sort_unstable();
    Ok(Crosswalk { classes, others, counts, cells })
}

#[async_trait]
impl super::Report for Matrix {
    fn facts(&self) -> Facts {
        Facts {
            id: "crosswalk",
            label: ["分类标准对照", "Crosswalk of two taxonomies"],
            needs: Needs::TwoTaxonomies,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let found = crosswalk(&reporting.db, question).await?;
        let (mut rows, mut agreeing, mut amounts) = (Vec::new(), 0, Decimal::ZERO);
        for (class, other, customers, amount) in &found.cells {
            let agrees = found.counts.counterpart(*class) == Some(*other);
            let agree = if agrees { *customers } else { 0 };
            (agreeing, amounts) = (agreeing + agree, amounts + amount);
            let mut row = vec![Cell::Date(question.moment.as_of)];
            row.extend(named(&found.classes[*class], language));
            row.extend(named(&found.others[*other], language));
            let all = found.counts.row(*class);
            row.extend(counted((*customers, all), *amount, reporting.currency()));
            row.extend([Cell::Count(agree), Cell::Null, Cell::Null]);
            rows.push(row);
        }
        let all = found.counts.total();
        let mut total = vec![Cell::Date(question.moment.as_of), Cell::id(TOTAL)];
        total.extend([Cell::Null, Cell::Null, Cell::Null]);
        total.extend(counted((all, all), amounts, reporting.currency()));
        total.push(Cell::Count(agreeing));
        total.push(Cell::optional(found.counts.cramers_v()));
        total.push(Cell::optional(found.counts.adjusted_rand()));
        rows.push(total);
        Ok(Table::new(&COLUMNS, rows).with_definitions(&DEFINITIONS))
    }
}

fn named(class: &Class, language: Language) -> [Cell; 2] {
    [Cell::id(&class.id), Cell::text(class.label.get(language))]
}

fn counted((customers, all): (i64, i64), amount: Decimal, currency: &str) -> [Cell; 4] {
    let share = ratio::count_share(customers, all, SHARE_SCALE);
    [Cell::Count(customers), Cell::Number(amount), Cell::id(currency), Cell::optional(share)]
}

#[async_trait]
impl super::Report for Customers {
    fn facts(&self) -> Facts {
        Facts {
            id: "crosswalk-customers",
            label: ["分类不一致的客户", "Customers classified inconsistently"],
            needs: Needs::TwoTaxonomies,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let db = reporting.db.clone();
        let found = Arc::new(crosswalk(&db, question).await?);
        let sets = facts::split(&db, &CustomerSet::All, CUSTOMERS_AT_ONCE).await?;
        let question = question.clone();
        let parts = stream::iter(sets).then(move |set| {
            let (db, found, question) = (db.clone(), Arc::clone(&found), question.clone());
            async move { disagreeing(&db, &found, &question, (&set, language)).await }
        });
        let columns = CUSTOMERS.iter().map(|column| Column::new(*column)).collect();
        Ok(Table { columns, parts: parts.boxed() })
    }
}

/// Those of some customers who are not where most of their class are.
async fn disagreeing(
    db: &Database,
    found: &Crosswalk,
    question: &Question,
    (set, language): (&CustomerSet, Language),
) -> Result<Vec<Row>, Fault> {
    let view = View { true_on: Some(question.moment.as_of), known_at: question.moment.known_at };
    let own = classes::at(db, &question.taxonomy, set, view).await?;
    let other = classes::at(db, &question.other_taxonomy, set, view).await?;
    let mut rows = Vec::new();
    for (customer, class) in own.customers.iter().zip(&own.classes) {
        let Ok(place) = other.customers.binary_search(customer) else { continue };
        let class = source::place(&found.classes, class)?;
        let other = source::place(&found.others, &other.classes[place])?;
        let Some(expected) = found.counts.counterpart(class).filter(|it| *it != other) else {
            continue;
        };
        let mut row = vec![Cell::Date(question.moment.as_of)];
        row.push(Cell::id(&CustomerId(*customer).to_string()));
        row.extend(named(&found.classes[class], language));
        row.extend(named(&found.others[other], language));
        row.push(Cell::id(&found.others[expected].id));
        rows.push(row);
    }
    Ok(rows)
}
