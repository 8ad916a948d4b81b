//! Every feature, with its names, unit and meaning.

use std::sync::LazyLock;

use kehu_core::Label;

use super::query::Query;
use crate::ColumnKind::{self, Decimal, Integer, Ratio, Text};

/// What a feature is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// Its name in frames, scorecards and predicates: `recency_days`.
    pub id: &'static str,
    /// Its name for people.
    pub label: Label,
    /// `recency`, `frequency`, `monetary`, `growth`, `habits` or `attributes`.
    pub group: &'static str,
    /// The kind of its values.
    pub kind: ColumnKind,
    /// The unit of its values: `d` days, `1` a count or plain number, `currency` the base
    /// currency, `share` a fraction of 1; empty for text.
    pub unit: &'static str,
    /// How it is computed and when it is null.
    pub description: &'static str,
    pub(super) query: Query,
}

static CATALOGUE: LazyLock<Vec<Feature>> = LazyLock::new(|| {
    let groups = [recency(), frequency(), monetary(), growth(), habits(), basket(), attributes()];
    groups.into_iter().flatten().collect()
});

/// Every feature, group by group.
pub fn catalogue() -> &'static [Feature] {
    &CATALOGUE
}

/// The feature of this name.
pub fn find(id: &str) -> Option<&'static Feature> {
    CATALOGUE.iter().find(|feature| feature.id == id)
}

