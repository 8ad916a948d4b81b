use kehu_contract::ingestion::{
    CustomerProfile, CustomerRecord, GetCustomerRequest, ListProfileValuesRequest,
    ListProfileValuesResponse, ProfileValue, Record, SourceReference, UpsertCustomerRequest,
    record::Kind,
};
use kehu_tests::each_database;
use prost_types::{FieldMask, Timestamp};
use tonic::{Code, Status};

use crate::records::{noon, record};
use crate::server::Server;

fn upsert(source: &str, key: &str, profile: CustomerProfile) -> UpsertCustomerRequest {
    let reference = SourceReference { source: source.to_owned(), external_id: key.to_owned() };
    UpsertCustomerRequest {
        reference: Some(reference),
        profile: Some(profile),
        ..Default::default()
    }
}

fn city(name: &str) -> CustomerProfile {
    CustomerProfile { city: name.to_owned(), ..Default::default() }
}

fn sent(key: &str, profile: CustomerProfile, updated: Option<Timestamp>) -> Record {
    record(Kind::Customer(CustomerRecord {
        external_id: key.to_owned(),
        profile: Some(profile),
        source_update_time: updated,
        ..Default::default()
    }))
}

async fn page(
    server: &Server,
    request: ListProfileValuesRequest,
) -> Result<ListProfileValuesResponse, Status> {
    server.customers().list_profile_values(request).await.map(tonic::Response::into_inner)
}

async fn values(server: &Server, customer: &str, current_only: bool) -> Vec<ProfileValue> {
    let customer = customer.to_owned();
    let request = ListProfileValuesRequest { customer, current_only, ..Default::default() };
    page(server, request).await.unwrap().values
}

/// The fields and values, and when their source changed them.
fn told(values: &[ProfileValue]) -> Vec<(&str, Option<&str>, Option<Timestamp>)> {
    let mut told = Vec::new();
    for value in values {
        told.push((value.field.as_str(), value.value.as_deref(), value.source_update_time));
    }
    told
}

/// What a company is called, whom to ask for and what it does, as two sources say it.
#[tokio::test]
async fn req_2_5_name_contact_and_industry_come_back_with_their_history() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let profile = |name: &str, contact: &str, industry: &str| CustomerProfile {
            display_name: name.to_owned(),
            industry_code: industry.to_owned(),
            attributes: [("contact".to_owned(), contact.to_owned())].into(),
            ..Default::default()
        };
        let old = profile("Acme", "Ann", "C26");
        let new = profile("Acme Ltd", "Bob", "C27");
        let (old_time, new_time) = (Some(noon("2026-01-05")), Some(noon("2026-01-10")));
        server.ingest("new", vec![sent("a", new.clone(), new_time)]).await;
        server.ingest("old", vec![sent("a", old, old_time)]).await;
        let request = GetCustomerRequest { name: "customers/1".to_owned() };
        let held = server.customers().get_customer(request).await.unwrap().into_inner();
        assert_eq!(held.customer.unwrap().profile, Some(new));
        let all = values(&server, "customers/1", false).await;
        assert_eq!(
            told(&all),
            [
                ("attributes.contact", Some("Bob"), new_time),
                ("attributes.contact", Some("Ann"), old_time),
                ("display_name", Some("Acme Ltd"), new_time),
                ("display_name", Some("Acme"), old_time),
                ("industry_code", Some("C27"), new_time),
                ("industry_code", Some("C26"), old_time),
            ]
        );
        for value in &all {
            assert_eq!(value.known_to_time.is_none(), value.source_update_time == new_time);
            assert!(value.known_from_time.is_some());
        }
        let day = all[1].valid_from_date.unwrap();
        assert_eq!((day.year, day.month, day.day), (2026, 1, 5));
    })
    .await;
}

#[tokio::test]
async fn a_value_that_is_older_at_its_source_does_not_hold() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut request = upsert("crm", "a", city("York"));
        request.source_update_time = Some(noon("2026-01-10"));
        server.customers().upsert_customer(request).await.unwrap();
        let mut request = upsert("crm", "a", city("Leeds"));
        request.source_update_time = Some(noon("2026-01-05"));
        let late = server.customers().upsert_customer(request.clone()).await.unwrap().into_inner();
        let late = late.customer.unwrap();
        assert_eq!(late.profile, Some(city("York")));
        let changes = server.change_count().await;
        let again = server.customers().upsert_customer(request).await.unwrap().into_inner();
        assert_eq!(again.customer.unwrap().etag, late.etag);
        assert_eq!(server.change_count().await, changes);
        // Emptied on purpose, and without a time: after all that is held.
        let mut request = upsert("crm", "a", CustomerProfile::default());
        request.update_mask = Some(FieldMask { paths: vec!["city".to_owned()] });
        server.customers().upsert_customer(request).await.unwrap();
        assert_eq!(values(&server, "customers/1", true).await, []);
        let all = values(&server, "customers/1", false).await;
        let cities: Vec<_> = all.iter().map(|value| value.value.as_deref()).collect();
        assert_eq!(cities, [None, Some("York"), Some("Leeds")]);
        // A time that no clock of a source shows.
        let mut request = upsert("crm", "a", city("Hull"));
        request.source_update_time = Some("1899-12-01T00:00:00Z".parse().unwrap());
        let status = server.customers().upsert_customer(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    })
    .await;
}

#[tokio::test]
async fn pages_of_values() {
    each_database(async |database| {
        let server = Server::start(database).await;
        for (name, day) in [("Leeds", "2026-01-05"), ("York", "2026-01-10")] {
            let mut profile = city(name);
            profile.province = name.to_owned();
            server.ingest(name, vec![sent("a", profile, Some(noon(day)))]).await;
        }
        let all = values(&server, "customers/1", false).await;
        assert_eq!(all.len(), 4);
        let mut request = ListProfileValuesRequest {
            customer: "customers/1".to_owned(),
            page_size: 1,
            ..Default::default()
        };
        let mut paged = Vec::new();
        for _ in 0..4 {
            let page = page(&server, request.clone()).await.unwrap();
            paged.extend(page.values);
            request.page_token = page.next_page_token;
        }
        assert_eq!((paged, request.page_token.as_str()), (all, ""));
        request.field = "city".to_owned();
        let one = page(&server, request.clone()).await.unwrap();
        assert_eq!(told(&one.values), [("city", Some("York"), Some(noon("2026-01-10")))]);
        request.page_token = one.next_page_token;
        request.field = "province".to_owned();
        let status = page(&server, request.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        request.page_token.clear();
        for field in ["town", "attributes"] {
            request.field = field.to_owned();
            let status = page(&server, request.clone()).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        }
        request.field.clear();
        request.customer = "customers/99".to_owned();
        assert_eq!(page(&server, request).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}
