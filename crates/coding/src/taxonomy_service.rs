//! `kehu.coding.v1.TaxonomyService`.

use kehu_contract::coding::{
    self as contract, ApproveTaxonomyRequest, ApproveTaxonomyResponse, CommentTaxonomyRequest,
    CommentTaxonomyResponse, CreateTaxonomyRequest, CreateTaxonomyResponse, GetSimulationRequest,
    GetSimulationResponse, GetTaxonomyEvaluationRequest, GetTaxonomyEvaluationResponse,
    GetTaxonomyRequest, GetTaxonomyResponse, ListTaxonomiesRequest, ListTaxonomiesResponse,
    ListTaxonomyEvaluationsRequest, ListTaxonomyEvaluationsResponse, ListTaxonomyEventsRequest,
    ListTaxonomyEventsResponse, ListTemplatesRequest, ListTemplatesResponse,
    PublishTaxonomyRequest, PublishTaxonomyResponse, RollBackTaxonomyRequest,
    RollBackTaxonomyResponse, StartSimulationRequest, StartSimulationResponse,
    StartTaxonomyEvaluationRequest, StartTaxonomyEvaluationResponse,
    create_taxonomy_request::Origin, taxonomy_service_server::TaxonomyService,
};
use kehu_core::taxonomy::{self, Taxonomy};
use kehu_server::{Fault, Violations, aside, auth, clock, names, page};
use kehu_storage::{
    PageRequest,
    coding::taxonomies::TaxonomyVersion,
    definitions::{self, Definition, Signed},
};
use tonic::{Request, Response, Status};

use crate::convert::{self, definition_message, parse_definition, taxonomy_view};
use crate::rules::{Columns, Rules};
use crate::simulation::Simulated;
use crate::{Coding, evaluate};

impl Coding {
    async fn create_taxonomy(
        &self,
        request: Request<CreateTaxonomyRequest>,
    ) -> Result<CreateTaxonomyResponse, Fault> {
        let by = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let why = convert::parse_note("reason", request.reason, &mut violations);
        violations.finish()?;
        let signed = Signed { at: clock::now(), by, why };
        let definition = self.requested(request.origin).await?;
        let version = if request.validate_only {
            definitions::preview(&self.db, &definition, &signed).await?
        } else {
            definitions::save_draft(&self.db, &definition, None, &signed).await?
        };
        Ok(CreateTaxonomyResponse { taxonomy: Some(self.shown(&version).await?) })
    }

    /// The definition that a caller wants, or everything that is wrong with it.
    async fn requested(&self, origin: Option<Origin>) -> Result<Taxonomy, Fault> {
        let mut violations = Violations::new();
        let (path, definition) = match origin {
            None => {
                violations.add("origin", "must be a definition or a template");
                ("origin", None)
            }
            Some(Origin::Definition(definition)) => {
                ("definition", Some(parse_definition(definition, &mut violations)))
            }
            Some(Origin::Template(id)) => ("template", template(&id, &mut violations)),
        };
        if let Some(definition) = &definition {
            self.check(path, definition, &mut violations).await?;
        }
        violations.finish()?;
        definition.ok_or_else(|| Fault::internal("a request without violations has a definition"))
    }

    /// A version as callers see it, with what its rules rest on.
    async fn shown(&self, version: &TaxonomyVersion) -> Result<contract::Taxonomy, Fault> {
        Ok(shown(version, &Columns::read(&self.db, &self.analytics).await?))
    }

    /// Adds every problem of the taxonomy and its predicates.
    async fn check(
        &self,
        path: &str,
        definition: &Taxonomy,
        violations: &mut Violations,
    ) -> Result<(), Fault> {
        let columns = Columns::read(&self.db, &self.analytics).await?;
        if let Err(found) = Rules::compile(definition, &columns) {
            convert::problems(path, &found, violations);
        }
        Ok(())
    }

