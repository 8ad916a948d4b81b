//! `kehu.scoring.v1.FeatureService`.

use kehu_analytics::Feature;
use kehu_contract::scoring::{
    FeatureValue, GetFeaturesRequest, GetFeaturesResponse, ListFeaturesRequest,
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
        let wanted = self.wanted(&request.features, &mut violations);
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

    /// The catalogue by group, then by name.
    fn sorted(&self) -> Vec<&Feature> {
        let mut features: Vec<_> = self.analytics.catalogue().features().iter().collect();
        features.sort_by_key(|feature| (&feature.group, &feature.id));
        features
    }

    /// The features asked for, all of them when none is named.
    fn wanted(&self, asked: &[String], violations: &mut Violations) -> Vec<&str> {
        if asked.is_empty() {
            return self.sorted().into_iter().map(|feature| feature.id.as_str()).collect();
        }
        if !names::is_short("features", asked, violations) {
            return Vec::new();
        }
        let catalogue = self.analytics.catalogue();
        let mut wanted = Vec::with_capacity(asked.len());
        for (index, name) in asked.iter().enumerate() {
            match catalogue.find(name) {
                Some(feature) => wanted.push(feature.id.as_str()),
                None => {
                    let message = format!("no feature is named {name:?}: ListFeatures names them");
                    violations.add(format!("features[{index}]"), message);
                }
            }
        }
        wanted
    }
}

#[tonic::async_trait]
impl FeatureService for Scoring {
    async fn list_features(
        &self,
        _: Request<ListFeaturesRequest>,
    ) -> Result<Response<ListFeaturesResponse>, Status> {
        let features = self.sorted().into_iter().map(feature).collect();
        Ok(Response::new(ListFeaturesResponse { features }))
    }

    async fn get_features(
        &self,
        request: Request<GetFeaturesRequest>,
    ) -> Result<Response<GetFeaturesResponse>, Status> {
        Ok(Response::new(self.features(request.into_inner()).await?))
    }
}
