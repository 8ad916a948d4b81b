//! Groups of customers by any feature, such as who is responsible for them, with the classes that their
//! members are in, what they bring and how satisfied they are.

mod figures;

use super::{
    Facts, Needs, Takes,
    bands::Bands,
    of_class::{class_cells, place_of},
    table::{Cell, Kind, Row, Table},
};
use crate::{Reporting, labels::Labels, request::Question, source};
use async_trait::async_trait;
use figures::Figures;
use kehu_core::{label::Language, taxonomy::Class};
use kehu_server::Fault;
use kehu_storage::coding::classes::{self, View};
use std::{cmp::Reverse, collections::BTreeMap};

/// What the report is about where no feature is named.
const FEATURES: &[&str] = &["owner"];

const COLUMNS: [(&str, Kind, &str, &str); 17] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("feature", Kind::Id, "指标", "Feature"),
    ("value", Kind::Text, "客户群", "Customers"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("customer_share", Kind::Share, "占该群客户比例", "Share of the group"),
    ("buyer_count", Kind::Count, "近 365 天购买客户数", "Buyers of 365 days"),
    ("order_count", Kind::Count, "近 365 天订单数", "Orders of 365 days"),
    ("amount", Kind::Amount, "近 365 天净销售额", "Net sales of 365 days"),
    ("before_amount", Kind::Amount, "此前 365 天净销售额", "Net sales of the 365 days before"),
    ("amount_growth", Kind::Share, "净销售额增长率", "Growth of net sales"),
    ("amount_mean", Kind::Amount, "客均净销售额", "Net sales of a customer"),
    ("profit", Kind::Amount, "近 365 天毛利", "Profit of 365 days"),
    ("csat_count", Kind::Count, "作答客户数", "Customers who answered"),
    ("csat_mean", Kind::Number, "平均满意度", "Mean CSAT"),
    ("currency_code", Kind::Id, "币种", "Currency"),
];

const DEFINITIONS: [(&str, &str, &str); 4] = [
    (
        "value",
        "按所选指标的取值分群，空值为无该信息的客户；数值指标按所给界值分段。按净销售额从大到小排列。",
        "Customers of one value of the feature, null those of whom it is not known; a number is cut \
         at the bounds that are asked for. The greatest net sales first.",
    ),
    (
        "amount_growth",
        "（近 365 天 − 此前 365 天）÷ 此前 365 天。",
        "The 365 days less the 365 before them, over the latter.",
    ),
    (
        "profit",
        "已知成本的订单行的毛利之和；成本全部未知时为空。",
        "Of the lines whose cost is known; null where none is.",
    ),
    (
        "csat_mean",
        "近 365 天作答客户的平均满意度（0–100 分）的平均值，每位客户计一次。",
        "Mean of the mean answers of 365 days of each customer who answered, in points from 0 to 100.",
    ),
];

/// The report `group-summary`: for each group a row for all of it and one for each class with members,
/// and the same for everybody. Classes are those on the date.
pub(crate) struct Report;

/// Figures by class, that of no class last.
type ByClass = BTreeMap<usize, Figures>;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "group-summary",
            label: ["客户群汇总", "Groups of customers"],
            needs: Needs::Taxonomy,
            features: FEATURES,
            takes: Takes::One,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let classes = source::classified(&reporting.db, question).await?.classes;
        let feature = question.features.first().map_or("", String::as_str);
        let features = [&[feature][..], &figures::FEATURES].concat();
        let values = source::values(reporting, question, &features).await?;
        let labels = Labels::of(language);
        let known = values.iter().flat_map(|set| &set.columns[0]);
        let bands = Bands::of(known, question.bands(feature), labels.other);
        let (groups, all) = add_up(reporting, question, &values, (&bands, &classes)).await?;
        let head = |value: Cell| vec![Cell::Date(question.moment.as_of), Cell::id(feature), value];
        let mut rows = Vec::new();
        for (place, by_class) in groups {
            let value = place.map_or(Cell::Null, |place| Cell::text(bands.label(place)));
            rows.extend(lines(&head(value), &by_class, &classes, language));
        }
        rows.extend(lines(&head(Cell::text(labels.total)), &all, &classes, language));
        for row in &mut rows {
            row.push(Cell::id(reporting.currency()));
        }
        Ok(Table::new(&COLUMNS, rows).with_definitions(&DEFINITIONS))
    }
}

/// The figures of each group, the greatest amount first and that without a value last; and those of
/// everybody.
async fn add_up(
    reporting: &Reporting,
    question: &Question,
    values: &[source::Values],
    (bands, classes): (&Bands, &[Class]),
) -> Result<(Vec<(Option<usize>, ByClass)>, ByClass), Fault> {
    let moment = question.moment;
    let view = View { true_on: Some(moment.as_of), known_at: moment.known_at };
    let (mut groups, mut all) = (BTreeMap::<Option<usize>, ByClass>::new(), ByClass::new());
    for of in values {
        let found = classes::at(&reporting.db, &question.taxonomy, &of.set, view).await?;
        for (customer, class) in found.customers.iter().zip(&found.classes) {
            let Ok(row) = of.customers.binary_search(customer) else { continue };
            let class = place_of(Some(class), classes);
            let figures = Figures::of([1, 2, 3, 4, 5].map(|place| &of.columns[place][row]));
            let group = groups.entry(bands.place(&of.columns[0][row])).or_default();
            group.entry(class).or_default().add(&figures);
            all.entry(class).or_default().add(&figures);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups
        .sort_by_key(|(place, by_class)| (place.is_none(), Reverse(sum(by_class).amount), *place));
    Ok((groups, all))
}

/// The figures of all classes.
fn sum(by_class: &ByClass) -> Figures {
    let mut sum = Figures::default();
    for figures in by_class.values() {
        sum.add(figures);
    }
    sum
}

/// The rows of a group.
fn lines(head: &Row, by_class: &ByClass, classes: &[Class], language: Language) -> Vec<Row> {
    let all = sum(by_class);
    let total = [Cell::id("total"), Cell::text(Labels::of(language).total)];
    let mut rows = vec![[head, &total[..], &all.cells(all.customers)].concat()];
    for (class, figures) in by_class {
        let id = classes.get(*class).map(|class| class.id.as_str());
        let of_class = class_cells(id, classes, language);
        rows.push([head, &of_class[..], &figures.cells(all.customers)].concat());
    }
    rows
}
