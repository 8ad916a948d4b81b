//! Attributes of customers: what an enterprise keeps of them beyond the fields that everybody has,
//! each declared with its type before it takes a value.

mod templates;
mod validate;
mod value;
mod written;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Label;

pub use templates::templates;
pub use validate::is_id;
pub use value::NotAValue;

/// What the names of the features of an enterprise's own attributes begin with, so that none is
/// ever that of a feature that Kehu comes with.
const OWN: &str = "attr_";

/// A declared attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Its key in profiles: a small letter, then small letters, digits and `_`, 50 at most.
    pub id: String,
    /// Its name for people.
    pub label: Label,
    /// The type of its values. It never changes, because values are held.
    pub kind: Kind,
    /// What its feature tells of a customer.
    pub family: Family,
    /// The unit of its values; empty for other values than numbers.
    #[serde(default)]
    pub unit: String,
    /// What it means, for people.
    #[serde(default)]
    pub description: String,
    /// The values that a text may have; empty for any.
    #[serde(default)]
    pub categories: Vec<String>,
    /// How careful one has to be with it.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// On what ground it may be processed.
    #[serde(default)]
    pub basis: Option<Basis>,
}

/// The type of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number with at most 4 decimals.
    Decimal,
    /// A whole number.
    Integer,
    /// A category or name.
    Text,
    /// True or false.
    Boolean,
    /// A day of the years 1900 to 2200.
    Date,
}

/// What a feature tells of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Who it is: industry, size, place, age.
    Social,
    /// What it does: when, how often and by which way it buys.
    Behaviour,
    /// What it is worth: amounts, profit, credit, prospects.
    Value,
}

/// How careful one has to be with an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Like any other field.
    #[default]
    Ordinary,
    /// It leads to a person, as a phone number does: it is kept and is never a feature.
    Identifying,
    /// It is processed on a declared basis only: without one no value is taken, and its features
    /// cannot be used.
    Sensitive,
}

/// On what ground an attribute may be processed, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// The ground.
    pub lawful_basis: LawfulBasis,
    /// The purpose that people were told.
    pub purpose: String,
}

/// The grounds of article 13 of the Personal Information Protection Law of China and article 6 of
/// the General Data Protection Regulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LawfulBasis {
    /// The person agreed.
    Consent,
    /// A contract with the person needs it.
    Contract,
    /// A law demands it.
    LegalObligation,
    /// Life or health are at stake.
    VitalInterests,
    /// It is in the public interest.
    PublicInterest,
    /// The person made it public, or it was lawfully.
    PubliclyDisclosed,
    /// Interests that weigh more than those of the person.
    LegitimateInterests,
}

impl Attribute {
    /// The name of its feature; `None` when it is never one.
    pub fn feature(&self) -> Option<String> {
        match self.sensitivity {
            Sensitivity::Identifying => None,
            _ if templates().iter().any(|shipped| shipped.id == self.id) => Some(self.id.clone()),
            _ => Some(format!("{OWN}{}", self.id)),
        }
    }

    /// Why it may not be processed; `None` when it may.
    pub fn blocked(&self) -> Option<String> {
        let blocked = self.sensitivity == Sensitivity::Sensitive && self.basis.is_none();
        blocked.then(|| {
            format!(
                "attribute {} is sensitive and has no declared basis: declare it with the lawful \
                 basis and the purpose on which it is processed",
                self.id
            )
        })
    }
}

/// The attributes that take values: those that Kehu comes with, and over them those that an
/// enterprise has declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes(BTreeMap<String, Attribute>);

impl Attributes {
    /// With those that an enterprise has declared.
    pub fn new(declared: impl IntoIterator<Item = Attribute>) -> Self {
        let all = templates().iter().cloned().chain(declared);
        Self(all.map(|attribute| (attribute.id.clone(), attribute)).collect())
    }

    /// The one of this id.
    pub fn get(&self, id: &str) -> Option<&Attribute> {
        self.0.get(id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.0.values()
    }
}

impl Default for Attributes {
    fn default() -> Self {
        Self::new([])
    }
}
