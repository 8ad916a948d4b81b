//! What is known about a customer, and how a write changes it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

/// The attribute that keeps a country which has no code.
pub const COUNTRY_AS_GIVEN: &str = "country_as_given";

/// What is known about a customer. `None` is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Name of the company or the person.
    pub display_name: Option<String>,
    /// Kind of customer in the enterprise's words.
    pub customer_type: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub region_code: Option<String>,
    /// Province or state.
    pub province: Option<String>,
    /// City.
    pub city: Option<String>,
    /// GB/T 4754 or ISIC.
    pub industry_code: Option<String>,
    /// First day of the relation.
    pub registered_on: Option<NaiveDate>,
    /// Further attributes.
    pub attributes: BTreeMap<String, String>,
}

/// A field of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `display_name`.
    DisplayName,
    /// `customer_type`.
    CustomerType,
    /// `region_code`, and the attribute that keeps a country without one.
    RegionCode,
    /// `province`.
    Province,
    /// `city`.
    City,
    /// `industry_code`.
    IndustryCode,
    /// `registration_date`.
    RegistrationDate,
    /// All attributes but that of the country.
    Attributes,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::DisplayName,
        Self::CustomerType,
        Self::RegionCode,
        Self::Province,
        Self::City,
        Self::IndustryCode,
        Self::RegistrationDate,
        Self::Attributes,
    ];
}

/// Which fields a write changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// Those that are not empty; attributes are added to those held.
    Given,
    /// These, to whatever is given, empty or not.
    Fields(BTreeSet<Field>),
}

impl Profile {
    /// Takes over from `given` the fields that `mask` names.
    pub fn apply(&mut self, given: &Self, mask: &Mask) {
        match mask {
            Mask::Given => self.add(given),
            Mask::Fields(fields) => {
                for field in fields {
                    self.replace(given, *field);
                }
            }
        }
    }

    fn add(&mut self, given: &Self) {
        for (held, given) in [
            (&mut self.display_name, &given.display_name),
            (&mut self.customer_type, &given.customer_type),
            (&mut self.region_code, &given.region_code),
            (&mut self.province, &given.province),
            (&mut self.city, &given.city),
            (&mut self.industry_code, &given.industry_code),
        ] {
            if given.is_some() {
                held.clone_from(given);
            }
        }
        if given.region_code.is_some() {
            self.attributes.remove(COUNTRY_AS_GIVEN);
        }
        self.registered_on = given.registered_on.or(self.registered_on);
        for (key, value) in &given.attributes {
            self.attributes.insert(key.clone(), value.clone());
        }
    }

    fn replace(&mut self, given: &Self, field: Field) {
        match field {
            Field::DisplayName => self.display_name.clone_from(&given.display_name),
            Field::CustomerType => self.customer_type.clone_from(&given.customer_type),
            Field::RegionCode => {
                self.region_code.clone_from(&given.region_code);
                self.keep_country(given.attributes.get(COUNTRY_AS_GIVEN).cloned());
            }
            Field::Province => self.province.clone_from(&given.province),
            Field::City => self.city.clone_from(&given.city),
            Field::IndustryCode => self.industry_code.clone_from(&given.industry_code),
            Field::RegistrationDate => self.registered_on = given.registered_on,
            Field::Attributes => {
                let country = self.attributes.get(COUNTRY_AS_GIVEN).cloned();
                self.attributes.clone_from(&given.attributes);
                self.keep_country(country);
            }
        }
    }

    fn keep_country(&mut self, country: Option<String>) {
        match country {
            Some(country) => self.attributes.insert(COUNTRY_AS_GIVEN.to_owned(), country),
            None => self.attributes.remove(COUNTRY_AS_GIVEN),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(region: Option<&str>, city: Option<&str>, attributes: &[(&str, &str)]) -> Profile {
        let attributes = attributes.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        Profile {
            region_code: region.map(str::to_owned),
            city: city.map(str::to_owned),
            attributes: attributes.collect(),
            ..Profile::default()
        }
    }

    #[test]
    fn what_is_not_given_stays() {
        let mut held = profile(Some("GB"), Some("Leeds"), &[("age", "30")]);
        held.apply(&profile(None, Some("York"), &[("tier", "2")]), &Mask::Given);
        assert_eq!(held, profile(Some("GB"), Some("York"), &[("age", "30"), ("tier", "2")]));
    }

    #[test]
    fn a_known_country_replaces_an_unknown_one() {
        let unknown = profile(None, None, &[(COUNTRY_AS_GIVEN, "Unspecified")]);
        let known = profile(Some("FR"), None, &[]);
        let mut held = unknown.clone();
        held.apply(&known, &Mask::Given);
        assert_eq!(held, known);
        held.apply(&unknown, &Mask::Given);
        assert_eq!(held, profile(Some("FR"), None, &[(COUNTRY_AS_GIVEN, "Unspecified")]));
        held.apply(&unknown, &Mask::Fields(BTreeSet::from([Field::RegionCode])));
        assert_eq!(held, unknown);
    }

    #[test]
    fn a_mask_empties_what_it_names() {
        let mut held = profile(None, Some("Leeds"), &[("age", "30"), (COUNTRY_AS_GIVEN, "EU")]);
        let given = profile(Some("GB"), None, &[("tier", "2")]);
        held.apply(&given, &Mask::Fields(BTreeSet::from([Field::City, Field::Attributes])));
        assert_eq!(held, profile(None, None, &[("tier", "2"), (COUNTRY_AS_GIVEN, "EU")]));
        held.apply(&given, &Mask::Fields(BTreeSet::from(Field::ALL)));
        assert_eq!(held, given);
    }
}
