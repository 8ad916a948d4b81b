use kehu_analytics::{Analytics, CustomerSet, Limits};
use kehu_storage::ingestion::{Entry, NewAssessment};
use kehu_tests::{at, day, each_database, shop};

/// `customer key from to score`, with `?` behind the score of one that was withdrawn.
fn assessment(text: &str) -> Entry {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [customer, key, from, to, score] = words[..] else { panic!("{text}") };
    Entry::Assessment(Box::new(NewAssessment {
        external_id: key.to_owned(),
        customer: customer.to_owned(),
        assessed_at: day(from).and_hms_opt(0, 0, 0).unwrap().and_utc(),
        assessed_on: day(from),
        expires_on: day(to),
        score: score.trim_end_matches('?').parse::<i64>().unwrap() * 10_000,
        assessor: "sales".to_owned(),
        evidence: "visited the plant".to_owned(),
        is_withdrawn: score.ends_with('?'),
        digest: text.to_owned(),
        source_updated_at: None,
    }))
}

const ASSESSMENTS: [&str; 6] = [
    "c1 a1 2024-01-10 2024-07-10 80",
    // A newer judgement that ends earlier.
    "c1 a2 2024-02-01 2024-03-01 20",
    // Two of one day: the greater key.
    "c2 a3 2024-01-10 2025-01-10 30",
    "c2 a4 2024-01-10 2025-01-10 0",
    "c2 a5 2024-02-01 2025-01-10 90?",
    "c3 a6 2024-04-01 2024-04-02 100",
];

#[tokio::test]
async fn prospects_are_of_the_latest_assessment_that_has_not_expired() {
    each_database(async |test| {
        let db = &test.database;
        shop::ingest(db, "s", ASSESSMENTS.map(assessment).into(), at(1)).await;
        let analytics = Analytics::new(db.clone(), Limits::of_memory(1 << 30));
        for (as_of, expected) in [
            ("2024-01-09", ["null", "null", "null"]),
            ("2024-01-10", ["80.0000", "0.0000", "null"]),
            ("2024-02-01", ["20.0000", "0.0000", "null"]),
            ("2024-02-29", ["20.0000", "0.0000", "null"]),
            ("2024-03-01", ["80.0000", "0.0000", "null"]),
            ("2024-04-01", ["80.0000", "0.0000", "100.0000"]),
            ("2024-07-10", ["null", "0.0000", "null"]),
        ] {
            let feature = "prospect_score";
            let frame = analytics.features(&CustomerSet::All, day(as_of), &[feature]).await;
            let frame = frame.unwrap();
            let values = frame.column(feature).unwrap();
            let values: Vec<String> = values.iter().map(crate::features::text).collect();
            assert_eq!(values, expected, "as of {as_of}");
        }
    })
    .await;
}
