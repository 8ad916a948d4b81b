//! Classes that persons set against the rules, and how often the two disagree.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use kehu_analytics::Analytics;
use kehu_contract::coding::{
    self as contract, ClearOverrideRequest, ClearOverrideResponse, GetDisagreementRequest,
    GetDisagreementResponse, Judgement, ListOverridesRequest, ListOverridesResponse,
    OverrideClassRequest, OverrideClassResponse,
};
use kehu_core::CustomerId;
use kehu_core::taxonomy::Taxonomy;
use kehu_server::{Fault, Violations, auth, clock, convert, names, page};
use kehu_storage::{
    Database, PageRequest,
    coding::{
        changes,
        classes::{Assignment, View},
        overrides::{self, ClassOverride, Hand, MOST, NewOverride},
        taxonomies::TaxonomyVersion,
    },
    definitions,
    facts::CustomerSet,
};
use rust_decimal::Decimal;
use tonic::Request;

use crate::Coding;
use crate::convert::{check_id, check_text, class_override};
use crate::evaluate::Evaluator;

/// Longest reason and name, in characters, and longest time, in days.
const LONGEST_REASON: usize = 1_000;
const LONGEST_NAME: usize = 200;
const LONGEST_DAYS: i64 = 3_650;
/// Overrides that are read at once.
const AT_ONCE: u64 = 1_000;

impl Coding {
    pub(crate) async fn override_class(
        &self,
        request: Request<OverrideClassRequest>,
    ) -> Result<OverrideClassResponse, Fault> {
        let by = auth::caller(request.extensions()).unwrap_or_default();
        let request = request.into_inner();
        let today = self.business_date().await?;
        let mut violations = Violations::new();
        let whose = parse_whose(&request.customer, &request.taxonomy, &mut violations);
        check_id("class_id", &request.class_id, &mut violations);
        for (field, text, longest) in [
            ("reason", &request.reason, LONGEST_REASON),
            ("reviewer", &request.reviewer, LONGEST_NAME),
        ] {
            check_text(field, text, longest, &mut violations);
            if text.trim().is_empty() {
                violations.add(field, "must not be empty");
            }
        }
        if !by.is_empty() && request.reviewer == by {
            violations.add("reviewer", "must be somebody other than the caller");
        }
        let until = convert::parse_date("expire_date", request.expire_date, &mut violations);
        let until = check_until(until, today, &mut violations);
        violations.finish()?;
        let (customer, taxonomy) = whose;
        let customer = self.standing(customer).await?;
        self.check_exists(customer).await?;
        let version = self.version_of(&taxonomy).await?;
        check_class(&version.definition, &request.class_id)?;
        let set = NewOverride {
            customer,
            class: request.class_id,
            until,
            reason: request.reason,
            reviewer: request.reviewer,
        };
        let hand = Hand { today, now: clock::now(), by: &by };
        let set = overrides::set(&self.db, &taxonomy, &set, &hand).await?;
        Ok(OverrideClassResponse { class_override: Some(class_override(&set)) })
    }

    pub(crate) async fn clear_override(
        &self,
        request: Request<ClearOverrideRequest>,
    ) -> Result<ClearOverrideResponse, Fault> {
        let by = auth::caller(request.extensions()).unwrap_or_default();
        let request = request.into_inner();
        let mut violations = Violations::new();
        let whose = parse_whose(&request.customer, &request.taxonomy, &mut violations);
        violations.finish()?;
        let (customer, taxonomy) = whose;
        let customer = self.standing(customer).await?;
        let today = self.business_date().await?;
        let hand = Hand { today, now: clock::now(), by: &by };
        let ended = overrides::clear(&self.db, &taxonomy, customer, &hand).await?;
        Ok(ClearOverrideResponse { class_override: Some(class_override(&ended)) })
    }

    pub(crate) async fn list_overrides(
        &self,
        request: ListOverridesRequest,
    ) -> Result<ListOverridesResponse, Fault> {
        let mut violations = Violations::new();
        let taxonomy = &request.taxonomy;
        let taxonomy =
            names::parse_resource("taxonomy", names::TAXONOMIES, taxonomy, &mut violations);
        let taxonomy = taxonomy.unwrap_or_default();
        let customer = match request.customer.as_str() {
            "" => None,
            name => names::parse_customer("customer", name, &mut violations),
        };
        let whose = customer.map(names::customer).unwrap_or_default();
        let which = if request.show_ended { "all overrides" } else { "overrides" };
        let filters = [which, &taxonomy, &whose];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let customer = match customer {
            Some(customer) => Some(self.standing(customer).await?),
            None => None,
        };
        let today = self.business_date().await?;
        let day = (!request.show_ended).then_some(today);
        let after = page.after.and_then(|key| key.parse().ok());
        let page = PageRequest { limit: page.size, after };
        let found = overrides::list(&self.db, &taxonomy, (customer, day), &page).await?;
        let token = |key: i64| page::token(&key.to_string(), &filters);
        Ok(ListOverridesResponse {
            class_overrides: found.items.iter().map(class_override).collect(),
            next_page_token: found.next.map(token).unwrap_or_default(),
        })
    }

    pub(crate) async fn get_disagreement(
        &self,
        request: GetDisagreementRequest,
    ) -> Result<GetDisagreementResponse, Fault> {
        let mut violations = Violations::new();
        let taxonomy = &request.taxonomy;
        let taxonomy =
            names::parse_resource("taxonomy", names::TAXONOMIES, taxonomy, &mut violations);
        violations.finish()?;
        let taxonomy = taxonomy.unwrap_or_default();
        let today = self.business_date().await?;
        let version = self.version_of(&taxonomy).await?;
        let pairs = judgements(&self.db, &self.analytics, &version, today).await?;
        Ok(disagreement(today, &pairs))
    }

