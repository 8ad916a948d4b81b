//! How well taxonomies do: asked for, read, and done each quarter by itself.

pub(crate) mod inputs;
pub(crate) mod judged;
pub(crate) mod quarterly;
pub(crate) mod read;

use std::collections::{BTreeMap, btree_map::Entry};
use std::sync::Arc;

use kehu_contract::coding::{
    self as contract, GetTaxonomyEvaluationRequest, GetTaxonomyEvaluationResponse,
    ListTaxonomyEvaluationsRequest, ListTaxonomyEvaluationsResponse,
    StartTaxonomyEvaluationRequest, StartTaxonomyEvaluationResponse,
};
use kehu_core::taxonomy::Taxonomy;
use kehu_server::{Fault, Violations, auth, convert, names, page};
use kehu_storage::{
    PageRequest,
    coding::evaluations::{self, Kept},
    definitions, document,
    run::NewRun,
};
use tonic::Request;

use crate::Coding;
use crate::convert::{analytics_fault, evaluation};
use crate::evaluation_job::{EvaluationRequest, KIND};

impl Coding {
    pub(crate) async fn start_evaluation(
        &self,
        request: Request<StartTaxonomyEvaluationRequest>,
    ) -> Result<StartTaxonomyEvaluationResponse, Fault> {
        let caller = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let id = names::parse_resource("name", names::TAXONOMIES, &request.name, &mut violations);
        let as_of = convert::parse_date("as_of_date", request.as_of_date, &mut violations);
        let base_on = convert::parse_date("base_date", request.base_date, &mut violations);
        let request_id = convert::parse_request_id(&request.request_id, &mut violations);
        let today = self.business_date().await?;
        let limit = "the business date";
        kehu_runs::check_not_later("as_of_date", as_of, today, limit, &mut violations);
        let as_of = as_of.unwrap_or(today);
        if base_on.is_some_and(|base_on| base_on >= as_of) {
            violations.add("base_date", format!("must be before {as_of}"));
        }
        violations.finish()?;
        let id = id.unwrap_or_default();
        self.version_of(&id).await?;
        let asked = EvaluationRequest { taxonomies: vec![id], base_on };
        let new = NewRun {
            kind: KIND,
            request: document::write(&asked),
            as_of: Some(as_of),
            partition_size: None,
            request_id,
            caller,
        };
        let run = kehu_runs::start(&self.db, &new, self.max_waiting).await?;
        Ok(StartTaxonomyEvaluationResponse { run: Some(run) })
    }

    pub(crate) async fn get_evaluation(
        &self,
        request: GetTaxonomyEvaluationRequest,
    ) -> Result<GetTaxonomyEvaluationResponse, Fault> {
        let mut violations = Violations::new();
        let id = names::parse_evaluation("name", &request.name, &mut violations);
        violations.finish()?;
        let kept = evaluations::get(&self.db, id.unwrap_or_default()).await?;
        let shown = self.shown_evaluations(&[kept]).await?.pop();
        Ok(GetTaxonomyEvaluationResponse { evaluation: shown })
    }

    pub(crate) async fn list_evaluations(
        &self,
        request: ListTaxonomyEvaluationsRequest,
    ) -> Result<ListTaxonomyEvaluationsResponse, Fault> {
        let mut violations = Violations::new();
        let (taxonomy, run) = (&request.taxonomy, &request.run);
        let taxonomy =
            names::parse_optional("taxonomy", names::TAXONOMIES, taxonomy, &mut violations);
        let run_id = match run.as_str() {
            "" => None,
            name => names::parse_run("run", name, &mut violations),
        };
        let of_run = run_id.map(names::run).unwrap_or_default();
        let filters = ["evaluations", taxonomy.as_deref().unwrap_or_default(), &of_run];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let after = page.after.and_then(|key| key.parse().ok());
        let page = PageRequest { limit: page.size, after };
        let found = evaluations::list(&self.db, (taxonomy.as_deref(), run_id), &page).await?;
        let mut shown = self.shown_evaluations(&found.items).await?;
        for evaluation in &mut shown {
            evaluation.separations.iter_mut().for_each(|it| it.medians.clear());
            evaluation.months.clear();
            evaluation.inputs.clear();
        }
        let token = |key: i64| page::token(&key.to_string(), &filters);
        Ok(ListTaxonomyEvaluationsResponse {
            evaluations: shown,
            next_page_token: found.next.map(token).unwrap_or_default(),
        })
    }

    /// Evaluations as callers see them, with what they mean.
    async fn shown_evaluations(
        &self,
        kept: &[Kept],
    ) -> Result<Vec<contract::TaxonomyEvaluation>, Fault> {
        let catalogue = self.analytics.catalogue().await.map_err(analytics_fault)?;
        let mut taxonomies: BTreeMap<(&str, i64), Arc<Taxonomy>> = BTreeMap::new();
        let mut shown = Vec::with_capacity(kept.len());
        for one in kept {
            let (id, version) = (one.of.taxonomy.as_str(), one.of.version);
            let taxonomy = match taxonomies.entry((id, version)) {
                Entry::Occupied(held) => held.into_mut(),
                Entry::Vacant(place) => {
                    let found = definitions::get::<Taxonomy>(&self.db, id, Some(version)).await?;
                    place.insert(Arc::new(found.definition))
                }
            };
            shown.push(evaluation(one, taxonomy, &catalogue));
        }
        Ok(shown)
    }
}
