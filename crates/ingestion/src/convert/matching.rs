//! Matching as callers ask for it, and what comes of it.

use kehu_contract::{google::r#type as google, ingestion as contract};
use kehu_core::attribute::{Attributes, Kind, Sensitivity};
use kehu_core::matching::{Comparison, Field, Level, MOST_FIELDS};
use kehu_server::{Violations, convert, names};
use kehu_storage::ingestion::Field as ProfileField;
use kehu_storage::ingestion::matching::{Candidate, MatchState};
use rust_decimal::Decimal;

use crate::matching_job::MatchingRequest;

/// What attributes are named by.
const ATTRIBUTE: &str = "attributes.";
/// The attributes of everybody that are compared though they are not identifying.
const ALSO_COMPARED: [&str; 1] = ["birth_date"];
/// Decimal places of a probability.
const PLACES: u32 = 6;

/// What a caller asks to match.
pub(crate) fn parse_matching(
    request: &contract::StartMatchingRequest,
    attributes: &Attributes,
    violations: &mut Violations,
) -> MatchingRequest {
    let half = Decimal::new(5, 1);
    let review = "review_probability";
    let review = probability(review, &request.review_probability, violations).unwrap_or(half);
    let merge = probability("merge_probability", &request.merge_probability, violations);
    if merge.is_some_and(|merge| merge < review) {
        violations.add("merge_probability", "must be at least review_probability");
    }
    let fields = match request.fields.is_empty() {
        true => usual(attributes),
        false => parse_fields(&request.fields, attributes, violations),
    };
    MatchingRequest { fields, review, merge }
}

fn probability(
    field: &str,
    number: &Option<google::Decimal>,
    violations: &mut Violations,
) -> Option<Decimal> {
    let number = convert::parse_decimal(field, number.as_ref()?, violations)?.normalize();
    if number <= Decimal::ZERO || number > Decimal::ONE || number.scale() > PLACES {
        let text = format!("must be above 0 and at most 1, with at most {PLACES} decimals");
        violations.add(field, text);
    }
    Some(number)
}

/// What is compared where nothing is named.
fn usual(attributes: &Attributes) -> Vec<Field> {
    let profile = [
        ("display_name", Comparison::Name),
        ("province", Comparison::Exact),
        ("city", Comparison::Exact),
    ];
    let profile = profile.map(|(id, comparison)| Field { id: id.to_owned(), comparison });
    let compared = attributes.iter().filter(|attribute| {
        let identifying = attribute.sensitivity == Sensitivity::Identifying;
        (identifying && attribute.kind == Kind::Text && attribute.categories.is_empty())
            || ALSO_COMPARED.contains(&attribute.id.as_str())
    });
    let compared = compared.map(|attribute| Field {
        id: format!("{ATTRIBUTE}{}", attribute.id),
        comparison: of_attribute(&attribute.id, attribute.kind),
    });
    profile.into_iter().chain(compared).take(MOST_FIELDS).collect()
}

fn parse_fields(
    fields: &[contract::MatchField],
    attributes: &Attributes,
    violations: &mut Violations,
) -> Vec<Field> {
    if fields.len() > MOST_FIELDS {
        violations.add("fields", format!("must be at most {MOST_FIELDS}"));
        return Vec::new();
    }
    let mut parsed: Vec<Field> = Vec::with_capacity(fields.len());
    for (place, field) in fields.iter().enumerate() {
        let at = format!("fields[{place}].field");
        let Some(usual) = usual_comparison(&field.field, attributes) else {
            let text = "must be a field of a profile such as city, or attributes. and the id of a \
                        declared attribute";
            violations.add(at, text);
            continue;
        };
        if parsed.iter().any(|other| other.id == field.field) {
            violations.add(at, "is named twice");
            continue;
        }
        let comparison = comparison(field, usual, place, violations);
        parsed.push(Field { id: field.field.clone(), comparison });
    }
    parsed
}

fn comparison(
    field: &contract::MatchField,
    usual: Comparison,
    place: usize,
    violations: &mut Violations,
) -> Comparison {
    use contract::MatchComparison as Named;
    match Named::try_from(field.comparison) {
        Ok(Named::Unspecified) => usual,
        Ok(Named::Name) => Comparison::Name,
        Ok(Named::Text) => Comparison::Text,
        Ok(Named::Phone) => Comparison::Phone,
        Ok(Named::Email) => Comparison::Email,
        Ok(Named::Date) => Comparison::Date,
        Ok(Named::Exact) => Comparison::Exact,
        Err(_) => {
            violations.add(format!("fields[{place}].comparison"), "is not a comparison");
            usual
        }
    }
}

/// How a field is compared by its name and type; `None` where there is no such field.
fn usual_comparison(name: &str, attributes: &Attributes) -> Option<Comparison> {
    if let Some(id) = name.strip_prefix(ATTRIBUTE) {
        return attributes.get(id).map(|attribute| of_attribute(id, attribute.kind));
    }
    let known = ProfileField::ALL.iter().any(|field| field.name() == name);
    match name {
        "attributes" => None,
        "display_name" => Some(Comparison::Name),
        "registration_date" => Some(Comparison::Date),
        _ => known.then_some(Comparison::Exact),
    }
}

fn of_attribute(id: &str, kind: Kind) -> Comparison {
    let named = |words: &[&str]| words.iter().any(|word| id.contains(word));
    match kind {
        Kind::Date => Comparison::Date,
        Kind::Text if named(&["phone", "mobile", "fax"]) => Comparison::Phone,
        Kind::Text if named(&["email", "e_mail"]) => Comparison::Email,
        Kind::Text if named(&["name", "contact"]) => Comparison::Name,
        Kind::Text => Comparison::Text,
        Kind::Decimal | Kind::Integer | Kind::Boolean => Comparison::Exact,
    }
}

/// One pair.
pub(crate) fn candidate(candidate: Candidate) -> contract::MatchCandidate {
    let found = candidate.found;
    let decided = candidate.decided;
    let evidence =
        found.evidence.fields.into_iter().map(|(field, evidence)| contract::MatchEvidence {
            field: field.id,
            comparison: named(field.comparison).into(),
            level: level(evidence.level).into(),
            weight: Some(convert::decimal(evidence.weight)),
        });
    contract::MatchCandidate {
        name: names::match_candidate(candidate.candidate_id),
        customers: found.customers.map(names::customer).into(),
        probability: Some(convert::decimal(found.probability)),
        prior_weight: Some(convert::decimal(found.evidence.prior)),
        evidence: evidence.collect(),
        state: state(candidate.state).into(),
        find_time: Some(convert::timestamp(candidate.found_at)),
        run: names::run(candidate.run_id),
        reason: decided.as_ref().map(|decided| decided.reason.clone()).unwrap_or_default(),
        reviewed_by: decided.as_ref().map(|decided| decided.by.clone()).unwrap_or_default(),
        review_time: decided.as_ref().map(|decided| convert::timestamp(decided.at)),
        merge: decided.and_then(|decided| decided.merge_id).map(names::merge).unwrap_or_default(),
    }
}

fn named(comparison: Comparison) -> contract::MatchComparison {
    match comparison {
        Comparison::Name => contract::MatchComparison::Name,
        Comparison::Text => contract::MatchComparison::Text,
        Comparison::Phone => contract::MatchComparison::Phone,
        Comparison::Email => contract::MatchComparison::Email,
        Comparison::Date => contract::MatchComparison::Date,
        Comparison::Exact => contract::MatchComparison::Exact,
    }
}

fn level(level: Level) -> contract::MatchLevel {
    match level {
        Level::Missing => contract::MatchLevel::Missing,
        Level::Different => contract::MatchLevel::Different,
        Level::Similar => contract::MatchLevel::Similar,
        Level::Close => contract::MatchLevel::Close,
        Level::Same => contract::MatchLevel::Same,
    }
}

fn state(state: MatchState) -> contract::MatchState {
    match state {
        MatchState::Open => contract::MatchState::Open,
        MatchState::Accepted => contract::MatchState::Accepted,
        MatchState::Rejected => contract::MatchState::Rejected,
    }
}

/// The state that a caller names; `None` for none, and for one that there is not.
pub(crate) fn parse_state(
    field: &str,
    named: i32,
    violations: &mut Violations,
) -> Option<MatchState> {
    match contract::MatchState::try_from(named) {
        Ok(contract::MatchState::Unspecified) => None,
        Ok(contract::MatchState::Open) => Some(MatchState::Open),
        Ok(contract::MatchState::Accepted) => Some(MatchState::Accepted),
        Ok(contract::MatchState::Rejected) => Some(MatchState::Rejected),
        Err(_) => {
            violations.add(field, "is not a state");
            None
        }
    }
}
