//! `kehu.coding.v1.StrategyService`.

use std::sync::Arc;

use chrono::NaiveDate;
use kehu_contract::coding::{
    self as contract, CompleteActionRequest, CompleteActionResponse, ListActionsRequest,
    ListActionsResponse, ListClassChangesRequest, ListClassChangesResponse,
    strategy_service_server::StrategyService,
};
use kehu_core::CustomerId;
use kehu_core::taxonomy::Taxonomy;
use kehu_server::{Fault, Summaries, Violations, auth, clock, convert, names, page};
use kehu_storage::{
    PageRequest,
    coding::{
        actions::{self, ActionKey, Completion, DueKey},
        changes::{self, ChangeKey, ClassChange},
        taxonomies::{self, TaxonomyVersion},
    },
    definitions,
};
use tonic::{Request, Response, Status};

use crate::Coding;
use crate::convert::{
    ClassPlan, action, check_id, check_text, completion, parse_action, plans, resolved_strategy,
};

/// Most changes on a page: each has a strategy, and what there is to do.
const MOST_CHANGES: u64 = 100;
/// Longest texts that are noted of an action, in characters.
const LONGEST_NAME: usize = 200;
const LONGEST_NOTE: usize = 1_000;

/// What a caller wants listed.
struct Wanted {
    taxonomy: String,
    customer: Option<CustomerId>,
    class: String,
    owner_role: String,
    channel: String,
    by: Option<NaiveDate>,
}

impl Wanted {
    fn parse(request: &ListActionsRequest, violations: &mut Violations) -> Self {
        let taxonomy = &request.taxonomy;
        let taxonomy = names::parse_resource("taxonomy", names::TAXONOMIES, taxonomy, violations);
        let customer = match request.customer.as_str() {
            "" => None,
            name => names::parse_customer("customer", name, violations),
        };
        let ids = [
            ("class_id", &request.class_id),
            ("owner_role", &request.owner_role),
            ("channel", &request.channel),
        ];
        for (field, id) in ids {
            match (id.as_str(), request.completed) {
                ("", _) => {}
                (_, true) => violations.add(field, "must be empty for what was ticked off"),
                (id, false) => check_id(field, id, violations),
            }
        }
        let by = convert::parse_date("due_by_date", request.due_by_date, violations);
        if request.completed && by.is_some() {
            violations.add("due_by_date", "must be absent for what was ticked off");
        }
        Self {
            taxonomy: taxonomy.unwrap_or_default(),
            customer,
            class: request.class_id.clone(),
            owner_role: request.owner_role.clone(),
            channel: request.channel.clone(),
            by,
        }
    }

    /// What of the plans is asked for.
    fn chooses(&self, plan: &ClassPlan<'_>) -> bool {
        let is = |wanted: &str, has: Option<&str>| wanted.is_empty() || has == Some(wanted);
        is(&self.class, Some(&plan.class.id))
            && is(&self.owner_role, plan.action.owner_role())
            && is(&self.channel, plan.action.channel.as_deref())
    }

    /// What selects the list, for the tokens of its pages.
    fn filters(&self, completed: bool) -> [String; 7] {
        let customer = self.customer.map(names::customer).unwrap_or_default();
        let by = self.by.map(|day| day.to_string()).unwrap_or_default();
        let (class, role, channel) = (&self.class, &self.owner_role, &self.channel);
        let [class, role, channel] = [class, role, channel].map(Clone::clone);
        let list = if completed { "completed actions" } else { "actions" };
        [list.to_owned(), self.taxonomy.clone(), customer, class, role, channel, by]
    }
}

impl Coding {
    async fn list_actions(
        &self,
        request: Request<ListActionsRequest>,
    ) -> Result<ListActionsResponse, Fault> {
        let (_, extensions, request) = request.into_parts();
        let mut violations = Violations::new();
        let mut wanted = Wanted::parse(&request, &mut violations);
        let filters = wanted.filters(request.completed);
        let filters = filters.each_ref().map(String::as_str);
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        definitions::get::<Taxonomy>(&self.db, &wanted.taxonomy, None).await?;
        if let Some(customer) = wanted.customer {
            wanted.customer = Some(self.standing(customer).await?);
        }
        let (mut actions, next) = match request.completed {
            true => self.completed(&wanted, page).await?,
            false => self.due(&wanted, page).await?,
        };
        let customers = actions.iter().map(|action| action.customer.as_str());
        let summaries = Summaries::read(&self.db, &extensions, customers).await?;
        for action in &mut actions {
            action.customer_summary = summaries.of(&action.customer);
        }
        let next_page_token = next.map(|key| page::token(&key, &filters)).unwrap_or_default();
        Ok(ListActionsResponse { actions, next_page_token })
    }

