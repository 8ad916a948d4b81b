//! The customer classification management sheet: who a customer is, what it is worth, how it behaves,
//! how satisfied it is, and how its class is to be treated.

use super::{
    super::{
        Facts, Needs,
        table::{Cell, Column, Kind, Row, Table},
    },
    export::{self, Export, List, One},
};
use crate::{Reporting, request::Question};
use async_trait::async_trait;
use kehu_analytics::Catalogue;
use kehu_core::label::Language;
use kehu_server::Fault;

/// Who it is: 客户基本信息. The key is the first that a source gave it.
const BASIC: [(&str, Kind, &str, &str); 11] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("source", Kind::Id, "来源系统", "Source"),
    ("customer_id", Kind::Text, "客户编号", "Customer id"),
    ("customer_name", Kind::Text, "客户名称", "Customer name"),
    ("contact", Kind::Text, "联系人", "Contact"),
    ("customer_type", Kind::Text, "客户类型", "Customer type"),
    ("industry", Kind::Text, "行业", "Industry"),
    ("country", Kind::Text, "国家", "Country"),
    ("province", Kind::Text, "省份", "Province"),
    ("city", Kind::Text, "城市", "City"),
    ("registration_date", Kind::Date, "建立关系日期", "Registered on"),
];

/// The attribute that names whom to ask for.
const CONTACT: &str = "contact";

/// What it is worth 客户价值评估, how it behaves 客户行为特征, how satisfied it is 客户满意度 and what it
/// said 客户反馈.
const FEATURES: [&str; 15] = [
    "amount_total",
    "amount_365d",
    "profit_365d",
    "orders_365d",
    "recency_days",
    "tenure_days",
    "preferred_channel",
    "top_category",
    "discount_share_365d",
    "interactions_365d",
    "csat_mean_365d",
    "nps_last",
    "surveys_365d",
    "comments_365d",
    "complaints_365d",
];

/// Its class 客户分类, tags 客户标签, code 客户编码 and how to treat it 客户管理策略.
const CLASS: [(&str, Kind, &str, &str); 6] = [
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "客户类别", "Class"),
    ("class_from_date", Kind::Date, "类别起始日期", "In the class from"),
    ("tags", Kind::Text, "客户标签", "Tags"),
    ("code", Kind::Text, "客户编码", "Customer code"),
    ("strategy", Kind::Text, "客户管理策略", "Strategy"),
];

/// The report `management-sheet`: a row for each customer that has a class on the date.
pub(crate) struct Sheet;

#[async_trait]
impl super::super::Report for Sheet {
    fn facts(&self) -> Facts {
        Facts {
            id: "management-sheet",
            label: ["客户分类管理表", "Customer management sheet"],
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
        export::table(&Sheet, reporting, question, language).await
    }
}

impl List for Sheet {
    fn features(&self, _: &Catalogue) -> Vec<String> {
        FEATURES.map(str::to_owned).into()
    }

    fn columns(&self, export: &Export) -> Vec<Column> {
        let (basic, class) = (BASIC.map(Column::new), CLASS.map(Column::new));
        let measured = export.feature_columns().into_iter().chain(export.score_columns());
        basic.into_iter().chain(measured).chain(class).collect()
    }

    fn row(&self, export: &Export, one: &One<'_>) -> Result<Option<Row>, Fault> {
        let Some((class, from)) = export.class(one)? else { return Ok(None) };
        let (profile, key) = (&one.record.profile, one.record.references.first());
        let text = |text: Option<&str>| text.map_or(Cell::Null, Cell::text);
        let mut row = vec![
            Cell::Date(export.as_of),
            key.map_or(Cell::Null, |key| Cell::id(&key.source)),
            text(key.map(|key| key.external_id.as_str())),
            text(profile.display_name.as_deref()),
            text(profile.attributes.get(CONTACT).map(String::as_str)),
            text(profile.customer_type.as_deref()),
            text(profile.industry_code.as_deref()),
            text(profile.region_code.as_deref()),
            text(profile.province.as_deref()),
            text(profile.city.as_deref()),
            Cell::optional_date(profile.registered_on),
        ];
        row.extend(export.feature_cells(one));
        row.extend(export.score_cells(one));
        row.extend([
            Cell::id(&class.id),
            Cell::text(class.label.get(export.language)),
            Cell::Date(from),
            Cell::text(&export.tags(class)),
            export.code(one),
            Cell::text(class.strategy_summary.get(export.language)),
        ]);
        Ok(Some(row))
    }
}
