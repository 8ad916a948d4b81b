//! What a row says about its customer.

use std::collections::{BTreeSet, HashMap, HashSet};

use kehu_contract::ingestion::{CustomerProfile, CustomerRecord, Problem, ProblemReason};

use kehu_core::limits;

use crate::clean::Cleaned;
use crate::columns::{Layout, Role};
use crate::facts::digest;
use crate::problem::problem;
use crate::row::Row;
use crate::text;

/// The roles that make up a profile.
const ROLES: [Role; 6] = [
    Role::CustomerName,
    Role::CustomerType,
    Role::Country,
    Role::Province,
    Role::City,
    Role::Industry,
];

/// Reads the profiles of customers. Neighbouring rows are mostly of one customer, so that the
/// last profile need not be read again.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    last: Vec<String>,
    said: Said,
    problems: Vec<Problem>,
}

/// What a row says about its customer.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) profile: CustomerProfile,
    /// A code that the customer has had elsewhere; may be empty.
    code: String,
}

impl Said {
    /// The code that it names, if any.
    pub(crate) fn code(&self) -> Option<String> {
        (!self.code.is_empty()).then(|| self.code.clone())
    }
}

impl Profiles {
    /// Whether a file says anything about its customers.
    pub(crate) fn are_in(layout: &Layout) -> bool {
        let mut roles = ROLES.iter().chain([&Role::Code]);
        let stated =
            |role: &Role| layout.place(*role).is_some() || layout.constant(*role).is_some();
        !layout.attributes.is_empty() || roles.any(stated)
    }

    /// What a row says, and what is wrong with it.
    pub(crate) fn read(
        &mut self,
        row: &Row,
        layout: &Layout,
        cleaned: &mut Cleaned,
    ) -> (&Said, &[Problem]) {
        let places = || {
            let roles = ROLES.iter().chain([&Role::Code]);
            let roles = roles.filter_map(|role| layout.place(*role));
            roles.chain(layout.attributes.iter().map(|(_, place)| *place))
        };
        let same = !self.last.is_empty()
            && places().zip(&self.last).all(|(place, last)| row.cell(place) == last);
        if !same {
            self.last = places().map(|place| row.cell(place).to_owned()).collect();
            self.read_anew(row, layout, cleaned);
        }
        (&self.said, &self.problems)
    }

    fn read_anew(&mut self, row: &Row, layout: &Layout, cleaned: &mut Cleaned) {
        self.problems.clear();
        let problems = &mut self.problems;
        let mut read = |role: Role| match layout.place(role) {
            Some(place) => {
                let cell = row.cell(place);
                text::clean(cell, layout.column(role), limits::TEXT, cleaned, problems)
            }
            None => layout.constant(role).unwrap_or_default().to_owned(),
        };
        self.said.profile = CustomerProfile {
            display_name: read(Role::CustomerName),
            customer_type: read(Role::CustomerType),
            region_code: read(Role::Country),
            province: read(Role::Province),
            city: read(Role::City),
            industry_code: read(Role::Industry),
            ..CustomerProfile::default()
        };
        for (name, place) in &layout.attributes {
            let column = &layout.header[*place];
            let value =
                text::clean(row.cell(*place), column, limits::DESCRIPTION, cleaned, problems);
            if !value.is_empty() {
                self.said.profile.attributes.insert(name.clone(), value);
            }
        }
        let code = layout.place(Role::Code).map_or("", |place| row.cell(place));
        let code = cleaned.key(code).into_owned();
        self.said.code = text::check(code, layout.column(Role::Code), limits::KEY, problems);
    }
}

/// The customer's key in a cell; what is wrong with it goes to `problems`.
pub(crate) fn key(
    cell: &str,
    column: &str,
    cleaned: &mut Cleaned,
    problems: &mut Vec<Problem>,
) -> String {
    let key = cleaned.customer(cell);
    if key.is_empty() {
        let text = "the row names no customer";
        problems.push(problem(column, ProblemReason::CustomerMissing, text));
        return String::new();
    }
    if is_rounded(&key) {
        let text = "a spreadsheet has rounded this key, and others may look the same now: save \
                    the file with the column as text";
        problems.push(problem(column, ProblemReason::ValueUnknown, text));
        return String::new();
    }
    text::check(key.into_owned(), column, limits::KEY, problems)
}

