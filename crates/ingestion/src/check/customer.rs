//! Customers.

use std::collections::BTreeMap;

use kehu_contract::ingestion::{CustomerProfile, CustomerRecord, ProblemReason, RecordKind};
use kehu_core::{country, limits};
use kehu_server::{Violations, convert};
use kehu_storage::ingestion::{COUNTRY_AS_GIVEN, Entry, Profile};

use super::raw::Raw;
use super::{Checked, Checker, Given, Problems, values};

impl Given for CustomerRecord {
    fn kind(&self) -> &'static str {
        "customer"
    }

    fn check(&self, checker: &Checker, problems: &mut Problems) -> Option<Checked> {
        let field = "customer.external_id";
        let external_id = problems.customer(field, &self.external_id, ProblemReason::FieldMissing);
        let empty = CustomerProfile::default();
        let given = self.profile.as_ref().unwrap_or(&empty);
        let profile = profile("customer.profile", given, problems);
        let codes = codes(self, problems);
        let (field, updated) = ("customer.source_update_time", self.source_update_time.as_ref());
        let source_updated_at = values::source_time(field, updated, &checker.calendar, problems);
        Some(Checked::Good(Entry::Customer { external_id, profile, codes, source_updated_at }))
    }

    fn key(&self) -> Option<(RecordKind, &str)> {
        Some((RecordKind::Customer, &self.external_id))
    }

    fn raw(&self) -> Raw {
        let mut raw = Raw::default();
        raw.push("customer", &self.external_id);
        raw.push("codes", self.codes.join(" "));
        if let Some(time) = &self.source_update_time {
            raw.push("source_update_time", time.to_string());
        }
        let Some(profile) = &self.profile else { return raw };
        raw.push("display_name", &profile.display_name);
        raw.push("customer_type", &profile.customer_type);
        raw.push("region_code", &profile.region_code);
        raw.push("province", &profile.province);
        raw.push("city", &profile.city);
        raw.push("industry_code", &profile.industry_code);
        raw.push_date("registration_date", profile.registration_date.as_ref());
        for (key, value) in &profile.attributes {
            raw.push(key, value);
        }
        raw
    }
}

fn codes(given: &CustomerRecord, problems: &mut Problems) -> Vec<String> {
    if given.codes.len() > limits::ATTRIBUTES {
        problems.add("customer.codes", ProblemReason::OutOfRange, "must have at most 100 entries");
        return Vec::new();
    }
    let mut codes = Vec::with_capacity(given.codes.len());
    for (place, code) in given.codes.iter().enumerate() {
        codes.extend(problems.optional_key(&format!("customer.codes[{place}]"), code));
    }
    codes
}

/// The profile in `given`, whose fields are paths under `path`. A country is turned into its
/// code; one that has none is kept among the attributes.
pub(crate) fn profile(path: &str, given: &CustomerProfile, problems: &mut Problems) -> Profile {
    let mut text = |field: &str, text: &str| {
        if text.is_empty() {
            return None;
        }
        problems.text(&format!("{path}.{field}"), text, limits::TEXT)
    };
    let mut profile = Profile {
        display_name: text("display_name", &given.display_name),
        customer_type: text("customer_type", &given.customer_type),
        province: text("province", &given.province),
        city: text("city", &given.city),
        industry_code: text("industry_code", &given.industry_code),
        ..Profile::default()
    };
    let country = text("region_code", &given.region_code);
    profile.registered_on = registered_on(path, given, problems);
    profile.attributes = attributes(path, &given.attributes, problems);
    if let Some(given) = country {
        match country::parse(&given) {
            Some(country) => profile.region_code = Some(country.alpha2.to_owned()),
            None => {
                profile.attributes.insert(COUNTRY_AS_GIVEN.to_owned(), given);
            }
        }
    }
    profile
}

fn registered_on(
    path: &str,
    given: &CustomerProfile,
    problems: &mut Problems,
) -> Option<chrono::NaiveDate> {
    let mut violations = Violations::new();
    let date = convert::parse_date("", given.registration_date, &mut violations);
    if !violations.is_empty() {
        let text = "must be a date that exists, of the years 1900 to 2200";
        problems.add(&format!("{path}.registration_date"), ProblemReason::DateInvalid, text);
    }
    date
}

fn attributes(
    path: &str,
    given: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    let field = format!("{path}.attributes");
    if given.len() > limits::ATTRIBUTES {
        let text = "must have at most 100 entries";
        problems.add(&field, ProblemReason::OutOfRange, text);
        return attributes;
    }
    for (key, value) in given {
        if !is_name(key) {
            let text = "keys must be 1 to 64 characters of a-z, 0-9 and _";
            problems.add(&field, ProblemReason::ValueUnknown, text);
            continue;
        }
        let value = problems.text(&format!("{field}[{key}]"), value, limits::DESCRIPTION);
        attributes.insert(key.clone(), value.unwrap_or_default());
    }
    attributes
}

fn is_name(key: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !key.is_empty() && key.len() <= limits::NAME && key.chars().all(allowed)
}
