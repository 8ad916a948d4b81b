//! `kehu.run.v1.BusinessDateService`: the business date, on every role.

use chrono::NaiveDate;
use kehu_contract::run::{
    self as contract, FixBusinessDateRequest, FixBusinessDateResponse, GetBusinessDateRequest,
    GetBusinessDateResponse,
    business_date_service_server::{BusinessDateService, BusinessDateServiceServer},
};
use kehu_core::calendar::BusinessCalendar;
use kehu_server::{Fault, Violations, auth::Principal, clock, convert, freshness};
use kehu_storage::{
    Database,
    business_date::{self, BusinessDate, Decision},
};
use tonic::{Request, Response, Status, service::RoutesBuilder};

/// Who decides where sign-on is off.
const ANYBODY: &str = "anybody";

/// The service.
#[derive(Clone)]
pub struct BusinessDates {
    db: Database,
    calendar: BusinessCalendar,
}

impl BusinessDates {
    /// Answers from `db`, whose business time zone is that of `calendar`.
    pub fn new(db: Database, calendar: BusinessCalendar) -> Self {
        Self { db, calendar }
    }

    /// Mounts the service.
    pub fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(BusinessDateServiceServer::new(self.clone()));
    }

    /// The business date that holds now.
    pub async fn get(&self) -> Result<contract::BusinessDate, Fault> {
        let held = business_date::current(&self.db, &self.calendar, clock::now()).await?;
        Ok(view(&held, &self.calendar))
    }

    async fn fix(
        &self,
        request: FixBusinessDateRequest,
        by: String,
    ) -> Result<contract::BusinessDate, Fault> {
        let mut violations = Violations::new();
        let fixed_on = convert::parse_date("date", request.date, &mut violations);
        let now = clock::now();
        check_not_later("date", fixed_on, self.calendar.date(now), "today", &mut violations);
        violations.finish()?;
        let decision = Decision { fixed_on, decided_by: by, decided_at: now };
        business_date::decide(&self.db, &decision).await?;
        tracing::info!(?fixed_on, by = decision.decided_by, "the business date was decided");
        self.get().await
    }
}

/// A violation of `field` when the date is after `limit`, which `what` names: nothing that lies
/// beyond it counts yet.
pub fn check_not_later(
    field: &str,
    date: Option<NaiveDate>,
    limit: NaiveDate,
    what: &str,
    violations: &mut Violations,
) {
    if date.is_some_and(|date| date > limit) {
        violations.add(field, format!("must not be after {what}, {limit}"));
    }
}

fn view(held: &BusinessDate, calendar: &BusinessCalendar) -> contract::BusinessDate {
    let decision = held.decision.as_ref();
    contract::BusinessDate {
        date: Some(convert::date(held.date)),
        fixed: held.is_fixed(),
        time_zone: calendar.zone_name().to_owned(),
        decided_by: decision.map(|decision| decision.decided_by.clone()).unwrap_or_default(),
        decide_time: decision.map(|decision| convert::timestamp(decision.decided_at)),
    }
}

#[tonic::async_trait]
impl BusinessDateService for BusinessDates {
    async fn get_business_date(
        &self,
        _: Request<GetBusinessDateRequest>,
    ) -> Result<Response<GetBusinessDateResponse>, Status> {
        let business_date = Some(self.get().await?);
        Ok(Response::new(GetBusinessDateResponse { business_date }))
    }

    async fn fix_business_date(
        &self,
        request: Request<FixBusinessDateRequest>,
    ) -> Result<Response<FixBusinessDateResponse>, Status> {
        let principal = request.extensions().get::<Principal>();
        let by = principal.map_or(ANYBODY.to_owned(), |principal| principal.subject.clone());
        let business_date = Some(self.fix(request.into_inner(), by).await?);
        let freshness_token = freshness::token(&self.db, None).await?;
        Ok(Response::new(FixBusinessDateResponse { business_date, freshness_token }))
    }
}