    /// What is due, and the key of the next page.
    async fn due(
        &self,
        wanted: &Wanted,
        page: page::PageRequest,
    ) -> Result<(Vec<contract::Action>, Option<String>), Fault> {
        let today = self.business_date().await?;
        let by = wanted.by.unwrap_or(today);
        let version = changes::version_in_force(&self.db, &wanted.taxonomy).await?;
        let Some(version) = version else { return Ok((Vec::new(), None)) };
        let mut plans = plans(&version.definition);
        plans.retain(|plan| wanted.chooses(plan));
        let planned: Vec<_> = plans.iter().map(ClassPlan::planned).collect();
        let after = page.after.as_deref().and_then(due_place);
        let page = PageRequest { limit: page.size, after };
        let (taxonomy, whose) = (&wanted.taxonomy, (wanted.customer, by));
        let found = actions::due(&self.db, taxonomy, &planned, whose, &page).await?;
        let mut due = Vec::with_capacity(found.items.len());
        for one in found.items {
            let plan = plans.get(one.plan).ok_or_else(|| Fault::internal("a plan is gone"))?;
            let key = plan.key(taxonomy, one.customer, (one.since, one.due));
            due.push(action(&key, version.version, today, (Some(plan.class), Some(plan))));
        }
        Ok((due, found.next.map(|(customer, plan)| format!("{customer}.{plan}"))))
    }

