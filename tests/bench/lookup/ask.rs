//! The calls, and the closed loop: each client makes its next call when the one before has ended.

use kehu_contract::{
    coding::{
        ListCodeHistoryRequest, LookupRequest,
        classification_service_client::ClassificationServiceClient,
        code_service_client::CodeServiceClient, lookup_request::Key,
    },
    ingestion::{
        GetCustomerRequest, SourceReference, customer_service_client::CustomerServiceClient,
    },
};
use std::{error::Error, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};

/// How long is measured, after a time to settle.
const MEASURED: Duration = Duration::from_secs(4);
const SETTLE: Duration = Duration::from_secs(1);
/// Customers whose keys are known.
const KEYS: usize = 500;
/// Far from a multiple of the number of customers, so that the next customer is elsewhere.
const STRIDE: usize = 7_919;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Echo,
    Bare,
    ByCode,
    ByReference,
    ById,
}

impl Question {
    pub(crate) const LOOKUPS: [Self; 3] = [Self::ByCode, Self::ByReference, Self::ById];
}

/// What a question came to.
pub(crate) struct Reading {
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// One client with a connection of its own.
#[derive(Clone)]
pub(crate) struct Caller {
    channel: Channel,
    keys: Arc<[(String, SourceReference)]>,
    customers: usize,
    number: usize,
}

impl Caller {
    /// So many of them; codes and references are looked up where there are any.
    pub(crate) async fn several(
        url: &str,
        count: usize,
        customers: usize,
    ) -> Result<Vec<Self>, Box<dyn Error>> {
        let endpoint = Endpoint::from_shared(url.to_owned())?.tcp_nodelay(true);
        let keys = keys(endpoint.connect().await?, customers).await?;
        let keys: Arc<[(String, SourceReference)]> = keys.into();
        let mut callers = Vec::with_capacity(count);
        for number in 0..count {
            let (channel, keys) = (endpoint.connect().await?, Arc::clone(&keys));
            callers.push(Self { channel, keys, customers, number: number * 101 });
        }
        Ok(callers)
    }

    async fn ask(&mut self, question: Question) -> Result<(), Status> {
        self.number += 1;
        let name = name(self.number, self.customers);
        let known = |place: usize| self.keys[place % self.keys.len()].clone();
        let key = match question {
            // The bare server answers what it was sent where it finds no number.
            Question::Echo => return self.bare("echo".to_owned()).await,
            Question::Bare => return self.bare(name).await,
            Question::ByCode => Key::Code(known(self.number).0),
            Question::ByReference => Key::Reference(known(self.number).1),
            Question::ById => Key::Customer(name),
        };
        let request = LookupRequest { key: Some(key), ..Default::default() };
        ClassificationServiceClient::new(self.channel.clone()).lookup(request).await.map(drop)
    }

    async fn bare(&self, name: String) -> Result<(), Status> {
        let request = GetCustomerRequest { name };
        CustomerServiceClient::new(self.channel.clone()).get_customer(request).await.map(drop)
    }
}

fn name(number: usize, customers: usize) -> String {
    format!("customers/{}", 1 + number * STRIDE % customers)
}

/// A code and a reference of some customers; none from a server that knows neither.
async fn keys(
    channel: Channel,
    customers: usize,
) -> Result<Vec<(String, SourceReference)>, Status> {
    let mut codes = CodeServiceClient::new(channel.clone());
    let mut profiles = CustomerServiceClient::new(channel);
    let mut keys = Vec::new();
    for number in 0..KEYS.min(customers) {
        let customer = name(number, customers);
        let request = ListCodeHistoryRequest { customer: customer.clone(), ..Default::default() };
        let code = match codes.list_code_history(request).await {
            Ok(found) => found.into_inner().codes.into_iter().next(),
            Err(status) if status.code() == tonic::Code::Unimplemented => return Ok(keys),
            Err(status) => return Err(status),
        };
        let found = profiles.get_customer(GetCustomerRequest { name: customer }).await?;
        let references = found.into_inner().customer.unwrap_or_default().references;
        keys.extend(code.map(|code| code.code).zip(references.into_iter().next()));
    }
    Ok(keys)
}

/// What each of the callers makes of asking again and again.
pub(crate) async fn measure(
    callers: Vec<Caller>,
    question: Question,
) -> Result<Reading, Box<dyn Error>> {
    let from = Instant::now() + SETTLE;
    let mut tasks = JoinSet::new();
    for caller in callers {
        tasks.spawn(times(caller, question, from, from + MEASURED));
    }
    let mut all = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        all.extend(ended??);
    }
    all.sort_unstable();
    let at = |hundredths: usize| all.get(all.len() * hundredths / 100).copied();
    let (p50, p99) = at(50).zip(at(99)).ok_or("no call ended")?;
    let calls = u32::try_from(all.len())?;
    Ok(Reading { rate: f64::from(calls) / MEASURED.as_secs_f64(), p50, p99 })
}

async fn times(
    mut caller: Caller,
    question: Question,
    from: Instant,
    to: Instant,
) -> Result<Vec<Duration>, Status> {
    let mut times = Vec::new();
    loop {
        let began = Instant::now();
        if began >= to {
            return Ok(times);
        }
        caller.ask(question).await?;
        if began >= from {
            times.push(began.elapsed());
        }
    }
}
