//! The contract's customers, rejects and rates, and those of the store.

pub(crate) mod attribute;
pub(crate) mod matching;
pub(crate) mod quality;

use chrono::{DateTime, Utc};
use kehu_contract::ingestion as contract;
use kehu_server::page::PageRequest;
use kehu_server::{Violations, convert, names};
use kehu_storage::ingestion::{
    Contact, Customer, Event, Field, ListedRate, Mask, MergeDetail, Profile, RecordKey, Reference,
    Reject,
};
use prost_types::{FieldMask, Timestamp};
use std::collections::BTreeSet;

use crate::check::{self, Cleaned, Problems};
use kehu_core::{attribute::Attributes, calendar::BusinessCalendar, key, limits};

/// How the names of the contract's kinds of record begin.
const KIND: &str = "RECORD_KIND_";

/// Whether `name` can be that of a source.
pub(crate) fn is_source(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= limits::NAME && name.chars().all(allowed)
}

/// A source reference, its key cleaned; what breaks a rule goes to `violations`, and what was
/// cleaned to `cleaned`.
pub(crate) fn check_reference(
    field: &str,
    reference: Option<contract::SourceReference>,
    violations: &mut Violations,
    cleaned: &mut Cleaned,
) -> contract::SourceReference {
    let Some(mut reference) = reference else {
        violations.add(field, "must be given");
        return contract::SourceReference::default();
    };
    let (key, rules) = key::clean_customer(&reference.external_id);
    cleaned.count(rules);
    reference.external_id = key.into_owned();
    if !is_source(&reference.source) {
        let text = "must be 1 to 64 characters of a-z, 0-9, - and _";
        violations.add(format!("{field}.source"), text);
    }
    let key = &reference.external_id;
    let length = key.chars().count();
    if length == 0 || length > limits::KEY || key.chars().any(char::is_control) {
        let text = "must be 1 to 128 characters, not blank, none of them a control character";
        violations.add(format!("{field}.external_id"), text);
    }
    reference
}

/// A profile; every problem becomes a violation of its field, and what was cleaned goes to `cleaned`.
pub(crate) fn check_profile(
    given: &contract::CustomerProfile,
    declared: &Attributes,
    violations: &mut Violations,
    cleaned: &mut Cleaned,
) -> Profile {
    let mut problems = Problems::default();
    let profile = check::profile("profile", given, declared, &mut problems);
    cleaned.add(problems.cleaned());
    for problem in problems.all() {
        violations.add(problem.field.clone(), problem.description.clone());
    }
    profile
}

/// When its source last changed a customer, where the caller says so.
pub(crate) fn check_source_time(
    given: Option<Timestamp>,
    calendar: &BusinessCalendar,
    violations: &mut Violations,
) -> Option<DateTime<Utc>> {
    let mut problems = Problems::default();
    let time = check::source_time("source_update_time", given.as_ref(), calendar, &mut problems);
    for problem in problems.all() {
        violations.add(problem.field.clone(), problem.description.clone());
    }
    time
}

/// Which fields of a profile to write.
pub(crate) fn check_mask(mask: Option<FieldMask>, violations: &mut Violations) -> Mask {
    let Some(mask) = mask else { return Mask::Given };
    let mut fields = BTreeSet::new();
    for path in &mask.paths {
        match path.as_str() {
            "*" => fields.extend(Field::ALL),
            path => match field(path) {
                Some(field) => {
                    fields.insert(field);
                }
                None => violations.add("update_mask", format!("{path:?} is no field of profile")),
            },
        }
    }
    Mask::Fields(fields)
}

fn field(path: &str) -> Option<Field> {
    Field::ALL.into_iter().find(|field| field.name() == path)
}

/// The number that a page follows.
pub(crate) fn parse_key(page: &PageRequest, violations: &mut Violations) -> Option<i64> {
    let after = page.after.as_deref()?;
    let key = after.parse().ok();
    if key.is_none() {
        violations.add("page_token", "is not a token of this list");
    }
    key
}

/// The version that a customer must have; `None` for an empty etag. One that is no number belongs to
/// no version.
pub(crate) fn version(etag: &str) -> Option<i64> {
    let version = Some(etag).filter(|etag| !etag.is_empty());
    version.map(|etag| etag.parse().ok().filter(|version| *version > 0).unwrap_or(-1))
}

/// A customer.
pub(crate) fn customer(customer: Customer) -> contract::Customer {
    contract::Customer {
        name: names::customer(customer.id),
        references: references(customer.references),
        profile: Some(profile(customer.profile)),
        create_time: Some(convert::timestamp(customer.created_at)),
        update_time: Some(convert::timestamp(customer.updated_at)),
        etag: customer.version.to_string(),
        external_codes: references(customer.codes),
    }
}

fn references(references: Vec<Reference>) -> Vec<contract::SourceReference> {
    let message = |reference: Reference| contract::SourceReference {
        source: reference.source,
        external_id: reference.external_id,
    };
    references.into_iter().map(message).collect()
}

