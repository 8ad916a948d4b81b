//! The client beside: it asks for health and looks a customer up, one after the other.

use kehu_contract::ingestion::{
    LookupCustomerRequest, SourceReference, customer_service_client::CustomerServiceClient,
    lookup_customer_request::Key,
};
use std::{error::Error, time::Duration};
use tokio::time::{Instant, sleep};
use tonic::{Code, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

/// How long it rests between two calls.
const REST: Duration = Duration::from_millis(2);

/// What each of its calls took, in order of duration.
pub(crate) struct Waits(Vec<Duration>);

impl Waits {
    /// Calls for so long, over a connection of its own.
    pub(crate) async fn measure(url: &str, time: Duration) -> Result<Self, Box<dyn Error>> {
        let channel = Endpoint::from_shared(url.to_owned())?.connect().await?;
        let mut health = HealthClient::new(channel.clone());
        let mut customers = CustomerServiceClient::new(channel);
        let (began, mut waits) = (Instant::now(), Vec::new());
        while began.elapsed() < time {
            let asked = Instant::now();
            health.check(HealthCheckRequest::default()).await?;
            waits.push(asked.elapsed());
            let asked = Instant::now();
            match customers.lookup_customer(lookup()).await {
                Ok(_) => {}
                Err(status) if status.code() == Code::NotFound => {}
                Err(status) => return Err(status.into()),
            }
            waits.push(asked.elapsed());
            sleep(REST).await;
        }
        waits.sort_unstable();
        Ok(Self(waits))
    }

    /// What 99 of 100 stay below.
    pub(crate) fn p99(&self) -> Duration {
        let rank = self.0.len() * 99 / 100;
        self.0.get(rank).copied().unwrap_or_default()
    }
}

fn lookup() -> LookupCustomerRequest {
    let reference =
        SourceReference { source: "online-retail".to_owned(), external_id: "12347".to_owned() };
    LookupCustomerRequest { key: Some(Key::Reference(reference)), ..Default::default() }
}
