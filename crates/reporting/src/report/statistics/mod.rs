//! Statistics of features by class: what the values come to, how they are distributed, and how two of
//! them go together.

mod describe;
mod values;

use super::{
    Needs,
    table::{Cell, Kind, Row, Table},
};
use crate::{
    Reporting,
    labels::Labels,
    ratio::{self, SHARE_SCALE},
    request::Question,
    source,
};
use async_trait::async_trait;
use describe::{correlation, describe, histogram, number};
use kehu_core::{Label, label::Language};
use kehu_server::Fault;
use values::Values;

/// What the reports are about where no features are named.
const FEATURES: &[&str] = &["amount_365d", "orders_365d", "recency_days"];

/// Parts of a distribution, equally wide over the values of all classes.
const BINS: usize = 10;

/// The first columns of all.
const OF_CLASS: [(&str, Kind, &str, &str); 5] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("feature", Kind::Id, "指标", "Feature"),
    ("feature_label", Kind::Text, "指标名称", "Feature name"),
];

const STATISTICS: [(&str, Kind, &str, &str); 12] = [
    ("customer_count", Kind::Count, "有值客户数", "Customers with a value"),
    ("missing_count", Kind::Count, "缺值客户数", "Customers without"),
    ("mean", Kind::Number, "平均值", "Mean"),
    ("standard_deviation", Kind::Number, "标准差", "Standard deviation"),
    ("minimum", Kind::Number, "最小值", "Minimum"),
    ("quantile_10", Kind::Number, "10% 分位数", "10% quantile"),
    ("quantile_25", Kind::Number, "25% 分位数", "25% quantile"),
    ("median", Kind::Number, "中位数", "Median"),
    ("quantile_75", Kind::Number, "75% 分位数", "75% quantile"),
    ("quantile_90", Kind::Number, "90% 分位数", "90% quantile"),
    ("maximum", Kind::Number, "最大值", "Maximum"),
    ("gini", Kind::Number, "基尼系数", "Gini coefficient"),
];

const STATISTICS_MEAN: [(&str, &str, &str); 3] = [
    (
        "standard_deviation",
        "样本标准差，分母为 n − 1；只有一个值时为空。",
        "Of a sample, over n − 1; null of one value.",
    ),
    (
        "median",
        "分位数在相邻两值之间线性插值（Hyndman 与 Fan 1996 的第 7 种）。",
        "Quantiles are interpolated between neighbours (type 7 of Hyndman and Fan 1996).",
    ),
    (
        "gini",
        "集中度：0 为完全平均，接近 1 为集中于一个客户；有负值或合计为零时为空。",
        "Concentration: 0 when all have the same, towards 1 when one customer has all; null with \
         values below zero or nothing to share.",
    ),
];

const DISTRIBUTION: [(&str, Kind, &str, &str); 5] = [
    ("bin", Kind::Count, "区间", "Part"),
    ("from_value", Kind::Number, "起（含）", "From"),
    ("to_value", Kind::Number, "止（不含，末段含）", "To"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("customer_share", Kind::Share, "客户占比", "Share of customers"),
];

const CORRELATION: [(&str, Kind, &str, &str); 4] = [
    ("other_feature", Kind::Id, "另一指标", "Other feature"),
    ("other_feature_label", Kind::Text, "另一指标名称", "Other feature name"),
    ("customer_count", Kind::Count, "两值均有的客户数", "Customers with both"),
    ("correlation", Kind::Number, "相关系数", "Correlation"),
];

const CORRELATION_MEANS: [(&str, &str, &str); 1] = [(
    "correlation",
    "皮尔逊相关系数，−1 至 1；任一指标不变时为空。",
    "Pearson's, from −1 to 1; null where one of the two never varies.",
)];

/// The report `class-statistics`: a row for each class and feature, and for all classes.
pub(crate) struct Statistics;

/// The report `class-distributions`: the same, a row for each part of the range of the values.
pub(crate) struct Distributions;

/// The report `class-correlations`: a row for each class and pair of features, and for all classes.
pub(crate) struct Correlations;

#[async_trait]
impl super::Report for Statistics {
    fn id(&self) -> &'static str {
        "class-statistics"
    }

    fn label(&self) -> Label {
        Label::new("各类别指标统计", "Statistics by class")
    }

    fn needs(&self) -> Needs {
        Needs::Taxonomy
    }

    fn default_features(&self) -> &'static [&'static str] {
        FEATURES
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let read = Read::new(reporting, question, language).await?;
        let rows = read.rows(|class, feature| {
            let values = read.values.sorted(class, feature);
            let missing = read.values.customers(class) - values.len();
            let mut row = vec![count(values.len()), count(missing)];
            match describe(&values) {
                None => row.resize(STATISTICS.len(), Cell::Null),
                Some(found) => {
                    let [least, greatest] = found.ends;
                    row.extend([found.mean, found.deviation, least].map(Cell::optional));
                    row.extend(found.quantiles.map(Cell::optional));
                    row.extend([greatest, found.gini].map(Cell::optional));
                }
            }
            vec![row]
        });
        let table = Table::new(&[&OF_CLASS[..], &STATISTICS].concat(), rows);
        Ok(table.with_definitions(&STATISTICS_MEAN))
    }
}

