//! The two named segmentations by recency, frequency and monetary value.

use super::templates::{class, taxonomy};
use super::{Class, Taxonomy};
use crate::Label;

/// A segment: id, code, names and strategy.
struct Segment {
    id: &'static str,
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    strategy_zh: &'static str,
    strategy_en: &'static str,
}

const fn segment(
    id: &'static str,
    code: &'static str,
    [zh, en]: [&'static str; 2],
    [strategy_zh, strategy_en]: [&'static str; 2],
) -> Segment {
    Segment { id, code, zh, en, strategy_zh, strategy_en }
}

/// The eleven segments; [`GRID`] refers to them by code.
const SEGMENTS: [Segment; 11] = [
    segment(
        "champions",
        "C",
        ["冠军客户", "Champions"],
        ["给予专属礼遇，邀请试用新品。", "Reward them and let them try new products first."],
    ),
    segment(
        "loyal",
        "L",
        ["忠诚客户", "Loyal customers"],
        ["推荐更高价值的产品，邀请评价。", "Offer them better products and ask for reviews."],
    ),
    segment(
        "potential-loyalists",
        "P",
        ["潜在忠诚客户", "Potential loyalists"],
        [
            "邀请加入会员，推荐相关产品。",
            "Invite them to the loyalty plan, recommend more products.",
        ],
    ),
    segment(
        "new",
        "F",
        ["新客户", "New customers"],
        ["做好首单服务，引导第二单。", "Serve the first order well and lead to a second."],
    ),
    segment(
        "promising",
        "M",
        ["有望客户", "Promising"],
        ["提高品牌认知，提供试用。", "Make the range known to them, offer a free sample."],
    ),
    segment(
        "need-attention",
        "T",
        ["需关注客户", "Need attention"],
        ["按过往购买做限时优惠。", "Make an offer with a deadline, based on past purchases."],
    ),
    segment(
        "about-to-sleep",
        "S",
        ["即将沉睡客户", "About to sleep"],
        ["推荐热销品并给予折扣，重新联系。", "Get in touch with best sellers at a discount."],
    ),
    segment(
        "at-risk",
        "R",
        ["有流失风险客户", "At risk"],
        ["个性化回访，提供续购优惠。", "Contact them in person with an offer to renew."],
    ),
    segment(
        "cannot-lose",
        "X",
        ["不能流失客户", "Cannot lose them"],
        ["高层拜访，了解原因并挽回。", "Visit them, learn what went wrong and win them back."],
    ),
    segment(
        "hibernating",
        "H",
        ["休眠客户", "Hibernating"],
        ["低成本唤醒，推荐其他品类。", "Wake them at low cost with other product lines."],
    ),
    segment(
        "lost",
        "Z",
        ["已流失客户", "Lost"],
        ["一次广泛触达后停止投入。", "Reach out to all once, then stop spending on them."],
    ),
];

/// The segment of each pair of bins, as one code a cell. Rows are recency bins from 5 (most
/// recent) to 1; columns are the mean of the frequency and monetary bins, rounded up, from 1
/// to 5. The cells are those of the common 5 × 5 map of R against F, where the least recent of
/// the hibernating are called lost.
const GRID: [(u32, [&str; 5]); 5] = [
    (5, ["F", "P", "P", "C", "C"]),
    (4, ["M", "P", "P", "L", "L"]),
    (3, ["S", "S", "T", "L", "L"]),
    (2, ["H", "H", "R", "R", "X"]),
    (1, ["Z", "Z", "R", "R", "X"]),
];

/// Cells of [`GRID`] that hold one segment: recency bins from `recency.0` to `recency.1` and
/// sums of the other two bins from `sum.0` to `sum.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    recency: (u32, u32),
    sum: (u32, u32),
}

/// The eleven segments by the bins of scorecard `rfm`.
pub(super) fn rfm_11() -> Taxonomy {
    let classes = SEGMENTS.iter().map(|segment| build(segment, &predicate(segment.code)));
    taxonomy("rfm-11", Label::new("RFM 十一分群", "RFM, 11 segments"), classes.collect())
}

/// The expression that holds in the cells of a segment.
fn predicate(code: &str) -> String {
    let terms: Vec<String> = blocks(code).into_iter().map(Block::term).collect();
    terms.join(" OR ")
}

/// The cells of a segment, as few blocks as rows that differ.
fn blocks(code: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (recency, row) in GRID {
        for sum in runs(&row, code) {
            let above = blocks.iter_mut().find(|it| it.sum == sum && it.recency.0 == recency + 1);
            match above {
                Some(block) => block.recency.0 = recency,
                None => blocks.push(Block { recency: (recency, recency), sum }),
            }
        }
    }
    blocks
}

/// The runs of neighbouring columns that hold a segment, as ranges of the sum of two bins:
/// column k, the mean of two bins rounded up, stands for the sums 2k − 1 and 2k.
fn runs(row: &[&str; 5], code: &str) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (column, _) in (1..).zip(row).filter(|(_, cell)| **cell == code) {
        // One bin is at least 1, so the first column has only the sum 2.
        let (low, high) = ((2 * column - 1).max(2), 2 * column);
        match runs.last_mut() {
            Some(run) if run.1 + 1 == low => run.1 = high,
            _ => runs.push((low, high)),
        }
    }
    runs
}