    /// The version of a taxonomy in force.
    pub(crate) async fn version_of(&self, taxonomy: &str) -> Result<Arc<TaxonomyVersion>, Fault> {
        if let Some(version) = changes::version_in_force(&self.db, taxonomy).await? {
            return Ok(version);
        }
        definitions::get::<Taxonomy>(&self.db, taxonomy, None).await?;
        Err(Fault::Precondition {
            kind: "TAXONOMY_IN_FORCE",
            subject: names::resource(names::TAXONOMIES, taxonomy),
            description: "no version is in force: publish one and classify everybody".to_owned(),
        })
    }

    /// The override by which a customer is in a class, if a person has set it, as far as it was known
    /// then.
    pub(crate) async fn override_of(
        &self,
        found: &Assignment,
        view: View,
    ) -> Result<Option<contract::ClassOverride>, Fault> {
        let day = match view.true_on {
            Some(day) => day,
            None => self.business_date().await?,
        };
        let set = overrides::get(&self.db, &found.taxonomy, found.customer, day).await?;
        let known = |it: &ClassOverride| view.known_at.is_none_or(|known| it.at <= known);
        let set = set.filter(|it| it.set.class == found.class && known(it));
        Ok(set.as_ref().map(class_override))
    }
}

/// How many customers the rules of a version put in which class, the empty one of who is left out, and
/// persons in which, of those whose class a person has set on a day.
pub(crate) async fn judgements(
    db: &Database,
    analytics: &Analytics,
    version: &TaxonomyVersion,
    day: NaiveDate,
) -> Result<BTreeMap<(String, String), i64>, Fault> {
    let set = set_on(db, &version.definition.id, day).await?;
    let evaluator = Evaluator::new(db, analytics, vec![version.clone()]).await?;
    let customers = CustomerSet::Ids(set.keys().copied().collect());
    let judged = evaluator.judge(db, &customers, day).await?;
    let results = judged.results.into_iter().flat_map(|(_, results)| results);
    let ruled: BTreeMap<i64, String> =
        results.map(|result| (result.customer.0, result.class)).collect();
    let mut pairs: BTreeMap<(String, String), i64> = BTreeMap::new();
    for (customer, class) in set {
        let rule = ruled.get(&customer).cloned().unwrap_or_default();
        *pairs.entry((rule, class)).or_default() += 1;
    }
    Ok(pairs)
}

/// The classes that persons have set and that hold on a day, by customer.
async fn set_on(
    db: &Database,
    taxonomy: &str,
    day: NaiveDate,
) -> Result<BTreeMap<i64, String>, Fault> {
    let mut set = BTreeMap::new();
    let mut page = PageRequest::first(AT_ONCE);
    loop {
        let found = overrides::list(db, taxonomy, (None, Some(day)), &page).await?;
        set.extend(found.items.into_iter().map(|it| (it.set.customer.0, it.set.class)));
        if found.next.is_none() || i64::try_from(set.len()).is_ok_and(|count| count >= MOST) {
            return Ok(set);
        }
        page.after = found.next;
    }
}

fn parse_whose(
    customer: &str,
    taxonomy: &str,
    violations: &mut Violations,
) -> (CustomerId, String) {
    let customer = names::parse_customer("customer", customer, violations);
    let taxonomy = names::parse_resource("taxonomy", names::TAXONOMIES, taxonomy, violations);
    (customer.unwrap_or(CustomerId(0)), taxonomy.unwrap_or_default())
}

/// The day on which an override expires, if it is one that may be.
fn check_until(
    until: Option<NaiveDate>,
    today: NaiveDate,
    violations: &mut Violations,
) -> NaiveDate {
    let days = until.map(|until| (until - today).num_days());
    if !days.is_some_and(|days| (1..=LONGEST_DAYS).contains(&days)) {
        let message = format!("must be 1 to {LONGEST_DAYS} days after {today}");
        violations.add("expire_date", message);
    }
    until.unwrap_or(today)
}

/// Customers are in classes that have no classes below them.
fn check_class(taxonomy: &Taxonomy, class: &str) -> Result<(), Fault> {
    let is_above = taxonomy.classes.iter().any(|one| one.parent.as_deref() == Some(class));
    if taxonomy.class(class).is_some() && !is_above {
        return Ok(());
    }
    let mut violations = Violations::new();
    let id = &taxonomy.id;
    violations.add("class_id", format!("must be a class of {id} that has no classes below it"));
    violations.finish()
}

fn disagreement(
    today: NaiveDate,
    pairs: &BTreeMap<(String, String), i64>,
) -> GetDisagreementResponse {
    let all: i64 = pairs.values().sum();
    let differ = pairs.iter().filter(|((rule, set), _)| rule != set);
    let differ: i64 = differ.map(|(_, customers)| customers).sum();
    let rate = (all > 0).then(|| (Decimal::from(differ) / Decimal::from(all)).round_dp(4));
    let judgements = pairs.iter().map(|((rule, set), customers)| Judgement {
        rule_class_id: rule.clone(),
        override_class_id: set.clone(),
        customers: *customers,
    });
    GetDisagreementResponse {
        as_of_date: Some(convert::date(today)),
        override_count: all,
        disagreement_count: differ,
        disagreement_rate: rate.map(convert::decimal),
        judgements: judgements.collect(),
    }
}
