//! The calls that are made: something of every service.

use crate::{replica::Role, traffic::Traffic};
use kehu_contract::{
    coding::{
        GetClassificationRequest, ResolveCodeRequest,
        classification_service_client::ClassificationServiceClient,
        code_service_client::CodeServiceClient,
    },
    ingestion::{
        CustomerProfile, GetCustomerRequest, ListCustomersRequest, SourceReference,
        UpsertCustomerRequest, customer_service_client::CustomerServiceClient,
    },
    reporting::{
        GetClassSummaryRequest, GetMonthlyTrendRequest,
        reporting_service_client::ReportingServiceClient,
    },
    run::{ListRunsRequest, run_service_client::RunServiceClient},
    scoring::{
        GetFeaturesRequest, GetScoreRequest, StartScoringRequest,
        feature_service_client::FeatureServiceClient, scoring_service_client::ScoringServiceClient,
    },
};
use kehu_server::client::{Client, ClientOptions};
use kehu_tests::{date, program, sample};
use std::collections::HashMap;

/// The kinds of calls.
pub(crate) const KINDS: usize = 12;
/// Those that compute a lot, and are made seldom.
pub(crate) const HEAVY: [&str; 4] =
    ["GetFeatures", "GetClassSummary", "GetMonthlyTrend", "kehu score"];

/// Starts a caller for every kind of call.
pub(crate) async fn start(traffic: &mut Traffic, roles: &[Role]) {
    let mut clients = Vec::new();
    for role in roles {
        clients.push(Client::new(ClientOptions::new(role.urls())).await.unwrap());
    }
    let [ingestion, scoring, coding, reporting] = &clients[..] else { panic!("four roles") };
    let Known { customer, code } = known(&roles[3].urls()).await;
    call_ingestion(traffic, ingestion, &customer);
    call_scoring(traffic, scoring, &roles[1].urls(), &customer);
    call_coding(traffic, coding, &customer, &code);
    call_reporting(traffic, reporting);
}

/// Somebody with a code.
struct Known {
    customer: String,
    code: String,
}

async fn known(reporting: &str) -> Known {
    let listed = program::succeed(&["report", "--csv", "customers", "--server", reporting]).await;
    let mut reader = csv::Reader::from_reader(listed.as_bytes());
    let mut rows = reader.deserialize::<HashMap<String, String>>().map(Result::unwrap);
    let row = rows.find(|row| !row["code"].is_empty()).expect("somebody has a code");
    Known { customer: row["customer"].clone(), code: row["code"].clone() }
}

fn call_ingestion(traffic: &mut Traffic, client: &Client, customer: &str) {
    let service = CustomerServiceClient::new(client.clone());
    traffic.repeat("UpsertCustomer", service.clone(), change, |mut client, request| async move {
        client.upsert_customer(request).await
    });
    let request = GetCustomerRequest { name: customer.to_owned() };
    let request = move |_| request.clone();
    traffic.repeat("GetCustomer", service.clone(), request, |mut client, request| async move {
        client.get_customer(request).await
    });
    let request = |_| ListCustomersRequest::default();
    traffic.repeat("ListCustomers", service, request, |mut client, request| async move {
        client.list_customers(request).await
    });
}

/// What a customer is like; now and then it is another or lives elsewhere.
fn change(number: u64) -> UpsertCustomerRequest {
    let (external_id, city) = ((number / 20 % 5).to_string(), format!("City {}", number / 100));
    UpsertCustomerRequest {
        reference: Some(SourceReference { source: "crm".to_owned(), external_id }),
        profile: Some(CustomerProfile { city, ..Default::default() }),
        request_id: request_id(number),
        ..Default::default()
    }
}

fn request_id(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

fn call_scoring(traffic: &mut Traffic, client: &Client, urls: &str, customer: &str) {
    let service = ScoringServiceClient::new(client.clone());
    let request = GetScoreRequest {
        customer: customer.to_owned(),
        scorecard: "rfm".to_owned(),
        ..Default::default()
    };
    let request = move |_| request.clone();
    traffic.repeat("GetScore", service.clone(), request, |mut client, request| async move {
        client.get_score(request).await
    });
    let request = |_| StartScoringRequest {
        scorecards: vec!["abc".to_owned()],
        as_of_date: date(sample::AS_OF),
        request_id: request_id(0),
    };
    traffic.repeat("StartScoring", service, request, |mut client, request| async move {
        client.start_scoring(request).await
    });
    let request = GetFeaturesRequest {
        customer: customer.to_owned(),
        features: vec!["orders_total".to_owned()],
        ..Default::default()
    };
    let request = move |_| request.clone();
    let service = FeatureServiceClient::new(client.clone());
    traffic.repeat("GetFeatures", service, request, |mut client, request| async move {
        client.get_features(request).await
    });
    traffic.repeat(
        "kehu score",
        urls.to_owned(),
        |_| (),
        |urls, ()| async move {
            let arguments = ["score", "abc", "--as-of", sample::AS_OF, "--server", &urls];
            let output = program::run(&arguments).await;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() { Ok(()) } else { Err(said) }
        },
    );
}

fn call_coding(traffic: &mut Traffic, client: &Client, customer: &str, code: &str) {
    let request = GetClassificationRequest {
        customer: customer.to_owned(),
        taxonomy: "abc".to_owned(),
        ..Default::default()
    };
    let request = move |_| request.clone();
    let service = ClassificationServiceClient::new(client.clone());
    traffic.repeat("GetClassification", service, request, |mut client, request| async move {
        client.get_classification(request).await
    });
    let request = ResolveCodeRequest { code: code.to_owned(), ..Default::default() };
    let request = move |_| request.clone();
    let service = CodeServiceClient::new(client.clone());
    traffic.repeat("ResolveCode", service, request, |mut client, request| async move {
        client.resolve_code(request).await
    });
}

fn call_reporting(traffic: &mut Traffic, client: &Client) {
    let request = |_| GetClassSummaryRequest { taxonomy: "abc".to_owned(), ..Default::default() };
    let service = ReportingServiceClient::new(client.clone());
    traffic.repeat("GetClassSummary", service.clone(), request, |mut client, request| async move {
        client.get_class_summary(request).await
    });
    let request = |_| GetMonthlyTrendRequest::default();
    traffic.repeat("GetMonthlyTrend", service, request, |mut client, request| async move {
        client.get_monthly_trend(request).await
    });
    let request = |_| ListRunsRequest::default();
    let service = RunServiceClient::new(client.clone());
    traffic.repeat("ListRuns", service, request, |mut client, request| async move {
        client.list_runs(request).await
    });
}
