use chrono::{DateTime, Utc};
use kehu_core::calendar::BusinessCalendar;
use kehu_storage::business_date::{BusinessDate, Decision, current, decide};
use kehu_tests::{at, day, each_database};

#[tokio::test]
async fn the_last_decision_holds() {
    each_database(async |test| {
        let db = &test.database;
        let shanghai = BusinessCalendar::new("Asia/Shanghai").unwrap();
        let evening: DateTime<Utc> = "2026-11-24T16:30:00Z".parse().unwrap();
        let undecided = BusinessDate { date: day("2026-11-25"), decision: None };
        assert_eq!(current(db, &shanghai, evening).await.unwrap(), undecided);

        for (fixed_on, expected) in [
            (Some("2011-12-10"), "2011-12-10"),
            (None, "2026-11-25"),
            (Some("2012-01-01"), "2012-01-01"),
        ] {
            let decision = Decision {
                fixed_on: fixed_on.map(day),
                decided_by: "chief".to_owned(),
                decided_at: at(7),
            };
            decide(db, &decision).await.unwrap();
            let held = current(db, &shanghai, evening).await.unwrap();
            assert_eq!((held.date, held.is_fixed()), (day(expected), fixed_on.is_some()));
            assert_eq!(held.decision, Some(decision));
        }
    })
    .await;
}
