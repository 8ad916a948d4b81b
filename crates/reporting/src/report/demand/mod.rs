//! Which customers buy what: groups by a feature, such as bands of age, beside a property of the
//! products that they bought in the last 365 days, and whether that is chance.

mod significance;

use super::{
    Facts, Independence, Needs, Takes,
    bands::Bands,
    independence::decimal,
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
use kehu_core::label::Language;
use kehu_server::Fault;
use kehu_storage::bulk::ColumnType::{I64, Text};
use rust_decimal::Decimal;
use significance::adjusted;
use std::collections::{HashMap, HashSet};

/// What the reports are about where no feature is named.
const FEATURES: &[&str] = &["customer_type"];
/// Values of the property that are looked at, the most frequent ones.
const VALUES: usize = 200;
/// Customers who bought one at least.
const BUYERS: i64 = 5;

const COLUMNS: [(&str, Kind, &str, &str); 16] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("feature", Kind::Id, "指标", "Feature"),
    ("value", Kind::Text, "客户群", "Customers"),
    ("bought", Kind::Text, "所购产品属性", "What they bought"),
    ("customer_count", Kind::Count, "购买该属性的客户数", "Customers who bought it"),
    ("buyer_count", Kind::Count, "有购买的客户数", "Customers who bought anything"),
    ("share", Kind::Share, "购买占比", "Share who bought it"),
    ("lift", Kind::Number, "提升度", "Lift"),
    ("expected_count", Kind::Number, "期望客户数", "Expected customers"),
    ("residual", Kind::Number, "调整后残差", "Adjusted residual"),
    ("chi_square", Kind::Number, "卡方值", "Chi-square"),
    ("degrees_of_freedom", Kind::Count, "自由度", "Degrees of freedom"),
    ("p_value", Kind::Number, "p 值", "p-value"),
    ("adjusted_p_value", Kind::Number, "校正 p 值", "Adjusted p-value"),
    ("cramers_v", Kind::Number, "克拉默 V", "Cramér's V"),
    ("missing_count", Kind::Count, "缺值客户数", "Customers without a value"),
];

const DEFINITIONS: [(&str, &str, &str); 6] = [
    (
        "bought",
        "近 365 天已完成订单中出现过的取值；至少 5 位客户购买，最多列出购买客户最多的 200 个，按 p 值从小到大排列。",
        "Of completed orders of the last 365 days; bought by five customers at least, the 200 that \
         most bought, the least p-value first.",
    ),
    (
        "lift",
        "该客户群的购买占比 ÷ 全部购买客户的购买占比。",
        "The share of these customers over that of all who bought anything.",
    ),
    (
        "residual",
        "偏离期望的标准化程度（Haberman 1973）；大于 2 为需求明显较高，小于 −2 为明显较低。",
        "How far the count is from the expected one in standard deviations (Haberman 1973): above 2 \
         they clearly buy more of it, below −2 less.",
    ),
    (
        "p_value",
        "皮尔逊卡方独立性检验：是否购买与客户群无关时，偏离至少如此之大的概率。",
        "Pearson's test of independence: the probability of being at least so far off by chance.",
    ),
    (
        "adjusted_p_value",
        "因同时检验多个取值而校正的 p 值（Benjamini 与 Hochberg 1995）；小于 0.05 者中误判的期望比例低于 5 %。",
        "The p-value in view of how many values are tested (Benjamini and Hochberg 1995): of those \
         below 0.05 less than 5 % are to be expected to be chance.",
    ),
    (
        "cramers_v",
        "关联强度，0 为无关联，1 为完全决定（Cramér 1946）。",
        "Strength of the association, 0 for none and 1 where one tells the other (Cramér 1946).",
    ),
];

/// A report on a property of products: for each of its values a row a group of customers, and one for
/// all of them, which says whether the groups differ.
pub(crate) struct Report {
    id: &'static str,
    label: [&'static str; 2],
    /// The column of lines of orders.
    property: &'static str,
}

/// The report `category-demand`.
pub(crate) const BY_CATEGORY: Report = Report {
    id: "category-demand",
    label: ["客户群的品类需求", "Demand for categories"],
    property: "category",
};
/// The report `brand-demand`.
pub(crate) const BY_BRAND: Report = Report {
    id: "brand-demand",
    label: ["客户群的品牌需求", "Demand for brands"],
    property: "brand",
};
/// The report `product-demand`.
pub(crate) const BY_PRODUCT: Report = Report {
    id: "product-demand",
    label: ["客户群的产品需求", "Demand for products"],
    property: "product",
};

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: self.id,
            label: self.label,
            needs: Needs::Time,
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
        let feature = question.features.first().map_or("", String::as_str);
        let labels = Labels::of(language);
        let values = source::values(reporting, question, &[feature]).await?;
        let known = values.iter().flat_map(|set| &set.columns[0]);
        let bands = Bands::of(known, question.bands(feature), labels.other);
        let found = self.count(reporting, question, &values, &bands).await?;
        let mut rows = Vec::new();
        for (demand, adjusted) in found.tested() {
            let head = |value: &str| {
                let [feature, value] = [Cell::id(feature), Cell::text(value)];
                vec![Cell::Date(question.moment.as_of), feature, value, Cell::text(&demand.value)]
            };
            for (place, buyers) in found.buyers.iter().enumerate().filter(|(_, all)| **all > 0) {
                let mut row = head(bands.label(place));
                row.extend(demand.cells(place, *buyers));
                rows.push(row);
            }
            let mut row = head(labels.total);
            row.extend(demand.total(adjusted, found.missing));
            rows.push(row);
        }
        Ok(Table::new(&COLUMNS, rows).with_definitions(&DEFINITIONS))
    }
}

