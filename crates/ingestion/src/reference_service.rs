//! `kehu.ingestion.v1.ReferenceDataService`.

use kehu_contract::ingestion::{
    self as contract, ListCityTiersRequest, ListCityTiersResponse, ListLateReasonsRequest,
    ListLateReasonsResponse, SetCityTierRequest, SetCityTierResponse, SetLateReasonRequest,
    SetLateReasonResponse, reference_data_service_server::ReferenceDataService,
};
use kehu_core::city_tier::{CityTier, Tier, city_code};
use kehu_core::division;
use kehu_server::{Fault, Violations, auth, clock, convert, freshness, page};
use kehu_storage::business_date;
use kehu_storage::definitions::{self, Signed, Version};
use kehu_storage::ingestion::city_tiers::set_city_tier;
use tonic::{Request, Response, Status};

use crate::Ingestion;

impl Ingestion {
    async fn set_tier(
        &self,
        request: SetCityTierRequest,
        signed: &Signed,
    ) -> Result<SetCityTierResponse, Fault> {
        let today = business_date::current(&self.db, &self.checker.calendar, signed.at).await?.date;
        let mut violations = Violations::new();
        let from = convert::parse_date("from_date", request.from_date, &mut violations);
        if from.is_some_and(|from| from > today) {
            violations
                .add("from_date", format!("must not be later than the business date {today}"));
        }
        let city = city_code(&request.city);
        if city.is_none() {
            let text =
                "must be a city of GB/T 2260, by its code such as 440300 or its Chinese name";
            violations.add("city", text);
        }
        let tier = Tier::parse(&request.tier);
        if tier.is_none() && !request.tier.is_empty() {
            let names: Vec<&str> = Tier::ALL.iter().map(|tier| tier.name()).collect();
            violations.add("tier", format!("must be one of {}, or empty", names.join(", ")));
        }
        let reason = convert::parse_reason(&request.reason, &mut violations);
        violations.finish()?;
        let city = city.ok_or_else(|| Fault::internal("a good request names a city"))?.to_owned();
        let held = self.held_tier(&city).await?;
        let wanted = CityTier { city, tier, from: from.unwrap_or(today), reason };
        if let Some(held) = &held
            && (held.definition.tier, held.definition.from) == (wanted.tier, wanted.from)
        {
            let city_tier = Some(changed(held));
            let freshness_token = freshness::token(&self.db, None).await?;
            return Ok(SetCityTierResponse { city_tier, customer_count: 0, freshness_token });
        }
        let after = held.map_or(0, |held| held.version);
        let (version, customers, position) =
            set_city_tier(&self.db, &wanted, after, signed).await?;
        Ok(SetCityTierResponse {
            city_tier: Some(changed(&version)),
            customer_count: i64::try_from(customers).unwrap_or(i64::MAX),
            freshness_token: freshness::token(&self.db, position).await?,
        })
    }

    async fn held_tier(&self, city: &str) -> Result<Option<Version<CityTier>>, Fault> {
        match definitions::get::<CityTier>(&self.db, city, None).await {
            Ok(held) => Ok(Some(held)),
            Err(kehu_storage::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn city_tiers(
        &self,
        request: ListCityTiersRequest,
    ) -> Result<ListCityTiersResponse, Fault> {
        let mut violations = Violations::new();
        let filters = ["cityTiers"];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let changes = definitions::in_force::<CityTier>(&self.db, &[] as &[&str]).await?;
        let mut all: Vec<_> = kehu_core::city_tier::shipped()
            .filter(|(city, _)| changes.iter().all(|change| change.definition.city != *city))
            .map(|(city, tier)| shown(city, Some(tier)))
            .collect();
        all.extend(changes.iter().map(changed));
        all.sort_by(|one, other| one.city_code.cmp(&other.city_code));
        all.retain(|one| page.after.as_ref().is_none_or(|after| one.city_code > *after));
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let more = all.len() > size;
        all.truncate(size);
        let last = all.last().filter(|_| more);
        let next = last.map(|last| page::token(&last.city_code, &filters));
        Ok(ListCityTiersResponse { city_tiers: all, next_page_token: next.unwrap_or_default() })
    }
}

fn changed(version: &Version<CityTier>) -> contract::CityTier {
    let CityTier { city, tier, from, reason } = &version.definition;
    let signed = version.published.as_ref().map(|published| &published.signed);
    contract::CityTier {
        from_date: Some(convert::date(*from)),
        reason: reason.clone(),
        version: version.version,
        change_time: signed.map(|signed| convert::timestamp(signed.at)),
        changed_by: signed.and_then(|signed| signed.by.clone()).unwrap_or_default(),
        ..shown(city, *tier)
    }
}

fn shown(city: &str, tier: Option<Tier>) -> contract::CityTier {
    contract::CityTier {
        city_code: city.to_owned(),
        city: division::city(city).map(|city| city.zh.to_owned()).unwrap_or_default(),
        tier: tier.map(|tier| tier.name().to_owned()).unwrap_or_default(),
        ..contract::CityTier::default()
    }
}

#[tonic::async_trait]
impl ReferenceDataService for Ingestion {
    async fn set_city_tier(
        &self,
        request: Request<SetCityTierRequest>,
    ) -> Result<Response<SetCityTierResponse>, Status> {
        let signed = Signed { at: clock::now(), by: auth::caller(request.extensions()), why: None };
        Ok(Response::new(self.set_tier(request.into_inner(), &signed).await?))
    }

    async fn list_city_tiers(
        &self,
        request: Request<ListCityTiersRequest>,
    ) -> Result<Response<ListCityTiersResponse>, Status> {
        Ok(Response::new(self.city_tiers(request.into_inner()).await?))
    }

    async fn set_late_reason(
        &self,
        request: Request<SetLateReasonRequest>,
    ) -> Result<Response<SetLateReasonResponse>, Status> {
        let signed = Signed { at: clock::now(), by: auth::caller(request.extensions()), why: None };
        Ok(Response::new(self.set_reason(request.into_inner(), &signed).await?))
    }

    async fn list_late_reasons(
        &self,
        request: Request<ListLateReasonsRequest>,
    ) -> Result<Response<ListLateReasonsResponse>, Status> {
        Ok(Response::new(self.reasons(request.into_inner()).await?))
    }
}