impl Block {
    fn term(self) -> String {
        let recency = between("rfm_recency_bin", self.recency);
        let sum = between("rfm_frequency_bin + rfm_monetary_bin", self.sum);
        format!("({recency} AND {sum})")
    }
}

fn between(expression: &str, (low, high): (u32, u32)) -> String {
    if low == high {
        format!("{expression} = {low}")
    } else {
        format!("{expression} BETWEEN {low} AND {high}")
    }
}

/// The eight types: each of recency, frequency and monetary value above (2) or not above (1)
/// the mean of all buyers, by the bins of scorecard `rfm-mean`. Large amounts make a customer
/// important, small ones ordinary; recency and frequency name what is to be done.
const TYPES: [([u32; 3], Segment); 8] = [
    (
        [2, 2, 2],
        segment(
            "important-value",
            "1",
            ["重要价值客户", "Important, valuable"],
            ["重点维护，提供专属服务。", "Keep them: dedicated service and the best terms."],
        ),
    ),
    (
        [2, 1, 2],
        segment(
            "important-develop",
            "2",
            ["重要发展客户", "Important, to develop"],
            [
                "提高购买频率，推荐订购计划。",
                "Make them buy more often: standing orders, reminders.",
            ],
        ),
    ),
    (
        [1, 2, 2],
        segment(
            "important-keep",
            "3",
            ["重要保持客户", "Important, to keep"],
            [
                "主动联系，了解近况，促其回购。",
                "Get in touch, ask how things are and bring them back.",
            ],
        ),
    ),
    (
        [1, 1, 2],
        segment(
            "important-win-back",
            "4",
            ["重要挽留客户", "Important, to win back"],
            ["重点挽留，分析流失原因。", "Win them back in person and learn why they left."],
        ),
    ),
    (
        [2, 2, 1],
        segment(
            "ordinary-value",
            "5",
            ["一般价值客户", "Ordinary, valuable"],
            ["以组合销售提高客单价。", "Raise the order value with bundles."],
        ),
    ),
    (
        [2, 1, 1],
        segment(
            "ordinary-develop",
            "6",
            ["一般发展客户", "Ordinary, to develop"],
            ["以新客优惠培养购买习惯。", "Form the habit with offers for new customers."],
        ),
    ),
    (
        [1, 2, 1],
        segment(
            "ordinary-keep",
            "7",
            ["一般保持客户", "Ordinary, to keep"],
            ["以群发活动保持联系。", "Stay in touch through mass campaigns."],
        ),
    ),
    (
        [1, 1, 1],
        segment(
            "ordinary-win-back",
            "8",
            ["一般挽留客户", "Ordinary, to win back"],
            ["低成本触达，不再单独投入。", "Reach them at low cost, spend nothing on them singly."],
        ),
    ),
];

/// The eight types by the bins of scorecard `rfm-mean`.
pub(super) fn rfm_8() -> Taxonomy {
    let classes = TYPES.iter().map(|([recency, frequency, monetary], segment)| {
        let predicate = format!(
            "rfm_mean_recency_bin = {recency} AND rfm_mean_frequency_bin = {frequency} \
             AND rfm_mean_monetary_bin = {monetary}"
        );
        build(segment, &predicate)
    });
    taxonomy("rfm-8", Label::new("RFM 八类客户", "RFM, eight types"), classes.collect())
}