/// Who bought what.
struct Found {
    /// Customers of each group who bought anything.
    buyers: Vec<i64>,
    /// Customers who bought something and have no value.
    missing: i64,
    /// By value, the customers of each group who bought it.
    bought: HashMap<String, Vec<i64>>,
}

/// One value of the property.
struct Demand {
    value: String,
    /// Customers of each group who bought it.
    counts: Vec<i64>,
    /// By group, and whether they bought it.
    found: Independence,
}

impl Report {
    async fn count(
        &self,
        reporting: &Reporting,
        question: &Question,
        values: &[source::Values],
        bands: &Bands,
    ) -> Result<Found, Fault> {
        let basis = source::year(question);
        let buyers = vec![0; bands.len()];
        let mut found = Found { buyers, missing: 0, bought: HashMap::new() };
        for set in values {
            let (Some(first), Some(last)) = (set.customers.first(), set.customers.last()) else {
                continue;
            };
            let query = include_str!("bought.sql").replace("{property}", self.property);
            let query = query.replace("{first}", &first.to_string());
            let query = query.replace("{last}", &last.to_string());
            let columns = [("customer_id", I64), ("bought", Text)];
            let rows = basis.rows(&reporting.db, &query, &columns).await?;
            let mut seen = HashSet::new();
            for row in 0..rows.len() {
                let customer = rows.whole("customer_id", row)?;
                let Ok(place) = set.customers.binary_search(&customer) else { continue };
                let group = bands.place(&set.columns[0][place]);
                let bought = rows.text("bought", row)?.unwrap_or_default();
                found.add(group, bought, seen.insert(customer));
            }
        }
        Ok(found)
    }
}

impl Found {
    /// Somebody of a group bought something, the first that is read of this customer or not.
    fn add(&mut self, group: Option<usize>, bought: &str, first: bool) {
        let Some(group) = group else {
            self.missing += i64::from(first);
            return;
        };
        self.buyers[group] += i64::from(first);
        if let Some(counts) = self.bought.get_mut(bought) {
            counts[group] += 1;
            return;
        }
        let mut counts = vec![0; self.buyers.len()];
        counts[group] = 1;
        self.bought.insert(bought.to_owned(), counts);
    }

    /// The values of the property with their adjusted p-values, those first that chance explains the
    /// least.
    fn tested(&self) -> Vec<(Demand, Option<f64>)> {
        let mut frequent: Vec<(i64, &String, &Vec<i64>)> = self
            .bought
            .iter()
            .map(|(value, counts)| (counts.iter().sum(), value, counts))
            .collect();
        frequent.retain(|(sum, _, _)| *sum >= BUYERS);
        frequent.sort_unstable_by(|one, two| two.0.cmp(&one.0).then_with(|| one.1.cmp(two.1)));
        frequent.truncate(VALUES);
        let demand = |(_, value, counts): (i64, &String, &Vec<i64>)| {
            let pairs = counts.iter().zip(&self.buyers);
            let pairs: Vec<Vec<i64>> = pairs.map(|(it, all)| vec![*it, all - it]).collect();
            let found = Independence::of(&pairs);
            Demand { value: value.clone(), counts: counts.clone(), found }
        };
        let mut demands: Vec<Demand> = frequent.into_iter().map(demand).collect();
        // Stable: of equals the more frequent one stays first.
        let p = |demand: &Demand| demand.found.p_value().unwrap_or(f64::INFINITY);
        demands.sort_by(|one, two| p(one).total_cmp(&p(two)));
        let adjusted = adjusted(&demands.iter().map(|it| it.found.p_value()).collect::<Vec<_>>());
        demands.into_iter().zip(adjusted).collect()
    }
}

impl Demand {
    /// The last cells of a group.
    fn cells(&self, place: usize, buyers: i64) -> Row {
        let count = self.counts[place];
        let all: i64 = self.counts.iter().sum();
        let expected = Decimal::from(buyers) * Decimal::from(all);
        let lift = (Decimal::from(count) * Decimal::from(self.found.all)).checked_div(expected);
        let mut cells = vec![
            Cell::Count(count),
            Cell::Count(buyers),
            Cell::optional(ratio::count_share(count, buyers, SHARE_SCALE)),
            Cell::optional(lift.map(|lift| lift.round_dp(SHARE_SCALE))),
        ];
        let found = [Some(self.found.expected(place, 0)), self.found.residual(place, 0, count)];
        cells.extend(found.map(|number| Cell::optional(number.and_then(decimal))));
        cells.resize(cells.len() + 6, Cell::Null);
        cells
    }

    /// The last cells of the row for all groups.
    fn total(&self, adjusted: Option<f64>, missing: i64) -> Row {
        let count = self.counts.iter().sum();
        let share = ratio::count_share(count, self.found.all, SHARE_SCALE);
        let mut cells =
            vec![Cell::Count(count), Cell::Count(self.found.all), Cell::optional(share)];
        cells.resize(cells.len() + 3, Cell::Null);
        let number = |number: Option<f64>| Cell::optional(number.and_then(decimal));
        cells.push(number(self.found.chi_square));
        cells.push(
            self.found.chi_square.map_or(Cell::Null, |_| Cell::Count(self.found.degrees.into())),
        );
        cells.extend([self.found.p_value(), adjusted, self.found.cramers_v()].map(number));
        cells.push(Cell::Count(missing));
        cells
    }
}
