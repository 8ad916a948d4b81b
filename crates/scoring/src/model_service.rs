//! `kehu.scoring.v1.ModelService`.

use chrono::Days;
use kehu_contract::scoring::{
    FitModelRequest, FitModelResponse, GetModelRequest, GetModelResponse, ListModelsRequest,
    ListModelsResponse, PromoteModelRequest, PromoteModelResponse,
    model_service_server::ModelService,
};
use kehu_core::model::Trained;
use kehu_server::{Fault, Violations, aside, auth, clock, convert, names, page};
use kehu_storage::{
    PageRequest,
    definitions::{self, Signed},
    document,
    run::NewRun,
    scoring::models::{CUSTOMER_VALUE, Promoted},
};
use tonic::{Request, Response, Status};

use crate::Scoring;
use crate::convert::{model_view, parse_fitting};
use crate::model_job::KIND;

impl Scoring {
    async fn fit(&self, request: Request<FitModelRequest>) -> Result<FitModelResponse, Fault> {
        let caller = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        parse_model(&request.name, &mut violations);
        let as_of = convert::parse_date("as_of_date", request.as_of_date, &mut violations);
        let request_id = convert::parse_request_id(&request.request_id, &mut violations);
        let today = self.business_date().await?;
        let limit = "the business date";
        kehu_runs::check_not_later("as_of_date", as_of, today, limit, &mut violations);
        let asked = parse_fitting(&request, &mut violations);
        violations.finish()?;
        let new = NewRun {
            kind: KIND,
            request: document::write(&asked),
            as_of: Some(as_of.unwrap_or(today)),
            partition_size: None,
            request_id,
            caller,
        };
        let run = kehu_runs::start(&self.db, &new, self.max_waiting).await?;
        Ok(FitModelResponse { run: Some(run) })
    }

    async fn model(&self, request: GetModelRequest) -> Result<GetModelResponse, Fault> {
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::MODELS, &request.name, &mut violations);
        let version = names::parse_version("version", request.version, &mut violations);
        violations.finish()?;
        let version = definitions::get(&self.db, &id.unwrap_or_default(), version).await?;
        Ok(GetModelResponse { model: Some(model_view(&version)) })
    }

    async fn models(&self, request: ListModelsRequest) -> Result<ListModelsResponse, Fault> {
        let filters = [names::MODELS];
        let mut violations = Violations::new();
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let page = PageRequest { limit: page.size, after: page.after };
        let found = definitions::list(&self.db, &page).await?;
        let versions = aside::readable(found.items)?;
        Ok(ListModelsResponse {
            models: versions.iter().map(model_view).collect(),
            next_page_token: found.next.map(|key| page::token(&key, &filters)).unwrap_or_default(),
        })
    }

    async fn promote(
        &self,
        request: Request<PromoteModelRequest>,
    ) -> Result<PromoteModelResponse, Fault> {
        let signed = Signed { at: clock::now(), by: auth::caller(request.extensions()), why: None };
        let request = request.into_inner();
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::MODELS, &request.name, &mut violations);
        let stated = convert::parse_date("effective_date", request.effective_date, &mut violations);
        let today = self.business_date().await?;
        if stated.is_some_and(|date| date < today) {
            let message = format!("must not be before the business date, {today}");
            violations.add("effective_date", message);
        }
        violations.finish()?;
        let draft = definitions::get::<Trained>(&self.db, &id.unwrap_or_default(), None).await?;
        let name = names::resource(names::MODELS, &draft.definition.id);
        if draft.published.is_some() {
            return Err(Fault::Precondition {
                kind: "MODEL_WITHOUT_DRAFT",
                subject: name,
                description: "the latest version is promoted: fit one first".to_owned(),
            });
        }
        if !request.etag.is_empty() && request.etag != draft.etag {
            return Err(Fault::EtagMismatch { name });
        }
        let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(today);
        let effective_on = stated.or((draft.version > 1).then_some(tomorrow));
        let promoted = Promoted { effective_on };
        let version = definitions::publish(&self.db, &draft, &promoted, &signed).await?;
        Ok(PromoteModelResponse { model: Some(model_view(&version)) })
    }
}

/// The only model that can be fitted.
fn parse_model(name: &str, violations: &mut Violations) {
    let id = names::parse_resource("name", names::MODELS, name, violations);
    if id.is_some_and(|id| id != CUSTOMER_VALUE) {
        let known = names::resource(names::MODELS, CUSTOMER_VALUE);
        violations.add("name", format!("must be {known}, the one model there is"));
    }
}

#[tonic::async_trait]
impl ModelService for Scoring {
    async fn fit_model(
        &self,
        request: Request<FitModelRequest>,
    ) -> Result<Response<FitModelResponse>, Status> {
        Ok(Response::new(self.fit(request).await?))
    }

    async fn get_model(
        &self,
        request: Request<GetModelRequest>,
    ) -> Result<Response<GetModelResponse>, Status> {
        Ok(Response::new(self.model(request.into_inner()).await?))
    }

    async fn list_models(
        &self,
        request: Request<ListModelsRequest>,
    ) -> Result<Response<ListModelsResponse>, Status> {
        Ok(Response::new(self.models(request.into_inner()).await?))
    }

    async fn promote_model(
        &self,
        request: Request<PromoteModelRequest>,
    ) -> Result<Response<PromoteModelResponse>, Status> {
        Ok(Response::new(self.promote(request).await?))
    }
}
