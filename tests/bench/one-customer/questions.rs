//! The calls, each about a customer.

use kehu_contract::{
    coding::{
        GetClassificationRequest, ListCodeHistoryRequest, ResolveCodeRequest,
        classification_service_client::ClassificationServiceClient,
        code_service_client::CodeServiceClient,
    },
    google::r#type::Date,
    ingestion::{GetCustomerRequest, customer_service_client::CustomerServiceClient},
    scoring::{
        ExplainScoreRequest, GetFeaturesRequest, GetScoreRequest,
        feature_service_client::FeatureServiceClient, scoring_service_client::ScoringServiceClient,
    },
};
use std::{error::Error, sync::Arc};
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

/// Customers whose codes are known.
const CODES: usize = 500;
/// Far from a multiple of the number of customers, so that the next customer is elsewhere.
const STRIDE: usize = 7_919;
/// After the last order.
const AS_OF: Date = Date { year: 2012, month: 1, day: 1 };

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Health,
    Features,
    Score,
    Explain,
    Classification,
    Code,
    Customer,
    Bare,
}

impl Question {
    pub(crate) const ABOUT_CUSTOMERS: [Self; 6] = [
        Self::Features,
        Self::Score,
        Self::Explain,
        Self::Classification,
        Self::Code,
        Self::Customer,
    ];
}

/// One client with a connection of its own.
#[derive(Clone)]
pub(crate) struct Caller {
    channel: Channel,
    codes: Arc<[String]>,
    customers: usize,
    number: usize,
}

impl Caller {
    /// So many of them; the codes are looked up where there are any.
    pub(crate) async fn several(
        url: &str,
        count: usize,
        customers: usize,
    ) -> Result<Vec<Self>, Box<dyn Error>> {
        let endpoint = Endpoint::from_shared(url.to_owned())?.tcp_nodelay(true);
        let codes: Arc<[String]> = codes(endpoint.connect().await?, customers).await?.into();
        let mut callers = Vec::with_capacity(count);
        for number in 0..count {
            let (channel, codes) = (endpoint.connect().await?, Arc::clone(&codes));
            callers.push(Self { channel, codes, customers, number: number * 101 });
        }
        Ok(callers)
    }

    /// Asks about the next customer.
    pub(crate) async fn ask(&mut self, question: Question) -> Result<(), Status> {
        self.number += 1;
        let customer = name(self.number, self.customers);
        let channel = self.channel.clone();
        match question {
            Question::Health => {
                let request = HealthCheckRequest { service: String::new() };
                HealthClient::new(channel).check(request).await.map(drop)
            }
            Question::Features => {
                let as_of_date = Some(AS_OF);
                let request = GetFeaturesRequest { customer, as_of_date, features: Vec::new() };
                FeatureServiceClient::new(channel).get_features(request).await.map(drop)
            }
            Question::Score => {
                let scorecard = "rfm".to_owned();
                let request = GetScoreRequest { customer, scorecard, ..Default::default() };
                ScoringServiceClient::new(channel).get_score(request).await.map(drop)
            }
            Question::Explain => {
                let scorecard = "rfm".to_owned();
                let request = ExplainScoreRequest { customer, scorecard, ..Default::default() };
                ScoringServiceClient::new(channel).explain_score(request).await.map(drop)
            }
            Question::Classification => {
                let taxonomy = "value-six".to_owned();
                let request = GetClassificationRequest { customer, taxonomy, ..Default::default() };
                let mut client = ClassificationServiceClient::new(channel);
                client.get_classification(request).await.map(drop)
            }
            Question::Code => {
                let code = self.codes[self.number % self.codes.len()].clone();
                let request = ResolveCodeRequest { code, ..Default::default() };
                CodeServiceClient::new(channel).resolve_code(request).await.map(drop)
            }
            Question::Customer | Question::Bare => {
                let request = GetCustomerRequest { name: customer };
                CustomerServiceClient::new(channel).get_customer(request).await.map(drop)
            }
        }
    }
}

fn name(number: usize, customers: usize) -> String {
    format!("customers/{}", 1 + number * STRIDE % customers)
}

/// Codes of some customers; none from a server that knows no codes.
async fn codes(channel: Channel, customers: usize) -> Result<Vec<String>, Status> {
    let mut client = CodeServiceClient::new(channel);
    let mut codes = Vec::new();
    for number in 0..CODES.min(customers) {
        let request =
            ListCodeHistoryRequest { customer: name(number, customers), ..Default::default() };
        match client.list_code_history(request).await {
            Ok(found) => codes.extend(found.into_inner().codes.into_iter().map(|code| code.code)),
            Err(status) if status.code() == tonic::Code::Unimplemented => return Ok(codes),
            Err(status) => return Err(status),
        }
    }
    Ok(codes)
}
