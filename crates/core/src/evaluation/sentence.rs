//! Findings in plain words.

use rust_decimal::Decimal;

use super::{Evaluation, Finding, FindingKind, Level};
use crate::label::Language::{En, ZhCn};
use crate::{Label, taxonomy::Taxonomy};

/// The verdict: what to do in a sentence, and the gravest finding that it rests on.
pub fn verdict(findings: &[Finding], gravest: Option<&Label>) -> Label {
    let count = findings.len();
    let level = findings.first().map_or(Level::Good, |finding| finding.level);
    let (zh, en) = match level {
        Level::Good => {
            ("分类标准有效，无需调整。", "The taxonomy does well; nothing needs a change.")
        }
        Level::Watch => {
            ("分类标准可用，需要关注。", "The taxonomy can be used, and is to be watched.")
        }
        Level::Alarm => ("分类标准需要调整。", "The taxonomy needs a change."),
    };
    let Some(gravest) = gravest else { return Label::new(zh, en) };
    let more = count.saturating_sub(1);
    let (more_zh, more_en) = match more {
        0 => (String::new(), String::new()),
        1 => ("另有 1 项发现。".to_owned(), " There is 1 more finding.".to_owned()),
        more => (format!("另有 {more} 项发现。"), format!(" There are {more} more findings.")),
    };
    Label::new(
        &format!("{zh}{}{more_zh}", gravest.get(ZhCn)),
        &format!("{en} {}{more_en}", gravest.get(En)),
    )
}

/// A finding in a sentence. `feature` is the name for people of the indicator at fault, if it has one.
pub fn sentence(
    finding: &Finding,
    evaluation: &Evaluation,
    taxonomy: &Taxonomy,
    feature: &Label,
) -> Label {
    let (value, bound) = (shown(finding.value), shown(finding.bound));
    let id = finding.feature.as_deref().unwrap_or_default();
    let (zh, en) =
        (format!("“{}”（{id}）", feature.get(ZhCn)), format!("\"{}\" ({id})", feature.get(En)));
    match finding.kind {
        FindingKind::Separation => Label::new(
            &format!("各类别在{zh}上区分不足：ε² 为 {value}，低于 {bound}。"),
            &format!(
                "The classes hardly set customers apart by {en}: ε² is {value}, below {bound}."
            ),
        ),
        FindingKind::Inversion => inversion(finding, taxonomy, [&zh, &en]),
        FindingKind::Disagreement => Label::new(
            &format!("人工校验与规则不一致：κ 为 {value}，低于 {bound}。"),
            &format!("Persons disagree with the rules: κ is {value}, below {bound}."),
        ),
        FindingKind::Instability => Label::new(
            &format!("客户频繁变动类别：每月留在原类别的占比为 {value}，低于 {bound}。"),
            &format!(
                "Customers do not stay in their classes: the share that stays over a month is \
                 {value}, below {bound}."
            ),
        ),
        FindingKind::ClassDrift => Label::new(
            &format!("类别构成已偏移：PSI 为 {value}，不低于 {bound}。"),
            &format!("The mix of classes has drifted: its PSI is {value}, {bound} or more."),
        ),
        FindingKind::InputDrift => {
            let advice = advice(id, evaluation);
            Label::new(
                &format!("指标{zh}已偏移：PSI 为 {value}，不低于 {bound}。{}", advice.zh),
                &format!(
                    "The indicator {en} has drifted: its PSI is {value}, {bound} or more.{}",
                    advice.en
                ),
            )
        }
    }
}

fn inversion(finding: &Finding, taxonomy: &Taxonomy, [zh, en]: [&str; 2]) -> Label {
    let (value, bound) = (shown(finding.value), shown(finding.bound));
    let Some([higher, lower]) = &finding.classes else { return Label::default() };
    let name = |id: &str, language| {
        let class = taxonomy.class(id).map(|class| class.label.get(language));
        class.filter(|label| !label.is_empty()).unwrap_or(id).to_owned()
    };
    Label::new(
        &format!(
            "高低倒置：类别“{}”高于“{}”，其{zh}的中位数却更低（{value} 低于 {bound}）。",
            name(higher, ZhCn),
            name(lower, ZhCn)
        ),
        &format!(
            "Class \"{}\" stands above \"{}\", but its median of {en} is lower: {value} against {bound}.",
            name(higher, En),
            name(lower, En)
        ),
    )
}

/// What to do about a feature that has drifted: the limits that would choose as many as before, and the
/// scorecards to calibrate again.
fn advice(feature: &str, evaluation: &Evaluation) -> Label {
    let Some(input) = evaluation.inputs.iter().find(|input| input.feature == feature) else {
        return Label::default();
    };
    let limits: Vec<String> = input
        .limits
        .iter()
        .filter_map(|limit| {
            let proposed = limit.proposed.filter(|proposed| *proposed != limit.limit)?;
            Some(format!("{} {} → {}", limit.class, limit.limit.normalize(), shown(proposed)))
        })
        .collect();
    let mut advice = Label::default();
    if !limits.is_empty() {
        let limits = limits.join(", ");
        advice.zh = format!("建议调整界限：{limits}。");
        advice.en = format!(" Limits that would choose as many as before: {limits}.");
    }
    if !input.scorecards.is_empty() {
        let scorecards = input.scorecards.join(", ");
        advice.zh.push_str(&format!("建议重新校准评分卡 {scorecards}。"));
        advice
            .en
            .push_str(&format!(" Publish the scorecards anew to calibrate them: {scorecards}."));
    }
    advice
}

/// A number in a sentence, to four digits behind the point at most.
fn shown(number: Decimal) -> String {
    number.round_dp(4).normalize().to_string()
}
