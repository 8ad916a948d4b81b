//! `kehu.scoring.v1.ScorecardService`.

use kehu_analytics::Catalogue;
use kehu_contract::scoring::{
    self as contract, CreateScorecardRequest, CreateScorecardResponse, GetScorecardRequest,
    GetScorecardResponse, GetSimulationRequest, GetSimulationResponse, ListScorecardsRequest,
    ListScorecardsResponse, ListTemplatesRequest, ListTemplatesResponse, PublishScorecardRequest,
    PublishScorecardResponse, StartSimulationRequest, StartSimulationResponse,
    create_scorecard_request::Origin, scorecard_service_server::ScorecardService,
};
use kehu_core::scorecard::{self, Scorecard};
use kehu_server::{Fault, Violations, aside, auth, clock, convert, names, page};
use kehu_storage::{
    PageRequest,
    definitions::{self, Signed},
    facts::CustomerSet,
    scoring::scorecards::{Calibrated, Version},
};
use tonic::{Request, Response, Status};

use crate::convert::{
    analytics_fault, feature_kind, parse_definition, scorecard_problems, scorecard_view, template,
};
use crate::evaluate::{Card, FirstReferences};
use crate::{Scoring, calibration, evaluate};

impl Scoring {
    async fn create(
        &self,
        request: Request<CreateScorecardRequest>,
    ) -> Result<CreateScorecardResponse, Fault> {
        let signed = Signed { at: clock::now(), by: auth::caller(request.extensions()), why: None };
        let request = request.into_inner();
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        let definition = requested(request.origin, &catalogue)?;
        let version = if request.validate_only {
            definitions::preview(&self.db, &definition, &signed).await?
        } else {
            definitions::save_draft(&self.db, &definition, None, &signed).await?
        };
        Ok(CreateScorecardResponse { scorecard: Some(scorecard_view(&version)) })
    }

    async fn get(&self, request: GetScorecardRequest) -> Result<GetScorecardResponse, Fault> {
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::SCORECARDS, &request.name, &mut violations);
        let version = names::parse_version("version", request.version, &mut violations);
        violations.finish()?;
        let version = definitions::get(&self.db, &id.unwrap_or_default(), version).await?;
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        Ok(GetScorecardResponse { scorecard: Some(shown(&version, &catalogue)) })
    }

    async fn list(&self, request: ListScorecardsRequest) -> Result<ListScorecardsResponse, Fault> {
        let filters = [names::SCORECARDS];
        let mut violations = Violations::new();
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let page = PageRequest { limit: page.size, after: page.after };
        let found = definitions::list(&self.db, &page).await?;
        let versions = aside::readable(found.items)?;
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        Ok(ListScorecardsResponse {
            scorecards: versions.iter().map(|version| shown(version, &catalogue)).collect(),
            next_page_token: found.next.map(|key| page::token(&key, &filters)).unwrap_or_default(),
        })
    }

    async fn publish(
        &self,
        request: Request<PublishScorecardRequest>,
    ) -> Result<PublishScorecardResponse, Fault> {
        let by = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::SCORECARDS, &request.name, &mut violations);
        let date =
            convert::parse_date("calibration_date", request.calibration_date, &mut violations);
        let today = self.business_date().await?;
        kehu_runs::check_not_later(
            "calibration_date",
            date,
            today,
            "the business date",
            &mut violations,
        );
        violations.finish()?;
        let date = date.unwrap_or(today);
        let draft = definitions::get::<Scorecard>(&self.db, &id.unwrap_or_default(), None).await?;
        if draft.published.is_some() {
            return Err(Fault::Precondition {
                kind: "SCORECARD_WITHOUT_DRAFT",
                subject: names::resource(names::SCORECARDS, &draft.definition.id),
                description: "the latest version is published: create a draft first".to_owned(),
            });
        }
        self.check_simulated(&request.simulation, &draft, date).await?;
        let cards = std::iter::once(&draft.definition);
        let all = CustomerSet::All;
        let frame = evaluate::frame(&self.analytics, cards.clone(), &all, date).await?;
        let first = FirstReferences::read(&self.db, cards, &all).await?;
        let (definition, allow_empty) = (draft.definition.clone(), request.allow_empty_population);
        let calibration =
            evaluate::busy(move || calibration::over(&definition, &frame, &first, allow_empty));
        let calibration = calibration.await?;
        let frozen = Calibrated { calibration, calibrated_on: date };
        let signed = Signed { at: clock::now(), by, why: None };
        let version = definitions::publish(&self.db, &draft, &frozen, &signed).await?;
        Ok(PublishScorecardResponse { scorecard: Some(scorecard_view(&version)) })
    }
}

