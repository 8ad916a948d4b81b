//! Scorecards as files.

use super::*;

const WORTH: &str = "
id: worth
label: {zh: 价值, en: Worth}
indicators:
  - id: amount
    label: {en: Amount}
    feature: amount_365d
    transform: {bands: {cuts: [-1, 922337203685477.5807], points: [0, 60.5, 1e2]}}
    direction: up
    weight: 0.60
    missing: {impute: -0.1}
grading: {cuts: [{grade: A, min: 80}, {grade: 2, min: 50}]}
";

/// The scorecard with a line of it written otherwise.
fn with(line: &str, other: &str) -> Result<Scorecard, String> {
    let text = WORTH.replacen(line, other, 1);
    assert_ne!(text, WORTH);
    Scorecard::from_yaml(&text).map_err(|error| error.to_string())
}

#[test]
fn numbers_are_read_as_they_are_written() {
    let worth = Scorecard::from_yaml(WORTH).unwrap();
    let amount = &worth.indicators[0];
    let bands = Transform::Bands {
        cuts: vec![decimal("-1"), decimal("922337203685477.5807")],
        points: vec![decimal("0"), decimal("60.5"), decimal("100")],
    };
    assert_eq!(amount.transform, bands);
    assert_eq!(amount.weight.to_string(), "0.60");
    assert_eq!(amount.missing, Missing::Impute { with: Imputation::Constant(decimal("-0.1")) });
    let cut = |grade: &str, min| GradeCut { grade: grade.to_owned(), min: decimal(min) };
    assert_eq!(worth.grading, Grading::Cuts { cuts: vec![cut("A", "80"), cut("2", "50")] });
}

#[test]
fn every_transform_policy_and_grading_can_be_written() {
    let bands = "{bands: {cuts: [-1, 922337203685477.5807], points: [0, 60.5, 1e2]}}";
    for (written, transform) in [
        ("{quantile: {bins: 5}}", Transform::Quantile { bins: 5 }),
        ("{split: {at: median}}", Transform::Split { at: Centre::Median }),
        (
            "{min_max: {low: 5, high: 95}}",
            Transform::MinMax { low: decimal("5"), high: decimal("95") },
        ),
        ("z_logistic", Transform::ZLogistic),
        (
            "{lookup: {points: {gold: 90, true: 10}, other: 0}}",
            Transform::Lookup {
                points: [("gold", "90"), ("true", "10")]
                    .map(|(name, points)| (name.to_owned(), decimal(points)))
                    .into(),
                other: Decimal::ZERO,
            },
        ),
    ] {
        assert_eq!(with(bands, written).unwrap().indicators[0].transform, transform);
    }
    for (written, missing) in [
        ("{impute: mean}", Missing::Impute { with: Imputation::Mean }),
        ("{impute: median}", Missing::Impute { with: Imputation::Median }),
        ("ignore", Missing::Ignore),
        ("fail", Missing::Fail),
        ("{substitute: amount_total}", Missing::Substitute { feature: "amount_total".to_owned() }),
    ] {
        assert_eq!(with("{impute: -0.1}", written).unwrap().indicators[0].missing, missing);
    }
    let cuts = || vec![GradeShare { grade: "A".to_owned(), share: decimal("0.2") }];
    let (rest, indicator) = ("B".to_owned(), "amount".to_owned());
    let grading = "{cuts: [{grade: A, min: 80}, {grade: 2, min: 50}]}";
    for (written, grades) in [
        ("none", Grading::None),
        (
            "{rank_share: {cuts: [{grade: A, share: 0.2}], rest: B}}",
            Grading::RankShare { cuts: cuts(), rest: rest.clone() },
        ),
        (
            "{cumulative_share: {indicator: amount, cuts: [{grade: A, share: 0.2}], rest: B}}",
            Grading::CumulativeShare { indicator, cuts: cuts(), rest },
        ),
    ] {
        assert_eq!(with(grading, written).unwrap().grading, grades);
    }
    assert_eq!(with(&format!("grading: {grading}"), "").unwrap().grading, Grading::None);
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let bands = "{bands: {cuts: [-1, 922337203685477.5807], points: [0, 60.5, 1e2]}}";
    for (line, other, expected) in [
        ("0.60", "much", "indicators[0].weight: \"much\" is not a number at line 10 column 13"),
        ("0.60", "1e99", "indicators[0].weight: \"1e99\" has more digits than can be kept"),
        ("0.60", "[1]", "indicators[0].weight: invalid type: sequence, expected a number"),
        ("-1,", "x,", "indicators[0].transform.bands.cuts[0]: \"x\" is not a number"),
        (bands, "{quantile: {bins: -5}}", "indicators[0].transform.quantile.bins: invalid type"),
        (bands, "{quantile: {bin: 5}}", "indicators[0].transform.quantile: unknown field `bin`"),
        (bands, "{thirds: 3}", "indicators[0].transform: unknown variant `thirds`"),
        (bands, "z_logistic\n    scale: 1", "indicators[0]: unknown field `scale`"),
        ("direction: up", "direction: left", "indicators[0].direction: unknown variant `left`"),
        ("{impute: -0.1}", "{impute: mode}", "missing.impute: \"mode\" is not a number"),
        ("    weight: 0.60\n", "", "indicators[0]: missing field `weight`"),
        ("min: 50", "share: 50", "grading.cuts[1]: unknown field `share`"),
    ] {
        let error = with(line, other).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn each_template_is_named_as_its_file() {
    for ((name, _), card) in crate::scorecard::templates::FILES.iter().zip(templates()) {
        assert_eq!(*name, format!("{}.yaml", card.id));
    }
}
