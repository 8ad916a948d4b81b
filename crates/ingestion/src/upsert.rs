//! `UpsertCustomer`: one transaction, answered once.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_contract::ingestion::{SourceReference, UpsertCustomerRequest, UpsertCustomerResponse};
use kehu_core::CustomerId;
use kehu_server::{Fault, Violations, clock, freshness, names};
use kehu_storage::idempotency::{self, Answer, Known};
use kehu_storage::ingestion::{Mask, Profile, Upsert, Upserted, announce, upsert_customer};
use kehu_storage::{Error, Transaction, change_log::Position};
use prost::Message;
use sha2::{Digest, Sha256};

use crate::{Ingestion, check::Cleaned, convert, measure};

const METHOD: &str = "kehu.ingestion.v1.CustomerService/UpsertCustomer";
/// How often it is tried when other writers get in its way.
const ATTEMPTS: u32 = 4;

/// A request whose fields are good.
struct Wanted {
    reference: SourceReference,
    cleaned: Cleaned,
    profile: Profile,
    mask: Mask,
    source_updated_at: Option<DateTime<Utc>>,
    version: Option<i64>,
    /// The caller's id of the request, and the digest of it.
    request: Option<(String, String)>,
    validate_only: bool,
}

impl Ingestion {
    /// Creates or changes a customer.
    pub(crate) async fn upsert(
        &self,
        request: UpsertCustomerRequest,
    ) -> Result<UpsertCustomerResponse, Fault> {
        let wanted = self.check(request).await?;
        let mut attempt = 1;
        loop {
            if let Some(answer) = self.answered(&wanted).await? {
                return Ok(answer);
            }
            match self.try_upsert(&wanted).await {
                Err(Fault::Conflict | Fault::Exists { .. }) if attempt < ATTEMPTS => attempt += 1,
                Err(Fault::Exists { .. }) => return Err(Fault::Conflict),
                result => return result,
            }
        }
    }

    /// The answer that the same request got before.
    async fn answered(&self, wanted: &Wanted) -> Result<Option<UpsertCustomerResponse>, Fault> {
        let Some((id, digest)) = &wanted.request else { return Ok(None) };
        match idempotency::find(&self.db, id, METHOD, digest).await? {
            Known::Fresh => Ok(None),
            Known::Replay(bytes) => {
                let mut answer =
                    UpsertCustomerResponse::decode(&*bytes).map_err(Fault::internal)?;
                answer.freshness_token = freshness::token(&self.db, None).await?;
                Ok(Some(answer))
            }
            Known::Reused => Err(Fault::RequestIdReused),
        }
    }

    async fn try_upsert(&self, wanted: &Wanted) -> Result<UpsertCustomerResponse, Fault> {
        let now = clock::now();
        let transaction = self.db.begin().await?;
        let upsert = Upsert {
            source: &wanted.reference.source,
            external_id: &wanted.reference.external_id,
            profile: &wanted.profile,
            mask: &wanted.mask,
            source_updated_at: wanted.source_updated_at,
            version: wanted.version,
        };
        let (customer, created, changed) = match upsert_customer(&transaction, &upsert, now).await?
        {
            Upserted::Done { customer, created, changed } => (customer, created, changed),
            Upserted::OtherVersion(id) => {
                return Err(Fault::EtagMismatch { name: names::customer(id) });
            }
        };
        let id = customer.id;
        let customer = Some(convert::customer(*customer));
        let cleaned_values = wanted.cleaned.by_rule();
        let freshness_token = String::new();
        let mut response =
            UpsertCustomerResponse { customer, created, cleaned_values, freshness_token };
        if wanted.validate_only {
            blank(&mut response);
            transaction.rollback().await?;
            return Ok(response);
        }
        let changed = changed.map(|day| (id, day));
        let position = keep(&transaction, wanted, &response, changed, now).await?;
        transaction.commit_together().await?;
        measure::cleaned(&response.cleaned_values);
        response.freshness_token = freshness::token(&self.db, position).await?;
        Ok(response)
    }
}

/// Keeps the answer, which has no token yet, and tells the change log of a customer that changed;
/// the place there.
async fn keep(
    transaction: &Transaction,
    wanted: &Wanted,
    response: &UpsertCustomerResponse,
    changed: Option<(CustomerId, NaiveDate)>,
    now: DateTime<Utc>,
) -> Result<Option<Position>, Error> {
    if let Some((request_id, digest)) = &wanted.request {
        let response = response.encode_to_vec();
        let answer = Answer { request_id, method: METHOD, digest, response };
        idempotency::remember(transaction, answer, now).await?;
    }
    match changed {
        Some((id, first_day)) => Ok(Some(announce(transaction, id, first_day, now).await?)),
        None => Ok(None),
    }
}

/// A customer that was not created has neither name nor etag.
fn blank(response: &mut UpsertCustomerResponse) {
    if let (true, Some(customer)) = (response.created, &mut response.customer) {
        customer.name.clear();
        customer.etag.clear();
    }
}

impl Ingestion {
    /// What a request wants; every violation at once.
    async fn check(&self, request: UpsertCustomerRequest) -> Result<Wanted, Fault> {
        let mut violations = Violations::new();
        let request_id =
            kehu_server::convert::parse_request_id(&request.request_id, &mut violations);
        let digest = hex::encode(Sha256::digest(request.encode_to_vec()));
        let field = "reference";
        let mut cleaned = Cleaned::default();
        let reference =
            convert::check_reference(field, request.reference, &mut violations, &mut cleaned);
        let profile = request.profile.unwrap_or_default();
        let declared = self.declared([&profile]).await?;
        let profile = convert::check_profile(&profile, &declared, &mut violations, &mut cleaned);
        let mask = convert::check_mask(request.update_mask, &mut violations);
        let updated = request.source_update_time;
        let calendar = &self.checker.calendar;
        let source_updated_at = convert::check_source_time(updated, calendar, &mut violations);
        violations.finish()?;
        Ok(Wanted {
            reference,
            cleaned,
            profile,
            mask,
            source_updated_at,
            version: convert::version(&request.etag),
            request: request_id.map(|id| (id, digest)),
            validate_only: request.validate_only,
        })
    }
}
