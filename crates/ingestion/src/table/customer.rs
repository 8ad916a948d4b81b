//! What a row says about its customer.

use kehu_contract::ingestion::{CustomerProfile, Problem, ProblemReason};

use super::clean::Cleaned;
use super::columns::{Layout, Role};
use super::problem::problem;
use super::row::Row;
use super::text;
use crate::limits;

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
pub(super) struct Profiles {
    last: Vec<String>,
    profile: CustomerProfile,
    problems: Vec<Problem>,
}

impl Profiles {
    /// Whether a file says anything about its customers.
    pub(super) fn are_in(layout: &Layout) -> bool {
        !layout.attributes.is_empty() || ROLES.iter().any(|role| layout.place(*role).is_some())
    }

    /// The profile in a row, and what is wrong with it.
    pub(super) fn read(
        &mut self,
        row: &Row,
        layout: &Layout,
        cleaned: &mut Cleaned,
    ) -> (&CustomerProfile, &[Problem]) {
        let places = || {
            let roles = ROLES.iter().filter_map(|role| layout.place(*role));
            roles.chain(layout.attributes.iter().map(|(_, place)| *place))
        };
        let same = !self.last.is_empty()
            && places().zip(&self.last).all(|(place, last)| row.cell(place) == last);
        if !same {
            self.last = places().map(|place| row.cell(place).to_owned()).collect();
            self.read_anew(row, layout, cleaned);
        }
        (&self.profile, &self.problems)
    }

    fn read_anew(&mut self, row: &Row, layout: &Layout, cleaned: &mut Cleaned) {
        self.problems.clear();
        let problems = &mut self.problems;
        let mut read = |role: Role| match layout.place(role) {
            Some(place) => {
                let cell = row.cell(place);
                text::clean(cell, layout.column(role), limits::TEXT, cleaned, problems)
            }
            None => String::new(),
        };
        self.profile = CustomerProfile {
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
                self.profile.attributes.insert(name.clone(), value);
            }
        }
    }
}

/// The customer's key in a cell; what is wrong with it goes to `problems`.
pub(super) fn key(
    cell: &str,
    column: &str,
    cleaned: &mut Cleaned,
    problems: &mut Vec<Problem>,
) -> String {
    let mut key = text::clean(cell, column, limits::KEY, cleaned, problems);
    if let Some(number) = without_decimals(&key) {
        cleaned.count(super::clean::Rule::KeyDecimals);
        key.truncate(number);
    }
    if key.is_empty() && cell.trim().is_empty() {
        let text = "the row names no customer";
        problems.push(problem(column, ProblemReason::CustomerMissing, text));
    }
    key
}

/// The length of the whole number in `17850.0`, which is how spreadsheets and data frames write
/// a number in a column with gaps.
fn without_decimals(key: &str) -> Option<usize> {
    let (number, zeros) = key.split_once('.')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0')).then_some(number.len())
}
