//! What is known about a customer, and how a write changes it.

use std::borrow::Cow;
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

    /// Its name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::CustomerType => "customer_type",
            Self::RegionCode => "region_code",
            Self::Province => "province",
            Self::City => "city",
            Self::IndustryCode => "industry_code",
            Self::RegistrationDate => "registration_date",
            Self::Attributes => "attributes",
        }
    }

    /// Whether this is the name of a field with one value; all but that of the attributes.
    pub(super) fn is_one(name: &str) -> bool {
        Self::ALL.iter().any(|field| *field != Self::Attributes && field.name() == name)
    }
}

/// What the names of attributes begin with where they stand beside those of fields.
pub(super) const ATTRIBUTE: &str = "attributes.";

/// The name of an attribute beside those of fields.
pub(super) fn attribute(key: &str) -> String {
    format!("{ATTRIBUTE}{key}")
}

/// The key of the attribute of this name; `None` for the name of a field.
pub(crate) fn attribute_of(name: &str) -> Option<&str> {
    name.strip_prefix(ATTRIBUTE)
}

/// The name of a field or an attribute, and what it is given; `None` empties it.
pub(super) type Given = (String, Option<String>);

/// Which fields a write changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// Those that are not empty; attributes are added to those held.
    Given,
    /// These, to whatever is given, empty or not.
    Fields(BTreeSet<Field>),
}

impl Profile {
    /// What of this profile `mask` names. `held` are the keys of the attributes that may have to
    /// be emptied.
    pub(super) fn given<'a>(
        &self,
        mask: &Mask,
        held: impl Iterator<Item = &'a String>,
    ) -> Vec<Given> {
        let mut given = Vec::new();
        match mask {
            Mask::Given => self.add(&mut given),
            Mask::Fields(fields) => {
                let held: Vec<&String> = held.collect();
                for field in fields {
                    self.replace(*field, &held, &mut given);
                }
            }
        }
        given
    }

    fn add(&self, given: &mut Vec<Given>) {
        for field in Field::ALL {
            if let Some(value) = self.get(field.name()) {
                given.push((field.name().to_owned(), Some(value.into_owned())));
            }
        }
        if self.region_code.is_some() && !self.attributes.contains_key(COUNTRY_AS_GIVEN) {
            given.push((attribute(COUNTRY_AS_GIVEN), None));
        }
        for (key, value) in &self.attributes {
            given.push((attribute(key), Some(value.clone())));
        }
    }

    fn replace(&self, field: Field, held: &[&String], given: &mut Vec<Given>) {
        let country = |key: &str| key == COUNTRY_AS_GIVEN;
        if field != Field::Attributes {
            let value = self.get(field.name()).map(Cow::into_owned);
            given.push((field.name().to_owned(), value));
            if field == Field::RegionCode {
                let value = self.attributes.get(COUNTRY_AS_GIVEN).cloned();
                given.push((attribute(COUNTRY_AS_GIVEN), value));
            }
            return;
        }
        let keys: BTreeSet<&String> = held.iter().copied().chain(self.attributes.keys()).collect();
        for key in keys.into_iter().filter(|key| !country(key)) {
            given.push((attribute(key), self.attributes.get(key).cloned()));
        }
    }

    /// The value of a field, or of an attribute, by its name.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let text = match name {
            "display_name" => &self.display_name,
            "customer_type" => &self.customer_type,
            "region_code" => &self.region_code,
            "province" => &self.province,
            "city" => &self.city,
            "industry_code" => &self.industry_code,
            "registration_date" => return self.registered_on.map(|day| day.to_string().into()),
            name => {
                let value = self.attributes.get(name.strip_prefix(ATTRIBUTE)?)?;
                return Some(value.as_str().into());
            }
        };
        text.as_deref().map(Cow::Borrowed)
    }

    /// Sets a field, or an attribute, by its name; a value that cannot be one empties it.
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        match name {
            "display_name" => self.display_name = value,
            "customer_type" => self.customer_type = value,
            "region_code" => self.region_code = value,
            "province" => self.province = value,
            "city" => self.city = value,
            "industry_code" => self.industry_code = value,
            "registration_date" => self.registered_on = value.and_then(|day| day.parse().ok()),
            name => {
                let Some(key) = name.strip_prefix(ATTRIBUTE) else { return };
                match value {
                    Some(value) => self.attributes.insert(key.to_owned(), value),
                    None => self.attributes.remove(key),
                };
            }
        }
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

    impl Profile {
        fn apply(&mut self, given: &Self, mask: &Mask) {
            let held: Vec<String> = self.attributes.keys().cloned().collect();
            for (name, value) in given.given(mask, held.iter()) {
                self.set(&name, value);
            }
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
