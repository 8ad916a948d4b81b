//! What a process logs, and what it never does.

use kehu_contract::ingestion::{
    CustomerProfile, LookupCustomerRequest, SourceReference, UpsertCustomerRequest,
    customer_service_client::CustomerServiceClient, lookup_customer_request::Key,
};
use kehu_tests::program::{Server, kehu};
use serde_json::Value;
use std::{collections::BTreeMap, fs::File, path::Path};

/// Parts of what is known about somebody; no word of it may be in a log.
const PERSONAL: [&str; 5] = ["Ottokar", "Zwiebelfisch", "13912345678", "ottokar@", "Blumenstrasse"];

/// Two orders: one that is good and one with a day that no calendar has.
const SALES: &str = "order_id,customer_id,date,amount,customer_name,phone,email,city\n\
    1,13912345678,2024-05-01,10,Ottokar Zwiebelfisch,13912345678,ottokar@example.com,Blumenstrasse\n\
    2,13912345678,2024-02-30,10,Ottokar Zwiebelfisch,13912345678,ottokar@example.com,Blumenstrasse\n";
const MAPPING: &str = "[attributes]\nphone = \"phone\"\nemail = \"email\"\n";

#[tokio::test]
async fn lines_are_json_with_their_trace_and_without_personal_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (sales, mapping, log) = (path("sales.csv"), path("mapping.toml"), path("log"));
    std::fs::write(&sales, SALES).unwrap();
    std::fs::write(&mapping, MAPPING).unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &path("data"), "--log", "debug"];
    let mut command = kehu(&serve);
    command.stderr(File::create(&log).unwrap());
    let server = Server::spawn(command).await;
    let loaded = server.succeed(&["import", &sales, "--mapping", &mapping]).await;
    assert!(loaded.contains("1 refused"), "{loaded}");
    let listed = server.succeed(&["rejects", "--all"]).await;
    assert!(listed.contains("Zwiebelfisch"), "{listed}");
    call_with_personal_values(&server.url).await;
    server.succeed(&["explain", "import/13912345678"]).await;
    server.stop().await;
    check(Path::new(&log));
}

/// Calls that succeed and calls that fail.
async fn call_with_personal_values(url: &str) {
    let mut customers = CustomerServiceClient::connect(url.to_owned()).await.unwrap();
    let reference = |external_id: &str| {
        Some(SourceReference { source: "crm".to_owned(), external_id: external_id.to_owned() })
    };
    let profile = CustomerProfile {
        display_name: "Ottokar Zwiebelfisch".to_owned(),
        attributes: BTreeMap::from([("phone".to_owned(), "13912345678".to_owned())]),
        ..Default::default()
    };
    let mut request = UpsertCustomerRequest {
        reference: reference("ottokar@example.com"),
        profile: Some(profile),
        ..Default::default()
    };
    customers.upsert_customer(request.clone()).await.unwrap();
    request.etag = "Zwiebelfisch".to_owned();
    customers.upsert_customer(request).await.unwrap_err();
    for key in [Key::Reference(reference("Zwiebelfisch").unwrap()), Key::Code("Ottokar".to_owned())]
    {
        let request = LookupCustomerRequest { key: Some(key), ..Default::default() };
        customers.lookup_customer(request).await.unwrap_err();
    }
}

fn check(path: &Path) {
    let log = std::fs::read_to_string(path).unwrap();
    let mut traces = 0;
    for line in log.lines() {
        let parsed: Value = serde_json::from_str(line).unwrap_or_else(|error| {
            panic!("{error} in {line}");
        });
        let trace_id = parsed["trace_id"].as_str().unwrap_or_default();
        traces += usize::from(trace_id.len() == 32);
        for value in PERSONAL {
            assert!(!line.contains(value), "{line}");
        }
    }
    let asked = log.lines().filter(|line| line.contains("write asked for"));
    let asked: Vec<Value> = asked.map(|line| serde_json::from_str(line).unwrap()).collect();
    let method = |line: &Value| line["fields"]["method"].as_str().unwrap().to_owned();
    let methods: Vec<String> = asked.iter().map(method).collect();
    assert!(
        methods.contains(&"kehu.ingestion.v1.IngestionService/Ingest".to_owned()),
        "{methods:?}"
    );
    let of_no_write =
        |method: &String| method.ends_with("/UpsertCustomer") || method.contains("ealth");
    assert!(!methods.iter().any(of_no_write), "{methods:?}");
    assert!(asked.iter().all(|line| line["fields"]["caller"] == "anybody"), "{asked:?}");
    assert!(log.contains("\"level\":\"DEBUG\""), "{log}");
    assert!(traces > 0, "{log}");
}
