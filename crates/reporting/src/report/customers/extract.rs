//! The flat extract for tools of analysis: one row a customer, one column a figure.

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
use kehu_server::{Fault, names};

/// Columns before those of the other taxonomies.
const FIRST: [(&str, Kind, &str, &str); 6] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("customer", Kind::Id, "客户", "Customer"),
    ("code", Kind::Text, "客户编码", "Code"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("class_from_date", Kind::Date, "类别起始日期", "In the class from"),
];

/// The report `extract`: a row for each customer that has a class on the date, without its name and
/// keys, which no feature has either.
pub(crate) struct Extract;

#[async_trait]
impl super::super::Report for Extract {
    fn facts(&self) -> Facts {
        Facts {
            id: "extract",
            label: ["分析用数据提取", "Flat extract"],
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
        export::table(&Extract, reporting, question, language).await
    }
}

impl List for Extract {
    fn features(&self, catalogue: &Catalogue) -> Vec<String> {
        catalogue.features().iter().map(|feature| feature.id.clone()).collect()
    }

    fn is_of_all_taxonomies(&self) -> bool {
        true
    }

    fn columns(&self, export: &Export) -> Vec<Column> {
        let mut columns = FIRST.map(Column::new).to_vec();
        columns.extend(export.other_columns());
        columns.extend(export.feature_columns());
        columns.push(Column::new(("currency_code", Kind::Id, "币种", "Currency")));
        columns.extend(export.score_columns());
        columns
    }

    fn row(&self, export: &Export, one: &One<'_>) -> Result<Option<Row>, Fault> {
        let Some((class, from)) = export.class(one)? else { return Ok(None) };
        let mut row = vec![
            Cell::Date(export.as_of),
            Cell::Id(names::customer(one.record.id)),
            export.code(one),
            Cell::id(&class.id),
            Cell::text(class.label.get(export.language)),
            Cell::Date(from),
        ];
        row.extend(export.other_cells(one));
        row.extend(export.feature_cells(one));
        row.push(Cell::id(&export.currency));
        row.extend(export.score_cells(one));
        Ok(Some(row))
    }
}
