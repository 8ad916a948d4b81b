//! Customers.

use std::collections::BTreeSet;

use kehu_contract::ingestion::{CustomerProfile, CustomerRecord, ProblemReason, RecordKind};
use kehu_core::attribute::Attributes;
use kehu_core::{country, industry, limits};
use kehu_server::{Violations, convert};
use kehu_storage::ingestion::{COUNTRY_AS_GIVEN, Entry, NewReject, Profile};

use super::raw::Raw;
use super::{Checked, Checker, Given, Problems, attribute, refused, values};

impl Given for CustomerRecord {
    fn kind(&self) -> &'static str {
        "customer"
    }

    fn check(&self, checker: &Checker, problems: &mut Problems) -> Option<Checked> {
        let field = "customer.external_id";
        let external_id = problems.customer(field, &self.external_id, ProblemReason::FieldMissing);
        let empty = CustomerProfile::default();
        let given = self.profile.as_ref().unwrap_or(&empty);
        let profile = profile("customer.profile", given, &checker.attributes, problems);
        let codes = codes(self, problems);
        let (field, updated) = ("customer.source_update_time", self.source_update_time.as_ref());
        let source_updated_at = values::source_time(field, updated, &checker.calendar, problems);
        Some(Checked::Good(Entry::Customer { external_id, profile, codes, source_updated_at }))
    }

    fn key(&self) -> Option<(RecordKind, &str)> {
        Some((RecordKind::Customer, &self.external_id))
    }

    fn raw(&self) -> Raw {
        raw(self, &BTreeSet::new())
    }

    /// What may not be processed is not kept either.
    fn rejects(&self, line_number: i64, problems: &Problems) -> Vec<NewReject> {
        let raw = raw(self, &attribute::withheld(problems));
        vec![refused::new_reject(line_number, raw, problems.all().cloned())]
    }
}

/// What a record holds but for the values of some attributes.
fn raw(record: &CustomerRecord, withheld: &BTreeSet<&str>) -> Raw {
    let mut raw = Raw::default();
    raw.push("customer", &record.external_id);
    raw.push("codes", record.codes.join(" "));
    if let Some(time) = &record.source_update_time {
        raw.push("source_update_time", time.to_string());
    }
    let Some(profile) = &record.profile else { return raw };
    raw.push("display_name", &profile.display_name);
    raw.push("customer_type", &profile.customer_type);
    raw.push("region_code", &profile.region_code);
    raw.push("province", &profile.province);
    raw.push("city", &profile.city);
    raw.push("industry_code", &profile.industry_code);
    raw.push_date("registration_date", profile.registration_date.as_ref());
    for (key, value) in &profile.attributes {
        raw.push(key, if withheld.contains(key.as_str()) { "withheld" } else { value });
    }
    raw
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
pub(crate) fn profile(
    path: &str,
    given: &CustomerProfile,
    declared: &Attributes,
    problems: &mut Problems,
) -> Profile {
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
        ..Profile::default()
    };
    let country = text("region_code", &given.region_code);
    let industry = text("industry_code", &given.industry_code);
    profile.industry_code = industry.and_then(|given| industry_code(path, &given, problems));
    profile.registered_on = registered_on(path, given, problems);
    profile.attributes = attribute::values(path, &given.attributes, declared, problems);
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

/// The code of an industry in the form that says all that it is part of.
fn industry_code(path: &str, given: &str, problems: &mut Problems) -> Option<String> {
    if let Some(industry) = industry::parse(given) {
        return Some(industry.code.to_owned());
    }
    let nearest = industry::nearest(given);
    let hint = nearest.map(|near| format!("; the nearest is {} {}", near.code, near.zh));
    let text = format!(
        "must be a code of GB/T 4754-2017, such as C, C26, C261 or C2611, or a name of it{}",
        hint.unwrap_or_default()
    );
    problems.add(&format!("{path}.industry_code"), ProblemReason::ValueUnknown, &text);
    None
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
