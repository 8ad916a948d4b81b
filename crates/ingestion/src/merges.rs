//! `MergeCustomers`, `UndoMerge`, `ListMerges`.

use chrono::{DateTime, Utc};
use kehu_contract::ingestion::{
    Customer, CustomerMerge, ListMergesRequest, ListMergesResponse, MergeCustomersRequest,
    MergeCustomersResponse, UndoMergeRequest, UndoMergeResponse,
};
use kehu_core::CustomerId;
use kehu_server::{Fault, Violations, clock, convert as time, freshness, names, page};
use kehu_storage::idempotency::{self, Answer, Known};
use kehu_storage::ingestion::{self as store, Hand, Merge, MergeFilter, NewMerge};
use kehu_storage::{PageRequest, Transaction};
use prost::Message;
use sha2::{Digest, Sha256};

use crate::{Ingestion, convert};

const MERGE: &str = "kehu.ingestion.v1.CustomerService/MergeCustomers";
const UNDO: &str = "kehu.ingestion.v1.CustomerService/UndoMerge";
/// Longest reason, in characters.
const LONGEST_REASON: usize = 1_000;
/// How often it is tried when other writers get in its way.
pub(crate) const ATTEMPTS: u32 = 4;

/// A request that is answered once: its method, the caller's id of it, and the digest of it.
pub(crate) struct Once {
    method: &'static str,
    request: Option<(String, String)>,
}

impl Once {
    pub(crate) fn of(
        method: &'static str,
        request_id: &str,
        request: &impl Message,
        violations: &mut Violations,
    ) -> Self {
        let id = kehu_server::convert::parse_request_id(request_id, violations);
        let digest = || hex::encode(Sha256::digest(request.encode_to_vec()));
        Self { method, request: id.map(|id| (id, digest())) }
    }

    pub(crate) async fn remember(
        &self,
        transaction: &Transaction,
        response: &impl Message,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let Some((request_id, digest)) = &self.request else { return Ok(()) };
        let (method, response) = (self.method, response.encode_to_vec());
        let answer = Answer { request_id, method, digest, response };
        Ok(idempotency::remember(transaction, answer, now).await?)
    }
}

impl Ingestion {
    /// The answer that the same request got before.
    pub(crate) async fn repeated<T: Message + Default>(
        &self,
        once: &Once,
    ) -> Result<Option<T>, Fault> {
        let Some((id, digest)) = &once.request else { return Ok(None) };
        match idempotency::find(&self.db, id, once.method, digest).await? {
            Known::Fresh => Ok(None),
            Known::Replay(bytes) => T::decode(&*bytes).map(Some).map_err(Fault::internal),
            Known::Reused => Err(Fault::RequestIdReused),
        }
    }

