//! Transforms: thresholds, bins and points.

use super::*;

/// The thresholds of one indicator over one column of values.
fn thresholds(transform: Transform, column: &str) -> Thresholds {
    let lines: Vec<&str> = column.split_whitespace().collect();
    let card = card(vec![indicator("x", transform)], Grading::None);
    calibrate(&card, &population(&lines)).unwrap().indicators.remove(0).thresholds
}

/// `bin:points` of every customer of one column, `_` for none.
fn marks(indicator: Indicator, column: &str) -> String {
    let lines: Vec<&str> = column.split_whitespace().collect();
    let card = card(vec![indicator], Grading::None);
    let mut marks = Vec::new();
    for score in scores(&card, &population(&lines)) {
        let part = &score.contributions[0];
        let bin = part.bin.map_or("_".to_owned(), |bin| bin.to_string());
        let points = part.points.map_or("_".to_owned(), |points| points.normalize().to_string());
        marks.push(format!("{bin}:{points}"));
    }
    marks.join(" ")
}

fn quantile(bins: u32) -> Transform {
    Transform::Quantile { bins }
}

fn cuts(text: &str) -> Thresholds {
    Thresholds::Cuts { cuts: text.split_whitespace().map(decimal).collect() }
}

/// The expected values are those of `numpy.quantile` 2.4 (method "linear").
#[test]
fn quantile_thresholds_are_those_of_numpy() {
    for (bins, column, expected) in [
        (5, "3 1 4 1 5 9 2 6 5 3", "1.8 3 4.4 5.2"),
        (4, "3 1 4 1 5 9 2 6 5 3", "2.25 3.5 5"),
        (5, "12.34 0.01 99.99 45.5 3 78.25 45.5", "4.868 25.604 45.5 71.7"),
        (3, "-8 -3.5 -3.5 -1", "-3.5 -3.5"),
        (4, "10 20", "12.5 15 17.5"),
        (2, "7", "7"),
        (5, "- 3 1 4 - 1 5 9 2 6 5 3 -", "1.8 3 4.4 5.2"),
    ] {
        assert_eq!(thresholds(quantile(bins), column), cuts(expected), "{bins} of {column}");
    }
}

#[test]
fn centres_percentiles_and_deviations() {
    let column = "12.34 0.01 99.99 45.5 3 78.25 45.5";
    let split = |at| thresholds(Transform::Split { at }, column);
    assert_eq!(split(Centre::Mean), cuts("40.655714285714285714285714286"));
    assert_eq!(split(Centre::Median), cuts("45.5"));
    let (low, high) = (decimal("2.5"), decimal("95"));
    let range = Thresholds::Range { low: decimal("0.4585"), high: decimal("93.468") };
    assert_eq!(thresholds(Transform::MinMax { low, high }, column), range);
    let normal = Thresholds::Normal { mean: decimal("5"), deviation: decimal("2") };
    assert_eq!(thresholds(Transform::ZLogistic, "2 4 4 4 5 5 7 9"), normal);
    assert_eq!(thresholds(quantile(5), "- -"), Thresholds::Empty);
}

#[test]
fn bins_and_their_points() {
    let split = |at| indicator("x", Transform::Split { at });
    let bands = Transform::Bands {
        cuts: vec![decimal("30"), decimal("90")],
        points: vec![decimal("0"), decimal("60.5"), decimal("100")],
    };
    for (name, indicator, column, expected) in [
        ("five bins", indicator("x", quantile(5)), "1 2 3 4 5 6", "1:0 1:0 2:25 3:50 4:75 5:100"),
        ("down", down(indicator("x", quantile(5))), "1 2 3 4 5 -", "5:100 4:75 3:50 2:25 1:0 _:_"),
        ("thirds of 100", indicator("x", quantile(4)), "1 2 3 4", "1:0 2:33.3333 3:66.6667 4:100"),
        ("ties stay together", indicator("x", quantile(2)), "1 1 1 1 9", "1:0 1:0 1:0 1:0 2:100"),
        ("ties on top", indicator("x", quantile(2)), "1 9 9 9 9", "1:0 1:0 1:0 1:0 1:0"),
        ("all equal", indicator("x", quantile(5)), "7 7 7", "1:0 1:0 1:0"),
        ("all negative", indicator("x", quantile(2)), "-5 -1 -9 -2", "1:0 2:100 1:0 2:100"),
        ("above the mean", split(Centre::Mean), "1 2 3", "1:0 1:0 2:100"),
        ("below the mean", down(split(Centre::Mean)), "1 2 3", "2:100 1:0 1:0"),
        ("above the median", split(Centre::Median), "1 2 3 90", "1:0 1:0 2:100 2:100"),
        ("bands", indicator("x", bands.clone()), "29.99 30 89 90", "1:0 2:60.5 2:60.5 3:100"),
        ("bands down", down(indicator("x", bands)), "29.99 30 89 90", "3:100 2:60.5 2:60.5 1:0"),
    ] {
        assert_eq!(marks(indicator, column), expected, "{name}");
    }
}