/// The customer for those who may not read personal data.
pub(crate) fn without_personal_data(customer: contract::Customer) -> contract::Customer {
    contract::Customer {
        references: Vec::new(),
        external_codes: Vec::new(),
        profile: None,
        ..customer
    }
}

fn profile(profile: Profile) -> contract::CustomerProfile {
    contract::CustomerProfile {
        display_name: profile.display_name.unwrap_or_default(),
        customer_type: profile.customer_type.unwrap_or_default(),
        region_code: profile.region_code.unwrap_or_default(),
        province: profile.province.unwrap_or_default(),
        city: profile.city.unwrap_or_default(),
        industry_code: profile.industry_code.unwrap_or_default(),
        registration_date: profile.registered_on.map(convert::date),
        attributes: profile.attributes,
    }
}

/// What happened with a customer.
pub(crate) fn event(event: Event, base_currency: &str) -> contract::TimelineEvent {
    let amounts = event.amounts.as_ref();
    contract::TimelineEvent {
        event_time: Some(convert::timestamp(event.at)),
        event_date: Some(convert::date(event.on)),
        kind: event.kind,
        source: event.source,
        external_id: event.external_id,
        amount: amounts.map(|of| convert::money(of.amount, &of.currency)),
        base_amount: amounts.map(|of| convert::money(of.base_amount, base_currency)),
        line_count: event.line_count,
        channel: event.channel.unwrap_or_default(),
        sale_external_id: event.sale.unwrap_or_default(),
        return_external_ids: event.returns,
        contact: event.contact.map(contact),
        merge: event.merge.map(merge),
    }
}

fn merge(merge: MergeDetail) -> contract::MergeDetail {
    contract::MergeDetail {
        merge: names::merge(merge.merge_id),
        survivor: names::customer(merge.survivor),
        absorbed: names::customer(merge.absorbed),
        reason: merge.reason,
        actor: merge.actor,
    }
}

fn contact(contact: Contact) -> contract::ContactDetail {
    contract::ContactDetail {
        kind: contact.kind,
        product_code: contact.product.unwrap_or_default(),
        category: contact.category.unwrap_or_default(),
        complaint: contact.is_complaint,
        outcome: contact.outcome.unwrap_or_default(),
        note: contact.note.unwrap_or_default(),
        survey: contact.survey.unwrap_or_default(),
        score: contact.score.map(|score| convert::decimal(score.to_decimal())),
        assessor: contact.assessor.unwrap_or_default(),
        expire_date: contact.expires_on.map(convert::date),
    }
}

/// A reject.
pub(crate) fn reject(reject: Reject) -> contract::Reject {
    let problems = reject.problems.into_iter().map(|problem| contract::Problem {
        field: problem.field,
        reason: problem.reason,
        description: problem.description,
    });
    let (state, settled) = match reject.settled {
        None => (contract::RejectState::Open, None),
        Some(settled) if settled.discarded.is_none() => {
            (contract::RejectState::Accepted, Some(settled))
        }
        Some(settled) => (contract::RejectState::Discarded, Some(settled)),
    };
    let close_time = settled.as_ref().map(|settled| convert::timestamp(settled.at));
    let discarded = settled.and_then(|settled| settled.discarded);
    let (discard_reason, discarded_by) = discarded.unwrap_or_default();
    contract::Reject {
        name: names::reject(reject.id),
        source: reject.source,
        stream_id: reject.stream_id,
        origin: reject.origin,
        line_number: reject.line_number,
        problems: problems.collect(),
        raw: reject.raw,
        raw_length: reject.raw_length,
        create_time: Some(convert::timestamp(reject.recorded_at)),
        state: state.into(),
        close_time,
        key: reject.key.and_then(record_key),
        discard_reason,
        discarded_by,
        damaged: reject.damage.is_some(),
    }
}

/// The name under which the store keeps a kind of record.
pub(crate) fn record_kind(kind: contract::RecordKind) -> String {
    kind.as_str_name().trim_start_matches(KIND).to_ascii_lowercase()
}

/// The kind of record that the store keeps under a name.
fn parse_kind(name: &str) -> Option<contract::RecordKind> {
    contract::RecordKind::from_str_name(&format!("{KIND}{}", name.to_ascii_uppercase()))
}

fn record_key(key: RecordKey) -> Option<contract::RecordKey> {
    let kind = parse_kind(&key.kind)?;
    Some(contract::RecordKey { kind: kind.into(), external_id: key.external_id })
}

/// An exchange rate.
pub(crate) fn rate(rate: ListedRate) -> contract::ListedExchangeRate {
    contract::ListedExchangeRate {
        currency_code: rate.currency,
        start_date: Some(convert::date(rate.start_on)),
        rate: Some(convert::decimal(rate.rate.to_decimal())),
    }
}
