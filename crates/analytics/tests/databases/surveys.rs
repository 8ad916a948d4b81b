use kehu_analytics::{Analytics, CustomerSet, Limits};
use kehu_storage::ingestion::{Entry, Measure, NewSurveyAnswer};
use kehu_tests::{at, day, each_database, shop};

/// `customer key day hour measure score points`, with `-` for nothing, and `?` behind the measure of
/// an answer that was withdrawn.
fn answer(text: &str) -> Entry {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [customer, key, on, hour, measure, score, points] = words[..] else { panic!("{text}") };
    let number = |word: &str| (word != "-").then(|| word.parse::<i64>().unwrap() * 10_000);
    let measures = [Measure::Csat, Measure::Nps, Measure::Ces, Measure::Comment];
    let named = |kind: &&Measure| kind.name() == measure.trim_end_matches('?');
    let measure_of = *measures.iter().find(named).unwrap();
    Entry::SurveyAnswer(Box::new(NewSurveyAnswer {
        external_id: key.to_owned(),
        customer: customer.to_owned(),
        survey: None,
        measure: measure_of,
        answered_at: day(on).and_hms_opt(hour.parse().unwrap(), 0, 0).unwrap().and_utc(),
        answered_on: day(on),
        score: number(score),
        points: number(points),
        channel: None,
        product: None,
        category: None,
        comment: (measure_of == Measure::Comment).then(|| "好".to_owned()),
        is_withdrawn: measure.ends_with('?'),
        digest: text.to_owned(),
        source_updated_at: None,
    }))
}

const ANSWERS: [&str; 11] = [
    "c1 a1 2024-01-10 9 csat 4 75",
    "c1 a2 2024-02-10 9 csat 1 0",
    "c1 a3 2023-03-02 9 csat 5 100",
    "c1 a4 2024-02-10 9 nps 9 90",
    // Of one day the later one.
    "c1 a5 2024-02-11 20 nps 3 30",
    "c1 a6 2024-02-11 8 nps 8 80",
    "c2 a7 2024-03-01 9 comment - -",
    "c2 a8 2024-02-20 9 csat? 5 100",
    "c2 a9 2024-02-21 9 ces 7 100",
    "c3 a10 2024-04-01 9 nps 10 100",
    "c3 a11 2022-01-01 9 csat 3 50",
];

#[tokio::test]
async fn satisfaction_features_are_of_the_answers_up_to_the_date() {
    each_database(async |test| {
        let db = &test.database;
        shop::ingest(db, "s", ANSWERS.map(answer).into(), at(1)).await;
        let analytics = Analytics::new(db.clone(), Limits::of_memory(1 << 30));
        for (feature, as_of, expected) in [
            ("surveys_365d", "2024-03-01", ["5", "2", "0"]),
            ("surveys_365d", "2024-02-29", ["6", "1", "0"]),
            ("comments_365d", "2024-02-29", ["0", "0", "0"]),
            ("comments_365d", "2024-03-01", ["0", "1", "0"]),
            ("csat_mean_365d", "2024-03-01", ["37.5", "null", "null"]),
            ("csat_mean_365d", "2024-02-29", ["58.333333333", "null", "null"]),
            ("csat_mean_365d", "2022-06-01", ["null", "null", "50"]),
            ("ces_mean_365d", "2024-03-01", ["null", "100", "null"]),
            ("nps_last", "2024-02-09", ["null", "null", "null"]),
            ("nps_last", "2024-02-10", ["9.0000", "null", "null"]),
            ("nps_last", "2024-02-11", ["3.0000", "null", "null"]),
            ("nps_last", "2026-04-01", ["3.0000", "null", "10.0000"]),
        ] {
            let frame = analytics.features(&CustomerSet::All, day(as_of), &[feature]).await;
            let frame = frame.unwrap();
            let values = frame.column(feature).unwrap();
            let values: Vec<String> = values.iter().map(crate::features::text).collect();
            assert_eq!(values, expected, "{feature} as of {as_of}");
        }
    })
    .await;
}
