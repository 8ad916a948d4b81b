//! Customers by their name, however it is written.

use kehu_contract::ingestion::{
    CustomerProfile, CustomerRecord, ListCustomersRequest, LookupCustomerRequest,
    MergeCustomersRequest, Record, lookup_customer_request::Key, record::Kind,
};
use kehu_tests::each_database;
use tonic::{Code, Status};

use crate::records::record;
use crate::server::Server;

fn named(external_id: &str, name: &str) -> Record {
    let profile = CustomerProfile { display_name: name.to_owned(), ..Default::default() };
    record(Kind::Customer(CustomerRecord {
        external_id: external_id.to_owned(),
        profile: Some(profile),
        ..Default::default()
    }))
}

/// The customers of a name, in pages of two.
async fn list(server: &Server, name: &str) -> Result<Vec<String>, Status> {
    let mut request =
        ListCustomersRequest { page_size: 2, display_name: name.to_owned(), ..Default::default() };
    let mut names = Vec::new();
    loop {
        let page = server.customers().list_customers(request.clone()).await?.into_inner();
        names.extend(page.customers.into_iter().map(|customer| customer.name));
        if page.next_page_token.is_empty() {
            return Ok(names);
        }
        request.page_token = page.next_page_token;
    }
}

async fn lookup(server: &Server, text: &str) -> Result<String, Status> {
    let key = Some(Key::Text(text.to_owned()));
    let request = LookupCustomerRequest { key, ..Default::default() };
    let found = server.customers().lookup_customer(request).await?.into_inner();
    Ok(found.customer.unwrap().name)
}

#[tokio::test]
async fn req_4_27_ways_to_write_a_name_have_one_match_key() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let ways = [
            "華為技術有限公司",
            "华为技术有限公司",
            "華爲 技術（有限 公司）",
            "　★华为－技术★　股份有限公司。",
            "华\u{200b}为\u{ad}技术",
        ];
        let mut records: Vec<Record> =
            (1..).zip(ways).map(|(n, name)| named(&format!("a{n}"), name)).collect();
        let others = [
            "Ａｃｍｅ　Ｃｏ．，Ｌｔｄ．",
            "José Smith",
            "华为技术有限公司北京分公司",
            "☆",
            "欧阳 娜娜 女士",
            "诸葛青",
        ];
        records.extend((1..).zip(others).map(|(n, name)| named(&format!("b{n}"), name)));
        assert_eq!(server.ingest("s", records).await.accepted_count, 11);
        let all: Vec<String> = (1..=5).map(|n| format!("customers/{n}")).collect();
        for way in ways.into_iter().chain(["华为技术", "【華為技術】集團"]) {
            assert_eq!(list(&server, way).await.unwrap(), all, "{way}");
            let several = lookup(&server, way).await.unwrap_err();
            assert_eq!(several.code(), Code::FailedPrecondition, "{way}");
            assert!(several.message().contains("5 customers have this name"), "{several:?}");
        }
        for (text, customer) in [
            ("ACME", "customers/6"),
            ("acme limited", "customers/6"),
            ("SMITH, JOSE", "customers/7"),
            ("Mr. José Smith", "customers/7"),
            ("華為技術（北京分公司）", "customers/8"),
            ("歐陽娜娜", "customers/10"),
            ("諸葛青先生", "customers/11"),
            // A key goes before a name.
            ("b1", "customers/6"),
        ] {
            assert_eq!(lookup(&server, text).await.unwrap(), customer, "{text}");
        }
        for nobody in ["华为", "Smith", "☆", "Acme Trading"] {
            let error = lookup(&server, nobody).await.unwrap_err();
            assert_eq!(error.code(), Code::NotFound, "{nobody}");
        }
        for wrong in ["☆", "a\0", &"a".repeat(201)] {
            let error = list(&server, wrong).await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{wrong}");
        }
    })
    .await;
}

/// A name that changes is found by the new one alone, whichever way it came to change.
#[tokio::test]
async fn the_key_follows_the_name() {
    each_database(async |database| {
        let server = Server::start(database).await;
        server.ingest("s", vec![named("a", "Acme Ltd"), named("b", "Bolt GmbH")]).await;
        server.ingest("t", vec![named("a", "Axle Ltd")]).await;
        assert_eq!(list(&server, "acme").await.unwrap(), Vec::<String>::new());
        assert_eq!(list(&server, "AXLE").await.unwrap(), ["customers/1"]);
        let merge = MergeCustomersRequest {
            survivor: "customers/2".to_owned(),
            absorbed: "customers/1".to_owned(),
            reason: "the same".to_owned(),
            ..Default::default()
        };
        server.customers().merge_customers(merge).await.unwrap();
        // Of the two names the one that came last holds.
        assert_eq!(list(&server, "axle").await.unwrap(), ["customers/2"]);
        assert_eq!(list(&server, "bolt").await.unwrap(), Vec::<String>::new());
    })
    .await;
}

/// An answer names some, and says how to list all.
#[tokio::test]
async fn a_name_that_everybody_has() {
    each_database(async |database| {
        let server = Server::start(database).await;
        let records = (1..=30).map(|n| named(&format!("k{n}"), "张伟")).collect();
        server.ingest("s", records).await;
        assert_eq!(list(&server, "張偉").await.unwrap().len(), 30);
        let error = lookup(&server, "張偉").await.unwrap_err();
        let text = error.message();
        assert!(text.contains("more than 10 customers") && text.contains("customers/10"), "{text}");
        assert!(!text.contains("customers/11"), "{text}");
    })
    .await;
}
