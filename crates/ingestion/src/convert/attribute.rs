//! Attributes of the contract, and those of the domain.

use kehu_contract::ingestion as contract;
use kehu_contract::shared::FeatureFamily;
use kehu_core::attribute::{Attribute, Basis, Family, Kind, LawfulBasis, Sensitivity};
use kehu_server::{Fault, Violations, convert, names};
use kehu_storage::ingestion::attributes::AttributeVersion;

/// The attribute that a caller declares, where every field can be read; all that is wrong with it goes
/// to `violations`.
pub(crate) fn parse(given: contract::Attribute, violations: &mut Violations) -> Option<Attribute> {
    let kind = kind(given.r#type(), violations);
    let family = family(given.family(), violations);
    let sensitivity = match given.sensitivity() {
        contract::AttributeSensitivity::Identifying => Sensitivity::Identifying,
        contract::AttributeSensitivity::Sensitive => Sensitivity::Sensitive,
        _ => Sensitivity::Ordinary,
    };
    if contract::AttributeSensitivity::try_from(given.sensitivity).is_err() {
        violations.add("attribute.sensitivity", "must be one that this server knows");
    }
    let basis = given.basis.map(|basis| parse_basis(basis, violations));
    let attribute = Attribute {
        id: given.id,
        label: convert::core_label(given.label),
        kind: kind?,
        family: family?,
        unit: given.unit,
        description: given.description,
        categories: given.categories,
        sensitivity,
        basis: match basis {
            None => None,
            Some(basis) => Some(basis?),
        },
    };
    for problem in attribute.validate() {
        violations.add(format!("attribute.{}", problem.field), problem.message);
    }
    Some(attribute)
}

/// An attribute as a server answers it; what is wrong with it, where it is none of this release.
pub fn read(given: contract::Attribute) -> Result<Attribute, Fault> {
    let mut violations = Violations::new();
    let attribute = parse(given, &mut violations);
    violations.finish()?;
    attribute.ok_or_else(|| Fault::internal("an attribute without faults can be read"))
}

fn kind(given: contract::AttributeType, violations: &mut Violations) -> Option<Kind> {
    Some(match given {
        contract::AttributeType::Decimal => Kind::Decimal,
        contract::AttributeType::Integer => Kind::Integer,
        contract::AttributeType::Text => Kind::Text,
        contract::AttributeType::Boolean => Kind::Boolean,
        contract::AttributeType::Date => Kind::Date,
        contract::AttributeType::Unspecified => {
            let text = "must be given: decimal, integer, text, boolean or date";
            violations.add("attribute.type", text);
            return None;
        }
    })
}

fn family(given: FeatureFamily, violations: &mut Violations) -> Option<Family> {
    Some(match given {
        FeatureFamily::Social => Family::Social,
        FeatureFamily::Behaviour => Family::Behaviour,
        FeatureFamily::Value => Family::Value,
        FeatureFamily::Unspecified => {
            violations.add("attribute.family", "must be given: social, behaviour or value");
            return None;
        }
    })
}

fn parse_basis(given: contract::ProcessingBasis, violations: &mut Violations) -> Option<Basis> {
    let lawful_basis = match given.lawful_basis() {
        contract::LawfulBasis::Consent => LawfulBasis::Consent,
        contract::LawfulBasis::Contract => LawfulBasis::Contract,
        contract::LawfulBasis::LegalObligation => LawfulBasis::LegalObligation,
        contract::LawfulBasis::VitalInterests => LawfulBasis::VitalInterests,
        contract::LawfulBasis::PublicInterest => LawfulBasis::PublicInterest,
        contract::LawfulBasis::PubliclyDisclosed => LawfulBasis::PubliclyDisclosed,
        contract::LawfulBasis::LegitimateInterests => LawfulBasis::LegitimateInterests,
        contract::LawfulBasis::Unspecified => {
            let text = "must be given: the ground on which the attribute is processed";
            violations.add("attribute.basis.lawful_basis", text);
            return None;
        }
    };
    Some(Basis { lawful_basis, purpose: given.purpose.trim().to_owned() })
}

/// An attribute that somebody has declared.
pub(crate) fn declared(version: AttributeVersion) -> contract::Attribute {
    let by = version.published.as_ref().and_then(|published| published.signed.by.clone());
    let at = version.published.as_ref().map(|published| published.signed.at);
    contract::Attribute {
        version: version.version,
        etag: version.etag,
        declare_time: at.map(convert::timestamp),
        declared_by: by.unwrap_or_default(),
        ..message(&version.definition)
    }
}

/// An attribute as it is declared, the same for those that Kehu comes with.
pub fn message(attribute: &Attribute) -> contract::Attribute {
    let kind = match attribute.kind {
        Kind::Decimal => contract::AttributeType::Decimal,
        Kind::Integer => contract::AttributeType::Integer,
        Kind::Text => contract::AttributeType::Text,
        Kind::Boolean => contract::AttributeType::Boolean,
        Kind::Date => contract::AttributeType::Date,
    };
    let sensitivity = match attribute.sensitivity {
        Sensitivity::Ordinary => contract::AttributeSensitivity::Ordinary,
        Sensitivity::Identifying => contract::AttributeSensitivity::Identifying,
        Sensitivity::Sensitive => contract::AttributeSensitivity::Sensitive,
    };
    contract::Attribute {
        id: attribute.id.clone(),
        label: Some(convert::label(&attribute.label)),
        r#type: kind.into(),
        family: convert::family(attribute.family).into(),
        unit: attribute.unit.clone(),
        description: attribute.description.clone(),
        categories: attribute.categories.clone(),
        sensitivity: sensitivity.into(),
        basis: attribute.basis.as_ref().map(basis),
        name: names::attribute(&attribute.id),
        feature: attribute.feature().unwrap_or_default(),
        unusable_reason: attribute.blocked().unwrap_or_default(),
        etag: UNDECLARED.to_owned(),
        ..contract::Attribute::default()
    }
}

/// The etag of an attribute that nobody has declared.
pub(crate) const UNDECLARED: &str = "0";

fn basis(basis: &Basis) -> contract::ProcessingBasis {
    let lawful_basis = match basis.lawful_basis {
        LawfulBasis::Consent => contract::LawfulBasis::Consent,
        LawfulBasis::Contract => contract::LawfulBasis::Contract,
        LawfulBasis::LegalObligation => contract::LawfulBasis::LegalObligation,
        LawfulBasis::VitalInterests => contract::LawfulBasis::VitalInterests,
        LawfulBasis::PublicInterest => contract::LawfulBasis::PublicInterest,
        LawfulBasis::PubliclyDisclosed => contract::LawfulBasis::PubliclyDisclosed,
        LawfulBasis::LegitimateInterests => contract::LawfulBasis::LegitimateInterests,
    };
    contract::ProcessingBasis { lawful_basis: lawful_basis.into(), purpose: basis.purpose.clone() }
}
