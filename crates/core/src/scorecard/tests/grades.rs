//! Grades by cut, by rank and by cumulative share.

use super::*;

fn percent() -> Indicator {
    indicator("x", Transform::MinMax { low: Decimal::ZERO, high: Decimal::ONE_HUNDRED })
}

/// The grades of customers 1, 2, 3 … by one column, `_` for none.
fn grades(grading: Grading, column: &str) -> String {
    let lines: Vec<&str> = column.split_whitespace().collect();
    let scores = scores(&card(vec![percent()], grading), &population(&lines));
    let grades = scores.into_iter().map(|score| score.grade.unwrap_or("_".to_owned()));
    grades.collect::<Vec<_>>().join(" ")
}

fn abc() -> Grading {
    let cuts = shares(&[("A", "0.80"), ("B", "0.95")]);
    Grading::CumulativeShare { indicator: "x".to_owned(), cuts, rest: "C".to_owned() }
}

#[test]
fn abc_by_the_share_before_the_customer() {
    for (name, column, expected) in [
        // Before the third customer there are exactly 80 of 100, before the fifth 95.
        ("on the boundary", "50 30 10 5 5", "A A B B C"),
        ("just under it", "50 29 11 5 5", "A A A B C"),
        ("ties by reference", "25 25 25 25", "A A A A"),
        ("ties across the cut", "10 10 10 10 10 10 10 10 10 10", "A A A A A A A A B B"),
        ("any order", "5 10 50 5 30", "B B A C A"),
        ("one holds everything", "1000 1 1", "A C C"),
        ("returns, nothing, null", "90 -40 0 - 10", "A C C C B"),
        ("all negative", "-1 -2 -3", "C C C"),
        ("all null", "- -", "C C"),
        ("one", "0.01", "A"),
    ] {
        assert_eq!(grades(abc(), column), expected, "{name}");
    }
}

#[test]
fn rank_shares() {
    let ranks =
        |cuts: &[(&str, &str)]| Grading::RankShare { cuts: shares(cuts), rest: "D".to_owned() };
    for (cuts, column, expected) in [
        (&[("A", "0.2"), ("B", "0.5")][..], "10 9 8 7 6 5 4 3 2 1", "A A B B B D D D D D"),
        (&[("A", "0.2"), ("B", "0.5")], "1 2 3", "D B A"),
        (&[("A", "0.05")], "1 2 - 3", "D D _ A"),
        // Equal composites are told apart by reference.
        (&[("A", "0.5")], "7 7 7 7", "A A D D"),
        (&[("A", "0.5"), ("B", "1")], "7 7 7 7", "A A B B"),
    ] {
        assert_eq!(grades(ranks(cuts), column), expected, "{column}");
    }
}

#[test]
fn absolute_cuts() {
    let cut = |grade: &str, min: &str| GradeCut { grade: grade.to_owned(), min: decimal(min) };
    let cuts = vec![cut("A", "80"), cut("B", "50")];
    assert_eq!(grades(Grading::Cuts { cuts }, "0 50 79 80 100 -"), "_ B B A A _");
    assert_eq!(grades(Grading::None, "0 100"), "_ _");
}

#[test]
fn who_fails_has_no_grade() {
    let must = missing(percent(), Missing::Fail);
    let scores = scores(&card(vec![must], abc()), &population(&["5", "-"]));
    assert_eq!(scores[0].grade.as_deref(), Some("A"));
    assert_eq!(scores[1].grade, None);
}

#[test]
fn boundaries_are_the_last_customers_of_their_grades() {
    let card = card(vec![percent()], abc());
    let calibration = calibrate(&card, &population(&["1000", "1.50", "1.50", "-3"])).unwrap();
    let last = |measure: &str, number| {
        Some(LastInGrade { measure: decimal(measure), customer: customer(number) })
    };
    let found: Vec<_> =
        calibration.grades.iter().map(|it| (it.grade.as_str(), it.last.clone())).collect();
    assert_eq!(found, [("A", last("1000", 1)), ("B", None)]);
}

#[test]
fn a_new_customer_is_graded_against_the_frozen_boundaries() {
    let card = card(vec![percent()], abc());
    let customers = population(&["50", "30", "10", "5", "5"]);
    let calibration = calibrate(&card, &customers).unwrap();
    let scorer = Scorer::new(&card, &calibration).unwrap();
    for (number, amount, grade) in [
        (9, "31", "A"),
        (1, "30", "A"),
        (9, "30", "B"),
        (9, "29", "B"),
        (4, "5", "B"),
        (5, "5", "C"),
        (9, "4.9999", "C"),
        (9, "-31", "C"),
        (9, "-", "C"),
    ] {
        let score = scorer.score(&customer(number), &[value(amount)]);
        assert_eq!(score.grade.as_deref(), Some(grade), "customer {number} with {amount}");
    }
}