/// Whether a key is a long number as spreadsheets show it, `5.90123E+12`.
fn is_rounded(key: &str) -> bool {
    let Some((digits, power)) = key.split_once(['E', 'e']) else { return false };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    power.strip_prefix('+').is_some_and(number) && number(whole) && number(decimals)
}

/// The profiles of customers that were sent, so that what the latest order says holds, in
/// whatever order the rows stand.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    fields: HashMap<String, Vec<Known>>,
    /// Digests of the customers and their codes.
    codes: HashSet<(u64, u64)>,
}

/// A field as it was sent last: when the order was placed that says so, in seconds since 1970,
/// and a digest of the value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    at: i64,
    value: u64,
}

impl Latest {
    /// The customer's record as far as it is new: what an order placed at `at` says and no later
    /// one that was sent does. `None` where all is known.
    pub(crate) fn record(
        &mut self,
        customer: &str,
        at: i64,
        said: &CustomerProfile,
        mut codes: BTreeSet<String>,
        layout: &Layout,
    ) -> Option<CustomerRecord> {
        let count = ROLES.len() + layout.attributes.len();
        codes.retain(|code| self.codes.insert((digest(customer), digest(code))));
        let mut new = !self.fields.contains_key(customer) || !codes.is_empty();
        let known =
            self.fields.entry(customer.to_owned()).or_insert_with(|| vec![Known::default(); count]);
        let mut profile = said.clone();
        let texts = fields(&mut profile);
        let attributes = layout.attributes.iter().map(|(name, _)| name.as_str());
        for (field, known) in texts.into_iter().zip(known.iter_mut()) {
            match known.take(at, field) {
                Some(changed) => new |= changed,
                None => field.clear(),
            }
        }
        for (name, known) in attributes.zip(known.iter_mut().skip(ROLES.len())) {
            let Some(value) = profile.attributes.get(name) else { continue };
            match known.take(at, value) {
                Some(changed) => new |= changed,
                None => {
                    profile.attributes.remove(name);
                }
            }
        }
        let external_id = customer.to_owned();
        let codes = codes.into_iter().collect();
        let source_update_time = None;
        let profile = Some(profile);
        new.then_some(CustomerRecord { external_id, profile, codes, source_update_time })
    }
}

impl Known {
    /// Whether the value is another than before; `None` where a later order says otherwise.
    fn take(&mut self, at: i64, value: &str) -> Option<bool> {
        if value.is_empty() {
            return Some(false);
        }
        let given = Self { at, value: digest(value) };
        if self.value == given.value {
            self.at = self.at.max(at);
            return Some(false);
        }
        if self.value != 0 && given < *self {
            return None;
        }
        *self = given;
        Some(true)
    }
}

/// The texts of a profile.
fn fields(profile: &mut CustomerProfile) -> [&mut String; ROLES.len()] {
    [
        &mut profile.display_name,
        &mut profile.customer_type,
        &mut profile.region_code,
        &mut profile.province,
        &mut profile.city,
        &mut profile.industry_code,
    ]
}

/// Puts what another row of the same order says into its profile: of two values the greater, so
/// that the order of the rows does not matter.
pub(crate) fn merge(profile: &mut CustomerProfile, said: &CustomerProfile) {
    if profile == said {
        return;
    }
    let mut said = said.clone();
    for (field, said) in fields(profile).into_iter().zip(fields(&mut said)) {
        if *said > *field {
            *field = std::mem::take(said);
        }
    }
    for (name, value) in said.attributes {
        let held = profile.attributes.entry(name).or_default();
        if value > *held {
            *held = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_a_spreadsheet_rounded() {
        for (key, rounded) in [
            ("5.90123E+12", true),
            ("5,9e+12", true),
            ("6E+05", true),
            ("6E05", false),
            ("E+12", false),
            ("ME+12", false),
            ("17850", false),
        ] {
            assert_eq!(is_rounded(key), rounded, "{key}");
        }
    }
}
