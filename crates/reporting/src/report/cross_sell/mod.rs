//! Cross-sell: products that customers of a class buy together more often than by chance, counted in
//! the baskets of the last 365 days (Agrawal, Imieliński and Swami, Mining association rules, 1993).

use super::{
    Facts, Needs,
    of_class::{class_cells, place_of},
    table::{Cell, Kind, Row, Table},
};
use crate::{
    Reporting,
    ratio::{self, SHARE_SCALE},
    request::Question,
    source,
};
use async_trait::async_trait;
use kehu_core::{label::Language, taxonomy::Class};
use kehu_server::Fault;
use kehu_storage::bulk::ColumnType::{I64, Text};
use rust_decimal::Decimal;
use std::collections::HashMap;

/// Products that are looked at, the most frequent ones; the query asks for one more.
const PRODUCTS: usize = 200;
/// Baskets that two products are in together at least.
pub(crate) const TOGETHER: i64 = 5;
/// Baskets of a class that they are in together at least: one of so many.
pub(crate) const SUPPORT: i64 = 200;
/// Rows of a class at most.
const ROWS: usize = 100;

const COLUMNS: [(&str, Kind, &str, &str); 10] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("product_code", Kind::Text, "已购产品", "Who buys"),
    ("other_product_code", Kind::Text, "一同购买的产品", "Also buys"),
    ("basket_count", Kind::Count, "同购订单数", "Baskets with both"),
    ("class_basket_count", Kind::Count, "类别订单数", "Baskets of the class"),
    ("support", Kind::Share, "支持度", "Support"),
    ("confidence", Kind::Share, "置信度", "Confidence"),
    ("lift", Kind::Number, "提升度", "Lift"),
];

const DEFINITIONS: [(&str, &str, &str); 4] = [
    (
        "basket_count",
        "近 365 天已完成订单中同时含两种产品的订单数；只看订单数最多的 200 种产品。",
        "Completed orders of the last 365 days with both; of the 200 most frequent products.",
    ),
    ("support", "同购订单数 ÷ 类别订单数。", "Baskets with both, over those of the class."),
    (
        "confidence",
        "同购订单数 ÷ 含已购产品的订单数。",
        "Baskets with both, over those with the first.",
    ),
    (
        "lift",
        "置信度 ÷ 另一产品在类别订单中的占比；大于 1 为一同购买多于偶然。",
        "Confidence over the share of baskets with the other; above 1 more often than by chance.",
    ),
];

/// The report `cross-sell`: for each class the pairs of products with the greatest lift.
pub(crate) struct Report;

/// Baskets by class and product.
type Baskets = HashMap<(usize, String), i64>;

/// One product that draws another.
struct Rule {
    product: String,
    other: String,
    baskets: i64,
    support: Decimal,
    confidence: Decimal,
    lift: Decimal,
}

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "cross-sell",
            label: ["交叉销售", "Cross-sell"],
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
        let found = Found::read(reporting, question, &classes).await?;
        let mut rows = Vec::new();
        for (class, rules) in found.rules().into_iter().enumerate() {
            let id = classes.get(class).map(|class| class.id.as_str());
            let total = found.totals.get(class).copied().unwrap_or_default();
            for rule in rules {
                let mut row = vec![Cell::Date(question.moment.as_of)];
                row.extend(class_cells(id, &classes, language));
                row.extend(rule.cells(total));
                rows.push(row);
            }
        }
        Ok(Table::new(&COLUMNS, rows).with_definitions(&DEFINITIONS))
    }
}

/// What the queries count.
struct Found {
    /// Baskets of each class.
    totals: Vec<i64>,
    products: Baskets,
    /// Class, product, other product, baskets with both.
    pairs: Vec<(usize, String, String, i64)>,
}

