//! Composites, contributions and missing values.

use proptest::prelude::*;

use super::*;

fn bands(cut: &str) -> Transform {
    Transform::Bands { cuts: vec![decimal(cut)], points: vec![Decimal::ZERO, Decimal::ONE_HUNDRED] }
}

fn constant(value: &str) -> Missing {
    Missing::Impute { with: Imputation::Constant(decimal(value)) }
}

#[test]
fn what_does_not_divide_goes_to_the_largest_remainder() {
    for (weights, expected) in [
        // 33.3333 each: exact parts 11.1111, 2.777775 and 19.444425.
        (["1", "0.25", "1.75"], ["11.1111", "2.7778", "19.4444"]),
        // 16.66665 twice: the earlier of equal remainders.
        (["1", "1", "0.000001"], ["16.6667", "16.6666", "0"]),
    ] {
        let quarters = || Transform::Quantile { bins: 4 };
        let line = |(name, weight)| weighing(indicator(name, quarters()), weight);
        let indicators = ["a", "b", "c"].into_iter().zip(weights).map(line).collect();
        let card = card(indicators, Grading::None);
        let scores = scores(&card, &population(&["1 1 1", "2 2 2", "3 3 3", "4 4 4"]));
        assert_eq!(scores[1].composite, Some(decimal("33.3333")));
        let parts: Vec<_> = scores[1].contributions.iter().map(|it| it.contribution).collect();
        assert_eq!(parts, expected.map(decimal));
    }
}

fn fading(mut indicator: Indicator, by: &str, half: &str) -> Indicator {
    indicator.fade = Some(Fade { by: by.to_owned(), half: decimal(half) });
    indicator
}

/// 100 points of a judgement and none of experience: by 5 orders the weight is half of what it was.
#[test]
fn a_weight_fades_as_its_count_grows() {
    for (orders, faded, composite) in [
        ("-", "0.4", "40"),
        ("-3", "0.4", "40"),
        ("0", "0.4", "40"),
        // 0.4·5/6 = 0.333333…, over 0.333333 + 0.6.
        ("1", "0.333333", "35.7143"),
        ("5", "0.2", "25"),
        ("2.5", "0.266667", "30.7693"),
        ("95", "0.02", "3.2258"),
        ("79228162514264337593543950335", "0", "0"),
    ] {
        let judged = fading(weighing(indicator("x", bands("1")), "0.4"), "n", "5");
        let card = card(vec![judged, weighing(indicator("y", bands("1")), "0.6")], Grading::None);
        assert_eq!(card.features(), ["x", "y", "n"]);
        let calibration = calibrate(&card, &population(&["1 1 1"])).unwrap();
        let values = &population(&[&format!("1 0 {orders}")])[0].1;
        let score = score(&card, &calibration, &customer(9), values).unwrap();
        let [judged, other] = &score.contributions[..] else { panic!("two indicators") };
        assert_eq!(judged.faded, Some(decimal(faded)), "{orders}");
        assert_eq!((judged.weight, other.faded), (decimal("0.4"), None));
        assert_eq!(score.composite, Some(decimal(composite)), "{orders}");
        assert_eq!(judged.contribution, decimal(composite), "it is all there is");
    }
}

/// Nothing is left of the only weight: there is no score, and no panic.
#[test]
fn a_weight_that_faded_away_alone_gives_no_score() {
    let card = card(vec![fading(indicator("x", bands("1")), "n", "0.000001")], Grading::None);
    let calibration = calibrate(&card, &population(&["1 1"])).unwrap();
    let gone = score(&card, &calibration, &customer(9), &[value("1"), value("1000000000000")]);
    let gone = gone.unwrap();
    assert_eq!((gone.composite, gone.contributions[0].contribution), (None, Decimal::ZERO));
    let judged = score(&card, &calibration, &customer(9), &[value("1"), Value::Null]).unwrap();
    assert_eq!(judged.composite, Some(Decimal::ONE_HUNDRED));
}

#[test]
fn each_policy_is_applied_and_recorded() {
    use MissingPolicyApplied as Applied;
    let mean = Missing::Impute { with: Imputation::Mean };
    let median = Missing::Impute { with: Imputation::Median };
    let substitute = || Missing::Substitute { feature: "y".to_owned() };
    for (policy, line, points, applied) in [
        (Missing::Ignore, "- 9", None, Applied::Ignored),
        (mean, "- 9", Some("100"), Applied::Imputed { value: decimal("4") }),
        (median, "- 9", Some("0"), Applied::Imputed { value: decimal("1") }),
        (constant("3"), "- 9", Some("100"), Applied::Imputed { value: decimal("3") }),
        (
            substitute(),
            "- 9",
            Some("100"),
            Applied::Substituted { feature: "y".to_owned(), value: value("9") },
        ),
        (substitute(), "- -", None, Applied::Ignored),
        (Missing::Fail, "- 9", None, Applied::Failed),
    ] {
        let x = missing(indicator("x", bands("3")), policy);
        let card = card(vec![x, indicator("y", bands("3"))], Grading::None);
        // x has mean 4 and median 1 among those who have one.
        let calibration = calibrate(&card, &population(&["1 1", "1 1", "10 1"])).unwrap();
        let values = &population(&[line])[0].1;
        let score = score(&card, &calibration, &customer(9), values).unwrap();
        let part = &score.contributions[0];
        assert_eq!(part.points, points.map(decimal), "{applied:?}");
        assert_eq!(part.value, Value::Null);
        assert_eq!(part.policy.as_ref(), Some(&applied));
    }
}