    async fn get_taxonomy(
        &self,
        request: GetTaxonomyRequest,
    ) -> Result<GetTaxonomyResponse, Fault> {
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::TAXONOMIES, &request.name, &mut violations);
        let version = names::parse_version("version", request.version, &mut violations);
        violations.finish()?;
        let version = definitions::get(&self.db, &id.unwrap_or_default(), version).await?;
        let columns = Columns::read(&self.db, &self.analytics).await?;
        Ok(GetTaxonomyResponse { taxonomy: Some(shown(&version, &columns)) })
    }

    async fn list_taxonomies(
        &self,
        request: ListTaxonomiesRequest,
    ) -> Result<ListTaxonomiesResponse, Fault> {
        let filters = [names::TAXONOMIES];
        let mut violations = Violations::new();
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let page = PageRequest { limit: page.size, after: page.after };
        let found = definitions::list(&self.db, &page).await?;
        let versions = aside::readable(found.items)?;
        let columns = Columns::read(&self.db, &self.analytics).await?;
        Ok(ListTaxonomiesResponse {
            taxonomies: versions.iter().map(|version| shown(version, &columns)).collect(),
            next_page_token: found.next.map(|key| page::token(&key, &filters)).unwrap_or_default(),
        })
    }

    /// The draft is checked again: scorecards may have been published since it was created.
    async fn publish_taxonomy(
        &self,
        request: Request<PublishTaxonomyRequest>,
    ) -> Result<PublishTaxonomyResponse, Fault> {
        let by = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::TAXONOMIES, &request.name, &mut violations);
        let why = convert::parse_note("reason", request.reason, &mut violations);
        violations.finish()?;
        let draft = self.draft(&id.unwrap_or_default()).await?;
        self.check_approved(&draft)?;
        let simulated = self.simulated_draft(&request.simulation, &draft).await?;
        let mut violations = Violations::new();
        self.check("definition", &draft.definition, &mut violations).await?;
        convert::problems("definition", &draft.definition.missing(), &mut violations);
        self.check_exclusive(&draft, simulated.as_ref(), &mut violations).await?;
        violations.finish()?;
        self.check_quality(&draft.definition).await?;
        let signed = Signed { at: clock::now(), by, why };
        let version = definitions::publish(&self.db, &draft, &(), &signed).await?;
        Ok(PublishTaxonomyResponse { taxonomy: Some(self.shown(&version).await?) })
    }

    /// The draft of a taxonomy.
    async fn draft(&self, id: &str) -> Result<TaxonomyVersion, Fault> {
        let draft = definitions::get::<Taxonomy>(&self.db, id, None).await?;
        if draft.published.is_none() {
            return Ok(draft);
        }
        Err(Fault::Precondition {
            kind: "TAXONOMY_WITHOUT_DRAFT",
            subject: names::resource(names::TAXONOMIES, id),
            description: "the latest version is published: create a draft first".to_owned(),
        })
    }

    fn check_approved(&self, draft: &TaxonomyVersion) -> Result<(), Fault> {
        if !self.publishing.approval || draft.approved.is_some() {
            return Ok(());
        }
        Err(Fault::Precondition {
            kind: "DEFINITION_APPROVED",
            subject: names::resource(names::TAXONOMIES, &draft.definition.id),
            description: "somebody other than its author must approve the draft first".to_owned(),
        })
    }

    /// The simulation that publishing the draft rests on, if one is named.
    async fn simulated_draft(
        &self,
        run: &str,
        draft: &TaxonomyVersion,
    ) -> Result<Option<Simulated>, Fault> {
        let refused = |kind, description| Fault::Precondition {
            kind,
            subject: names::resource(names::TAXONOMIES, &draft.definition.id),
            description,
        };
        if run.is_empty() && self.publishing.simulation {
            let what = "this server asks for a simulation: simulate the draft and name the run";
            return Err(refused("DRAFT_SIMULATED", what.to_owned()));
        }
        if run.is_empty() {
            return Ok(None);
        }
        let simulated = self.simulated("simulation", run).await?;
        match self.stale(&simulated, draft).await? {
            Some(why) => Err(refused("SIMULATION_HOLDS", why)),
            None => Ok(Some(simulated)),
        }
    }

    /// What the former version says is checked as a draft is: scorecards may have changed since.
    async fn roll_back_taxonomy(
        &self,
        request: Request<RollBackTaxonomyRequest>,
    ) -> Result<RollBackTaxonomyResponse, Fault> {
        let by = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::TAXONOMIES, &request.name, &mut violations);
        let why = convert::parse_note("reason", request.reason, &mut violations);
        if why.is_none() {
            violations.add("reason", "must say why");
        }
        if request.version < 1 {
            violations.add("version", "must be the number of a published version");
        }
        violations.finish()?;
        let (id, version) = (id.unwrap_or_default(), Some(request.version));
        let former = definitions::get::<Taxonomy>(&self.db, &id, version).await?;
        let columns = Columns::read(&self.db, &self.analytics).await?;
        if let Err(problems) = Rules::compile(&former.definition, &columns) {
            return Err(evaluate::broken(&former, &problems));
        }
        let signed = Signed { at: clock::now(), by, why };
        let version = definitions::roll_back(&self.db, &former, &signed).await?;
        Ok(RollBackTaxonomyResponse { taxonomy: Some(self.shown(&version).await?) })
    }

    async fn approve_taxonomy(
        &self,
        request: Request<ApproveTaxonomyRequest>,
    ) -> Result<ApproveTaxonomyResponse, Fault> {
        let by = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::TAXONOMIES, &request.name, &mut violations);
        let why = convert::parse_note("reason", request.reason, &mut violations);
        violations.finish()?;
        let draft = self.draft(&id.unwrap_or_default()).await?;
        let signed = Signed { at: clock::now(), by, why };
        let approved = definitions::approve(&self.db, &draft, &signed).await?;
        Ok(ApproveTaxonomyResponse { taxonomy: Some(self.shown(&approved).await?) })
    }

    async fn comment_taxonomy(
        &self,
        request: Request<CommentTaxonomyRequest>,
    ) -> Result<CommentTaxonomyResponse, Fault> {
        let by = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::TAXONOMIES, &request.name, &mut violations);
        let why = convert::parse_note("comment", request.comment, &mut violations);
        if why.is_none() {
            violations.add("comment", "must not be empty");
        }
        violations.finish()?;
        let signed = Signed { at: clock::now(), by, why };
        let (kind, id) = (Taxonomy::KIND, id.unwrap_or_default());
        let said = definitions::comment(&self.db, &kind, &id, &signed).await?;
        Ok(CommentTaxonomyResponse { event: Some(convert::event(&said)) })
    }

    async fn list_taxonomy_events(
        &self,
        request: ListTaxonomyEventsRequest,
    ) -> Result<ListTaxonomyEventsResponse, Fault> {
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::TAXONOMIES, &request.name, &mut violations);
        let id = id.unwrap_or_default();
        let filters = ["events", id.as_str()];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let after = page.after.and_then(|key| key.parse().ok());
        let page = PageRequest { limit: page.size, after };
        let found = definitions::events(&self.db, &Taxonomy::KIND, &id, &page).await?;
        if found.items.is_empty() {
            definitions::get::<Taxonomy>(&self.db, &id, None).await?;
        }
        let token = |key: i64| page::token(&key.to_string(), &filters);
        Ok(ListTaxonomyEventsResponse {
            events: found.items.iter().map(convert::event).collect(),
            next_page_token: found.next.map(token).unwrap_or_default(),
        })
    }
}

