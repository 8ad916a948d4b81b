//! `kehu.ingestion.v1.CustomerService`.

use kehu_contract::ingestion::{
    BatchGetCustomersRequest, BatchGetCustomersResponse, Customer, GetCustomerRequest,
    GetCustomerResponse, GetTimelineRequest, GetTimelineResponse, ListCustomersRequest,
    ListCustomersResponse, ListLookalikeKeysRequest, ListLookalikeKeysResponse, ListMergesRequest,
    ListMergesResponse, ListProfileValuesRequest, ListProfileValuesResponse, LookupCustomerRequest,
    LookupCustomerResponse, MergeCustomersRequest, MergeCustomersResponse, SourceReference,
    UndoMergeRequest, UndoMergeResponse, UpsertCustomerRequest, UpsertCustomerResponse,
    customer_service_server::CustomerService, lookup_customer_request::Key,
};
use kehu_core::{CustomerId, code_scheme, key, match_key};
use kehu_server::{
    Fault, Violations,
    auth::{self, Scope},
    freshness, names,
    page::{self, Order},
};
use kehu_storage::PageRequest;
use kehu_storage::change_log::Reading;
use kehu_storage::coding::codes;
use kehu_storage::ingestion::{self as store, CustomerFilter, TimelineKey};
use std::collections::HashMap;
use tonic::{Request, Response, Status};

use crate::{Ingestion, check::Cleaned, convert, merges};

pub(crate) const KIND: &str = "customer";
/// So many customers with the same code are named.
const NAMED: usize = 10;
/// So many with the same name.
const NAMED_BY_NAME: u64 = 10;
/// Longest name that is looked for, in characters.
const LONGEST_NAME: usize = 200;

impl Ingestion {
    async fn list(&self, request: ListCustomersRequest) -> Result<ListCustomersResponse, Fault> {
        let mut violations = Violations::new();
        let source = request.source.as_str();
        if !source.is_empty() && !convert::is_source(source) {
            violations.add("source", "must be the name of a source");
        }
        let order = &request.order_by;
        let order = page::parse_order(order, "create_time", Order::Ascending, &mut violations);
        let newest_first = order == Order::Descending;
        let name = request.display_name.as_str();
        check_key("display_name", name, &mut violations);
        let keys = match_key::of_name(name);
        if !name.is_empty() && keys.is_none() {
            violations.add("display_name", "must have a letter or a digit");
        }
        if name.chars().count() > LONGEST_NAME {
            violations.add("display_name", format!("must have at most {LONGEST_NAME} characters"));
        }
        let filters = [source, name, if newest_first { "newest first" } else { "" }];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        let after = convert::parse_key(&page, &mut violations);
        violations.finish()?;
        let page = PageRequest { limit: page.size, after };
        let source = Some(source).filter(|source| !source.is_empty());
        let filter = CustomerFilter { source, name: keys, newest_first };
        let found = store::list_customers(&self.db, &filter, &page).await?;
        let next = found.next.map(|id| page::token(&id.to_string(), &filters));
        Ok(ListCustomersResponse {
            customers: found.items.into_iter().map(convert::customer).collect(),
            next_page_token: next.unwrap_or_default(),
        })
    }

    async fn batch_get(
        &self,
        request: BatchGetCustomersRequest,
    ) -> Result<BatchGetCustomersResponse, Fault> {
        let mut violations = Violations::new();
        let ids = names::parse_customers("names", &request.names, &mut violations);
        violations.finish()?;
        let standing = store::standing(&self.db, &ids, None).await?;
        let wanted: Vec<CustomerId> = standing.values().copied().collect();
        let found = store::get_customers(&self.db, &wanted).await?;
        let found: HashMap<CustomerId, store::Customer> =
            found.into_iter().map(|customer| (customer.id, customer)).collect();
        let mut response = BatchGetCustomersResponse::default();
        for id in ids {
            match standing.get(&id).and_then(|id| found.get(id)) {
                Some(customer) => response.customers.push(convert::customer(customer.clone())),
                None => response.missing_names.push(names::customer(id)),
            }
        }
        Ok(response)
    }

    async fn lookup(
        &self,
        request: LookupCustomerRequest,
    ) -> Result<LookupCustomerResponse, Fault> {
        let mut violations = Violations::new();
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        violations.finish()?;
        let reading = match request.key {
            Some(Key::Code(_) | Key::Text(_)) => Reading::Codes,
            Some(Key::Reference(_)) | None => Reading::Facts,
        };
        let freshness_token = fresh.wait(&self.db, reading).await?;
        let customer = Some(self.by_key(request.key).await?);
        Ok(LookupCustomerResponse { customer, freshness_token })
    }