#[test]
fn an_ignored_indicator_leaves_its_weight_to_the_others() {
    let indicators = vec![weighing(indicator("x", bands("3")), "3"), indicator("y", bands("3"))];
    let card = card(indicators, Grading::None);
    let scores = scores(&card, &population(&["9 0", "- 0", "- 9", "- -"]));
    let composites: Vec<_> = scores.iter().map(|score| score.composite).collect();
    assert_eq!(composites, [Some(decimal("75")), Some(decimal("0")), Some(decimal("100")), None]);
    let parts = &scores[2].contributions;
    assert_eq!((parts[0].contribution, parts[0].weight), (Decimal::ZERO, decimal("3")));
    assert_eq!(parts[1].contribution, decimal("100"));
}

#[test]
fn who_fails_is_not_scored_and_shifts_no_threshold() {
    let halves = Transform::Quantile { bins: 2 };
    let must = missing(indicator("x", halves.clone()), Missing::Fail);
    let card = card(vec![must, indicator("y", halves)], Grading::None);
    let customers = population(&["1 10", "2 20", "3 30", "- 0", "- 0"]);
    let calibration = calibrate(&card, &customers).unwrap();
    assert_eq!(calibration.population, 3);
    assert_eq!(calibration.indicators[1].count, 3);
    let cuts = vec![decimal("20")];
    assert_eq!(calibration.indicators[1].thresholds, Thresholds::Cuts { cuts });
    let failed = &scores(&card, &customers)[3];
    assert_eq!(failed.composite, None);
    for part in &failed.contributions {
        assert_eq!((part.bin, part.points, part.contribution), (None, None, Decimal::ZERO));
    }
}

#[test]
fn an_indicator_that_nobody_had_a_value_for_is_never_in_force() {
    let halves = Transform::Quantile { bins: 2 };
    let imputed = Missing::Impute { with: Imputation::Median };
    let indicators = vec![missing(indicator("x", halves.clone()), imputed), indicator("y", halves)];
    let card = card(indicators, Grading::None);
    let calibration = calibrate(&card, &population(&["- 1", "- 2"])).unwrap();
    for line in ["5 2", "- 2"] {
        let values = &population(&[line])[0].1;
        let score = score(&card, &calibration, &customer(9), values).unwrap();
        assert_eq!(score.composite, Some(decimal("100")), "{line}");
        let policy = score.contributions[0].policy.as_ref();
        assert_eq!(policy, Some(&MissingPolicyApplied::Uncalibrated), "{line}");
    }
}

#[test]
fn nobody_to_calibrate_on_is_an_error() {
    let stated = missing(indicator("x", bands("3")), Missing::Fail);
    let stated = card(vec![stated], Grading::None);
    // Everything it needs it states itself.
    assert_eq!(calibrate(&stated, &population(&["-"])).unwrap().population, 0);
    let must = missing(indicator("x", Transform::Quantile { bins: 5 }), Missing::Fail);
    let card = card(vec![must], Grading::None);
    for customers in [population(&[]), population(&["-", "-"])] {
        let error = calibrate(&card, &customers).unwrap_err();
        assert_eq!(error, CalibrationError::EmptyPopulation { card: "card".to_owned() });
    }
}

#[test]
fn a_customer_with_too_few_values_is_an_error() {
    let card = card(vec![indicator("x", bands("3")), indicator("y", bands("3"))], Grading::None);
    let error = calibrate(&card, &population(&["1 1", "1"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a customer has 1 values, the scorecard reads 2: give one for each"
    );
}

proptest! {
    /// Weights with up to six decimals, any points with four, any indicators missing.
    #[test]
    fn contributions_add_up_to_the_composite(
        lines in prop::collection::vec(
            (1_i64..=1_000_000_000_000, 0_i64..=1_000_000, prop::bool::weighted(0.8)),
            1..20,
        ),
    ) {
        let mut indicators = Vec::new();
        let mut values = Vec::new();
        let (mut sum, mut weights) = (Decimal::ZERO, Decimal::ZERO);
        for (index, (weight, points, present)) in lines.iter().enumerate() {
            let (weight, points) = (Decimal::new(*weight, 6), Decimal::new(*points, 4));
            let cuts = vec![Decimal::ZERO];
            let bands = Transform::Bands { cuts, points: vec![Decimal::ZERO, points] };
            let mut indicator = indicator(&format!("x{index}"), bands);
            indicator.weight = weight;
            indicators.push(indicator);
            values.push(if *present { Value::Number(Decimal::ONE) } else { Value::Null });
            if *present {
                sum += weight * points;
                weights += weight;
            }
        }
        let card = card(indicators, Grading::None);
        let customers = [(customer(1), values)];
        let score = scores(&card, &customers).remove(0);
        let total: Decimal = score.contributions.iter().map(|part| part.contribution).sum();
        prop_assert_eq!(total, score.composite.unwrap_or(Decimal::ZERO));
        prop_assert_eq!(score.composite, (!weights.is_zero()).then(|| (sum / weights).round_dp(4)));
        for (part, (weight, points, present)) in score.contributions.iter().zip(&lines) {
            let exact = if *present {
                Decimal::new(*weight, 6) * Decimal::new(*points, 4) / weights
            } else {
                Decimal::ZERO
            };
            prop_assert!((part.contribution - exact).abs() < Decimal::new(1, 4));
        }
    }
}
