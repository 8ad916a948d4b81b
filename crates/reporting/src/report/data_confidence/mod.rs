//! How much of what the classes rest on was there.

use super::{
    Facts, Needs,
    of_class::place_of,
    table::{Cell, Kind, Row, Table},
};
use crate::{
    Reporting,
    labels::Labels,
    ratio::{self, SHARE_SCALE},
    request::Question,
    source::{self, Classified},
};
use async_trait::async_trait;
use kehu_core::label::Language;
use kehu_server::Fault;
use kehu_storage::bulk::ColumnType::{I64, Text};

const COLUMNS: [(&str, Kind, &str, &str); 8] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("input_count", Kind::Count, "所需数据项", "Values asked for"),
    ("present_count", Kind::Count, "已有数据项", "Values there"),
    ("data_confidence", Kind::Share, "数据可信度", "Data confidence"),
    ("complete_share", Kind::Share, "数据齐全的客户占比", "Customers with all values"),
];

const DEFINITIONS: [(&str, &str, &str); 2] = [
    (
        "data_confidence",
        "已有数据项 ÷ 所需数据项：分类规则读取的指标中，客户进入该类别时有值的占比。",
        "Values there over values asked for: of the columns that the predicates read, those that were \
         not null when the customer came into the class.",
    ),
    (
        "complete_share",
        "规则读取的指标全部有值的客户占比。",
        "The share of customers of whom none of these columns was null.",
    ),
];

/// The report `data-confidence`: a row for each class of the version in force on the date, and the sum.
pub(crate) struct Report;

/// What a class rests on.
#[derive(Default, Clone, Copy)]
struct Inputs {
    customers: i64,
    inputs: i64,
    present: i64,
    whole: i64,
}

impl Inputs {
    fn add(&mut self, other: &Self) {
        self.customers += other.customers;
        self.inputs += other.inputs;
        self.present += other.present;
        self.whole += other.whole;
    }

    fn cells(&self) -> Row {
        let counts = [self.customers, self.inputs, self.present].map(Cell::Count);
        let confidence = ratio::count_share(self.present, self.inputs, SHARE_SCALE);
        let whole = ratio::count_share(self.whole, self.customers, SHARE_SCALE);
        let whole = whole.filter(|_| self.inputs > 0);
        counts.into_iter().chain([confidence, whole].map(Cell::optional)).collect()
    }
}

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "data-confidence",
            label: ["数据可信度", "Data confidence"],
            needs: Needs::Taxonomy,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let classified = source::classified(&reporting.db, question).await?;
        let found = inputs(reporting, question, &classified).await?;
        let mut all = Inputs::default();
        found.iter().for_each(|inputs| all.add(inputs));
        let mut rows = Vec::with_capacity(found.len() + 1);
        for (class, inputs) in classified.taxonomy.classes.iter().zip(&found) {
            let mut row = vec![Cell::Date(classified.as_of), Cell::id(&class.id)];
            row.push(Cell::text(class.label.get(language)));
            row.extend(inputs.cells());
            rows.push(row);
        }
        let mut total = vec![Cell::Date(classified.as_of), Cell::id("total")];
        total.push(Cell::text(Labels::of(language).total));
        total.extend(all.cells());
        rows.push(total);
        Ok(Table::new(&COLUMNS, rows).with_definitions(&DEFINITIONS))
    }
}

/// What each class of the version rests on.
async fn inputs(
    reporting: &Reporting,
    question: &Question,
    classified: &Classified,
) -> Result<Vec<Inputs>, Fault> {
    let classes = &classified.taxonomy.classes;
    let mut inputs = vec![Inputs::default(); classes.len()];
    let columns =
        [("class_id", Text), ("customers", I64), ("inputs", I64), ("present", I64), ("whole", I64)];
    let basis = source::basis(question);
    let found = basis.rows(&reporting.db, include_str!("by_class.sql"), &columns).await?;
    for row in 0..found.len() {
        let place = place_of(found.text("class_id", row)?, classes);
        let Some(of_class) = inputs.get_mut(place) else { continue };
        of_class.customers = found.whole("customers", row)?;
        of_class.inputs = found.whole("inputs", row)?;
        of_class.present = found.whole("present", row)?;
        of_class.whole = found.whole("whole", row)?;
    }
    Ok(inputs)
}
