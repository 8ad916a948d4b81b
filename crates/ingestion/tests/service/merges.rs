use kehu_contract::ingestion::{
    GetCustomerRequest, GetTimelineRequest, ListMergesRequest, ListProfileValuesRequest,
    MergeCustomersRequest, UndoMergeRequest, customer_service_server::CustomerService,
};
use kehu_ingestion::Ingestion;
use kehu_server::auth::{Principal, Scope};
use kehu_tests::{each_database, shop};
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::records::{customer, order, sale};
use crate::server::Server;

const REQUEST: &str = "6f1e2a34-0b5c-4d7e-8f90-123456789abc";

fn request(survivor: &str, absorbed: &str) -> MergeCustomersRequest {
    MergeCustomersRequest {
        survivor: survivor.to_owned(),
        absorbed: absorbed.to_owned(),
        reason: "one tax number".to_owned(),
        ..Default::default()
    }
}

async fn two(server: &Server) {
    let records = vec![
        customer("a", "GB"),
        customer("b", "FR"),
        order(sale("1", "a", "2011-01-01", 5)),
        order(sale("2", "b", "2011-01-02", 7)),
    ];
    server.ingest("first", records).await;
}

#[tokio::test]
async fn a_merge_is_made_once_told_and_undone() {
    each_database(async |database| {
        let server = Server::start(database).await;
        two(&server).await;
        let mut customers = server.customers();
        let wanted = request("customers/1", "2");
        let preview = MergeCustomersRequest { validate_only: true, ..wanted.clone() };
        let preview = customers.merge_customers(preview).await.unwrap().into_inner();
        assert_eq!(preview.customer.unwrap().references.len(), 2);
        assert_eq!(preview.merge.unwrap().name, "");
        assert_eq!(preview.freshness_token, "");

        let wanted = MergeCustomersRequest { request_id: REQUEST.to_owned(), ..wanted };
        let done = customers.merge_customers(wanted.clone()).await.unwrap().into_inner();
        let again = customers.merge_customers(wanted.clone()).await.unwrap().into_inner();
        assert_eq!((&done.merge, &done.customer), (&again.merge, &again.customer));
        let other = MergeCustomersRequest { reason: "another".to_owned(), ..wanted };
        let status = customers.merge_customers(other).await.unwrap_err();
        assert_eq!(status.code(), Code::AlreadyExists);
        let merge = done.merge.unwrap();
        assert_eq!((&*merge.survivor, &*merge.absorbed), ("customers/1", "customers/2"));
        assert!(merge.undo_time.is_none() && !done.freshness_token.is_empty());

        let asked = GetCustomerRequest { name: "customers/2".to_owned() };
        let found = customers.get_customer(asked).await.unwrap().into_inner().customer.unwrap();
        assert_eq!((&*found.name, found.references.len()), ("customers/1", 2));
        assert_eq!(found.profile.unwrap().region_code, "FR", "what was said last");
        let customer = "customers/2".to_owned();
        let asked = ListProfileValuesRequest { customer, page_size: 1, ..Default::default() };
        let values = customers.list_profile_values(asked.clone()).await.unwrap().into_inner();
        assert_eq!(values.values[0].value.as_deref(), Some("FR"));
        let page_token = values.next_page_token;
        let asked = ListProfileValuesRequest { page_token, ..asked };
        let values = customers.list_profile_values(asked).await.unwrap().into_inner();
        assert_eq!(values.values[0].value.as_deref(), Some("GB"));
        assert!(values.values[0].known_to_time.is_some() && values.next_page_token.is_empty());

        let asked = UndoMergeRequest {
            name: merge.name.clone(),
            reason: "two shops".to_owned(),
            ..Default::default()
        };
        let undone = customers.undo_merge(asked.clone()).await.unwrap().into_inner();
        assert_eq!(undone.restored.unwrap().profile.unwrap().region_code, "FR");
        assert_eq!(undone.customer.unwrap().profile.unwrap().region_code, "GB");
        let status = customers.undo_merge(asked).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
        let asked = GetTimelineRequest { customer: "2".to_owned(), ..Default::default() };
        let events = customers.get_timeline(asked).await.unwrap().into_inner().events;
        let told = events[0].merge.as_ref().unwrap();
        assert_eq!((&*events[0].kind, &*told.reason), ("merge_undone", "two shops"));
        assert_eq!((&*events[1].kind, events.len()), ("merge", 3));
        let asked = ListMergesRequest { show_undone: true, ..Default::default() };
        let listed = customers.list_merges(asked).await.unwrap().into_inner().merges;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].undo_reason, "two shops");
    })
    .await;
}

#[tokio::test]
async fn a_merge_that_cannot_be_says_why() {
    each_database(async |database| {
        let server = Server::start(database).await;
        two(&server).await;
        let mut customers = server.customers();
        for (survivor, absorbed, reason, field) in [
            ("customers/1", "customers/1", "same", "absorbed"),
            ("x", "2", "a name", "survivor"),
            ("1", "", "a name", "absorbed"),
            ("1", "2", " ", "reason"),
            ("1", "2", "a\0b", "reason"),
        ] {
            let reason = reason.to_owned();
            let asked = MergeCustomersRequest { reason, ..request(survivor, absorbed) };
            let status = customers.merge_customers(asked).await.unwrap_err();
            let violations = status.get_details_bad_request().unwrap().field_violations;
            let fields: Vec<&str> = violations.iter().map(|one| one.field.as_str()).collect();
            assert_eq!(fields, [field], "{survivor} {absorbed}");
        }
        let status = customers.merge_customers(request("1", "9")).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        let stale = MergeCustomersRequest { absorbed_etag: "7".to_owned(), ..request("1", "2") };
        let status = customers.merge_customers(stale).await.unwrap_err();
        assert_eq!(status.code(), Code::Aborted);
        customers.merge_customers(request("1", "2")).await.unwrap();
        let status = customers.merge_customers(request("2", "1")).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert!(status.message().contains("customers/1"), "{status}");
    })
    .await;
}

#[tokio::test]
async fn who_merges_is_on_record_and_told_no_more_than_it_may_read() {
    each_database(async |database| {
        let server = Server::start(database).await;
        two(&server).await;
        let ingestion = Ingestion::new(database.database.clone(), shop::settings());
        let mut asked = Request::new(request("1", "2"));
        let scopes = [Scope::Ingest].into_iter().collect();
        asked.extensions_mut().insert(Principal { subject: "lan".to_owned(), scopes });
        let done = ingestion.merge_customers(asked).await.unwrap().into_inner();
        assert_eq!(done.merge.unwrap().merged_by, "lan");
        let customer = done.customer.unwrap();
        assert_eq!((customer.profile, customer.references), (None, vec![]));
    })
    .await;
}