    async fn by_key(&self, key: Option<Key>) -> Result<Customer, Fault> {
        let mut violations = Violations::new();
        match key {
            Some(Key::Reference(reference)) => {
                let field = "reference";
                let key = convert::check_reference(
                    field,
                    Some(reference),
                    &mut violations,
                    &mut Cleaned::default(),
                );
                violations.finish()?;
                let SourceReference { source, external_id } = &key;
                let mut id = store::find_reference(&self.db, source, external_id).await?;
                if id.is_none() {
                    id = self.by_external_code(Some(source), external_id).await?;
                }
                self.customer(id, format!("{source}/{external_id}")).await
            }
            Some(Key::Code(code)) => {
                check_key("code", &code, &mut violations);
                violations.finish()?;
                let row = codes::resolve(&self.db, &code_scheme::normalise(&code)).await?;
                let id = match row {
                    Some(row) => Some(row.customer),
                    None => self.by_external_code(None, &code).await?,
                };
                self.customer(id, code).await
            }
            Some(Key::Text(text)) => {
                check_key("text", &text, &mut violations);
                violations.finish()?;
                let id = self.by_text(&text).await?;
                self.customer(id, text).await
            }
            None => {
                violations.add("key", "must be given: a reference, a code or a text");
                violations.finish()?;
                self.customer(None, String::new()).await
            }
        }
    }

    async fn timeline(&self, request: GetTimelineRequest) -> Result<GetTimelineResponse, Fault> {
        let mut violations = Violations::new();
        let id = names::parse_customer("customer", &request.customer, &mut violations);
        let filters = [request.customer.as_str()];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        let after = page.after.as_deref().and_then(parse_timeline_key);
        if page.after.is_some() && after.is_none() {
            violations.add("page_token", "is not a token of this list");
        }
        violations.finish()?;
        let not_found = || Fault::NotFound { kind: KIND, name: request.customer.clone() };
        let id = self.standing(id.ok_or_else(not_found)?).await?;
        let page = PageRequest { limit: page.size, after };
        let found = store::timeline(&self.db, id, &page).await?;
        if found.items.is_empty() && store::get_customer(&self.db, id).await?.is_none() {
            return Err(not_found());
        }
        let key = |key: TimelineKey| format!("{} {} {}", key.at, key.query, key.place);
        let base = &self.checker.base_currency;
        Ok(GetTimelineResponse {
            next_page_token: found
                .next
                .map(|next| page::token(&key(next), &filters))
                .unwrap_or_default(),
            events: found.items.into_iter().map(|event| convert::event(event, base)).collect(),
        })
    }

    /// The customer that sources, or one of them, say has had this code.
    async fn by_external_code(
        &self,
        source: Option<&str>,
        code: &str,
    ) -> Result<Option<CustomerId>, Fault> {
        let found = store::find_external_code(&self.db, source, code).await?;
        only("EXTERNAL_CODE_UNIQUE", code, "have had this code", found)
    }

    /// The customer with this code, whoever gave it, or this key of any source; where there is none,
    /// the one of this name.
    async fn by_text(&self, text: &str) -> Result<Option<CustomerId>, Fault> {
        let mut found = store::find_key(&self.db, &key::clean_customer(text).0).await?;
        found.extend(store::find_external_code(&self.db, None, text).await?);
        let row = codes::resolve(&self.db, &code_scheme::normalise(text)).await?;
        found.extend(row.map(|row| row.customer));
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            return self.by_name(text).await;
        }
        only("KEY_UNIQUE", text, "have this key or code", found)
    }

    /// The customer with this name, however it is written.
    async fn by_name(&self, text: &str) -> Result<Option<CustomerId>, Fault> {
        let Some(keys) = match_key::of_name(text) else { return Ok(None) };
        let filter = CustomerFilter { name: Some(keys), ..CustomerFilter::default() };
        let page = PageRequest { limit: NAMED_BY_NAME, after: None };
        let found = store::list_customers(&self.db, &filter, &page).await?;
        let ids: Vec<CustomerId> = found.items.iter().map(|customer| customer.id).collect();
        if found.next.is_none() {
            return only("NAME_UNIQUE", text, "have this name", ids);
        }
        let named: Vec<String> = ids.iter().map(|id| names::customer(*id)).collect();
        Err(Fault::Precondition {
            kind: "NAME_UNIQUE",
            subject: text.to_owned(),
            description: format!(
                "more than {NAMED_BY_NAME} customers have this name: {} and others; list them by \
                 display_name",
                named.join(", ")
            ),
        })
    }

    /// The customer with this number; a fault that names `name` when there is none.
    pub(crate) async fn customer(
        &self,
        id: Option<CustomerId>,
        name: String,
    ) -> Result<Customer, Fault> {
        let mut customer = match id {
            Some(id) => store::get_customer(&self.db, id).await?,
            None => None,
        };
        if let (Some(id), None) = (id, &customer)
            && let Some(survivor) = store::survivor(&self.db, id, None).await?
        {
            customer = store::get_customer(&self.db, survivor).await?;
        }
        customer.map(convert::customer).ok_or(Fault::NotFound { kind: KIND, name })
    }
}