#[async_trait]
impl super::Report for Distributions {
    fn id(&self) -> &'static str {
        "class-distributions"
    }

    fn label(&self) -> Label {
        Label::new("各类别指标分布", "Distributions by class")
    }

    fn needs(&self) -> Needs {
        Needs::Taxonomy
    }

    fn default_features(&self) -> &'static [&'static str] {
        FEATURES
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let read = Read::new(reporting, question, language).await?;
        let all = read.values.classes.len();
        let rows = read.rows(|class, feature| {
            let everybody = read.values.sorted(all, feature);
            let (Some(low), Some(high)) = (everybody.first(), everybody.last()) else {
                return Vec::new();
            };
            let values = read.values.sorted(class, feature);
            let counts = histogram(&values, (*low, *high), BINS);
            let edge = |bin: usize| number(low + (high - low) * bin as i128 / BINS as i128);
            let whole = i64::try_from(values.len()).unwrap_or(i64::MAX);
            let row = |(bin, customers): (usize, i64)| {
                vec![
                    count(bin + 1),
                    Cell::optional(edge(bin)),
                    Cell::optional(edge(bin + 1)),
                    Cell::Count(customers),
                    Cell::optional(ratio::count_share(customers, whole, SHARE_SCALE)),
                ]
            };
            counts.into_iter().enumerate().map(row).collect()
        });
        Ok(Table::new(&[&OF_CLASS[..], &DISTRIBUTION].concat(), rows))
    }
}

#[async_trait]
impl super::Report for Correlations {
    fn id(&self) -> &'static str {
        "class-correlations"
    }

    fn label(&self) -> Label {
        Label::new("各类别指标相关性", "Correlations by class")
    }

    fn needs(&self) -> Needs {
        Needs::Taxonomy
    }

    fn default_features(&self) -> &'static [&'static str] {
        FEATURES
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let read = Read::new(reporting, question, language).await?;
        let rows = read.rows(|class, feature| {
            let others = feature + 1..read.features.len();
            let row = |other: usize| {
                let mut pairs = read.values.pairs(class, [feature, other]);
                let [id, label] = read.features[other].clone();
                let found = Cell::optional(correlation(&mut pairs));
                vec![id, label, count(pairs.len()), found]
            };
            others.map(row).collect()
        });
        let table = Table::new(&[&OF_CLASS[..], &CORRELATION].concat(), rows);
        Ok(table.with_definitions(&CORRELATION_MEANS))
    }
}

/// The values of a question, and what its classes and features are called.
struct Read {
    values: Values,
    as_of: Cell,
    /// Id and label of each class, and of all.
    classes: Vec<[Cell; 2]>,
    /// Id and label of each feature.
    features: Vec<[Cell; 2]>,
}

impl Read {
    async fn new(
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Self, Fault> {
        let values = Values::read(reporting, question).await?;
        let class = |class: &kehu_core::taxonomy::Class| {
            [Cell::id(&class.id), Cell::text(class.label.get(language))]
        };
        let mut classes: Vec<_> = values.classes.iter().map(class).collect();
        classes.push([Cell::id("total"), Cell::text(Labels::of(language).total)]);
        let catalogue = reporting.analytics.catalogue().await.map_err(source::fault)?;
        let feature = |id: &String| {
            let feature = catalogue.find(id);
            let label = feature.map_or(id.as_str(), |feature| feature.label.get(language));
            [Cell::id(id), Cell::text(label)]
        };
        let features = question.features.iter().map(feature).collect();
        Ok(Self { values, as_of: Cell::Date(question.moment.as_of), classes, features })
    }

    /// The rows that `rows` gives for each class and feature, behind what they are of.
    fn rows(&self, rows: impl Fn(usize, usize) -> Vec<Row>) -> Vec<Row> {
        let mut all = Vec::new();
        for (class, of_class) in self.classes.iter().enumerate() {
            for (feature, of_feature) in self.features.iter().enumerate() {
                for row in rows(class, feature) {
                    let first = [std::slice::from_ref(&self.as_of), of_class, of_feature].concat();
                    all.push([first, row].concat());
                }
            }
        }
        all
    }
}

fn count(count: usize) -> Cell {
    Cell::Count(i64::try_from(count).unwrap_or(i64::MAX))
}
