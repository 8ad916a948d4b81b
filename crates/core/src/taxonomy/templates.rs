//! Taxonomies that are ready to use by name.

use super::rfm::{rfm_8, rfm_11};
use super::{Class, Taxonomy};
use crate::Label;

/// Every template: `value-six`, `rfm-11`, `rfm-8`, `abc`. They read the columns of the scorecard
/// templates: `value-six` those of `value` and `abc`, `rfm-11` those of `rfm`, `rfm-8` those of
/// `rfm-mean`, `abc` those of `abc`; those scorecards are to be scored first.
pub fn templates() -> Vec<Taxonomy> {
    vec![value_six(), rfm_11(), rfm_8(), abc()]
}

/// A class at the top of a taxonomy, without tags.
pub(super) fn class(
    id: &str,
    code: &str,
    label: Label,
    predicate: Option<&str>,
    strategy_summary: Label,
) -> Class {
    Class {
        id: id.to_owned(),
        code: code.to_owned(),
        label,
        parent: None,
        predicate: predicate.map(str::to_owned),
        tags: Vec::new(),
        strategy_summary,
    }
}

/// The default class of every template: customers without a completed order.
pub(super) fn no_purchase() -> Class {
    class(
        "no-purchase",
        "N",
        Label::new("未购买", "No purchase"),
        None,
        Label::new("核实需求后推动首单。", "Find out what they need and win a first order."),
    )
}

/// Classes in order of priority with [`no_purchase`] as the last and default one.
pub(super) fn taxonomy(id: &str, label: Label, mut classes: Vec<Class>) -> Taxonomy {
    let default = no_purchase();
    let default_class = default.id.clone();
    classes.push(default);
    Taxonomy { id: id.to_owned(), label, classes, default_class }
}

/// Six classes by value and activity, without a single amount that would have to be set for a
/// line of business. The days suit trade customers who reorder every one to three months: after
/// four months without an order somebody should call, after nine they are gone.
///
/// Silence comes first, so that a large customer who stopped buying is not hidden among the
/// good ones:
/// - churned 流失: the last completed order is more than 270 days ago;
/// - dormant 沉寂: more than 120 days ago;
///
/// then, of those who bought in the last 120 days:
/// - high value 高价值: among the few that make up 80 % of the amount (ABC class A) and among
///   the best fifth by value score;
/// - active 活跃: at least three orders in the last 365 days, one of them in the last 90;
/// - potential 潜力: in the better half by value score, or ABC class A with few orders, or new
///   (first order in the last 90 days) and already in ABC class A or B;
/// - low value 低价值: every other buyer.
fn value_six() -> Taxonomy {
    let mut high_value = class(
        "high-value",
        "H",
        Label::new("高价值", "High value"),
        Some("abc_grade = 'A' AND value_grade IN ('A', 'B')"),
        Label::new(
            "专属客户经理，优先供货，按季度回访。",
            "Give them a named account manager, supply first and a review every quarter.",
        ),
    );
    high_value.tags = vec![Label::new("重点客户", "Key account")];
    let mut active = class(
        "active",
        "A",
        Label::new("活跃", "Active"),
        Some("orders_365d >= 3 AND recency_days < 90"),
        Label::new(
            "以积分和组合优惠提高客单价。",
            "Raise the order value with loyalty points and bundles.",
        ),
    );
    active.tags = vec![Label::new("忠诚客户", "Loyal customer")];
    taxonomy(
        "value-six",
        Label::new("客户价值六分类", "Six classes by value"),
        vec![churned(), dormant(), high_value, active, potential(), low_value()],
    )
}

fn churned() -> Class {
    class(
        "churned",
        "L",
        Label::new("流失", "Churned"),
        Some("recency_days > 270"),
        Label::new(
            "查明流失原因，仅对原重点客户做一次挽回。",
            "Ask why they left and make one win-back offer to those who were large.",
        ),
    )
}

fn dormant() -> Class {
    class(
        "dormant",
        "D",
        Label::new("沉寂", "Dormant"),
        Some("recency_days > 120"),
        Label::new(
            "电话回访并发放限时唤醒优惠。",
            "Call them and send a reactivation offer with a deadline.",
        ),
    )
}

fn potential() -> Class {
    class(
        "potential",
        "P",
        Label::new("潜力", "Potential"),
        Some(
            "value_grade IN ('A', 'B', 'C') OR abc_grade = 'A' \
             OR (tenure_days < 90 AND abc_grade IN ('A', 'B'))",
        ),
        Label::new(
            "推荐相关品类，促成下一次订单。",
            "Recommend related products and win the next order soon.",
        ),
    )
}

fn low_value() -> Class {
    class(
        "low-value",
        "V",
        Label::new("低价值", "Low value"),
        Some("orders_total > 0"),
        Label::new(
            "以自助渠道和群发活动低成本维护。",
            "Serve them through self-service and mass campaigns at low cost.",
        ),
    )
}

/// The grades of the scorecard `abc` as classes. A never-buyer has grade C as well, so class C
/// asks for an order.
fn abc() -> Taxonomy {
    let classes = vec![
        class(
            "a",
            "A",
            Label::new("A 类客户", "Class A"),
            Some("abc_grade = 'A'"),
            Label::new(
                "重点管理，专人跟进，优先服务。",
                "Manage them closely: a person in charge, and service first.",
            ),
        ),
        class(
            "b",
            "B",
            Label::new("B 类客户", "Class B"),
            Some("abc_grade = 'B'"),
            Label::new(
                "定期联系，培养为 A 类客户。",
                "Keep regular contact and grow them into class A.",
            ),
        ),
        class(
            "c",
            "C",
            Label::new("C 类客户", "Class C"),
            Some("abc_grade = 'C' AND orders_total > 0"),
            Label::new(
                "标准化服务，控制服务成本。",
                "Serve them by standard procedure and keep the cost down.",
            ),
        ),
    ];
    taxonomy("abc", Label::new("ABC 客户分类", "ABC classes"), classes)
}