    /// What was ticked off, and the key of the next page.
    async fn completed(
        &self,
        wanted: &Wanted,
        page: page::PageRequest,
    ) -> Result<(Vec<contract::Action>, Option<String>), Fault> {
        let after = page.after.and_then(|key| key.parse().ok());
        let page = PageRequest { limit: page.size, after };
        let Wanted { taxonomy, customer, .. } = wanted;
        let found = actions::list_completed(&self.db, taxonomy, *customer, &page).await?;
        let mut ids: Vec<i64> = found.items.iter().map(|(_, done)| done.version_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let versions = taxonomies::published(&self.db, &ids).await?;
        let mut completed = Vec::with_capacity(found.items.len());
        for (key, done) in &found.items {
            completed.push(shown(key, done, versions.get(&done.version_id))?);
        }
        Ok((completed, found.next.map(|key| key.to_string())))
    }

    async fn complete_action(
        &self,
        request: Request<CompleteActionRequest>,
    ) -> Result<CompleteActionResponse, Fault> {
        let caller = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let key = parse_action("name", &request.name, &mut violations);
        let noted = request.completion.unwrap_or_default();
        let done_on = convert::parse_date("completion.done_date", noted.done_date, &mut violations);
        check_text("completion.done_by", &noted.done_by, LONGEST_NAME, &mut violations);
        check_text("completion.note", &noted.note, LONGEST_NOTE, &mut violations);
        let today = self.business_date().await?;
        if let (Some(key), Some(day)) = (&key, done_on)
            && !(key.since..=today).contains(&day)
        {
            let message = format!("must be from {} to {today}", key.since);
            violations.add("completion.done_date", message);
        }
        violations.finish()?;
        let key = key.ok_or_else(|| Fault::internal("a request without violations has a name"))?;
        let version = self.in_force(&key).await?;
        let plans = plans(&version.definition);
        let planned = plans.iter().find(|plan| plan.plans(&key)).map(ClassPlan::planned);
        let by = if noted.done_by.is_empty() { caller.unwrap_or_default() } else { noted.done_by };
        let done = Completion {
            done_on: done_on.unwrap_or(today),
            by,
            note: noted.note,
            at: clock::now(),
            version_id: version.version_id,
        };
        let done = actions::complete(&self.db, &key, planned.as_ref(), &done).await?;
        let versions = taxonomies::published(&self.db, &[done.version_id]).await?;
        let action = shown(&key, &done, versions.get(&done.version_id))?;
        Ok(CompleteActionResponse { action: Some(action) })
    }

    /// The version in force of the taxonomy of an action.
    async fn in_force(&self, key: &ActionKey) -> Result<Arc<TaxonomyVersion>, Fault> {
        let version = changes::version_in_force(&self.db, &key.taxonomy).await?;
        version.ok_or_else(|| Fault::NotFound {
            kind: "taxonomy",
            name: names::resource(names::TAXONOMIES, &key.taxonomy),
        })
    }

    async fn list_class_changes(
        &self,
        request: Request<ListClassChangesRequest>,
    ) -> Result<ListClassChangesResponse, Fault> {
        let (_, extensions, request) = request.into_parts();
        let mut violations = Violations::new();
        let taxonomy = &request.taxonomy;
        let taxonomy =
            names::parse_optional("taxonomy", names::TAXONOMIES, taxonomy, &mut violations);
        let filters = ["class changes", taxonomy.as_deref().unwrap_or_default()];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let after = page.after.as_deref().and_then(change_place);
        let page = PageRequest { limit: page.size.min(MOST_CHANGES), after };
        let found = changes::list(&self.db, taxonomy.as_deref(), &page).await?;
        let last = found.items.last().map(|change| change.key);
        let next_page_token = match last {
            None => request.page_token,
            Some(ChangeKey { position, taxonomy_key, customer }) => {
                page::token(&format!("{position}/{taxonomy_key}/{}", customer.0), &filters)
            }
        };
        let mut ids: Vec<i64> = found.items.iter().map(|change| change.version_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let versions = taxonomies::published(&self.db, &ids).await?;
        let mut changes = Vec::with_capacity(found.items.len());
        for change in &found.items {
            let version = versions.get(&change.version_id);
            let version = version.ok_or_else(|| Fault::internal("a version is gone"))?;
            changes.push(class_change(change, version));
        }
        let customers = changes.iter().map(|change| change.customer.as_str());
        let summaries = Summaries::read(&self.db, &extensions, customers).await?;
        for change in &mut changes {
            change.customer_summary = summaries.of(&change.customer);
        }
        Ok(ListClassChangesResponse { changes, next_page_token })
    }
}

/// An action that was ticked off, as the version says that asked for it.
pub(crate) fn shown(
    key: &ActionKey,
    done: &Completion,
    version: Option<&Arc<TaxonomyVersion>>,
) -> Result<contract::Action, Fault> {
    let version = version.ok_or_else(|| Fault::internal("a version is gone"))?;
    let plans = plans(&version.definition);
    let plan = plans.iter().find(|plan| plan.plans(key));
    let class = version.definition.class(&key.class);
    let shown = action(key, version.version, done.done_on, (class, plan));
    Ok(contract::Action { completion: Some(completion(done)), ..shown })
}

/// A change with what the customer earns, and what there is to do because of it.
pub(crate) fn class_change(
    change: &ClassChange,
    version: &TaxonomyVersion,
) -> contract::ClassChange {
    let taxonomy = &version.definition;
    let class = change.to.as_deref().and_then(|id| taxonomy.class(id));
    let strategy = class.and_then(|class| taxonomy.strategy(class)).map(|(strategy, _)| strategy);
    let planned = strategy.map(|strategy| strategy.actions()).unwrap_or_default();
    let (customer, since) = (change.key.customer, change.day);
    let actions = planned.into_iter().zip(class.into_iter().cycle()).filter_map(|(one, class)| {
        let plan = ClassPlan { class, action: one };
        let due = since.checked_add_days(chrono::Days::new(plan.action.due_after_days().into()))?;
        let key = plan.key(&change.taxonomy, customer, (since, due));
        Some(action(&key, version.version, since, (Some(class), Some(&plan))))
    });
    contract::ClassChange {
        customer: names::customer(customer),
        taxonomy: names::resource(names::TAXONOMIES, &change.taxonomy),
        version: version.version,
        from_class_id: change.from.clone().unwrap_or_default(),
        to_class_id: change.to.clone().unwrap_or_default(),
        since_date: Some(convert::date(since)),
        record_time: Some(convert::timestamp(change.recorded_at)),
        number: change.number,
        strategy: strategy.map(|strategy| resolved_strategy(taxonomy, strategy)),
        actions: actions.collect(),
        customer_summary: None,
    }
}

/// The place of something due, as the token of a page holds it: customer and plan.
fn due_place(key: &str) -> Option<DueKey> {
    let (customer, plan) = key.split_once('.')?;
    Some((customer.parse().ok()?, plan.parse().ok()?))
}

/// The place of a change, as the token of a page holds it.
fn change_place(key: &str) -> Option<ChangeKey> {
    let (position, rest) = key.split_once('/')?;
    let (taxonomy_key, customer) = rest.split_once('/')?;
    Some(ChangeKey {
        position: position.parse().ok()?,
        taxonomy_key: taxonomy_key.parse().ok()?,
        customer: CustomerId(customer.parse().ok()?),
    })
}

#[tonic::async_trait]
impl StrategyService for Coding {
    async fn list_actions(
        &self,
        request: Request<ListActionsRequest>,
    ) -> Result<Response<ListActionsResponse>, Status> {
        Ok(Response::new(Coding::list_actions(self, request).await?))
    }

    async fn complete_action(
        &self,
        request: Request<CompleteActionRequest>,
    ) -> Result<Response<CompleteActionResponse>, Status> {
        Ok(Response::new(Coding::complete_action(self, request).await?))
    }

    async fn list_class_changes(
        &self,
        request: Request<ListClassChangesRequest>,
    ) -> Result<Response<ListClassChangesResponse>, Status> {
        Ok(Response::new(Coding::list_class_changes(self, request).await?))
    }
}
