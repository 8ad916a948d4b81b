//! Satisfaction: the answers to surveys of the last 365 days. One report by class, one by survey,
//! product and class.

use super::{
    Facts, Needs,
    of_class::{class_cells, order, place_of},
    table::{Cell, Kind, Row, Table},
};
use crate::{Reporting, labels::Labels, request::Question, source};
use async_trait::async_trait;
use kehu_core::label::Language;
use kehu_server::Fault;
use kehu_storage::{
    bulk::ColumnType::{self, I64, OptText},
    reports::Rows,
};
use rust_decimal::Decimal;

/// What of the queries both have: whole numbers, points in 1/10,000.
const FIGURES: [&str; 10] = [
    "customers",
    "answers",
    "csat_count",
    "csat_points",
    "nps_count",
    "promoters",
    "detractors",
    "ces_count",
    "ces_points",
    "comments",
];

/// The columns that say whose answers a row counts.
const OF_CLASS: [(&str, Kind, &str, &str); 3] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
];

/// The same of the table by product.
const OF_PRODUCT: [(&str, Kind, &str, &str); 5] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("survey", Kind::Text, "调查批次", "Survey"),
    ("product_code", Kind::Text, "产品编码", "Product"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
];

/// The last columns of both tables. Means are in points, 0 the worst and 100 the best, null without
/// answers. The net promoter score is the share of promoters (9 and 10) less that of detractors (0
/// to 6), times 100 (Reichheld 2003).
const ANSWERS: [(&str, Kind, &str, &str); 9] = [
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("answer_count", Kind::Count, "回答数", "Answers"),
    ("csat_count", Kind::Count, "满意度回答数", "CSAT answers"),
    ("csat_mean", Kind::Number, "平均满意度", "Mean CSAT"),
    ("nps_count", Kind::Count, "推荐意愿回答数", "NPS answers"),
    ("nps", Kind::Number, "净推荐值", "NPS"),
    ("ces_count", Kind::Count, "费力度回答数", "CES answers"),
    ("ces_mean", Kind::Number, "平均费力度得分", "Mean CES"),
    ("comment_count", Kind::Count, "意见条数", "Comments"),
];

/// The report `satisfaction`: a row for each class whose customers answered, one for customers
/// without a class if some did, and the sum.
pub(crate) struct ByClass;

/// The report `satisfaction-products`: a row for each survey, product and class.
pub(crate) struct ByProduct;

/// What the answers of a row come to, as [`FIGURES`] names it.
type Figures = [i64; 10];

#[async_trait]
impl super::Report for ByClass {
    fn facts(&self) -> Facts {
        Facts {
            id: "satisfaction",
            label: ["客户满意度", "Satisfaction"],
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
        let classes = source::classified(&reporting.db, question).await?.classes;
        let columns = columns(&["class_id"]);
        let query = include_str!("by_class.sql");
        let found = source::year(question).rows(&reporting.db, query, &columns).await?;
        let (mut rows, mut all) = (Vec::new(), Figures::default());
        for place in order(&found, &classes)? {
            let figures = figures(&found, place)?;
            for (sum, figure) in all.iter_mut().zip(figures) {
                *sum += figure;
            }
            let mut row = vec![Cell::Date(question.moment.as_of)];
            row.extend(class_cells(found.text("class_id", place)?, &classes, language));
            row.extend(answers(figures));
            rows.push(row);
        }
        let total = Cell::text(Labels::of(language).total);
        let mut row = vec![Cell::Date(question.moment.as_of), Cell::id("total"), total];
        row.extend(answers(all));
        rows.push(row);
        Ok(Table::new(&[&OF_CLASS[..], &ANSWERS[..]].concat(), rows))
    }
}

#[async_trait]
impl super::Report for ByProduct {
    fn facts(&self) -> Facts {
        Facts {
            id: "satisfaction-products",
            label: ["产品满意度", "Satisfaction by product"],
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
        let classes = source::classified(&reporting.db, question).await?.classes;
        let columns = columns(&["survey", "product", "class_id"]);
        let query = include_str!("by_product.sql");
        let found = source::year(question).rows(&reporting.db, query, &columns).await?;
        let mut sorted = Vec::with_capacity(found.len());
        for place in 0..found.len() {
            let of_class = place_of(found.text("class_id", place)?, &classes);
            let (survey, product) = (found.text("survey", place)?, found.text("product", place)?);
            sorted.push((survey.is_none(), survey, product.is_none(), product, of_class, place));
        }
        sorted.sort_unstable();
        let mut rows = Vec::with_capacity(found.len());
        for (_, survey, _, product, _, place) in sorted {
            let text = |text: Option<&str>| text.map_or(Cell::Null, Cell::text);
            let mut row = vec![Cell::Date(question.moment.as_of), text(survey), text(product)];
            row.extend(class_cells(found.text("class_id", place)?, &classes, language));
            row.extend(answers(figures(&found, place)?));
            rows.push(row);
        }
        Ok(Table::new(&[&OF_PRODUCT[..], &ANSWERS[..]].concat(), rows))
    }
}

fn columns(texts: &[&'static str]) -> Vec<(&'static str, ColumnType)> {
    let texts = texts.iter().map(|name| (*name, OptText));
    texts.chain(FIGURES.map(|name| (name, I64))).collect()
}

fn figures(found: &Rows, place: usize) -> Result<Figures, Fault> {
    let mut figures = Figures::default();
    for (figure, name) in figures.iter_mut().zip(FIGURES) {
        *figure = found.whole(name, place)?;
    }
    Ok(figures)
}

fn answers(figures: Figures) -> Row {
    let [customers, answers, csat, csat_points, nps, promoters, detractors, ces, ces_points, said] =
        figures;
    let points = |sum: i64| Decimal::new(sum, 4);
    let net = Decimal::from(100 * (promoters - detractors));
    vec![
        Cell::Count(customers),
        Cell::Count(answers),
        Cell::Count(csat),
        mean(points(csat_points), csat),
        Cell::Count(nps),
        mean(net, nps),
        Cell::Count(ces),
        mean(points(ces_points), ces),
        Cell::Count(said),
    ]
}

/// Four decimals; null of nothing.
fn mean(sum: Decimal, count: i64) -> Cell {
    Cell::optional(sum.checked_div(Decimal::from(count)).map(|mean| mean.round_dp(4)))
}
