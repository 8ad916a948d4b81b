use kehu_contract::google::r#type::{Date, Decimal};
use kehu_contract::ingestion::{
    GetTimelineRequest, ProspectAssessment, Record, TimelineEvent, record::Kind,
};
use kehu_tests::each_database;

use crate::records::record;
use crate::server::Server;

const DAY: Date = Date { year: 2011, month: 1, day: 10 };
const END: Date = Date { year: 2012, month: 1, day: 10 };

fn assessment(external_id: &str) -> ProspectAssessment {
    ProspectAssessment {
        external_id: external_id.to_owned(),
        customer_external_id: "a".to_owned(),
        assessment_date: Some(DAY),
        expire_date: Some(END),
        score: Some(Decimal { value: "72.5".to_owned() }),
        assessor: " 王经理 ".to_owned(),
        evidence: "a plant\nis being built".to_owned(),
        withdrawn: false,
        source_update_time: None,
    }
}

fn sent(assessment: ProspectAssessment) -> Record {
    record(Kind::ProspectAssessment(assessment))
}

fn changed(change: impl FnOnce(&mut ProspectAssessment)) -> Record {
    let mut changed = assessment("bad");
    change(&mut changed);
    sent(changed)
}

async fn timeline(server: &Server) -> Vec<TimelineEvent> {
    let customer = "customers/1".to_owned();
    let request = GetTimelineRequest { customer, ..Default::default() };
    server.customers().get_timeline(request).await.unwrap().into_inner().events
}

#[tokio::test]
async fn an_assessment_tells_who_judged_on_what_and_until_when() {
    each_database(async |database| {
        let server = Server::start(database).await;
        assert_eq!(server.ingest("first", vec![sent(assessment("j1"))]).await.accepted_count, 1);
        let again = server.ingest("second", vec![sent(assessment("j1"))]).await;
        assert_eq!((again.accepted_count, again.unchanged_count), (0, 1));
        let change = (vec![1], "2011-01-10".to_owned(), "2011-01-10".to_owned());
        assert_eq!(server.last_change().await, change);
        let events = timeline(&server).await;
        let contact = events[0].contact.as_ref().unwrap();
        assert_eq!((events.len(), events[0].event_date), (1, Some(DAY)));
        assert_eq!(
            (events[0].kind.as_str(), contact.kind.as_str()),
            ("prospect_assessment", "prospects")
        );
        assert_eq!((contact.assessor.as_str(), contact.expire_date), ("王经理", Some(END)));
        assert_eq!(contact.score, Some(Decimal { value: "72.5".to_owned() }));
        assert_eq!(contact.note, "a plant is being built");
        let withdrawn = ProspectAssessment { withdrawn: true, ..assessment("j1") };
        assert_eq!(server.ingest("third", vec![sent(withdrawn)]).await.accepted_count, 1);
        assert_eq!(timeline(&server).await, []);
    })
    .await;
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_assessment_is_told() {
    let score = |text: &str| Some(Decimal { value: text.to_owned() });
    let bad = [
        (changed(|a| a.external_id.clear()), "FIELD_MISSING external_id"),
        (changed(|a| a.customer_external_id.clear()), "CUSTOMER_MISSING customer_external_id"),
        (changed(|a| a.assessment_date = None), "FIELD_MISSING assessment_date"),
        (changed(|a| a.expire_date = None), "FIELD_MISSING expire_date"),
        (changed(|a| a.expire_date = Some(DAY)), "OUT_OF_RANGE expire_date"),
        (changed(|a| a.score = None), "FIELD_MISSING score"),
        (changed(|a| a.score = score("-0.1")), "OUT_OF_RANGE score"),
        (changed(|a| a.score = score("100.1")), "OUT_OF_RANGE score"),
        (changed(|a| a.score = score("good")), "NUMBER_INVALID score"),
        (changed(|a| a.assessor = "  ".to_owned()), "FIELD_MISSING assessor"),
        (changed(|a| a.evidence.clear()), "FIELD_MISSING evidence"),
        (changed(|a| a.evidence = "话".repeat(1_001)), "FIELD_TOO_LONG evidence"),
    ];
    each_database(async |database| {
        let server = Server::start(database).await;
        let records = bad.iter().map(|(record, _)| record.clone()).collect();
        let done = server.ingest("s", records).await;
        let told = done.rejections.iter().map(|rejection| {
            assert_eq!(rejection.problems.len(), 1, "{:?}", rejection.problems);
            let problem = &rejection.problems[0];
            let reason = problem.reason().as_str_name().trim_start_matches("PROBLEM_REASON_");
            format!("{reason} {}", problem.field.trim_start_matches("prospect_assessment."))
        });
        assert_eq!(told.collect::<Vec<_>>(), bad.iter().map(|(_, told)| *told).collect::<Vec<_>>());
    })
    .await;
}
