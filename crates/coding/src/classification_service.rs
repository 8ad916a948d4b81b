//! `kehu.coding.v1.ClassificationService`.

use std::collections::HashMap;

use chrono::NaiveDate;
use kehu_contract::coding::{
    BatchGetClassificationsRequest, BatchGetClassificationsResponse, Classification,
    ClearOverrideRequest, ClearOverrideResponse, GetClassificationRequest,
    GetClassificationResponse, GetDisagreementRequest, GetDisagreementResponse, ListHistoryRequest,
    ListHistoryResponse, ListMembersRequest, ListMembersResponse, ListOverridesRequest,
    ListOverridesResponse, LookupRequest, LookupResponse, OverrideClassRequest,
    OverrideClassResponse, StartClassificationRequest, StartClassificationResponse,
    WatchChangesRequest, classification_service_server::ClassificationService,
};
use kehu_core::{CustomerId, taxonomy::Taxonomy};
use kehu_server::{Fault, Summaries, Violations, auth, convert, freshness, names, page};
use kehu_storage::{
    PageRequest,
    change_log::Reading,
    coding::{
        classes::{self, Assignment, HistoryKey, LEFT_OUT, View},
        taxonomies::TaxonomyVersion,
    },
    definitions, document,
    facts::{self, CustomerSet},
    ingestion,
    run::NewRun,
    scoring::scores,
};
use tonic::{Request, Response, Status};

use crate::Coding;
use crate::classification_job::{ClassificationRequest, KIND};
use crate::convert::{Versions, check_id, classification, with_strategy};
use crate::evaluate::Evaluator;
use crate::filter::Filter;
use crate::rules::Columns;
use crate::watch::Watching;

impl Coding {
    async fn start_classification(
        &self,
        request: Request<StartClassificationRequest>,
    ) -> Result<StartClassificationResponse, Fault> {
        let caller = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let ids = &request.taxonomies;
        let ids = names::parse_resources("taxonomies", names::TAXONOMIES, ids, &mut violations);
        let as_of = convert::parse_date("as_of_date", request.as_of_date, &mut violations);
        let request_id = convert::parse_request_id(&request.request_id, &mut violations);
        violations.finish()?;
        let as_of = match as_of {
            Some(as_of) => as_of,
            None => self.business_date().await?,
        };
        let mut versions = self.published(&ids).await?;
        if ids.is_empty() {
            versions = Evaluator::sound(&self.db, &self.analytics, versions).await?;
        }
        let evaluator = Evaluator::new(&self.db, &self.analytics, versions).await?;
        self.check_scored(&evaluator, as_of).await?;
        let asked = ClassificationRequest { taxonomies: ids };
        let new = NewRun {
            kind: KIND,
            request: document::write(&asked),
            as_of: Some(as_of),
            partition_size: None,
            request_id,
            caller,
        };
        let run = kehu_runs::start(&self.db, &new, self.max_waiting).await?;
        Ok(StartClassificationResponse { run: Some(run) })
    }

    /// The latest published versions of the taxonomies, of all when none is named. Refuses those
    /// that do not exist or are not published, and a run without any.
    async fn published(&self, ids: &[String]) -> Result<Vec<TaxonomyVersion>, Fault> {
        let mut published = definitions::in_force::<Taxonomy>(&self.db, &[] as &[&str]).await?;
        let missing = ids.iter().find(|id| !published.iter().any(|one| one.definition.id == **id));
        let subject = match missing {
            None if !published.is_empty() => {
                published.retain(|one| ids.is_empty() || ids.contains(&one.definition.id));
                return Ok(published);
            }
            None => "taxonomies".to_owned(),
            Some(id) => {
                definitions::get::<Taxonomy>(&self.db, id, None).await?;
                names::resource(names::TAXONOMIES, id)
            }
        };
        Err(Fault::Precondition {
            kind: "TAXONOMY_PUBLISHED",
            subject,
            description: "no version is published: publish one first".to_owned(),
        })
    }

    /// Refuses to classify by scores that nobody has: everyone would fall into the default
    /// class, and look as if it were so.
    pub(crate) async fn check_scored(
        &self,
        evaluator: &Evaluator,
        as_of: NaiveDate,
    ) -> Result<(), Fault> {
        if facts::partitions(&self.db, u64::MAX).await?.is_empty() {
            return Ok(());
        }
        let view = View { true_on: Some(as_of), known_at: None };
        for scorecard in evaluator.scorecards() {
            let one = PageRequest::first(1);
            if scores::list(&self.db, scorecard, view, &one).await?.items.is_empty() {
                return Err(Fault::Precondition {
                    kind: "CUSTOMERS_SCORED",
                    subject: names::resource(names::SCORECARDS, scorecard),
                    description: format!(
                        "no customer has a score under {scorecard} on {as_of}: score first"
                    ),
                });
            }
        }
        Ok(())
    }