fn feature(
    id: &'static str,
    (zh, en): (&str, &str),
    (query, kind, unit): (Query, ColumnKind, &'static str),
    description: &'static str,
) -> Feature {
    Feature { id, label: Label::new(zh, en), group: query.group(), kind, unit, description, query }
}

fn recency() -> Vec<Feature> {
    vec![
        feature(
            "recency_days",
            ("距上次购买天数", "Days since the last order"),
            (Query::Recency, Integer, "d"),
            "Days from the last completed order to the date, 0 on the day itself. Null \
             without one.",
        ),
        feature(
            "tenure_days",
            ("客户关系天数", "Days as a customer"),
            (Query::Recency, Integer, "d"),
            "Days from the first completed order to the date; without one, from the \
             registration. Null without either.",
        ),
    ]
}

/// Orders of one day are one purchase, as when a transaction history is prepared for a
/// customer-base model (Fader and Hardie, *A note on deriving the Pareto/NBD*, 2005, and the
/// walkthrough of the R package BTYD); the variation of the times between them is that of
/// Platzer and Reutterer, *Ticking away the moments* (Marketing Science, 2016).
fn frequency() -> Vec<Feature> {
    vec![
        feature(
            "orders_30d",
            ("近 30 天订单数", "Orders, last 30 days"),
            (Query::Frequency, Integer, "1"),
            "Completed orders in the 30 days that end on the date. 0 without any.",
        ),
        feature(
            "orders_90d",
            ("近 90 天订单数", "Orders, last 90 days"),
            (Query::Frequency, Integer, "1"),
            "Completed orders in the 90 days that end on the date. 0 without any.",
        ),
        feature(
            "orders_180d",
            ("近 180 天订单数", "Orders, last 180 days"),
            (Query::Frequency, Integer, "1"),
            "Completed orders in the 180 days that end on the date. 0 without any.",
        ),
        feature(
            "orders_365d",
            ("近一年订单数", "Orders, last 365 days"),
            (Query::Frequency, Integer, "1"),
            "Completed orders in the 365 days that end on the date. 0 without any.",
        ),
        feature(
            "orders_730d",
            ("近两年订单数", "Orders, last 730 days"),
            (Query::Frequency, Integer, "1"),
            "Completed orders in the 730 days that end on the date. 0 without any.",
        ),
        feature(
            "orders_total",
            ("累计订单数", "Orders of all time"),
            (Query::Frequency, Integer, "1"),
            "Completed orders up to the date. 0 without any.",
        ),
        feature(
            "active_months_12m",
            ("近 12 个月活跃月数", "Active months, last 12"),
            (Query::Frequency, Integer, "1"),
            "How many of the 12 months that end on the date have a completed order; a month \
             runs from the day after the same day of the month before. 0 to 12.",
        ),
        feature(
            "interpurchase_days_mean",
            ("平均购买间隔", "Mean days between purchases"),
            (Query::Interpurchase, Ratio, "d"),
            "Mean number of days from one day with completed orders to the next; the orders \
             of one day are one purchase. Null with fewer than two such days.",
        ),
        feature(
            "interpurchase_days_cv",
            ("购买间隔变异系数", "Variation of days between purchases"),
            (Query::Interpurchase, Ratio, "1"),
            "Sample standard deviation of the days between purchases over their mean: near \
             0 is regular, near 1 is random, above is in bursts. Null with fewer than three \
             days with orders.",
        ),
    ]
}

fn monetary() -> Vec<Feature> {
    vec![
        feature(
            "amount_30d",
            ("近 30 天金额", "Amount, last 30 days"),
            (Query::Monetary, Decimal, "currency"),
            "Sales less returns, and adjustments, in the 30 days that end on the date. Null \
             without any.",
        ),
        feature(
            "amount_90d",
            ("近 90 天金额", "Amount, last 90 days"),
            (Query::Monetary, Decimal, "currency"),
            "Sales less returns, and adjustments, in the 90 days that end on the date. Null \
             without any.",
        ),
        feature(
            "amount_180d",
            ("近 180 天金额", "Amount, last 180 days"),
            (Query::Monetary, Decimal, "currency"),
            "Sales less returns, and adjustments, in the 180 days that end on the date. \
             Null without any.",
        ),
        feature(
            "amount_365d",
            ("近一年金额", "Amount, last 365 days"),
            (Query::Monetary, Decimal, "currency"),
            "Sales less returns, and adjustments, in the 365 days that end on the date. \
             Null without any.",
        ),
        feature(
            "amount_730d",
            ("近两年金额", "Amount, last 730 days"),
            (Query::Monetary, Decimal, "currency"),
            "Sales less returns, and adjustments, in the 730 days that end on the date. \
             Null without any.",
        ),
        feature(
            "amount_total",
            ("累计金额", "Amount of all time"),
            (Query::Monetary, Decimal, "currency"),
            "Sales less returns, and adjustments, up to the date. Null without any.",
        ),
        feature(
            "avg_order_value_365d",
            ("近一年平均订单金额", "Mean order value, last 365 days"),
            (Query::Monetary, Decimal, "currency"),
            "Mean amount of the completed orders in the 365 days that end on the date; \
             returns do not lower it. Null without orders.",
        ),
    ]
}

fn growth() -> Vec<Feature> {
    vec![
        feature(
            "amount_growth_yoy",
            ("金额同比增长", "Growth on the year before"),
            (Query::Growth, Ratio, "share"),
            "The amount of the last 365 days against that of the 365 days before: 0.5 is \
             half as much again, -1 is nothing any more. Null unless there is an amount \
             above zero in the year before.",
        ),
        feature(
            "amount_trend_12m",
            ("近 12 个月金额趋势", "Trend over 12 months"),
            (Query::Growth, Ratio, "share"),
            "Least-squares slope of the amounts of the 12 months that end on the date, over \
             their mean: 0.1 is a rise by a tenth of the mean each month. Months without \
             orders are zeros. Null unless the 12 months have an amount above zero.",
        ),
    ]
}

fn habits() -> Vec<Feature> {
    vec![
        feature(
            "preferred_channel",
            ("首选渠道", "Preferred channel"),
            (Query::Habits, Text, ""),
            "The channel of most completed orders; of equals the one used last, then the \
             first by name. Null when no order names one.",
        ),
        feature(
            "preferred_hour_band",
            ("首选时段", "Preferred time of day"),
            (Query::Habits, Text, ""),
            "When most completed orders were placed, local time: `night` 0-5, `morning` \
             6-11, `afternoon` 12-17, `evening` 18-23; of equals the one used last, then \
             the earliest. Null without orders.",
        ),
        feature(
            "weekend_share",
            ("周末订单占比", "Share of weekend orders"),
            (Query::Habits, Ratio, "share"),
            "Share of the completed orders that were placed on a Saturday or Sunday. Null \
             without orders.",
        ),
    ]
}

/// The percentile is the mid-rank one (Parzen's mid-distribution function), so that equal
/// prices get equal places and the mean over all lines is one half.
fn basket() -> Vec<Feature> {
    vec![
        feature(
            "top_category",
            ("首选品类", "Top category"),
            (Query::Basket, Text, ""),
            "The product category with the highest amount of sales; of equals the first by \
             name. Null when no line above zero names one.",
        ),
        feature(
            "top_category_share",
            ("首选品类占比", "Share of the top category"),
            (Query::Basket, Ratio, "share"),
            "The amount of the top category over that of all categories with an amount \
             above zero. Null without a top category.",
        ),
        feature(
            "top_brand",
            ("首选品牌", "Top brand"),
            (Query::Basket, Text, ""),
            "The brand with the highest amount of sales; of equals the first by name. Null \
             when no line above zero names one.",
        ),
        feature(
            "category_count_365d",
            ("近一年品类数", "Categories, last 365 days"),
            (Query::Basket, Integer, "1"),
            "Different product categories bought in the 365 days that end on the date. 0 \
             without any.",
        ),
        feature(
            "discount_share_365d",
            ("近一年折扣占比", "Share of discounts, last 365 days"),
            (Query::Basket, Ratio, "share"),
            "Discounts over amounts before discount, of the lines sold in the 365 days that \
             end on the date whose discount is known. Null without such lines.",
        ),
        feature(
            "price_level",
            ("价格水平", "Price level"),
            (Query::PriceLevel, Ratio, "share"),
            "Mean percentile of the unit prices paid, each among all lines that all customers \
             bought in its category and currency up to the date: the share that was cheaper and \
             half of the share that cost the same. 0 is cheap, 1 is dear. It moves with what \
             others buy, too. Null when no line names a category.",
        ),
    ]
}

fn attributes() -> Vec<Feature> {
    vec![
        feature(
            "customer_type",
            ("客户类型", "Customer type"),
            (Query::Attributes, Text, ""),
            "The kind of customer in the enterprise's words. Null when unknown.",
        ),
        feature(
            "country",
            ("国家", "Country"),
            (Query::Attributes, Text, ""),
            "Country, ISO 3166-1 alpha-2. Null when unknown.",
        ),
        feature(
            "province",
            ("省份", "Province"),
            (Query::Attributes, Text, ""),
            "Province or state. Null when unknown.",
        ),
        feature(
            "city",
            ("城市", "City"),
            (Query::Attributes, Text, ""),
            "City. Null when unknown.",
        ),
        feature(
            "industry",
            ("行业", "Industry"),
            (Query::Attributes, Text, ""),
            "Industry, a GB/T 4754 or ISIC code. Null when unknown.",
        ),
    ]
}
