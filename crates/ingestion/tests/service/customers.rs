use kehu_contract::error::ErrorReason;
use kehu_contract::google::r#type as google;
use kehu_contract::ingestion::{
    BatchGetCustomersRequest, Customer, CustomerProfile, GetCustomerRequest, GetTimelineRequest,
    ListCustomersRequest, ListLookalikeKeysRequest, LookalikeKeys, LookupCustomerRequest,
    SourceReference, UpsertCustomerRequest, UpsertCustomerResponse,
    customer_service_server::CustomerService, lookup_customer_request::Key,
};
use kehu_ingestion::Ingestion;
use kehu_server::{
    auth::{Principal, Scope},
    fault,
};
use kehu_tests::{each_database, shop};
use prost_types::FieldMask;
use sea_orm::ConnectionTrait;
use tonic::Status;
use tonic_types::StatusExt;

use crate::records::{customer, order, sale};
use crate::server::Server;

const REQUEST: &str = "6f1e2a34-0b5c-4d7e-8f90-123456789abc";

fn reference(external_id: &str) -> SourceReference {
    SourceReference { source: "crm".to_owned(), external_id: external_id.to_owned() }
}

fn request(external_id: &str, city: &str) -> UpsertCustomerRequest {
    let profile = CustomerProfile { city: city.to_owned(), ..Default::default() };
    UpsertCustomerRequest {
        reference: Some(reference(external_id)),
        profile: Some(profile),
        ..Default::default()
    }
}

async fn upsert(
    server: &Server,
    request: UpsertCustomerRequest,
) -> Result<UpsertCustomerResponse, Status> {
    server.customers().upsert_customer(request).await.map(tonic::Response::into_inner)
}

async fn get(server: &Server, name: &str) -> Result<Customer, Status> {
    let request = GetCustomerRequest { name: name.to_owned() };
    let response = server.customers().get_customer(request).await?;
    Ok(response.into_inner().customer.unwrap())
}

fn city(customer: &Customer) -> &str {
    &customer.profile.as_ref().unwrap().city
}

/// Upserts for a caller with these scopes, as one that signed on.
async fn upsert_as(ingestion: &Ingestion, scopes: &[Scope]) -> Customer {
    let scopes = scopes.iter().copied().collect();
    let mut request = tonic::Request::new(request("a", "Leeds"));
    request.extensions_mut().insert(Principal { subject: "crm".to_owned(), scopes });
    let response = ingestion.upsert_customer(request).await.unwrap();
    response.into_inner().customer.unwrap()
}

#[tokio::test]
async fn who_may_not_read_customers_is_not_told_about_one() {
    each_database(async |database| {
        let ingestion = Ingestion::new(database.database.clone(), shop::settings());
        for scopes in [&[Scope::Ingest][..], &[Scope::Ingest, Scope::Read]] {
            let told = upsert_as(&ingestion, scopes).await;
            assert_eq!((told.profile, told.references), (None, vec![]));
            assert!(!told.name.is_empty() && !told.etag.is_empty());
        }
        let told = upsert_as(&ingestion, &Scope::ALL).await;
        assert_eq!((city(&told), told.references.len()), ("Leeds", 1));
    })
    .await;
}

#[tokio::test]
async fn keys_are_cleaned_the_same_way_on_every_way_in() {
    each_database(async |database| {
        let server = Server::start(database).await;
        for key in [" ", "\u{a0}", "NULL", "n/a", "#N/A", "=\"\"", "-", "\u{2014}"] {
            let status = upsert(&server, request(key, "York")).await.unwrap_err();
            assert_eq!(status.code(), tonic::Code::InvalidArgument, "{key:?}");
        }
        upsert(&server, request("k1", "York")).await.unwrap();
        for key in [" k1", "k1\u{a0}", "\u{feff}k1", "ｋ１", "=\"k1\""] {
            let found = upsert(&server, request(key, "York")).await.unwrap();
            assert!(!found.created, "{key:?}");
            assert_eq!(found.cleaned_values.len(), 1, "{key:?}");
            let request = LookupCustomerRequest {
                key: Some(Key::Reference(reference(key))),
                ..Default::default()
            };
            let found = server.customers().lookup_customer(request).await.unwrap().into_inner();
            assert_eq!(found.customer.unwrap().references, [reference("k1")], "{key:?}");
        }
        assert!(upsert(&server, request("K1", "York")).await.unwrap().created);
        let same = |key: &str| order(sale("1\u{200b}", key, "2011-01-01", 5));
        let done = server.ingest("first", vec![same("17.0"), same("17"), same(" 17")]).await;
        assert_eq!((done.accepted_count, done.unchanged_count), (1, 2));
    })
    .await;
}

