//! What becomes of what was refused.

use kehu_contract::ingestion::{
    CustomerRecord, DiscardRejectsRequest, ListRejectsRequest, ListRejectsResponse, Problem,
    ProblemReason as Reason, Record, RecordKey, RecordKind, RefusedRow, Reject,
    RejectState as State, SourceReference, UpsertCustomerRequest, record::Kind,
};
use kehu_storage::ingestion::check_rejects;
use kehu_tests::each_database;
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::records::{order, record, sale};
use crate::server::Server;

/// An order that is refused.
fn bad(external_id: &str) -> Record {
    let mut bad = sale(external_id, "a", "2011-01-01", 5);
    bad.kind = 0;
    order(bad)
}

fn good(external_id: &str) -> Record {
    order(sale(external_id, "a", "2011-01-01", 5))
}

/// A line of a file, of this order.
fn row(external_id: &str, raw: &str) -> Record {
    let problem = Problem { reason: Reason::NumberInvalid.into(), ..Default::default() };
    let kind = RecordKind::Order.into();
    let key = RecordKey { kind, external_id: external_id.to_owned() };
    record(Kind::RefusedRow(RefusedRow {
        raw: raw.to_owned(),
        problems: vec![problem],
        key: Some(key),
        ..Default::default()
    }))
}

async fn list(server: &Server, request: ListRejectsRequest) -> ListRejectsResponse {
    server.ingestion().list_rejects(request).await.unwrap().into_inner()
}

async fn in_state(server: &Server, state: State) -> Vec<Reject> {
    list(server, ListRejectsRequest { state: state.into(), ..Default::default() }).await.rejects
}

/// The keys of those that are open.
async fn open(server: &Server) -> Vec<String> {
    let key = |reject: Reject| reject.key.map_or_else(String::new, |key| key.external_id);
    in_state(server, State::Unspecified).await.into_iter().map(key).collect()
}

#[tokio::test]
async fn a_reject_is_closed_by_the_record_it_was_to_be() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (mut call, _) = server.open("till").await;
        call.send(1, vec![bad("1"), bad(" 2\u{a0}"), good("3")]).await;
        call.acknowledgement().await.unwrap();
        assert_eq!(open(&server).await, ["1", "2"]);
        call.send(2, vec![good("2")]).await;
        call.acknowledgement().await.unwrap();
        assert_eq!(open(&server).await, ["1"]);
        // Of another source, or another kind of record, it is another one.
        let mut other = server.call(Some(crate::server::start("other", "web"))).await;
        other.started().await;
        other.send(1, vec![good("1")]).await;
        other.acknowledgement().await.unwrap();
        let customer = CustomerRecord { external_id: "1".to_owned(), ..Default::default() };
        call.send(3, vec![record(Kind::Customer(customer))]).await;
        call.acknowledgement().await.unwrap();
        assert_eq!(open(&server).await, ["1"]);
        let closed = in_state(&server, State::Accepted).await;
        assert_eq!(closed.len(), 1);
        assert_eq!(closed[0].state(), State::Accepted);
        assert!(closed[0].close_time.is_some());
        assert_eq!(closed[0].key.as_ref().unwrap().kind(), RecordKind::Order);
        // Refused once more, it is open once more.
        call.send(4, vec![bad("2")]).await;
        call.acknowledgement().await.unwrap();
        assert_eq!(open(&server).await, ["1", "2"]);
    })
    .await;
}

