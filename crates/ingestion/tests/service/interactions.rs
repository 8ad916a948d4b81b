use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    ContactDetail, GetTimelineRequest, Interaction, InteractionDirection, ListRejectsRequest,
    Record, TimelineEvent, record::Kind,
};
use kehu_tests::{TestDatabase, each_database};
use prost_types::Duration;
use sea_orm::{ConnectionTrait, Statement};

use crate::records::{noon, order, record, sale};
use crate::server::Server;

/// A complaint by telephone.
fn interaction(external_id: &str) -> Interaction {
    Interaction {
        external_id: external_id.to_owned(),
        customer_external_id: "a".to_owned(),
        kind: "call".to_owned(),
        interaction_time: Some(noon("2011-01-10")),
        channel: "phone".to_owned(),
        direction: InteractionDirection::Inbound.into(),
        duration: Some(Duration { seconds: 90, nanos: 999_999_999 }),
        product_code: "P1".to_owned(),
        category: "tea".to_owned(),
        complaint: true,
        outcome: "resolved".to_owned(),
        note: "  the pot\narrived broken ".to_owned(),
        withdrawn: false,
        source_update_time: None,
    }
}

fn sent(interaction: Interaction) -> Record {
    record(Kind::Interaction(interaction))
}

fn changed(change: impl FnOnce(&mut Interaction)) -> Record {
    let mut changed = interaction("bad");
    change(&mut changed);
    sent(changed)
}

async fn timeline(server: &Server) -> Vec<TimelineEvent> {
    let customer = "customers/1".to_owned();
    let request = GetTimelineRequest { customer, ..Default::default() };
    server.customers().get_timeline(request).await.unwrap().into_inner().events
}

/// The versions of interactions, as kind, seconds, direction and whether it stands.
async fn versions(test: &TestDatabase) -> Vec<(String, Option<i32>, Option<i32>, bool)> {
    let db = test.database.reader();
    let sql = "SELECT kind, duration_seconds, direction, superseded_at IS NULL AS stands \
               FROM interaction ORDER BY interaction_id";
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.unwrap();
    let row = |row: &sea_orm::QueryResult| {
        let seconds = row.try_get("", "duration_seconds").unwrap();
        let direction = row.try_get("", "direction").unwrap();
        let kind = row.try_get("", "kind").unwrap();
        (kind, seconds, direction, row.try_get("", "stands").unwrap())
    };
    rows.iter().map(row).collect()
}

#[tokio::test]
async fn an_interaction_is_kept_in_versions() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let records = vec![sent(interaction("i1")), order(sale("o1", "a", "2011-01-20", 5))];
        assert_eq!(server.ingest("first", records).await.accepted_count, 2);
        let again = server.ingest("second", vec![sent(interaction("i1"))]).await;
        assert_eq!((again.accepted_count, again.unchanged_count), (0, 1));
        // A kind that nobody knew yet, written by hand.
        let other = Interaction {
            kind: " WeChat-Message ".to_owned(),
            direction: 0,
            duration: None,
            ..interaction("i1")
        };
        assert_eq!(server.ingest("third", vec![sent(other.clone())]).await.accepted_count, 1);
        let change = (vec![1], "2011-01-10".to_owned(), "2011-01-10".to_owned());
        assert_eq!(server.last_change().await, change);
        let expected = [
            ("call".to_owned(), Some(90), Some(1), false),
            ("wechat_message".to_owned(), None, None, true),
        ];
        assert_eq!(versions(database).await, expected);
        let events = timeline(&server).await;
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["sale", "interaction"]);
        assert!(events[0].contact.is_none() && events[0].amount.is_some());
        let event = &events[1];
        assert_eq!((&event.amount, &event.base_amount, event.line_count), (&None, &None, 0));
        let day = Some(google::Date { year: 2011, month: 1, day: 10 });
        assert_eq!((event.event_date, event.channel.as_str()), (day, "phone"));
        let detail = ContactDetail {
            kind: "wechat_message".to_owned(),
            product_code: "P1".to_owned(),
            category: "tea".to_owned(),
            complaint: true,
            outcome: "resolved".to_owned(),
            note: "the pot arrived broken".to_owned(),
            ..Default::default()
        };
        assert_eq!(event.contact, Some(detail));
        let withdrawn = Interaction { withdrawn: true, ..other };
        assert_eq!(server.ingest("fourth", vec![sent(withdrawn)]).await.accepted_count, 1);
        assert_eq!(timeline(&server).await.len(), 1, "it never was");
    })
    .await;
}