    async fn get_classification(
        &self,
        request: GetClassificationRequest,
    ) -> Result<GetClassificationResponse, Fault> {
        let mut violations = Violations::new();
        let customer = names::parse_customer("customer", &request.customer, &mut violations);
        let taxonomy = &request.taxonomy;
        let taxonomy =
            names::parse_resource("taxonomy", names::TAXONOMIES, taxonomy, &mut violations);
        let view = convert::parse_view(request.true_on_date, &request.known_time, &mut violations);
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        violations.finish()?;
        let (customer, id) = (customer.unwrap_or(CustomerId(0)), taxonomy.unwrap_or_default());
        let freshness_token = fresh.wait(&self.db, Reading::Classes).await?;
        let mut found = classes::get(&self.db, customer, &id, view).await?;
        if found.is_none()
            && let Some(survivor) = ingestion::survivor(&self.db, customer, view.known_at).await?
        {
            found = classes::get(&self.db, survivor, &id, view).await?;
        }
        let Some(found) = found else {
            definitions::get::<Taxonomy>(&self.db, &id, None).await?;
            let known = view.known_at;
            let through = classes::evaluated_through(&self.db, customer, &id, known).await?;
            let left_out = classes::left_out(&self.db, customer, &id, view).await?;
            let why = match left_out.and_then(|one| one.left_out) {
                Some(reason) => format!(" (left out: {reason})"),
                None => beyond(view, through),
            };
            let taxonomy = names::resource(names::TAXONOMIES, &id);
            let name = format!("{customer} under {taxonomy}{why}");
            return Err(Fault::NotFound { kind: "class", name });
        };
        let versions = Versions::of(&self.db, std::slice::from_ref(&found)).await?;
        let shown = classification(&found, &versions)?;
        let mut shown = with_strategy(shown, &versions, found.version_id);
        shown.class_override = self.override_of(&found, view).await?;
        Ok(GetClassificationResponse { classification: Some(shown), freshness_token })
    }

    async fn batch_get_classifications(
        &self,
        request: BatchGetClassificationsRequest,
    ) -> Result<BatchGetClassificationsResponse, Fault> {
        let mut violations = Violations::new();
        let taxonomy = &request.taxonomy;
        let taxonomy =
            names::parse_resource("taxonomy", names::TAXONOMIES, taxonomy, &mut violations);
        let customers = names::parse_customers("customers", &request.customers, &mut violations);
        let view = convert::parse_view(request.true_on_date, &request.known_time, &mut violations);
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        violations.finish()?;
        let taxonomy = taxonomy.unwrap_or_default();
        let freshness_token = fresh.wait(&self.db, Reading::Classes).await?;
        let standing = ingestion::standing(&self.db, &customers, view.known_at).await?;
        let set = CustomerSet::Ids(standing.values().map(|customer| customer.0).collect());
        let rows = classes::of_customers(&self.db, &taxonomy, view, &set).await?;
        if rows.is_empty() {
            definitions::get::<Taxonomy>(&self.db, &taxonomy, None).await?;
        }
        let shown = self.views(&rows).await?;
        let found: HashMap<CustomerId, Classification> =
            rows.iter().map(|row| row.customer).zip(shown).collect();
        let mut response =
            BatchGetClassificationsResponse { freshness_token, ..Default::default() };
        for customer in customers {
            match standing.get(&customer).and_then(|customer| found.get(customer)) {
                Some(class) => response.classifications.push(class.clone()),
                None => response.missing_customers.push(names::customer(customer)),
            }
        }
        Ok(response)
    }