/// A version, with what is wrong with it.
fn shown(version: &Version, catalogue: &Catalogue) -> contract::Scorecard {
    let mut shown = scorecard_view(version);
    if version.published.is_some()
        && let Err(fault) = Card::new(version.clone(), catalogue)
    {
        shown.broken_reason = fault.to_string();
    }
    shown
}

/// The definition that a caller wants, or everything that is wrong with it.
fn requested(origin: Option<Origin>, catalogue: &Catalogue) -> Result<Scorecard, Fault> {
    let mut violations = Violations::new();
    let definition = match origin {
        None => {
            violations.add("origin", "must be a definition or a template");
            None
        }
        Some(Origin::Definition(definition)) => {
            Some(parse_definition(definition, catalogue, &mut violations))
        }
        Some(Origin::Template(id)) => {
            let templates = scorecard::templates();
            if !templates.iter().any(|template| template.id == id) {
                let ids: Vec<_> = templates.iter().map(|template| template.id.as_str()).collect();
                let message = format!("no template is named {id:?}: use {}", ids.join(", "));
                violations.add("template", message);
            }
            templates.into_iter().find(|template| template.id == id)
        }
    };
    if let Some(definition) = &definition {
        scorecard_problems(
            &definition.validate(&|name| feature_kind(catalogue, name)),
            definition,
            &mut violations,
        );
    }
    violations.finish()?;
    definition.ok_or_else(|| Fault::internal("a request without violations has a definition"))
}

#[tonic::async_trait]
impl ScorecardService for Scoring {
    async fn list_templates(
        &self,
        _: Request<ListTemplatesRequest>,
    ) -> Result<Response<ListTemplatesResponse>, Status> {
        let mut templates = scorecard::templates();
        templates.sort_by(|left, right| left.id.cmp(&right.id));
        let templates = templates.iter().map(template).collect();
        Ok(Response::new(ListTemplatesResponse { templates }))
    }

    async fn create_scorecard(
        &self,
        request: Request<CreateScorecardRequest>,
    ) -> Result<Response<CreateScorecardResponse>, Status> {
        Ok(Response::new(self.create(request).await?))
    }

    async fn get_scorecard(
        &self,
        request: Request<GetScorecardRequest>,
    ) -> Result<Response<GetScorecardResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn list_scorecards(
        &self,
        request: Request<ListScorecardsRequest>,
    ) -> Result<Response<ListScorecardsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn publish_scorecard(
        &self,
        request: Request<PublishScorecardRequest>,
    ) -> Result<Response<PublishScorecardResponse>, Status> {
        Ok(Response::new(self.publish(request).await?))
    }

    async fn start_simulation(
        &self,
        request: Request<StartSimulationRequest>,
    ) -> Result<Response<StartSimulationResponse>, Status> {
        Ok(Response::new(Scoring::start_simulation(self, request).await?))
    }

    async fn get_simulation(
        &self,
        request: Request<GetSimulationRequest>,
    ) -> Result<Response<GetSimulationResponse>, Status> {
        Ok(Response::new(Scoring::get_simulation(self, request.into_inner()).await?))
    }
}