#[tokio::test]
async fn a_customer_is_created_then_changed() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut given = request("a", "Leeds");
        given.profile = Some(CustomerProfile {
            display_name: "Acme".to_owned(),
            customer_type: "company".to_owned(),
            region_code: "英国".to_owned(),
            province: "Yorkshire".to_owned(),
            city: "Leeds".to_owned(),
            industry_code: "F51".to_owned(),
            registration_date: Some(google::Date { year: 2010, month: 5, day: 6 }),
            attributes: [("contact".to_owned(), "2".to_owned())].into(),
        });
        let created = upsert(&server, given.clone()).await.unwrap();
        assert!(created.created);
        let first = created.customer.unwrap();
        assert_eq!(
            (first.name.as_str(), first.references.as_slice()),
            ("customers/1", &[reference("a")][..])
        );
        let mut profile = given.profile.unwrap();
        profile.region_code = "GB".to_owned();
        assert_eq!(first.profile.as_ref(), Some(&profile));
        assert_eq!(get(&server, "customers/1").await.unwrap(), first);
        assert_eq!(server.last_change().await.0, [1]);

        let second = upsert(&server, request("a", "York")).await.unwrap();
        assert!(!second.created);
        let second = second.customer.unwrap();
        profile.city = "York".to_owned();
        assert_eq!(second.profile.as_ref(), Some(&profile));
        assert_ne!(second.etag, first.etag);
        assert_eq!(server.change_count().await, 2);

        // The same again changes nothing and tells nobody.
        let third = upsert(&server, request("a", "York")).await.unwrap().customer.unwrap();
        assert_eq!(third, second);
        assert_eq!(server.change_count().await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_mask_names_what_is_written() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut given = request("a", "Leeds");
        given.profile.as_mut().unwrap().region_code = "Atlantis".to_owned();
        let created = upsert(&server, given).await.unwrap().customer.unwrap();
        let profile = created.profile.unwrap();
        assert_eq!(
            (profile.region_code.as_str(), &*profile.attributes["country_as_given"]),
            ("", "Atlantis")
        );
        for (paths, city, country) in
            [(&["region_code"][..], "Leeds", "FR"), (&["*"], "Paris", "FR"), (&["city"], "", "FR")]
        {
            let mut given = request("a", if paths == ["city"] { "" } else { "Paris" });
            given.profile.as_mut().unwrap().region_code = "France".to_owned();
            let paths = paths.iter().map(|path| path.to_string()).collect();
            given.update_mask = Some(FieldMask { paths });
            let profile = upsert(&server, given).await.unwrap().customer.unwrap().profile.unwrap();
            assert_eq!((profile.city.as_str(), profile.region_code.as_str()), (city, country));
            assert!(profile.attributes.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn an_etag_must_be_the_one_held() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let etag = upsert(&server, request("a", "Leeds")).await.unwrap().customer.unwrap().etag;
        let with = |key: &str, etag: &str, city: &str| UpsertCustomerRequest {
            etag: etag.to_owned(),
            ..request(key, city)
        };
        let next = upsert(&server, with("a", &etag, "York")).await.unwrap().customer.unwrap().etag;
        for (key, etag) in [("a", etag.as_str()), ("a", "nonsense"), ("new", "1")] {
            let status = upsert(&server, with(key, etag, "Bath")).await.unwrap_err();
            assert_eq!(fault::reason(&status), Some(ErrorReason::EtagMismatch), "{key} {etag}");
        }
        let held = get(&server, "customers/1").await.unwrap();
        assert_eq!((city(&held), &held.etag), ("York", &next));
        assert!(get(&server, "customers/2").await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_request_id_is_answered_once() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let with = |city: &str| UpsertCustomerRequest {
            request_id: REQUEST.to_owned(),
            ..request("a", city)
        };
        let first = upsert(&server, with("Leeds")).await.unwrap();
        upsert(&server, request("a", "York")).await.unwrap();
        let mut again = upsert(&server, with("Leeds")).await.unwrap();
        // Of a repeated answer the token stands for all that was written until now.
        assert_ne!(again.freshness_token, first.freshness_token);
        again.freshness_token.clone_from(&first.freshness_token);
        assert_eq!(again, first);
        assert_eq!(city(&get(&server, "customers/1").await.unwrap()), "York");
        let status = upsert(&server, with("Bath")).await.unwrap_err();
        assert_eq!(fault::reason(&status), Some(ErrorReason::RequestIdReused));
    })
    .await;
}

#[tokio::test]
async fn validation_alone_writes_nothing() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let only = |key: &str, city: &str| UpsertCustomerRequest {
            validate_only: true,
            request_id: REQUEST.to_owned(),
            ..request(key, city)
        };
        let created = upsert(&server, only("a", "Leeds")).await.unwrap();
        assert!(created.created && created.customer.unwrap().name.is_empty());
        assert_eq!(server.change_count().await, 0);
        let real = upsert(&server, request("b", "York")).await.unwrap().customer.unwrap();
        assert_eq!(server.change_count().await, 1);
        let changed = upsert(&server, only("b", "Bath")).await.unwrap();
        assert_eq!((changed.created, city(&changed.customer.unwrap())), (false, "Bath"));
        assert_eq!(get(&server, &real.name).await.unwrap(), real);
    })
    .await;
}