fn build(segment: &Segment, predicate: &str) -> Class {
    class(
        segment.id,
        segment.code,
        Label::new(segment.zh, segment.en),
        Some(predicate),
        Label::new(segment.strategy_zh, segment.strategy_en),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of a term of generated SQL: a bin, a sum of bins or a number.
    fn amount(text: &str, bins: &[(&str, u32); 3]) -> u32 {
        let one = |name: &str| match bins.iter().find(|(bin, _)| name.ends_with(bin)) {
            Some((_, value)) => *value,
            None => name.parse().unwrap(),
        };
        text.split(" + ").map(one).sum()
    }

    fn holds(comparison: &str, bins: &[(&str, u32); 3]) -> bool {
        if let Some((left, range)) = comparison.split_once(" BETWEEN ") {
            let (low, high) = range.split_once(" & ").unwrap();
            return (amount(low, bins)..=amount(high, bins)).contains(&amount(left, bins));
        }
        let (left, right) = comparison.split_once(" = ").unwrap();
        amount(left, bins) == amount(right, bins)
    }

    /// Evaluates the SQL itself, not the table it was made from.
    fn matching(taxonomy: &Taxonomy, bins: &[(&str, u32); 3]) -> Vec<String> {
        let mut codes = Vec::new();
        for class in &taxonomy.classes {
            let Some(predicate) = &class.predicate else { continue };
            let hit = predicate.split(" OR ").any(|term| {
                let term = term.trim_matches(['(', ')']).replace(" BETWEEN ", " BETWEEN\u{0}");
                // The AND of a BETWEEN is the first one after it.
                let mut parts = term.split(" AND ").collect::<Vec<_>>().into_iter();
                let mut comparisons = Vec::new();
                while let Some(part) = parts.next() {
                    comparisons.push(match part.contains('\u{0}') {
                        true => format!("{part} & {}", parts.next().unwrap()),
                        false => part.to_owned(),
                    });
                }
                comparisons.iter().all(|it| holds(&it.replace('\u{0}', " "), bins))
            });
            if hit {
                codes.push(class.code.clone());
            }
        }
        codes
    }

    #[test]
    fn each_of_the_125_combinations_is_in_exactly_the_segment_of_the_table() {
        let taxonomy = rfm_11();
        let mut seen = std::collections::BTreeMap::new();
        for recency in 1..=5_u32 {
            for frequency in 1..=5_u32 {
                for monetary in 1..=5_u32 {
                    let bins = [
                        ("recency_bin", recency),
                        ("frequency_bin", frequency),
                        ("monetary_bin", monetary),
                    ];
                    let row = GRID.iter().find(|(bin, _)| *bin == recency).unwrap().1;
                    let column = (frequency + monetary).div_ceil(2);
                    let cell = row[usize::try_from(column).unwrap() - 1];
                    assert_eq!(matching(&taxonomy, &bins), [cell], "{bins:?}");
                    *seen.entry(cell).or_insert(0) += 1;
                }
            }
        }
        assert_eq!(seen.len(), 11);
        assert_eq!(seen.values().sum::<u32>(), 125);
    }

    #[test]
    fn neighbouring_cells_make_one_term() {
        for (code, expected) in [
            (
                "C",
                "(rfm_recency_bin = 5 AND rfm_frequency_bin + rfm_monetary_bin BETWEEN 7 AND 10)",
            ),
            (
                "R",
                "(rfm_recency_bin BETWEEN 1 AND 2 AND rfm_frequency_bin + rfm_monetary_bin BETWEEN 5 AND 8)",
            ),
            ("F", "(rfm_recency_bin = 5 AND rfm_frequency_bin + rfm_monetary_bin = 2)"),
        ] {
            assert_eq!(predicate(code), expected);
        }
    }

    #[test]
    fn each_of_the_eight_combinations_has_its_type() {
        let taxonomy = rfm_8();
        for ([recency, frequency, monetary], segment) in &TYPES {
            let bins = [
                ("recency_bin", *recency),
                ("frequency_bin", *frequency),
                ("monetary_bin", *monetary),
            ];
            assert_eq!(matching(&taxonomy, &bins), [segment.code]);
            assert_eq!(segment.zh.starts_with("重要"), *monetary == 2);
        }
    }
}