    /// Merges two customers.
    pub(crate) async fn merge(
        &self,
        request: MergeCustomersRequest,
        by: &str,
    ) -> Result<MergeCustomersResponse, Fault> {
        let mut violations = Violations::new();
        let once = Once::of(MERGE, &request.request_id, &request, &mut violations);
        let survivor = names::parse_customer("survivor", &request.survivor, &mut violations);
        let absorbed = names::parse_customer("absorbed", &request.absorbed, &mut violations);
        if survivor.is_some() && survivor == absorbed {
            violations.add("absorbed", "must be another customer than the survivor");
        }
        check_reason(&request.reason, &mut violations);
        violations.finish()?;
        let new = NewMerge {
            survivor: survivor.unwrap_or(CustomerId(0)),
            absorbed: absorbed.unwrap_or(CustomerId(0)),
            reason: &request.reason,
            survivor_version: convert::version(&request.survivor_etag),
            absorbed_version: convert::version(&request.absorbed_etag),
        };
        let mut attempt = 1;
        loop {
            if let Some(mut answer) = self.repeated::<MergeCustomersResponse>(&once).await? {
                answer.freshness_token = freshness::token(&self.db, None).await?;
                return Ok(answer);
            }
            match self.try_merge(&new, &once, request.validate_only, by).await {
                Err(Fault::Conflict) if attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn try_merge(
        &self,
        new: &NewMerge<'_>,
        once: &Once,
        validate_only: bool,
        by: &str,
    ) -> Result<MergeCustomersResponse, Fault> {
        let now = clock::now();
        let transaction = self.db.begin().await?;
        let merged = store::merge_customers(&transaction, new, &Hand { by, now }).await?;
        let mut response = MergeCustomersResponse {
            merge: Some(merge(merged.merge)),
            customer: Some(convert::customer(merged.customer)),
            freshness_token: String::new(),
        };
        if validate_only {
            transaction.rollback().await?;
            // Nobody has it yet.
            response.merge.iter_mut().for_each(|merge| merge.name.clear());
            return Ok(response);
        }
        once.remember(&transaction, &response, now).await?;
        transaction.commit().await?;
        response.freshness_token = freshness::token(&self.db, Some(merged.position)).await?;
        Ok(response)
    }

    /// Undoes a merge.
    pub(crate) async fn undo_merge(
        &self,
        request: UndoMergeRequest,
        by: &str,
    ) -> Result<UndoMergeResponse, Fault> {
        let mut violations = Violations::new();
        let once = Once::of(UNDO, &request.request_id, &request, &mut violations);
        let id = names::parse_merge("name", &request.name, &mut violations);
        check_reason(&request.reason, &mut violations);
        violations.finish()?;
        let mut attempt = 1;
        loop {
            if let Some(mut answer) = self.repeated::<UndoMergeResponse>(&once).await? {
                answer.freshness_token = freshness::token(&self.db, None).await?;
                return Ok(answer);
            }
            match self.try_undo(id.unwrap_or_default(), &request, &once, by).await {
                Err(Fault::Conflict) if attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn try_undo(
        &self,
        id: i64,
        request: &UndoMergeRequest,
        once: &Once,
        by: &str,
    ) -> Result<UndoMergeResponse, Fault> {
        let now = clock::now();
        let transaction = self.db.begin().await?;
        let hand = Hand { by, now };
        let undone = store::undo_merge(&transaction, id, &request.reason, &hand).await?;
        let mut response = UndoMergeResponse {
            merge: Some(merge(undone.merge)),
            customer: Some(convert::customer(undone.customer)),
            restored: Some(convert::customer(undone.restored)),
            freshness_token: String::new(),
        };
        if request.validate_only {
            transaction.rollback().await?;
            return Ok(response);
        }
        once.remember(&transaction, &response, now).await?;
        transaction.commit().await?;
        response.freshness_token = freshness::token(&self.db, Some(undone.position)).await?;
        Ok(response)
    }

    /// A page of merges.
    pub(crate) async fn list_merges(
        &self,
        request: ListMergesRequest,
    ) -> Result<ListMergesResponse, Fault> {
        let mut violations = Violations::new();
        let customer = match request.customer.as_str() {
            "" => None,
            name => names::parse_customer("customer", name, &mut violations),
        };
        let which = if request.show_undone { "all merges" } else { "merges" };
        let whose = customer.map(names::customer).unwrap_or_default();
        let filters = [which, &whose];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        let after = convert::parse_key(&page, &mut violations);
        violations.finish()?;
        let page = PageRequest { limit: page.size, after };
        let filter = MergeFilter { customer, undone: request.show_undone };
        let found = store::list_merges(&self.db, &filter, &page).await?;
        let token = |id: i64| page::token(&id.to_string(), &filters);
        Ok(ListMergesResponse {
            merges: found.items.into_iter().map(merge).collect(),
            next_page_token: found.next.map(token).unwrap_or_default(),
        })
    }

    /// The customer that stands for this one, where it is merged into another; itself otherwise.
    pub(crate) async fn standing(&self, id: CustomerId) -> Result<CustomerId, Fault> {
        Ok(store::survivor(&self.db, id, None).await?.unwrap_or(id))
    }
}

/// The customers for those who may not read personal data.
pub(crate) fn without_personal_data(customers: [&mut Option<Customer>; 2]) {
    for customer in customers {
        *customer = customer.take().map(convert::without_personal_data);
    }
}

pub(crate) fn check_reason(reason: &str, violations: &mut Violations) {
    if reason.trim().is_empty() {
        violations.add("reason", "must not be empty");
    }
    if reason.chars().count() > LONGEST_REASON {
        violations.add("reason", format!("must have at most {LONGEST_REASON} characters"));
    }
    if reason.chars().any(char::is_control) {
        violations.add("reason", "must not hold control characters");
    }
}

/// A merge, as callers see it.
pub(crate) fn merge(merge: Merge) -> CustomerMerge {
    let (undo_time, undo_reason, undone_by) = match merge.undo {
        Some(undo) => (Some(time::timestamp(undo.at)), undo.reason, undo.by),
        None => (None, String::new(), String::new()),
    };
    CustomerMerge {
        name: names::merge(merge.merge_id),
        survivor: names::customer(merge.survivor),
        absorbed: names::customer(merge.absorbed),
        reason: merge.reason,
        merged_by: merge.by,
        merge_time: Some(time::timestamp(merge.at)),
        undo_time,
        undo_reason,
        undone_by,
    }
}