#[tokio::test]
async fn every_field_that_breaks_a_rule_is_named() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let mut bad = request("", "x\u{7}");
        bad.reference.as_mut().unwrap().source = "My CRM".to_owned();
        bad.request_id = "1".to_owned();
        bad.update_mask = Some(FieldMask { paths: vec!["cty".to_owned()] });
        bad.profile.as_mut().unwrap().attributes.insert(String::new(), "x".to_owned());
        let status = upsert(&server, bad).await.unwrap_err();
        let violations = status.get_details_bad_request().unwrap().field_violations;
        let fields: Vec<&str> = violations.iter().map(|v| v.field.as_str()).collect();
        let expected = [
            "request_id",
            "reference.source",
            "reference.external_id",
            "profile.city",
            "profile.attributes",
            "update_mask",
        ];
        assert_eq!(fields, expected);
    })
    .await;
}

#[tokio::test]
async fn customers_are_found_by_key_and_by_code() {
    each_database(async |database| {
        let server = Server::start(database).await;
        upsert(&server, request("a", "Leeds")).await.unwrap();
        server.ingest("s", vec![customer("a", "GB"), customer("only", "GB")]).await;
        give_code(&server).await;
        let lookup = async |key: Option<Key>| {
            let response = server
                .customers()
                .lookup_customer(LookupCustomerRequest { key, ..Default::default() })
                .await;
            response.map(|response| response.into_inner().customer.unwrap().name)
        };
        let shop = SourceReference { source: "shop".to_owned(), external_id: "a".to_owned() };
        for (key, name) in [
            (Key::Reference(reference("a")), Some("customers/1")),
            (Key::Reference(shop), Some("customers/2")),
            (Key::Reference(reference("b")), None),
            (Key::Reference(SourceReference { source: "no".to_owned(), ..reference("a") }), None),
            (Key::Code("gb-000017-x".to_owned()), Some("customers/2")),
            (Key::Code("GB000018X".to_owned()), None),
            (Key::Text("gb-000017-x".to_owned()), Some("customers/2")),
            (Key::Text(" only".to_owned()), Some("customers/3")),
            (Key::Text("b".to_owned()), None),
            (Key::Text(String::new()), None),
        ] {
            let found = lookup(Some(key.clone())).await;
            match name {
                Some(name) => assert_eq!(found.unwrap(), name, "{key:?}"),
                None => {
                    let reason = fault::reason(&found.unwrap_err());
                    assert_eq!(reason, Some(ErrorReason::ResourceNotFound), "{key:?}");
                }
            }
        }
        for wrong in [None, Some(Key::Text("a\0".to_owned()))] {
            let reason = fault::reason(&lookup(wrong).await.unwrap_err());
            assert_eq!(reason, Some(ErrorReason::InvalidFields));
        }
        let both = lookup(Some(Key::Text("a".to_owned()))).await.unwrap_err();
        let named = "2 customers have this key or code: customers/1, customers/2";
        assert!(both.message().contains(named), "{both:?}");
    })
    .await;
}

