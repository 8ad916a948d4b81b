//! Faults of definitions.

use super::*;

fn kind(name: &str) -> Option<FeatureKind> {
    match name {
        "number" => Some(FeatureKind::Number),
        "text" => Some(FeatureKind::Text),
        "flag" => Some(FeatureKind::Bool),
        _ => None,
    }
}

fn named(id: &str, feature: &str, transform: Transform) -> Indicator {
    Indicator { feature: feature.to_owned(), ..indicator(id, transform) }
}

fn lookup() -> Transform {
    Transform::Lookup { points: [("x".to_owned(), Decimal::ONE)].into(), other: Decimal::ZERO }
}

fn sample() -> Scorecard {
    let indicators = vec![
        named("first", "number", Transform::Quantile { bins: 5 }),
        named("second", "text", lookup()),
        named("third", "flag", lookup()),
    ];
    let cuts = shares(&[("A", "0.8"), ("B", "0.95")]);
    let grading =
        Grading::CumulativeShare { indicator: "first".to_owned(), cuts, rest: "C".to_owned() };
    card(indicators, grading)
}

type Change = fn(&mut Scorecard);

fn check(cases: &[(Change, &[&str])]) {
    for (index, (change, expected)) in cases.iter().enumerate() {
        let mut card = sample();
        change(&mut card);
        let fields: Vec<_> = card.validate(&kind).into_iter().map(|it| it.field).collect();
        assert_eq!(fields, *expected, "case {index}");
    }
}

fn transform(card: &mut Scorecard, transform: Transform) {
    card.indicators[0].transform = transform;
}

fn bands(cuts: &[i64], points: &[i64]) -> Transform {
    let decimals = |numbers: &[i64]| numbers.iter().copied().map(Decimal::from).collect();
    Transform::Bands { cuts: decimals(cuts), points: decimals(points) }
}

fn percentiles(low: &str, high: &str) -> Transform {
    Transform::MinMax { low: decimal(low), high: decimal(high) }
}

#[test]
fn a_good_card_has_no_problem() {
    check(&[
        (|_| {}, &[]),
        (|card| transform(card, bands(&[1, 2], &[0, 50, 100])), &[]),
        (|card| transform(card, percentiles("5", "95")), &[]),
        (|card| weigh(card, &["0.000001", "0.999998", "0.0000010000"]), &[]),
        (|card| weigh(card, &["1", "1.0", "1.00"]), &[]),
        (|card| card.indicators[1].fade = Some(fade("number", "1000000")), &[]),
    ]);
}

fn weigh(card: &mut Scorecard, weights: &[&str]) {
    for (indicator, weight) in card.indicators.iter_mut().zip(weights) {
        indicator.weight = decimal(weight);
    }
}

fn fade(by: &str, half: &str) -> Fade {
    Fade { by: by.to_owned(), half: decimal(half) }
}

#[test]
fn weights_sum_to_one() {
    for (weights, sum) in [
        (["0.4", "0.3", "0.31"], "1.01"),
        (["0.4", "0.3", "0.299999"], "0.999999"),
        (["40", "30", "30"], "100"),
        (["2", "1", "1"], "4"),
        (["0.5", "0.5", "0.5"], "1.5"),
        (["1000000", "1000000", "1000000"], "3000000"),
    ] {
        let mut card = sample();
        weigh(&mut card, &weights);
        let problems = card.validate(&kind);
        let expected = format!("the weights sum to {sum}: they must sum to 1, or each be 1");
        assert_eq!(problems, [problem("indicators", expected)]);
    }
}

#[test]
fn weights_fade_by_a_number() {
    check(&[
        (|card| card.indicators[0].fade = Some(fade("text", "1")), &["indicators[0].fade.by"]),
        (|card| card.indicators[0].fade = Some(fade("gone", "1")), &["indicators[0].fade.by"]),
        (|card| card.indicators[0].fade = Some(fade("number", "0")), &["indicators[0].fade.half"]),
        (|card| card.indicators[0].fade = Some(fade("number", "-1")), &["indicators[0].fade.half"]),
        (
            |card| card.indicators[0].fade = Some(fade("number", "0.0000001")),
            &["indicators[0].fade.half"],
        ),
    ]);
}

#[test]
fn names_labels_weights() {
    check(&[
        (|card| card.id = "Card 1".to_owned(), &["id"]),
        (|card| card.label = Label::default(), &["label"]),
        (|card| card.indicators.clear(), &["indicators", "grading.indicator"]),
        (|card| card.indicators[1].id = "2nd".to_owned(), &["indicators[1].id"]),
        (|card| card.indicators[1].id = "first".to_owned(), &["indicators[1].id"]),
        (|card| card.indicators[2].label = Label::default(), &["indicators[2].label"]),
        (|card| card.indicators[0].weight = Decimal::ZERO, &["indicators[0].weight"]),
        (|card| card.indicators[0].weight = -Decimal::ONE, &["indicators[0].weight"]),
        (|card| card.indicators[0].weight = decimal("1000000.1"), &["indicators[0].weight"]),
        (|card| card.indicators[0].weight = decimal("0.0000001"), &["indicators[0].weight"]),
    ]);
}

