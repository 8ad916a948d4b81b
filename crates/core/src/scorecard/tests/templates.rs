//! The ready scorecards.

use super::*;

fn template(id: &str) -> Scorecard {
    templates().into_iter().find(|card| card.id == id).unwrap()
}

/// Recency, orders and amount of customers 1, 2, 3 …; the last never bought.
fn buyers() -> Vec<(Reference, Vec<Value>)> {
    population(&["1 9 900", "10 5 80", "20 3 60", "60 2 40", "300 1 20", "- 0 -5"])
}

#[test]
fn every_template_is_valid_on_the_features_it_names() {
    let ids: Vec<String> = templates().iter().map(|card| card.id.clone()).collect();
    let expected = [
        "abc",
        "composite-credit",
        "importance",
        "loyalty-index",
        "market-city-trade",
        "market-industry",
        "rfm",
        "rfm-mean",
        "value",
    ];
    assert_eq!(ids, expected);
    for card in templates() {
        let lookup = |name: &str| {
            let of_name = card.indicators.iter().find(|indicator| indicator.feature == name);
            of_name.is_some_and(|it| matches!(it.transform, Transform::Lookup { .. }))
        };
        let kind = |name: &str| match lookup(name) {
            true => FeatureKind::Text,
            false => FeatureKind::Number,
        };
        assert_eq!(card.validate(&|name| Some(kind(name))), [], "{}", card.id);
        for label in card.indicators.iter().map(|it| &it.label).chain([&card.label]) {
            assert!(!label.zh.is_empty() && !label.en.is_empty());
        }
    }
}

#[test]
fn rfm_bins_are_over_buyers_only() {
    let card = template("rfm");
    assert_eq!(card.features(), ["recency_days", "orders_total", "amount_total"]);
    let scores = scores(&card, &buyers());
    let bins = |score: &Score| score.contributions.iter().map(|part| part.bin).collect::<Vec<_>>();
    for (index, expected) in [5, 4, 3, 2, 1].into_iter().enumerate() {
        assert_eq!(bins(&scores[index]), [Some(expected); 3]);
    }
    assert_eq!(bins(&scores[5]), [None; 3]);
    assert_eq!(scores[5].composite, None);
}

#[test]
fn rfm_against_the_mean() {
    // Means of the buyers: 78.2 days, 4 orders, 220.
    let scores = scores(&template("rfm-mean"), &buyers());
    let bins = |score: &Score| score.contributions.iter().map(|part| part.bin).collect::<Vec<_>>();
    assert_eq!(bins(&scores[0]), [Some(2); 3]);
    assert_eq!(bins(&scores[1]), [Some(2), Some(2), Some(1)]);
    assert_eq!(bins(&scores[3]), [Some(2), Some(1), Some(1)]);
    assert_eq!(bins(&scores[4]), [Some(1); 3]);
}

#[test]
fn abc_grades_everybody() {
    let scores = scores(&template("abc"), &population(&["80", "15", "5", "-5", "-"]));
    let grades: Vec<_> = scores.iter().map(|score| score.grade.as_deref()).collect();
    assert_eq!(grades, [Some("A"), Some("B"), Some("C"), Some("C"), Some("C")]);
}

#[test]
fn value_ranks_buyers_and_shares_out_the_weight_of_a_missing_growth() {
    let card = template("value");
    let features = ["amount_365d", "orders_365d", "recency_days", "amount_growth_yoy"];
    assert_eq!(card.features(), features);
    let scores = scores(&card, &population(&["900 9 1 0.5", "80 5 10 -", "- 0 400 -1", "- 0 - -"]));
    let composites: Vec<_> = scores.iter().map(|score| score.composite).collect();
    assert_eq!(composites[0], Some(decimal("100")));
    assert_eq!(composites[2], Some(Decimal::ZERO));
    assert_eq!(composites[3], None);
    let grades: Vec<_> = scores.iter().map(|score| score.grade.as_deref()).collect();
    assert_eq!(grades, [Some("A"), Some("C"), Some("D"), None]);
    assert_eq!(scores[1].contributions[3].policy, Some(MissingPolicyApplied::Ignored));
}
