//! What the numbers of an evaluation mean, and how it is said.

use super::*;
use crate::Label;
use crate::label::Language;
use crate::taxonomy::{Class, Taxonomy};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn taxonomy(ids: &[&str]) -> Taxonomy {
    let class = |id: &&str| Class {
        id: (*id).to_owned(),
        label: Label::new(&format!("{id}类"), &format!("Class {id}")),
        ..Class::default()
    };
    Taxonomy { classes: ids.iter().map(class).collect(), ..Taxonomy::default() }
}

fn measured(epsilon_squared: &str, medians: &[(&str, u64, &str)]) -> Measured {
    let class = |(class, customers, median): &(&str, u64, &str)| ClassMedian {
        class: (*class).to_owned(),
        customers: *customers,
        median: decimal(median),
    };
    Measured {
        feature: "amount_365d".to_owned(),
        customers: 100,
        eta_squared: Some(decimal("0.5")),
        epsilon_squared: Some(decimal(epsilon_squared)),
        classes: medians.iter().map(class).collect(),
    }
}

fn shift(psi: &str, p_value: &str) -> Shift {
    Shift { psi: decimal(psi), p_value: decimal(p_value) }
}

fn found(evaluation: &Evaluation) -> Vec<(FindingKind, Level, String)> {
    let findings = evaluation.findings(&taxonomy(&["top", "middle", "low"]));
    let each = findings.into_iter();
    each.map(|it| (it.kind, it.level, it.feature.unwrap_or_default())).collect()
}

#[test]
fn numbers_are_findings_from_their_bounds_on() {
    use FindingKind::{ClassDrift, Disagreement, Instability, Separation};
    use Level::{Alarm, Watch};
    let month = |stayed| Month { through: NaiveDate::MIN, customers: 100, stayed };
    let judged = |customers, kappa| Judged { customers, disagreed: 5, kappa: Some(decimal(kappa)) };
    let empty = Evaluation::default;
    for (evaluation, kind, level) in [
        (Evaluation { measures: vec![measured("0.06", &[])], ..empty() }, None, Level::Good),
        (Evaluation { measures: vec![measured("0.059", &[])], ..empty() }, Some(Separation), Watch),
        (Evaluation { measures: vec![measured("0.009", &[])], ..empty() }, Some(Separation), Alarm),
        (Evaluation { judged: judged(20, "0.6"), ..empty() }, None, Level::Good),
        (Evaluation { judged: judged(20, "0.59"), ..empty() }, Some(Disagreement), Watch),
        (Evaluation { judged: judged(20, "-0.1"), ..empty() }, Some(Disagreement), Alarm),
        (Evaluation { judged: judged(19, "-0.1"), ..empty() }, None, Level::Good),
        (Evaluation { months: vec![month(85)], ..empty() }, None, Level::Good),
        (Evaluation { months: vec![month(90), month(79)], ..empty() }, Some(Instability), Watch),
        (Evaluation { months: vec![month(69)], ..empty() }, Some(Instability), Alarm),
        (Evaluation { class_mix: Some(shift("0.099", "0")), ..empty() }, None, Level::Good),
        (Evaluation { class_mix: Some(shift("0.1", "0.049")), ..empty() }, Some(ClassDrift), Watch),
        (Evaluation { class_mix: Some(shift("0.25", "0")), ..empty() }, Some(ClassDrift), Alarm),
        (Evaluation { class_mix: Some(shift("0.9", "0.05")), ..empty() }, None, Level::Good),
    ] {
        let found = found(&evaluation);
        assert_eq!(
            found.first().map(|it| (it.0, it.1)),
            kind.map(|kind| (kind, level)),
            "{evaluation:?}"
        );
    }
}

#[test]
fn a_higher_class_that_is_worth_less_is_named_with_the_measure() {
    let medians = [("top", 10, "90"), ("middle", 40, "100.5"), ("low", 50, "3")];
    let evaluation = Evaluation { measures: vec![measured("0.5", &medians)], ..Default::default() };
    let taxonomy = taxonomy(&["top", "middle", "low"]);
    let findings = evaluation.findings(&taxonomy);
    let classes = ["top".to_owned(), "middle".to_owned()];
    assert_eq!((findings.len(), findings[0].classes.as_ref()), (1, Some(&classes)));
    let label = Label::new("近一年金额", "Amount of a year");
    let said = sentence(&findings[0], &evaluation, &taxonomy, &label);
    assert_eq!(
        said.get(Language::En),
        "Class \"Class top\" stands above \"Class middle\", but its median of \"Amount of a year\" \
         (amount_365d) is lower: 90 against 100.5."
    );
    assert!(said.get(Language::ZhCn).contains("类别“top类”高于“middle类”"), "{said:?}");
    let verdict = verdict(&findings, Some(&said));
    assert!(
        verdict.get(Language::En).starts_with("The taxonomy needs a change. Class"),
        "{verdict:?}"
    );
    // Too few to compare, and classes side by side.
    let few = [("top", 9, "90"), ("middle", 40, "100"), ("low", 50, "3")];
    let evaluation = Evaluation { measures: vec![measured("0.5", &few)], ..Default::default() };
    assert!(evaluation.findings(&taxonomy).is_empty());
    let mut beside = taxonomy.clone();
    beside.classes.iter_mut().for_each(|class| class.rank = Some(1));
    let evaluation = Evaluation { measures: vec![measured("0.5", &medians)], ..Default::default() };
    assert!(evaluation.findings(&beside).is_empty());
}

#[test]
fn a_feature_that_has_drifted_is_named_with_what_to_do() {
    let limit = |class: &str, limit: &str, proposed: &str| Limit {
        class: class.to_owned(),
        limit: decimal(limit),
        proposed: Some(decimal(proposed)),
    };
    let input = Input {
        feature: "orders_365d".to_owned(),
        scorecards: vec!["rfm".to_owned()],
        shift: Some(shift("0.3", "0")),
        limits: vec![limit("top", "10", "14"), limit("middle", "5", "5")],
    };
    let evaluation = Evaluation { inputs: vec![input], ..Default::default() };
    let taxonomy = taxonomy(&["top", "middle"]);
    let findings = evaluation.findings(&taxonomy);
    let said = sentence(&findings[0], &evaluation, &taxonomy, &Label::new("订单数", "Orders"));
    assert_eq!(
        said.get(Language::En),
        "The indicator \"Orders\" (orders_365d) has drifted: its PSI is 0.3, 0.25 or more. Limits that \
         would choose as many as before: top 10 → 14. Publish the scorecards anew to calibrate them: rfm."
    );
    assert!(said.get(Language::ZhCn).contains("建议调整界限：top 10 → 14。"), "{said:?}");
    let good = verdict(&[], None);
    assert!(good.get(Language::En).contains("does well"), "{good:?}");
}
