//! Who the customers of a list are, for callers who may see it.

use crate::{
    Fault, Violations,
    auth::{self, Scope},
    names,
};
use kehu_contract::shared::CustomerSummary;
use kehu_core::CustomerId;
use kehu_storage::{
    Database,
    ingestion::{self, Summary},
};
use std::collections::{BTreeSet, HashMap};
use tonic::Extensions;

/// Summaries by the resource name of the customer; none for a caller who may not see them.
pub struct Summaries(HashMap<String, CustomerSummary>);

impl Summaries {
    /// Those of a page of customers, by their resource names; `extensions` are those of the request.
    pub async fn read(
        db: &Database,
        extensions: &Extensions,
        customers: impl Iterator<Item = &str>,
    ) -> Result<Self, Fault> {
        if !auth::holds(extensions, &[Scope::Read, Scope::PersonalData]) {
            return Ok(Self(HashMap::new()));
        }
        let mut violations = Violations::new();
        let ids: BTreeSet<CustomerId> = customers
            .filter_map(|name| names::parse_customer("customer", name, &mut violations))
            .collect();
        let found = ingestion::summaries(db, ids).await?;
        Ok(Self(found.into_iter().map(|(id, it)| (names::customer(id), message(it))).collect()))
    }

    /// That of one customer, by its resource name.
    pub fn of(&self, customer: &str) -> Option<CustomerSummary> {
        self.0.get(customer).cloned()
    }
}

/// One as it is sent, to callers who may see it.
pub fn message(summary: Summary) -> CustomerSummary {
    let (source, external_id) =
        summary.reference.map(|it| (it.source, it.external_id)).unwrap_or_default();
    CustomerSummary {
        source,
        external_id,
        display_name: summary.display_name.unwrap_or_default(),
        region_code: summary.region_code.unwrap_or_default(),
        city: summary.city.unwrap_or_default(),
        industry_code: summary.industry_code.unwrap_or_default(),
    }
}