#[test]
fn features() {
    check(&[
        (|card| card.indicators[0].feature = "gone".to_owned(), &["indicators[0].feature"]),
        (|card| card.indicators[0].feature = "text".to_owned(), &["indicators[0].feature"]),
        (|card| card.indicators[0].feature = "flag".to_owned(), &["indicators[0].feature"]),
        (|card| card.indicators[1].feature = "number".to_owned(), &["indicators[1].feature"]),
        (
            |card| card.indicators[0].missing = Missing::Substitute { feature: "text".to_owned() },
            &["indicators[0].missing.feature"],
        ),
        (
            |card| {
                card.indicators[0].missing = Missing::Substitute { feature: "number".to_owned() }
            },
            &["indicators[0].missing.feature"],
        ),
        (
            |card| card.indicators[1].missing = Missing::Impute { with: Imputation::Mean },
            &["indicators[1].missing"],
        ),
    ]);
}

#[test]
fn transforms() {
    const CUTS: &str = "indicators[0].transform.cuts";
    const POINTS: &str = "indicators[0].transform.points";
    check(&[
        (
            |card| transform(card, Transform::Quantile { bins: 1 }),
            &["indicators[0].transform.bins"],
        ),
        (
            |card| transform(card, Transform::Quantile { bins: 101 }),
            &["indicators[0].transform.bins"],
        ),
        (|card| transform(card, bands(&[], &[100])), &[CUTS]),
        (|card| transform(card, bands(&[2, 2], &[0, 50, 100])), &[CUTS]),
        (|card| transform(card, bands(&[1, 2], &[0, 100])), &[POINTS]),
        (|card| transform(card, bands(&[1], &[-1, 101])), &[POINTS]),
        (|card| transform(card, percentiles("95", "5")), &["indicators[0].transform"]),
        (|card| transform(card, percentiles("5", "5")), &["indicators[0].transform"]),
        (|card| transform(card, percentiles("-1", "101")), &["indicators[0].transform"]),
        (|card| card.indicators[1].direction = Direction::Down, &["indicators[1].direction"]),
        (
            |card| {
                let points = std::collections::BTreeMap::new();
                card.indicators[1].transform =
                    Transform::Lookup { points, other: decimal("100.1") };
            },
            &["indicators[1].transform.points", "indicators[1].transform.points"],
        ),
    ]);
}

#[test]
fn gradings() {
    fn ranks(cuts: &[(&str, &str)], rest: &str) -> Grading {
        Grading::RankShare { cuts: shares(cuts), rest: rest.to_owned() }
    }
    fn minima(minima: &[i64]) -> Grading {
        let cut =
            |(grade, min): (char, &i64)| GradeCut { grade: grade.to_string(), min: (*min).into() };
        Grading::Cuts { cuts: ('A'..).zip(minima).map(cut).collect() }
    }
    check(&[
        (|card| card.indicators[0].id = "other".to_owned(), &["grading.indicator"]),
        (|card| card.indicators[0].direction = Direction::Down, &["grading.indicator"]),
        (|card| card.grading = ranks(&[], "C"), &["grading.cuts"]),
        (|card| card.grading = ranks(&[("A", "0")], "C"), &["grading.cuts"]),
        (|card| card.grading = ranks(&[("A", "1.1")], "C"), &["grading.cuts"]),
        (|card| card.grading = ranks(&[("A", "0.5"), ("B", "0.2")], "C"), &["grading.cuts"]),
        (|card| card.grading = ranks(&[("A", "0.5"), ("A", "0.7")], "C"), &["grading.cuts"]),
        (|card| card.grading = ranks(&[("A", "0.5")], "A"), &["grading.rest"]),
        (|card| card.grading = ranks(&[("A", "0.5")], ""), &["grading.rest"]),
        (|card| card.grading = minima(&[80, 50, 0]), &[]),
        (|card| card.grading = minima(&[50, 80]), &["grading.cuts"]),
        (|card| card.grading = minima(&[101]), &["grading.cuts"]),
    ]);
}

#[test]
fn all_problems_are_told_at_once_and_calibration_refuses_the_first() {
    let mut card = sample();
    card.id.clear();
    card.indicators[0].weight = Decimal::ZERO;
    card.indicators[2].feature = "gone".to_owned();
    let fields: Vec<_> = card.validate(&kind).into_iter().map(|it| it.field).collect();
    assert_eq!(fields, ["id", "indicators[0].weight", "indicators[2].feature"]);
    let error = calibrate(&card, &population(&["1 'x' -"])).unwrap_err();
    assert!(matches!(error, CalibrationError::Invalid { problem, .. } if problem.field == "id"));
}

#[test]
fn features_are_read_once_substitutes_last() {
    let mut card = sample();
    let substitute = Missing::Substitute { feature: "spare".to_owned() };
    card.indicators[0].missing = substitute;
    card.indicators.push(named("fourth", "number", Transform::ZLogistic));
    assert_eq!(card.features(), ["number", "text", "flag", "spare"]);
}
