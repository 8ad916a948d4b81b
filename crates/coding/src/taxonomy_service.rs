//! `kehu.coding.v1.TaxonomyService`.

use kehu_contract::coding::{
    self as contract, CreateTaxonomyRequest, CreateTaxonomyResponse, GetTaxonomyRequest,
    GetTaxonomyResponse, ListTaxonomiesRequest, ListTaxonomiesResponse, ListTemplatesRequest,
    ListTemplatesResponse, PublishTaxonomyRequest, PublishTaxonomyResponse,
    create_taxonomy_request::Origin, taxonomy_service_server::TaxonomyService,
};
use kehu_core::taxonomy::{self, Taxonomy};
use kehu_server::{Fault, Violations, aside, auth, clock, names, page};
use kehu_storage::{
    PageRequest,
    coding::taxonomies::TaxonomyVersion,
    definitions::{self, Signed},
};
use tonic::{Request, Response, Status};

use crate::convert::{self, definition_message, parse_definition, taxonomy_view};
use crate::rules::{Columns, Rules};
use crate::{Coding, evaluate};

impl Coding {
    async fn create_taxonomy(
        &self,
        request: Request<CreateTaxonomyRequest>,
    ) -> Result<CreateTaxonomyResponse, Fault> {
        let signed = Signed { at: clock::now(), by: auth::caller(request.extensions()) };
        let request = request.into_inner();
        let definition = self.requested(request.origin).await?;
        let version = if request.validate_only {
            definitions::preview(&self.db, &definition, &signed).await?
        } else {
            definitions::save_draft(&self.db, &definition, None, &signed).await?
        };
        Ok(CreateTaxonomyResponse { taxonomy: Some(taxonomy_view(&version)) })
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
        violations.finish()?;
        let draft = definitions::get::<Taxonomy>(&self.db, &id.unwrap_or_default(), None).await?;
        if draft.published.is_some() {
            return Err(Fault::Precondition {
                kind: "TAXONOMY_WITHOUT_DRAFT",
                subject: names::resource(names::TAXONOMIES, &draft.definition.id),
                description: "the latest version is published: create a draft first".to_owned(),
            });
        }
        let mut violations = Violations::new();
        self.check("definition", &draft.definition, &mut violations).await?;
        convert::problems("definition", &draft.definition.missing(), &mut violations);
        violations.finish()?;
        let signed = Signed { at: clock::now(), by };
        let version = definitions::publish(&self.db, &draft, &(), &signed).await?;
        Ok(PublishTaxonomyResponse { taxonomy: Some(taxonomy_view(&version)) })
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
}