    async fn list_members(
        &self,
        request: Request<ListMembersRequest>,
    ) -> Result<ListMembersResponse, Fault> {
        let (_, extensions, request) = request.into_parts();
        let mut violations = Violations::new();
        let taxonomy = &request.taxonomy;
        let taxonomy =
            names::parse_resource("taxonomy", names::TAXONOMIES, taxonomy, &mut violations);
        let taxonomy = taxonomy.unwrap_or_default();
        if request.left_out && !request.class_id.is_empty() {
            violations.add("class_id", "must be empty: who is left out has no class");
        } else if !request.class_id.is_empty() {
            check_id("class_id", &request.class_id, &mut violations);
        }
        let view = convert::parse_view(request.true_on_date, &request.known_time, &mut violations);
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        if request.show_total_size && (request.left_out || !request.filter.is_empty()) {
            violations.add("show_total_size", "must be false with left_out or a filter");
        }
        if request.known_time.is_some() && !request.filter.is_empty() {
            violations
                .add("filter", "must be empty with known_time: facts are read as they are now");
        }
        let filter = self.filter(&request.filter, view, &mut violations).await?;
        let dates = format!("{view:?}");
        let kind = if request.left_out { "left_out" } else { "members" };
        let filters = [kind, &taxonomy, &request.class_id, dates.as_str(), &request.filter];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let after = page.after.and_then(|key| key.parse().ok());
        let page = PageRequest { limit: page.size, after };
        let freshness_token = fresh.wait(&self.db, Reading::Classes).await?;
        let class = Some(request.class_id.as_str());
        let class = class.filter(|class| request.left_out || *class != LEFT_OUT);
        let found = match &filter {
            Some(filter) => self.chosen_members(filter, (&taxonomy, class), view, &page).await?,
            None => classes::members(&self.db, &taxonomy, class, view, &page).await?,
        };
        if found.items.is_empty() && found.next.is_none() {
            self.check_evaluated(&taxonomy, view).await?;
        }
        let total_size = match request.show_total_size {
            true => Some(self.member_count(&taxonomy, class, view).await?),
            false => None,
        };
        let token = |key: i64| page::token(&key.to_string(), &filters);
        let mut classifications = self.views(&found.items).await?;
        let customers = classifications.iter().map(|member| member.customer.as_str());
        let summaries = Summaries::read(&self.db, &extensions, customers).await?;
        for member in &mut classifications {
            member.customer_summary = summaries.of(&member.customer);
        }
        Ok(ListMembersResponse {
            classifications,
            next_page_token: found.next.map(token).unwrap_or_default(),
            freshness_token,
            total_size,
        })
    }

    /// How many members a class has, or all have.
    async fn member_count(
        &self,
        taxonomy: &str,
        class: Option<&str>,
        view: View,
    ) -> Result<i64, Fault> {
        let counts = classes::counts(&self.db, taxonomy, view).await?;
        let of_class = counts.iter().filter(|(id, _)| class.is_none_or(|class| class == *id));
        Ok(of_class.map(|(_, customers)| customers).sum())
    }

    /// The predicate that members are chosen by; `None` when everybody is wanted.
    async fn filter(
        &self,
        sql: &str,
        view: View,
        violations: &mut Violations,
    ) -> Result<Option<Filter>, Fault> {
        if sql.is_empty() {
            return Ok(None);
        }
        let as_of = match view.true_on {
            Some(date) => date,
            None => self.business_date().await?,
        };
        let columns = Columns::read(&self.db, &self.analytics).await?;
        Ok(Filter::parse(sql, &columns, as_of, violations))
    }

    /// Refuses a date for which nobody was looked at yet: nobody is in any class then, and it
    /// would look as if the classes were empty.
    async fn check_evaluated(&self, taxonomy: &str, view: View) -> Result<(), Fault> {
        definitions::get::<Taxonomy>(&self.db, taxonomy, None).await?;
        let through = classes::latest_classified(&self.db, Some(taxonomy), view.known_at).await?;
        let beyond = beyond(view, through);
        if beyond.is_empty() {
            return Ok(());
        }
        let name =
            format!("members under {}{beyond}", names::resource(names::TAXONOMIES, taxonomy));
        Err(Fault::NotFound { kind: "class", name })
    }

    async fn list_history(
        &self,
        request: ListHistoryRequest,
    ) -> Result<ListHistoryResponse, Fault> {
        let mut violations = Violations::new();
        let customer = names::parse_customer("customer", &request.customer, &mut violations);
        let taxonomy = &request.taxonomy;
        let taxonomy =
            names::parse_optional("taxonomy", names::TAXONOMIES, taxonomy, &mut violations);
        let customer = customer.unwrap_or(CustomerId(0));
        let superseded = request.show_superseded;
        let shown = superseded.to_string();
        let (whose, which) = (names::customer(customer), taxonomy.as_deref());
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        let filters = ["history", &whose, which.unwrap_or_default(), shown.as_str()];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let page = PageRequest { limit: page.size, after: page.after.as_deref().and_then(place) };
        let freshness_token = fresh.wait(&self.db, Reading::Classes).await?;
        let whose = self.with_history(customer, which, superseded).await?;
        let found = classes::history(&self.db, whose, which, superseded, &page).await?;
        let token = |(day, known, line): HistoryKey| {
            page::token(&format!("{day}.{known}.{line}"), &filters)
        };
        Ok(ListHistoryResponse {
            classifications: self.views(&found.items).await?,
            next_page_token: found.next.map(token).unwrap_or_default(),
            freshness_token,
        })
    }