/// Interactions with one thing wrong, and what is told of each.
fn bad() -> [(Record, &'static str); 16] {
    let duration = |seconds, nanos| Some(Duration { seconds, nanos });
    let bell = || "a\u{7}b".to_owned();
    [
        (changed(|i| i.external_id = "n/a".to_owned()), "FIELD_MISSING interaction.external_id"),
        (
            changed(|i| i.customer_external_id.clear()),
            "CUSTOMER_MISSING interaction.customer_external_id",
        ),
        (changed(|i| i.kind = "  ".to_owned()), "FIELD_MISSING interaction.kind"),
        (changed(|i| i.kind = "x".repeat(65)), "FIELD_TOO_LONG interaction.kind"),
        (changed(|i| i.interaction_time = None), "FIELD_MISSING interaction.interaction_time"),
        (
            changed(|i| i.interaction_time = Some(noon("1899-01-01"))),
            "OUT_OF_RANGE interaction.interaction_time",
        ),
        (changed(|i| i.direction = 3), "VALUE_UNKNOWN interaction.direction"),
        (changed(|i| i.duration = duration(-1, 0)), "OUT_OF_RANGE interaction.duration"),
        (
            changed(|i| i.duration = duration(i64::MIN, i32::MIN)),
            "OUT_OF_RANGE interaction.duration",
        ),
        (changed(|i| i.duration = duration(0, -1)), "OUT_OF_RANGE interaction.duration"),
        (changed(|i| i.duration = duration(31_622_401, 0)), "OUT_OF_RANGE interaction.duration"),
        (changed(|i| i.channel = "x".repeat(201)), "FIELD_TOO_LONG interaction.channel"),
        (changed(|i| i.product_code = "x".repeat(129)), "FIELD_TOO_LONG interaction.product_code"),
        (changed(|i| i.category = bell()), "TEXT_INVALID interaction.category"),
        (changed(|i| i.outcome = "x".repeat(201)), "FIELD_TOO_LONG interaction.outcome"),
        (changed(|i| i.note = "话".repeat(1_001)), "FIELD_TOO_LONG interaction.note"),
    ]
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_interaction_is_told() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (records, expected): (Vec<Record>, Vec<&str>) = bad().into_iter().unzip();
        let done = server.ingest("s", records).await;
        assert_eq!((done.accepted_count, done.rejected_count), (0, 16));
        let told = done.rejections.iter().map(|rejection| {
            assert_eq!(rejection.problems.len(), 1, "{:?}", rejection.problems);
            let problem = &rejection.problems[0];
            let reason = problem.reason().as_str_name().trim_start_matches("PROBLEM_REASON_");
            format!("{reason} {}", problem.field)
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
        let longest = changed(|i| i.note = "话".repeat(1_000));
        assert_eq!(server.ingest("longest", vec![longest]).await.accepted_count, 1);
        let several = changed(|i| {
            i.kind.clear();
            i.direction = -1;
        });
        let done = server.ingest("several", vec![several]).await;
        assert_eq!(done.rejections[0].problems.len(), 2);
        let request = ListRejectsRequest { stream_id: "several".to_owned(), ..Default::default() };
        let kept = server.ingestion().list_rejects(request).await.unwrap().into_inner().rejects;
        let raw = "interaction=\"bad\" customer=\"a\" interaction_time=\"2011-01-10T12:00:00Z\" \
                   channel=\"phone\" duration=\"90.999999999s\" product=\"P1\" category=\"tea\" \
                   complaint=\"true\" outcome=\"resolved\" note=\"  the pot\\narrived broken \"";
        assert_eq!((kept.len(), kept[0].raw.as_str(), kept[0].line_number), (1, raw, 7));
    })
    .await;
}