/// The other lines of its order are taken in without it: only another file can bring it.
#[tokio::test]
async fn a_line_of_a_file_is_not_closed_by_its_own_file() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let (mut call, _) = server.open("file-1").await;
        call.send(1, vec![row("1", "1;x"), row("2", "2;y")]).await;
        call.acknowledgement().await.unwrap();
        call.send(2, vec![good("1")]).await;
        call.acknowledgement().await.unwrap();
        assert_eq!(open(&server).await, ["1", "2"]);
        server.ingest("file-2", vec![good("1"), row("2", "2;z")]).await;
        assert_eq!(open(&server).await, ["2", "2"]);
        server.ingest("file-3", vec![good("2")]).await;
        assert_eq!(open(&server).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_customer_that_is_upserted_closes_what_was_refused_of_it() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut refused = CustomerRecord { external_id: "17.0".to_owned(), ..Default::default() };
        refused.codes = vec!["x".repeat(200)];
        server.ingest("crm", vec![record(Kind::Customer(refused))]).await;
        assert_eq!(open(&server).await, ["17"]);
        let upsert = |validate_only| UpsertCustomerRequest {
            reference: Some(SourceReference {
                source: "shop".to_owned(),
                external_id: "17".to_owned(),
            }),
            validate_only,
            ..Default::default()
        };
        server.customers().upsert_customer(upsert(true)).await.unwrap();
        assert_eq!(open(&server).await, ["17"]);
        server.customers().upsert_customer(upsert(false)).await.unwrap();
        assert_eq!(open(&server).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn rejects_are_discarded_with_the_reason_why() {
    each_database(async |database| {
        let server = Server::start(database).await;
        server.ingest("s", vec![bad("1"), row("2", "2"), bad("3"), row("4", "4")]).await;
        let discard = async |names: &[&str], stream_id: &str, reason: Reason, why: &str| {
            let request = DiscardRejectsRequest {
                names: names.iter().map(ToString::to_string).collect(),
                stream_id: stream_id.to_owned(),
                reason: reason.into(),
                discard_reason: why.to_owned(),
            };
            let answer = server.ingestion().discard_rejects(request).await;
            answer.map(|answer| answer.into_inner().discarded_count)
        };
        let any = Reason::Unspecified;
        assert_eq!(discard(&["rejects/1", "1"], "", any, "a test").await.unwrap(), 1);
        assert_eq!(discard(&["rejects/1"], "", any, "again").await.unwrap(), 0);
        let gone = discard(&["rejects/2", "rejects/99"], "", any, "none").await.unwrap_err();
        assert_eq!(gone.code(), Code::NotFound);
        assert_eq!(open(&server).await, ["2", "3", "4"]);
        assert_eq!(discard(&[], "s", Reason::NumberInvalid, "sums").await.unwrap(), 2);
        assert_eq!(discard(&[], "t", any, "nothing").await.unwrap(), 0);
        assert_eq!(open(&server).await, ["3"]);
        let told: Vec<(String, String)> = in_state(&server, State::Discarded)
            .await
            .into_iter()
            .map(|reject| (reject.name, reject.discard_reason))
            .collect();
        let told: Vec<_> = told.iter().map(|(name, why)| (name.as_str(), why.as_str())).collect();
        assert_eq!(told, [("rejects/1", "a test"), ("rejects/2", "sums"), ("rejects/4", "sums")]);
        for (names, stream, reason, why) in [
            (&["rejects/3"][..], "", any, " "),
            (&["rejects/3"], "s", any, "both"),
            (&[], "", any, "neither"),
            (&["rejects/x"], "", any, "no name"),
            (&["rejects/3"], "", Reason::NumberInvalid, "reason without a stream"),
        ] {
            let refused = discard(names, stream, reason, why).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{why}");
        }
        // What is discarded stays so, whatever comes.
        server.ingest("later", vec![good("1"), good("2")]).await;
        assert_eq!(in_state(&server, State::Discarded).await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn damaged_rejects_are_found_and_counted() {
    each_database(async |database| {
        let server = Server::start(database).await;
        server.ingest("s", vec![bad("1"), bad("2"), bad("3")]).await;
        assert_eq!(check_rejects(&server.database, 0).await.unwrap(), (0, 3));
        let transaction = server.database.begin().await.unwrap();
        let damage = "UPDATE reject SET problems = 'rust' WHERE reject_id = 2";
        transaction.execute_unprepared(damage).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(check_rejects(&server.database, 0).await.unwrap(), (1, 3));
        assert_eq!(check_rejects(&server.database, 0).await.unwrap(), (0, 3));
        assert_eq!(check_rejects(&server.database, 3).await.unwrap(), (0, 0));
        let page = list(&server, ListRejectsRequest::default()).await;
        assert_eq!((page.rejects.len(), page.damaged_count), (3, 1));
        let damaged = ListRejectsRequest { damaged_only: true, ..Default::default() };
        let page = list(&server, damaged).await;
        assert_eq!(page.rejects.len(), 1);
        assert_eq!(page.rejects[0].name, "rejects/2");
    })
    .await;
}

#[tokio::test]
async fn a_page_of_long_rejects_is_shorter() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let long = "客".repeat(20_000);
        server.ingest("s", (0..50).map(|number| row(&number.to_string(), &long)).collect()).await;
        let mut request = ListRejectsRequest { page_size: 1_000, ..Default::default() };
        let mut pages = Vec::new();
        loop {
            let page = list(&server, request.clone()).await;
            pages.push(page.rejects.len());
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        // 60,000 bytes each and what is wrong with it: 34 in two MiB.
        assert_eq!(pages, [34, 16]);
    })
    .await;
}
