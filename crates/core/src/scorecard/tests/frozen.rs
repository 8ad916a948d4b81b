//! A calibration is kept as JSON and scores anybody alone, in any order.

use super::*;

/// One of every transform, every policy, and a grading by rank.
fn everything() -> Scorecard {
    let quantile = || Transform::Quantile { bins: 5 };
    let table = [("web".to_owned(), decimal("80.5"))];
    let bands =
        Transform::Bands { cuts: vec![decimal("4")], points: vec![decimal("10"), decimal("90")] };
    let lookup = Transform::Lookup { points: table.into(), other: decimal("20") };
    let min_max = Transform::MinMax { low: decimal("5"), high: decimal("95") };
    let impute = |with| Missing::Impute { with };
    let indicators = vec![
        missing(indicator("a", quantile()), Missing::Fail),
        weighing(down(missing(indicator("b", min_max), impute(Imputation::Mean))), "0.3"),
        missing(indicator("c", Transform::ZLogistic), impute(Imputation::Median)),
        missing(
            indicator("d", Transform::Split { at: Centre::Mean }),
            impute(Imputation::Constant(decimal("1.5"))),
        ),
        missing(indicator("e", bands), Missing::Substitute { feature: "a".to_owned() }),
        weighing(indicator("f", lookup), "2.5"),
    ];
    let cuts = shares(&[("A", "0.2"), ("B", "0.6")]);
    card(indicators, Grading::RankShare { cuts, rest: "C".to_owned() })
}

fn customers() -> Vec<(Reference, Vec<Value>)> {
    population(&[
        "1 9 3 2 8 'web'",
        "2 - 1 4 - 'shop'",
        "- 5 5 5 5 'web'",
        "7 8 - - 2 -",
        "7 7.25 -3 0.5 - 'web'",
        "3 2 11 1 4 'fax'",
    ])
}

#[test]
fn json_gives_back_the_same_card_and_calibration() {
    let card = everything();
    let calibration = calibrate(&card, &customers()).unwrap();
    let text = serde_json::to_string(&card).unwrap();
    assert_eq!(serde_json::from_str::<Scorecard>(&text).unwrap(), card);
    let text = serde_json::to_string(&calibration).unwrap();
    assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), calibration);
    for score in scores(&card, &customers()) {
        let text = serde_json::to_string(&score).unwrap();
        assert_eq!(serde_json::from_str::<Score>(&text).unwrap(), score);
    }
}

#[test]
fn json_is_readable_and_keeps_decimals_as_text() {
    let indicators =
        vec![down(weighing(indicator("x", Transform::Split { at: Centre::Mean }), "0.20"))];
    let cuts = shares(&[("A", "0.80")]);
    let grading =
        Grading::CumulativeShare { indicator: "y".to_owned(), cuts, rest: "C".to_owned() };
    let text = serde_json::to_string(&card(indicators, grading)).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"id":"card","label":{"zh":"","en":"card"},"indicators":[{"id":"x","#,
            r#""label":{"zh":"","en":"x"},"feature":"x","transform":{"kind":"split","at":"mean"},"#,
            r#""direction":"down","weight":"0.20","missing":{"policy":"ignore"}}],"#,
            r#""grading":{"by":"cumulative_share","indicator":"y","#,
            r#""cuts":[{"grade":"A","share":"0.80"}],"rest":"C"}}"#,
        )
    );
    let card = card(vec![indicator("x", Transform::Quantile { bins: 2 })], Grading::None);
    let calibration = calibrate(&card, &population(&["1", "2"])).unwrap();
    assert_eq!(
        serde_json::to_string(&calibration).unwrap(),
        concat!(
            r#"{"population":2,"indicators":[{"id":"x","count":2,"#,
            r#""thresholds":{"kind":"cuts","cuts":["1.5"]},"imputed":null}],"grades":[]}"#,
        )
    );
}

#[test]
fn alone_as_in_the_population_and_in_any_order() {
    let card = everything();
    let forwards = customers();
    let mut backwards = forwards.clone();
    backwards.reverse();
    let calibration = calibrate(&card, &forwards).unwrap();
    assert_eq!(calibrate(&card, &backwards).unwrap(), calibration);
    for ((customer, values), score_in_population) in forwards.iter().zip(scores(&card, &forwards)) {
        let alone = score(&card, &calibration, customer, values).unwrap();
        assert_eq!(alone, score_in_population);
    }
}

#[test]
fn a_calibration_of_another_card_is_refused() {
    let card = everything();
    let calibration = calibrate(&card, &customers()).unwrap();
    type Change = fn(&mut Scorecard);
    let changes: [Change; 4] = [
        |card| drop(card.indicators.pop()),
        |card| card.indicators[0].id = "z".to_owned(),
        |card| card.indicators[0].transform = Transform::Quantile { bins: 4 },
        |card| {
            card.grading =
                Grading::RankShare { cuts: shares(&[("A", "0.2")]), rest: "C".to_owned() }
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut other = card.clone();
        change(&mut other);
        let error = Scorer::new(&other, &calibration).unwrap_err();
        assert_eq!(error, CalibrationError::Mismatch { card: "card".to_owned() }, "change {index}");
    }
}

#[test]
fn columns_and_their_values_agree() {
    let mut card = everything();
    card.id = "my-card".to_owned();
    card.indicators[0].id = "first-one".to_owned();
    let names: Vec<String> = card.columns().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "my_card_first_one_bin",
            "my_card_first_one_points",
            "my_card_b_points",
            "my_card_c_points",
            "my_card_d_bin",
            "my_card_d_points",
            "my_card_e_bin",
            "my_card_e_points",
            "my_card_f_points",
            "my_card_score",
            "my_card_grade",
        ]
    );
    for score in scores(&card, &customers()) {
        let values = card.values(&score);
        assert_eq!(values.len(), names.len());
        for ((_, kind), value) in card.columns().into_iter().zip(values) {
            let text = kind == ColumnKind::Text;
            assert!(value == Value::Null || text == matches!(value, Value::Text(_)));
        }
    }
}