#[test]
fn points_without_bins() {
    let ends = |low, high| Transform::MinMax { low: decimal(low), high: decimal(high) };
    let table = [("web".to_owned(), decimal("80")), ("true".to_owned(), decimal("100"))];
    let lookup = Transform::Lookup { points: table.into(), other: decimal("20") };
    for (name, indicator, column, expected) in [
        ("min max", indicator("x", ends("0", "100")), "0 1 3", "_:0 _:33.3333 _:100"),
        ("down", down(indicator("x", ends("0", "100"))), "0 1 3", "_:100 _:66.6667 _:0"),
        ("clipped", indicator("x", ends("25", "75")), "0 10 20 30 90", "_:0 _:0 _:50 _:100 _:100"),
        ("no spread", indicator("x", ends("0", "100")), "4 4", "_:50 _:50"),
        // 100/(1 + e^-z) for z = -1.5 -0.5 -0.5 -0.5 0 0 1 2, as Python computes it.
        (
            "logistic",
            indicator("x", Transform::ZLogistic),
            "2 4 4 4 5 5 7 9",
            "_:18.2426 _:37.7541 _:37.7541 _:37.7541 _:50 _:50 _:73.1059 _:88.0797",
        ),
        ("no deviation", indicator("x", Transform::ZLogistic), "4 4", "_:50 _:50"),
        ("lookup", indicator("x", lookup), "'web' 'fax' - 5", "_:80 _:20 _:_ _:_"),
    ] {
        assert_eq!(marks(indicator, column), expected, "{name}");
    }
}

#[test]
fn a_boolean_is_looked_up_by_name() {
    let table = [("true".to_owned(), decimal("100"))];
    let lookup = Transform::Lookup { points: table.into(), other: decimal("20") };
    let card = card(vec![indicator("x", lookup)], Grading::None);
    let customers =
        [(customer(1), vec![Value::Bool(true)]), (customer(2), vec![Value::Bool(false)])];
    let composites: Vec<_> = scores(&card, &customers).iter().map(|it| it.composite).collect();
    assert_eq!(composites, [Some(decimal("100")), Some(decimal("20"))]);
}

#[test]
fn values_far_outside_the_population_do_not_overflow() {
    let huge = Decimal::MAX.to_string();
    for transform in [
        quantile(5),
        Transform::MinMax { low: decimal("0"), high: decimal("100") },
        Transform::ZLogistic,
    ] {
        let card = card(vec![indicator("x", transform)], Grading::None);
        let calibration = calibrate(&card, &population(&["1", "1.0000000001", "1"])).unwrap();
        for (text, expected) in [(huge.clone(), "100"), (format!("-{huge}"), "0")] {
            let score = score(&card, &calibration, &customer(9), &[value(&text)]).unwrap();
            assert_eq!(score.composite, Some(decimal(expected)));
        }
    }
}

#[test]
fn a_sum_that_does_not_fit_names_the_indicator() {
    let card = card(vec![indicator("x", Transform::Split { at: Centre::Mean })], Grading::None);
    let huge = Decimal::MAX.to_string();
    let error = calibrate(&card, &population(&[&huge, &huge])).unwrap_err();
    assert_eq!(error, CalibrationError::Overflow { indicator: "x".to_owned() });
}
