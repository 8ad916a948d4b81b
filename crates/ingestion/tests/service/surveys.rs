use kehu_contract::google::r#type::Decimal;
use kehu_contract::ingestion::{
    GetTimelineRequest, Record, SurveyAnswer, SurveyMeasure, TimelineEvent, record::Kind,
};
use kehu_tests::{TestDatabase, each_database};
use sea_orm::{ConnectionTrait, Statement};

use crate::records::{noon, record};
use crate::server::Server;

fn number(text: &str) -> Option<Decimal> {
    Some(Decimal { value: text.to_owned() })
}

/// Four stars of five.
fn answer(external_id: &str) -> SurveyAnswer {
    SurveyAnswer {
        external_id: external_id.to_owned(),
        customer_external_id: "a".to_owned(),
        survey: "2011-q1".to_owned(),
        measure: SurveyMeasure::Csat.into(),
        answer_time: Some(noon("2011-01-10")),
        score: number("4"),
        product_code: "P1".to_owned(),
        comment: "很好".to_owned(),
        ..Default::default()
    }
}

fn sent(answer: SurveyAnswer) -> Record {
    record(Kind::SurveyAnswer(answer))
}

fn changed(change: impl FnOnce(&mut SurveyAnswer)) -> Record {
    let mut changed = answer("bad");
    change(&mut changed);
    sent(changed)
}

async fn timeline(server: &Server) -> Vec<TimelineEvent> {
    let customer = "customers/1".to_owned();
    let request = GetTimelineRequest { customer, ..Default::default() };
    server.customers().get_timeline(request).await.unwrap().into_inner().events
}

/// The points of the versions that stand, by key, 1/10,000.
async fn points(test: &TestDatabase) -> Vec<Option<i64>> {
    let db = test.database.reader();
    let sql = "SELECT points FROM survey_answer WHERE superseded_at IS NULL ORDER BY external_id";
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "points").unwrap()).collect()
}

#[tokio::test]
async fn an_answer_is_kept_in_versions() {
    each_database(async |database| {
        let server = Server::start(database).await;
        assert_eq!(server.ingest("first", vec![sent(answer("s1"))]).await.accepted_count, 1);
        let again = server.ingest("second", vec![sent(answer("s1"))]).await;
        assert_eq!((again.accepted_count, again.unchanged_count), (0, 1));
        let corrected = SurveyAnswer { score: number("4.50"), ..answer("s1") };
        assert_eq!(server.ingest("third", vec![sent(corrected.clone())]).await.accepted_count, 1);
        let change = (vec![1], "2011-01-10".to_owned(), "2011-01-10".to_owned());
        assert_eq!(server.last_change().await, change);
        let events = timeline(&server).await;
        let contact = events[0].contact.as_ref().unwrap();
        assert_eq!((events.len(), events[0].kind.as_str()), (1, "survey_answer"));
        assert_eq!((contact.kind.as_str(), &contact.score), ("csat", &number("4.5")));
        assert_eq!((contact.survey.as_str(), contact.note.as_str()), ("2011-q1", "很好"));
        assert_eq!(contact.product_code, "P1");
        let withdrawn = SurveyAnswer { withdrawn: true, ..corrected };
        assert_eq!(server.ingest("fourth", vec![sent(withdrawn)]).await.accepted_count, 1);
        assert_eq!(timeline(&server).await, []);
    })
    .await;
}

