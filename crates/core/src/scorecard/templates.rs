//! Scorecards that are ready to use by name.

use rust_decimal::Decimal;

use super::definition::{
    Centre, Direction, GradeShare, Grading, Imputation, Indicator, Missing, Scorecard, Transform,
};
use crate::Label;

/// Every template: `rfm`, `rfm-mean`, `abc`, `value`. Those with a recency score only customers
/// that have bought something: recency is null for everyone else, and `Missing::Fail` then keeps
/// them out of the other indicators' thresholds too, where their zeros would shift every bin.
pub fn templates() -> Vec<Scorecard> {
    vec![rfm(), rfm_mean(), abc(), value()]
}

/// Recency, frequency and monetary quintiles with equal weights (Hughes, *Strategic Database
/// Marketing*, 1994), 5 is best.
fn rfm() -> Scorecard {
    let label = Label::new("RFM 五分位", "RFM quintiles");
    recency_frequency_monetary("rfm", label, &Transform::Quantile { bins: 5 })
}

/// The same three, each above (2) or not above (1) the mean of all buyers.
fn rfm_mean() -> Scorecard {
    let label = Label::new("RFM 均值二分", "RFM against the mean");
    recency_frequency_monetary("rfm-mean", label, &Transform::Split { at: Centre::Mean })
}

fn recency_frequency_monetary(id: &str, label: Label, transform: &Transform) -> Scorecard {
    let equal = || Decimal::ONE;
    Scorecard {
        id: id.to_owned(),
        label,
        indicators: vec![
            recency(transform.clone(), equal()),
            Indicator {
                id: "frequency".to_owned(),
                label: Label::new("购买频率", "Frequency"),
                feature: "orders_total".to_owned(),
                transform: transform.clone(),
                direction: Direction::Up,
                weight: equal(),
                missing: zero(),
            },
            Indicator {
                id: "monetary".to_owned(),
                label: Label::new("消费金额", "Monetary"),
                feature: "amount_total".to_owned(),
                transform: transform.clone(),
                direction: Direction::Up,
                weight: equal(),
                missing: zero(),
            },
        ],
        grading: Grading::None,
    }
}

/// ABC analysis of the amount of all time: A to 80 % of it, B to 95 %, C the rest. The points
/// are deciles of the amount.
fn abc() -> Scorecard {
    Scorecard {
        id: "abc".to_owned(),
        label: Label::new("ABC 分类（帕累托）", "ABC (Pareto)"),
        indicators: vec![Indicator {
            id: "amount".to_owned(),
            label: Label::new("累计金额", "Amount of all time"),
            feature: "amount_total".to_owned(),
            transform: Transform::Quantile { bins: 10 },
            direction: Direction::Up,
            weight: Decimal::ONE,
            missing: Missing::Ignore,
        }],
        grading: Grading::CumulativeShare {
            indicator: "amount".to_owned(),
            cuts: shares(&[("A", 80), ("B", 95)]),
            rest: "C".to_owned(),
        },
    }
}

/// What a customer is worth today: last year's amount and orders, how recently it bought, and
/// whether it grows. Deciles, because amounts are so skewed that between two percentiles most
/// customers would share the lowest points. A customer without an earlier year to compare with
/// has no growth, and its other indicators carry that weight. A is the best 5 % of the buyers,
/// B up to 20 %, C up to half, D the other half.
fn value() -> Scorecard {
    let deciles = || Transform::Quantile { bins: 10 };
    let up = |id: &str, label, feature: &str, weight, missing| Indicator {
        id: id.to_owned(),
        label,
        feature: feature.to_owned(),
        transform: deciles(),
        direction: Direction::Up,
        weight: Decimal::new(weight, 2),
        missing,
    };
    let amount = Label::new("近一年金额", "Amount, last 365 days");
    let orders = Label::new("近一年订单数", "Orders, last 365 days");
    let growth = Label::new("同比增长", "Growth on the year before");
    Scorecard {
        id: "value".to_owned(),
        label: Label::new("客户价值综合评分", "Customer value"),
        indicators: vec![
            up("amount", amount, "amount_365d", 40, zero()),
            up("orders", orders, "orders_365d", 25, zero()),
            recency(deciles(), Decimal::new(20, 2)),
            up("growth", growth, "amount_growth_yoy", 15, Missing::Ignore),
        ],
        grading: Grading::RankShare {
            cuts: shares(&[("A", 5), ("B", 20), ("C", 50)]),
            rest: "D".to_owned(),
        },
    }
}

fn recency(transform: Transform, weight: Decimal) -> Indicator {
    Indicator {
        id: "recency".to_owned(),
        label: Label::new("最近购买", "Recency"),
        feature: "recency_days".to_owned(),
        transform,
        direction: Direction::Down,
        weight,
        missing: Missing::Fail,
    }
}

/// Whoever bought nothing in a window bought for zero.
fn zero() -> Missing {
    Missing::Impute { with: Imputation::Constant(Decimal::ZERO) }
}

/// Grades with cumulative shares in percent.
fn shares(cuts: &[(&str, i64)]) -> Vec<GradeShare> {
    let cut = |(grade, percent): &(&str, i64)| GradeShare {
        grade: (*grade).to_owned(),
        share: Decimal::new(*percent, 2),
    };
    cuts.iter().map(cut).collect()
}