/// PostgreSQL has no U+0000 in a text, and no key has another control character.
fn check_key(field: &str, key: &str, violations: &mut Violations) {
    if key.chars().any(char::is_control) {
        violations.add(field, "must not hold control characters");
    }
}

/// The one customer of those found, if there is any; a fault that names them where there are more.
fn only(
    kind: &'static str,
    subject: &str,
    what: &str,
    found: Vec<CustomerId>,
) -> Result<Option<CustomerId>, Fault> {
    if found.len() < 2 {
        return Ok(found.first().copied());
    }
    let named = found.iter().take(NAMED).map(|id| names::customer(*id));
    let named: Vec<String> = named.collect();
    let more = if found.len() > NAMED { " and others" } else { "" };
    let description = format!("{} customers {what}: {}{more}", found.len(), named.join(", "));
    Err(Fault::Precondition { kind, subject: subject.to_owned(), description })
}

fn parse_timeline_key(key: &str) -> Option<TimelineKey> {
    let mut numbers = key.split(' ').map(|number| number.parse().ok());
    let key =
        TimelineKey { at: numbers.next()??, query: numbers.next()??, place: numbers.next()?? };
    numbers.next().is_none().then_some(key)
}

#[tonic::async_trait]
impl CustomerService for Ingestion {
    async fn upsert_customer(
        &self,
        request: Request<UpsertCustomerRequest>,
    ) -> Result<Response<UpsertCustomerResponse>, Status> {
        let reads = auth::holds(request.extensions(), &[Scope::Read, Scope::PersonalData]);
        let mut response = self.upsert(request.into_inner()).await?;
        if !reads {
            response.customer = response.customer.map(convert::without_personal_data);
        }
        Ok(Response::new(response))
    }

    async fn get_customer(
        &self,
        request: Request<GetCustomerRequest>,
    ) -> Result<Response<GetCustomerResponse>, Status> {
        let name = request.into_inner().name;
        let mut violations = Violations::new();
        let id = names::parse_customer("name", &name, &mut violations);
        violations.finish()?;
        let customer = Some(self.customer(id, name).await?);
        Ok(Response::new(GetCustomerResponse { customer }))
    }

    async fn batch_get_customers(
        &self,
        request: Request<BatchGetCustomersRequest>,
    ) -> Result<Response<BatchGetCustomersResponse>, Status> {
        Ok(Response::new(self.batch_get(request.into_inner()).await?))
    }

    async fn list_customers(
        &self,
        request: Request<ListCustomersRequest>,
    ) -> Result<Response<ListCustomersResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn merge_customers(
        &self,
        request: Request<MergeCustomersRequest>,
    ) -> Result<Response<MergeCustomersResponse>, Status> {
        let reads = auth::holds(request.extensions(), &[Scope::Read, Scope::PersonalData]);
        let by = auth::caller(request.extensions()).unwrap_or_default();
        let mut response = self.merge(request.into_inner(), &by).await?;
        if !reads {
            merges::without_personal_data([&mut response.customer, &mut None]);
        }
        Ok(Response::new(response))
    }

    async fn undo_merge(
        &self,
        request: Request<UndoMergeRequest>,
    ) -> Result<Response<UndoMergeResponse>, Status> {
        let reads = auth::holds(request.extensions(), &[Scope::Read, Scope::PersonalData]);
        let by = auth::caller(request.extensions()).unwrap_or_default();
        let mut response = Ingestion::undo_merge(self, request.into_inner(), &by).await?;
        if !reads {
            merges::without_personal_data([&mut response.customer, &mut response.restored]);
        }
        Ok(Response::new(response))
    }

    async fn list_merges(
        &self,
        request: Request<ListMergesRequest>,
    ) -> Result<Response<ListMergesResponse>, Status> {
        Ok(Response::new(Ingestion::list_merges(self, request.into_inner()).await?))
    }

    async fn list_lookalike_keys(
        &self,
        request: Request<ListLookalikeKeysRequest>,
    ) -> Result<Response<ListLookalikeKeysResponse>, Status> {
        Ok(Response::new(self.lookalikes(request.into_inner()).await?))
    }

    async fn list_profile_values(
        &self,
        request: Request<ListProfileValuesRequest>,
    ) -> Result<Response<ListProfileValuesResponse>, Status> {
        Ok(Response::new(self.profile_values(request.into_inner()).await?))
    }

    async fn lookup_customer(
        &self,
        request: Request<LookupCustomerRequest>,
    ) -> Result<Response<LookupCustomerResponse>, Status> {
        Ok(Response::new(self.lookup(request.into_inner()).await?))
    }

    async fn get_timeline(
        &self,
        request: Request<GetTimelineRequest>,
    ) -> Result<Response<GetTimelineResponse>, Status> {
        Ok(Response::new(self.timeline(request.into_inner()).await?))
    }
}