    /// The customer, or the one that it is merged into where it has no history of its own.
    async fn with_history(
        &self,
        customer: CustomerId,
        taxonomy: Option<&str>,
        superseded: bool,
    ) -> Result<CustomerId, Fault> {
        let survivor = ingestion::survivor(&self.db, customer, None).await?;
        let Some(survivor) = survivor else { return Ok(customer) };
        let first = PageRequest::first(1);
        let own = classes::history(&self.db, customer, taxonomy, superseded, &first).await?;
        Ok(if own.items.is_empty() { survivor } else { customer })
    }

    async fn views(&self, rows: &[Assignment]) -> Result<Vec<Classification>, Fault> {
        let versions = Versions::of(&self.db, rows).await?;
        rows.iter().map(|row| classification(row, &versions)).collect()
    }
}

/// Says that a date lies beyond the last that was evaluated, if it does.
fn beyond(view: View, through: Option<NaiveDate>) -> String {
    match (view.true_on, through) {
        (Some(day), Some(through)) if day > through => {
            format!(" on {day} (evaluated through {through})")
        }
        _ => String::new(),
    }
}

/// The key of a page of a history, as its token holds it: its three numbers with points between.
fn place(key: &str) -> Option<HistoryKey> {
    let (day, rest) = key.split_once('.')?;
    let (known, line) = rest.split_once('.')?;
    Some((day.parse().ok()?, known.parse().ok()?, line.parse().ok()?))
}

#[tonic::async_trait]
impl ClassificationService for Coding {
    type WatchChangesStream = Watching;

    async fn watch_changes(
        &self,
        request: Request<WatchChangesRequest>,
    ) -> Result<Response<Watching>, Status> {
        Ok(Response::new(Coding::watch_changes(self, request.into_inner()).await?))
    }

    async fn start_classification(
        &self,
        request: Request<StartClassificationRequest>,
    ) -> Result<Response<StartClassificationResponse>, Status> {
        Ok(Response::new(Coding::start_classification(self, request).await?))
    }

    async fn get_classification(
        &self,
        request: Request<GetClassificationRequest>,
    ) -> Result<Response<GetClassificationResponse>, Status> {
        Ok(Response::new(Coding::get_classification(self, request.into_inner()).await?))
    }

    async fn lookup(
        &self,
        request: Request<LookupRequest>,
    ) -> Result<Response<LookupResponse>, Status> {
        Ok(Response::new(Coding::lookup(self, request.into_inner()).await?))
    }

    async fn batch_get_classifications(
        &self,
        request: Request<BatchGetClassificationsRequest>,
    ) -> Result<Response<BatchGetClassificationsResponse>, Status> {
        Ok(Response::new(Coding::batch_get_classifications(self, request.into_inner()).await?))
    }

    async fn list_members(
        &self,
        request: Request<ListMembersRequest>,
    ) -> Result<Response<ListMembersResponse>, Status> {
        Ok(Response::new(Coding::list_members(self, request).await?))
    }

    async fn list_history(
        &self,
        request: Request<ListHistoryRequest>,
    ) -> Result<Response<ListHistoryResponse>, Status> {
        Ok(Response::new(Coding::list_history(self, request.into_inner()).await?))
    }

    async fn override_class(
        &self,
        request: Request<OverrideClassRequest>,
    ) -> Result<Response<OverrideClassResponse>, Status> {
        Ok(Response::new(Coding::override_class(self, request).await?))
    }

    async fn clear_override(
        &self,
        request: Request<ClearOverrideRequest>,
    ) -> Result<Response<ClearOverrideResponse>, Status> {
        Ok(Response::new(Coding::clear_override(self, request).await?))
    }

    async fn list_overrides(
        &self,
        request: Request<ListOverridesRequest>,
    ) -> Result<Response<ListOverridesResponse>, Status> {
        Ok(Response::new(Coding::list_overrides(self, request.into_inner()).await?))
    }

    async fn get_disagreement(
        &self,
        request: Request<GetDisagreementRequest>,
    ) -> Result<Response<GetDisagreementResponse>, Status> {
        Ok(Response::new(Coding::get_disagreement(self, request.into_inner()).await?))
    }
}