/// A version, with what is wrong with it.
fn shown(version: &TaxonomyVersion, columns: &Columns) -> contract::Taxonomy {
    let mut shown = taxonomy_view(version);
    match Rules::compile(&version.definition, columns) {
        Ok(rules) => shown.family_mix = convert::family_mix(columns.families(rules.columns())),
        Err(problems) if version.published.is_some() => {
            shown.broken_reason = evaluate::broken(version, &problems).to_string();
        }
        Err(_) => {}
    }
    shown
}

fn template(id: &str, violations: &mut Violations) -> Option<Taxonomy> {
    let templates = taxonomy::templates();
    if !templates.iter().any(|template| template.id == id) {
        let ids: Vec<_> = templates.iter().map(|template| template.id.as_str()).collect();
        let message = format!("no template is named {id:?}: use {}", ids.join(", "));
        violations.add("template", message);
    }
    templates.into_iter().find(|template| template.id == id)
}

#[tonic::async_trait]
impl TaxonomyService for Coding {
    async fn list_templates(
        &self,
        _request: Request<ListTemplatesRequest>,
    ) -> Result<Response<ListTemplatesResponse>, Status> {
        let mut templates = taxonomy::templates();
        templates.sort_by(|left, right| left.id.cmp(&right.id));
        let templates = templates.iter().map(definition_message).collect();
        Ok(Response::new(ListTemplatesResponse { templates }))
    }

