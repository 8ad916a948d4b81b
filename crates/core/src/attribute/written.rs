//! An attribute as a file.
//!
//! ```yaml
//! id: assets_under_management
//! label: {zh: 管理资产, en: Assets under management}
//! type: decimal                # decimal, integer, text, boolean or date
//! family: value                # social, behaviour or value
//! unit: currency
//! description: What the customer has with us, in the base currency.
//! ```
//!
//! `unit`, `description` and `categories`, the values that a text may have, may be left out, and a
//! label in one of the two languages. `sensitivity` is `ordinary`, `identifying` (kept, never a
//! feature) or `sensitive`; what is sensitive takes values once it says on which ground:
//!
//! ```yaml
//! sensitivity: sensitive
//! basis: {lawful_basis: consent, purpose: To offer plans by age}
//! ```

use serde::{Deserialize, Serialize};

use super::{Attribute, Basis, Family, Kind, Sensitivity};
use crate::yaml::{self, NotADefinition, Words};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an attribute: id, label, type, family")]
struct Written {
    id: String,
    label: Words,
    #[serde(rename = "type")]
    kind: Kind,
    family: Family,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    unit: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
    #[serde(default, skip_serializing_if = "is_ordinary")]
    sensitivity: Sensitivity,
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<Basis>,
}

fn is_ordinary(sensitivity: &Sensitivity) -> bool {
    *sensitivity == Sensitivity::Ordinary
}

impl Attribute {
    /// Reads an attribute that somebody wrote, and says where it cannot be read. What it says is
    /// for [`Attribute::validate`] to check.
    pub fn from_yaml(text: &str) -> Result<Self, NotADefinition> {
        let written: Written = yaml::read(text)?;
        Ok(Self {
            id: written.id,
            label: written.label.into(),
            kind: written.kind,
            family: written.family,
            unit: written.unit,
            description: written.description,
            categories: written.categories,
            sensitivity: written.sensitivity,
            basis: written.basis,
        })
    }

    /// The attribute as a file, which [`Attribute::from_yaml`] reads as it was.
    pub fn to_yaml(&self) -> String {
        yaml::write(&Written {
            id: self.id.clone(),
            label: (&self.label).into(),
            kind: self.kind,
            family: self.family,
            unit: self.unit.clone(),
            description: self.description.clone(),
            categories: self.categories.clone(),
            sensitivity: self.sensitivity,
            basis: self.basis.clone(),
        })
    }
}