#[tokio::test]
async fn scores_of_every_scale_become_points() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let ends = [
            (SurveyMeasure::Csat, "1", None, None, Some(0)),
            (SurveyMeasure::Csat, "5", None, None, Some(1_000_000)),
            (SurveyMeasure::Csat, "4", None, None, Some(750_000)),
            // Marks of a school, the least is the best.
            (SurveyMeasure::Csat, "2", Some("6"), Some("1"), Some(800_000)),
            (SurveyMeasure::Csat, "1", Some("-2"), Some("5"), Some(428_571)),
            (SurveyMeasure::Nps, "7", None, None, Some(700_000)),
            (SurveyMeasure::Nps, "10", Some("0"), Some("10.0"), Some(1_000_000)),
            (SurveyMeasure::Ces, "4", None, None, Some(500_000)),
            (SurveyMeasure::Comment, "", None, None, None),
        ];
        let mut records = Vec::new();
        for (place, (measure, score, worst, best, _)) in ends.into_iter().enumerate() {
            records.push(sent(SurveyAnswer {
                measure: measure.into(),
                score: number(score).filter(|score| !score.value.is_empty()),
                worst_score: worst.and_then(number),
                best_score: best.and_then(number),
                ..answer(&format!("s{place}"))
            }));
        }
        assert_eq!(server.ingest("s", records).await.accepted_count, 9);
        let expected: Vec<Option<i64>> = ends.iter().map(|(.., points)| *points).collect();
        assert_eq!(points(database).await, expected);
    })
    .await;
}

/// Answers with one thing wrong, and what is told of each.
fn bad() -> [(Record, &'static str); 17] {
    let nps = |score: &'static str| {
        changed(move |a| {
            a.measure = SurveyMeasure::Nps.into();
            a.score = number(score);
        })
    };
    [
        (changed(|a| a.external_id.clear()), "FIELD_MISSING survey_answer.external_id"),
        (
            changed(|a| a.customer_external_id.clear()),
            "CUSTOMER_MISSING survey_answer.customer_external_id",
        ),
        (changed(|a| a.survey = "x".repeat(201)), "FIELD_TOO_LONG survey_answer.survey"),
        (changed(|a| a.measure = 0), "VALUE_UNKNOWN survey_answer.measure"),
        (changed(|a| a.answer_time = None), "FIELD_MISSING survey_answer.answer_time"),
        (changed(|a| a.score = None), "FIELD_MISSING survey_answer.score"),
        (changed(|a| a.score = number("good")), "NUMBER_INVALID survey_answer.score"),
        (changed(|a| a.score = number("5.5")), "OUT_OF_RANGE survey_answer.score"),
        (changed(|a| a.score = number("0")), "OUT_OF_RANGE survey_answer.score"),
        (changed(|a| a.best_score = number("1e7")), "OUT_OF_RANGE survey_answer.best_score"),
        (changed(|a| a.best_score = number("1")), "OUT_OF_RANGE survey_answer.best_score"),
        (nps("7.5"), "OUT_OF_RANGE survey_answer.score"),
        (nps("11"), "OUT_OF_RANGE survey_answer.score"),
        (
            changed(|a| {
                a.measure = SurveyMeasure::Nps.into();
                a.best_score = number("5");
            }),
            "OUT_OF_RANGE survey_answer.best_score",
        ),
        (
            changed(|a| a.measure = SurveyMeasure::Comment.into()),
            "VALUE_UNKNOWN survey_answer.score",
        ),
        (
            changed(|a| {
                a.measure = SurveyMeasure::Comment.into();
                a.score = None;
                a.comment = " ".to_owned();
            }),
            "FIELD_MISSING survey_answer.comment",
        ),
        (changed(|a| a.comment = "x".repeat(1_001)), "FIELD_TOO_LONG survey_answer.comment"),
    ]
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_answer_is_told() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (records, expected): (Vec<Record>, Vec<&str>) = bad().into_iter().unzip();
        let done = server.ingest("s", records).await;
        assert_eq!((done.accepted_count, done.rejected_count), (0, 17));
        let told = done.rejections.iter().map(|rejection| {
            assert_eq!(rejection.problems.len(), 1, "{:?}", rejection.problems);
            let problem = &rejection.problems[0];
            let reason = problem.reason().as_str_name().trim_start_matches("PROBLEM_REASON_");
            format!("{reason} {}", problem.field)
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
    })
    .await;
}
