//! `kehu.scoring.v1.FeatureService`.

use kehu_analytics::Catalogue;
use kehu_contract::scoring::{
    self as contract, FeatureValue, GetFeaturesRequest, GetFeaturesResponse, ListFeaturesRequest,
    ListFeaturesResponse, feature_service_server::FeatureService,
};
use kehu_core::CustomerId;
use kehu_server::{Fault, Violations, convert, names};
use kehu_storage::{facts::CustomerSet, ingestion};
use tonic::{Request, Response, Status};

use crate::Scoring;
use crate::convert::{analytics_fault, feature};

impl Scoring {
    async fn features(&self, request: GetFeaturesRequest) -> Result<GetFeaturesResponse, Fault> {
        let mut violations = Violations::new();
        let customer = names::parse_customer("customer", &request.customer, &mut violations);
        let as_of = convert::parse_date("as_of_date", request.as_of_date, &mut violations);
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        let wanted = wanted(&catalogue, &request.features, &mut violations);
        violations.finish()?;
        let as_of = match as_of {
            Some(as_of) => as_of,
            None => self.business_date().await?,
        };
        let customer = customer.unwrap_or(CustomerId(0));
        let survivor = ingestion::survivor(&self.db, customer, None).await?;
        let set = CustomerSet::Ids(vec![survivor.unwrap_or(customer).0]);
        let frame = self.analytics.features(&set, as_of, &wanted).await.map_err(analytics_fault)?;
        if frame.is_empty() {
            return Err(Fault::NotFound { kind: "customer", name: request.customer });
        }
        let mut values = Vec::with_capacity(wanted.len());
        for name in wanted {
            let value =
                frame.column(name).map_err(analytics_fault)?.into_iter().next().unwrap_or_default();
            let value = Some(convert::value(&value));
            values.push(FeatureValue { feature: name.to_owned(), value });
        }
        Ok(GetFeaturesResponse { as_of_date: Some(convert::date(as_of)), values })
    }

    /// Every feature by group, then by name, those among them that cannot be used.
    async fn listed(&self) -> Result<ListFeaturesResponse, Fault> {
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        let usable = catalogue.features().iter().map(feature);
        let blocked = catalogue.blocked().iter().map(|(blocked, reason)| contract::Feature {
            unusable_reason: reason.clone(),
            ..feature(blocked)
        });
        let mut features: Vec<_> = usable.chain(blocked).collect();
        features.sort_by(|one, other| (&one.group, &one.id).cmp(&(&other.group, &other.id)));
        Ok(ListFeaturesResponse { features })
    }
}

/// The features asked for, all that can be used when none is named.
fn wanted<'a>(
    catalogue: &'a Catalogue,
    asked: &[String],
    violations: &mut Violations,
) -> Vec<&'a str> {
    if asked.is_empty() {
        return catalogue.features().iter().map(|feature| feature.id.as_str()).collect();
    }
    if !names::is_short("features", asked, violations) {
        return Vec::new();
    }
    let mut wanted = Vec::with_capacity(asked.len());
    for (index, name) in asked.iter().enumerate() {
        match catalogue.find(name) {
            Some(feature) => wanted.push(feature.id.as_str()),
            None => violations.add(format!("features[{index}]"), why_not(catalogue, name)),
        }
    }
    wanted
}

fn why_not(catalogue: &Catalogue, name: &str) -> String {
    match catalogue.why_blocked(name) {
        Some(reason) => reason.to_owned(),
        None => format!("no feature is named {name:?}: ListFeatures names them"),
    }
}

#[tonic::async_trait]
impl FeatureService for Scoring {
    async fn list_features(
        &self,
        _: Request<ListFeaturesRequest>,
    ) -> Result<Response<ListFeaturesResponse>, Status> {
        Ok(Response::new(self.listed().await?))
    }

    async fn get_features(
        &self,
        request: Request<GetFeaturesRequest>,
    ) -> Result<Response<GetFeaturesResponse>, Status> {
        Ok(Response::new(self.features(request.into_inner()).await?))
    }
}