impl Found {
    async fn read(
        reporting: &Reporting,
        question: &Question,
        classes: &[Class],
    ) -> Result<Self, Fault> {
        let (db, basis) = (&reporting.db, source::year(question));
        let counts = basis.rows(db, include_str!("least.sql"), &[("baskets", I64)]).await?;
        // Who ties with the first one left out is left out, too, so the order of ties does not matter.
        let least = match counts.len() > PRODUCTS {
            true => counts.whole("baskets", PRODUCTS)? + 1,
            false => 1,
        };
        let filled = |query: &str| {
            let query = query.replace("{least}", &least.to_string());
            query.replace("{together}", &TOGETHER.to_string())
        };
        let columns = [("class_id", Text), ("baskets", I64)];
        let rows = basis.rows(db, include_str!("totals.sql"), &columns).await?;
        let mut totals = vec![0; classes.len()];
        for row in 0..rows.len() {
            if let Some(total) = totals.get_mut(place_of(rows.text("class_id", row)?, classes)) {
                *total = rows.whole("baskets", row)?;
            }
        }
        let columns = [("class_id", Text), ("product", Text), ("baskets", I64)];
        let rows = basis.rows(db, &filled(include_str!("products.sql")), &columns).await?;
        let mut products = Baskets::new();
        for row in 0..rows.len() {
            let class = place_of(rows.text("class_id", row)?, classes);
            let product = rows.text("product", row)?.unwrap_or_default().to_owned();
            products.insert((class, product), rows.whole("baskets", row)?);
        }
        let columns =
            [("class_id", Text), ("product", Text), ("other_product", Text), ("baskets", I64)];
        let rows = basis.rows(db, &filled(include_str!("pairs.sql")), &columns).await?;
        let mut pairs = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let class = place_of(rows.text("class_id", row)?, classes);
            let [one, two] = ["product", "other_product"].map(|name| rows.text(name, row));
            let (one, two) = (one?.unwrap_or_default(), two?.unwrap_or_default());
            pairs.push((class, one.to_owned(), two.to_owned(), rows.whole("baskets", row)?));
        }
        Ok(Self { totals, products, pairs })
    }

    /// The rules of each class, the greatest lift first.
    fn rules(&self) -> Vec<Vec<Rule>> {
        let mut rules: Vec<Vec<Rule>> = self.totals.iter().map(|_| Vec::new()).collect();
        for (class, product, other, baskets) in &self.pairs {
            let Some(total) = self.totals.get(*class).copied() else { continue };
            if baskets * SUPPORT < total {
                continue;
            }
            let count = |product: &String| self.products.get(&(*class, product.clone())).copied();
            let Some((first, second)) = count(product).zip(count(other)) else { continue };
            let rule = Rule::new([product, other], *baskets, [first, second, total]);
            rules[*class].extend(rule.filter(|rule| rule.lift > Decimal::ONE));
        }
        for rules in &mut rules {
            rules.sort_by(|one, two| {
                let by_lift = two.lift.cmp(&one.lift).then(two.baskets.cmp(&one.baskets));
                let by_name = (&one.product, &one.other).cmp(&(&two.product, &two.other));
                by_lift.then(by_name)
            });
            rules.truncate(ROWS);
        }
        rules
    }
}

impl Rule {
    /// Of two products that are in so many baskets together, and in so many each of all.
    fn new(
        [product, other]: [&String; 2],
        baskets: i64,
        [first, second, total]: [i64; 3],
    ) -> Option<Self> {
        let expected = Decimal::from(first) * Decimal::from(second);
        let lift = (Decimal::from(baskets) * Decimal::from(total)).checked_div(expected)?;
        Some(Self {
            product: product.clone(),
            other: other.clone(),
            baskets,
            support: ratio::count_share(baskets, total, SHARE_SCALE)?,
            confidence: ratio::count_share(baskets, first, SHARE_SCALE)?,
            lift: lift.round_dp(SHARE_SCALE),
        })
    }

    fn cells(self, total: i64) -> Row {
        vec![
            Cell::Text(self.product),
            Cell::Text(self.other),
            Cell::Count(self.baskets),
            Cell::Count(total),
            Cell::Number(self.support),
            Cell::Number(self.confidence),
            Cell::Number(self.lift),
        ]
    }
}
