//! Reports with a row a customer: all that is known in short, and the sheet by which customers are
//! managed.

mod export;
mod extract;
mod sheet;

pub(crate) use extract::Extract;
pub(crate) use sheet::Sheet;

use super::{
    Facts, Needs,
    table::{Cell, Column, Kind, Row, Table},
};
use crate::{Reporting, request::Question};
use async_trait::async_trait;
use export::{Export, List, One, whole};
use kehu_analytics::Catalogue;
use kehu_core::label::Language;
use kehu_server::{Fault, names};
use kehu_storage::ingestion::Customer;

/// Columns before and after those of the scores.
const FIRST: [(&str, Kind, &str, &str); 11] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("customer", Kind::Id, "客户", "Customer"),
    ("references", Kind::Text, "来源标识", "References"),
    ("customer_name", Kind::Text, "客户名称", "Customer name"),
    ("region_code", Kind::Text, "国家或地区", "Country"),
    ("city", Kind::Text, "城市", "City"),
    ("industry", Kind::Text, "行业", "Industry"),
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

/// The report `customers`: who each is, its class and code, its scores, what it bought.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "customers",
            label: ["客户", "Customers"],
            needs: Needs::Taxonomy,
            names_people: true,
            lists_members: true,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        export::table(&Report, reporting, question, language).await
    }
}

impl List for Report {
    fn features(&self, _: &Catalogue) -> Vec<String> {
        FEATURES.map(str::to_owned).into()
    }

    fn columns(&self, export: &Export) -> Vec<Column> {
        let (first, last) = (FIRST.map(Column::new), LAST.map(Column::new));
        first.into_iter().chain(export.score_columns()).chain(last).collect()
    }

    /// Who has no class and no order was not there.
    fn row(&self, export: &Export, one: &One<'_>) -> Result<Option<Row>, Fault> {
        let class = export.class(one)?;
        let [amount, orders, recency] = [0, 1, 2].map(|place| one.features[place].number());
        if class.is_none() && amount.is_none() {
            return Ok(None);
        }
        let record = one.record;
        let profile = &record.profile;
        let text = |text: Option<&str>| text.map_or(Cell::Null, Cell::text);
        let mut row = vec![
            Cell::Date(export.as_of),
            Cell::Id(names::customer(record.id)),
            Cell::text(&references(record)),
            text(profile.display_name.as_deref()),
            text(profile.region_code.as_deref()),
            text(profile.city.as_deref()),
            text(profile.industry_code.as_deref()),
        ];
        row.extend(match class {
            None => [const { Cell::Null }; 4],
            Some((class, from)) => [
                Cell::id(&class.id),
                Cell::text(class.label.get(export.language)),
                Cell::Date(from),
                Cell::text(&export.tags(class)),
            ],
        });
        row.extend(export.score_cells(one));
        row.extend([
            export.code(one),
            Cell::optional(amount),
            Cell::id(&export.currency),
            whole(orders),
            whole(recency),
        ]);
        Ok(Some(row))
    }
}

/// Every key of a source that leads to the customer, `source/key`.
fn references(record: &Customer) -> String {
    let text =
        |it: &kehu_storage::ingestion::Reference| format!("{}/{}", it.source, it.external_id);
    let references: Vec<_> = record.references.iter().map(text).collect();
    references.join("; ")
}