    async fn create_taxonomy(
        &self,
        request: Request<CreateTaxonomyRequest>,
    ) -> Result<Response<CreateTaxonomyResponse>, Status> {
        Ok(Response::new(Coding::create_taxonomy(self, request).await?))
    }

    async fn get_taxonomy(
        &self,
        request: Request<GetTaxonomyRequest>,
    ) -> Result<Response<GetTaxonomyResponse>, Status> {
        Ok(Response::new(Coding::get_taxonomy(self, request.into_inner()).await?))
    }

    async fn list_taxonomies(
        &self,
        request: Request<ListTaxonomiesRequest>,
    ) -> Result<Response<ListTaxonomiesResponse>, Status> {
        Ok(Response::new(Coding::list_taxonomies(self, request.into_inner()).await?))
    }

    async fn publish_taxonomy(
        &self,
        request: Request<PublishTaxonomyRequest>,
    ) -> Result<Response<PublishTaxonomyResponse>, Status> {
        Ok(Response::new(Coding::publish_taxonomy(self, request).await?))
    }

    async fn start_simulation(
        &self,
        request: Request<StartSimulationRequest>,
    ) -> Result<Response<StartSimulationResponse>, Status> {
        Ok(Response::new(Coding::start_simulation(self, request).await?))
    }

    async fn get_simulation(
        &self,
        request: Request<GetSimulationRequest>,
    ) -> Result<Response<GetSimulationResponse>, Status> {
        Ok(Response::new(Coding::get_simulation(self, request.into_inner()).await?))
    }

    async fn roll_back_taxonomy(
        &self,
        request: Request<RollBackTaxonomyRequest>,
    ) -> Result<Response<RollBackTaxonomyResponse>, Status> {
        Ok(Response::new(Coding::roll_back_taxonomy(self, request).await?))
    }

    async fn approve_taxonomy(
        &self,
        request: Request<ApproveTaxonomyRequest>,
    ) -> Result<Response<ApproveTaxonomyResponse>, Status> {
        Ok(Response::new(Coding::approve_taxonomy(self, request).await?))
    }

    async fn comment_taxonomy(
        &self,
        request: Request<CommentTaxonomyRequest>,
    ) -> Result<Response<CommentTaxonomyResponse>, Status> {
        Ok(Response::new(Coding::comment_taxonomy(self, request).await?))
    }

    async fn list_taxonomy_events(
        &self,
        request: Request<ListTaxonomyEventsRequest>,
    ) -> Result<Response<ListTaxonomyEventsResponse>, Status> {
        Ok(Response::new(Coding::list_taxonomy_events(self, request.into_inner()).await?))
    }

    async fn start_taxonomy_evaluation(
        &self,
        request: Request<StartTaxonomyEvaluationRequest>,
    ) -> Result<Response<StartTaxonomyEvaluationResponse>, Status> {
        Ok(Response::new(self.start_evaluation(request).await?))
    }

    async fn get_taxonomy_evaluation(
        &self,
        request: Request<GetTaxonomyEvaluationRequest>,
    ) -> Result<Response<GetTaxonomyEvaluationResponse>, Status> {
        Ok(Response::new(self.get_evaluation(request.into_inner()).await?))
    }

    async fn list_taxonomy_evaluations(
        &self,
        request: Request<ListTaxonomyEvaluationsRequest>,
    ) -> Result<Response<ListTaxonomyEvaluationsResponse>, Status> {
        Ok(Response::new(self.list_evaluations(request.into_inner()).await?))
    }
}