async fn give_code(server: &Server) {
    let transaction = server.database.begin().await.unwrap();
    let sql = "INSERT INTO code (normal, code, scheme_id, customer_id, class_code, as_of, current, \
               created_at) VALUES ('GB000017X', 'GB-000017-X', 'std', 2, '', 15000, 1, 0)";
    transaction.execute_unprepared(sql).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn pages_of_customers() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let orders =
            (1..=12).map(|n| order(sale(&n.to_string(), &format!("c{n}"), "2011-01-01", 1)));
        server.ingest("s", orders.collect()).await;
        for key in ["a", "b", "c"] {
            upsert(&server, request(key, "Leeds")).await.unwrap();
        }
        for (source, count) in [("", 15), ("shop", 12), ("crm", 3), ("none", 0)] {
            let mut request = ListCustomersRequest {
                page_size: 5,
                source: source.to_owned(),
                ..Default::default()
            };
            let mut names = Vec::new();
            loop {
                let page = server.customers().list_customers(request.clone()).await.unwrap();
                let page = page.into_inner();
                names.extend(page.customers.into_iter().map(|customer| customer.name));
                if page.next_page_token.is_empty() {
                    break;
                }
                request.page_token = page.next_page_token;
            }
            assert_eq!(names.len(), count, "{source}");
        }
    })
    .await;
}

#[tokio::test]
async fn many_customers_are_read_together_and_the_newest_come_first() {
    each_database(async |database| {
        let server = Server::start(database).await;
        for key in ["a", "b", "c"] {
            upsert(&server, request(key, "Leeds")).await.unwrap();
        }
        let list = async |order_by: &str| {
            let request = ListCustomersRequest {
                page_size: 2,
                order_by: order_by.to_owned(),
                ..Default::default()
            };
            let page = server.customers().list_customers(request.clone()).await?.into_inner();
            let next = ListCustomersRequest { page_token: page.next_page_token, ..request };
            let rest = server.customers().list_customers(next).await?.into_inner();
            let all = page.customers.into_iter().chain(rest.customers);
            Ok::<Vec<String>, tonic::Status>(all.map(|customer| customer.name).collect())
        };
        let names = list("").await.unwrap();
        assert_eq!(list("create_time").await.unwrap(), names);
        let reversed: Vec<String> = names.iter().rev().cloned().collect();
        assert_eq!(list("create_time desc").await.unwrap(), reversed);
        assert_eq!(
            fault::reason(&list("name").await.unwrap_err()),
            Some(ErrorReason::InvalidFields)
        );

        let wanted = vec![names[2].clone(), "customers/999".to_owned(), names[0].clone()];
        let request = BatchGetCustomersRequest { names: wanted };
        let found = server.customers().batch_get_customers(request).await.unwrap().into_inner();
        let found_names: Vec<&String> = found.customers.iter().map(|one| &one.name).collect();
        assert_eq!(found_names, [&names[2], &names[0]]);
        assert_eq!(found.customers[0].references[0].external_id, "c");
        assert_eq!(found.missing_names, ["customers/999"]);
    })
    .await;
}

/// Whichever way they came, and however far from each other.
#[tokio::test]
async fn keys_that_look_the_same_are_listed() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let keys = ["K1", "k1", "K2", "É3", "é3", "ｶ4"];
        let orders = (1..).zip(keys);
        let orders = orders.map(|(n, key)| order(sale(&format!("o{n}"), key, "2011-01-01", 1)));
        server.ingest("s", orders.collect()).await;
        for key in ["k1", "K1", "a5"] {
            upsert(&server, request(key, "Leeds")).await.unwrap();
        }
        server.ingest("later", vec![customer("ｋ2", ""), customer("カ4", "")]).await;
        let mut request = ListLookalikeKeysRequest { page_size: 2, ..Default::default() };
        let mut listed = Vec::new();
        loop {
            let page = server.customers().list_lookalike_keys(request.clone()).await.unwrap();
            let page = page.into_inner();
            let told = |keys: LookalikeKeys| {
                format!("{} {} {}", keys.source, keys.external_ids.join(" "), keys.key_count)
            };
            listed.extend(page.lookalike_keys.into_iter().map(told));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let expected =
            ["shop K1 k1 2", "shop K2 k2 2", "shop É3 é3 2", "shop カ4 ｶ4 2", "crm K1 k1 2"];
        assert_eq!(listed, expected);
        request.page_token = "nonsense".to_owned();
        let status = server.customers().list_lookalike_keys(request).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
    })
    .await;
}

#[tokio::test]
async fn who_does_not_exist_is_not_found() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let status = get(&server, "customers/1").await.unwrap_err();
        assert_eq!(fault::reason(&status), Some(ErrorReason::ResourceNotFound));
        let request =
            GetTimelineRequest { customer: "customers/1".to_owned(), ..Default::default() };
        let status = server.customers().get_timeline(request).await.unwrap_err();
        assert_eq!(fault::reason(&status), Some(ErrorReason::ResourceNotFound));
        let status = get(&server, "customer/1").await.unwrap_err();
        assert_eq!(fault::reason(&status), Some(ErrorReason::InvalidFields));
    })
    .await;
}
