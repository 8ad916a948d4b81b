//! A taxonomy as a file.
//!
//! ```yaml
//! id: size
//! label: {zh: 规模, en: By size}
//! purpose: {zh: 区别服务, en: To serve each as it is worth}
//! owner: {zh: 销售部, en: Sales}
//! default_class: small        # the class of everybody for whom no predicate holds
//! data_quality:               # what must be measured at least before it is published
//!   - {record: customer, field: industry_code, dimension: completeness, at_least: 0.9}
//! classes:                    # highest priority first
//!   - id: large
//!     code: L
//!     label: {zh: 大客户, en: Large}
//!     predicate: amount_365d >= 100000
//!     tags:
//!       - {zh: 重点客户, en: Key account}
//!     strategy_summary: {zh: 专人跟进。, en: A person in charge.}
//!   - id: small
//!     code: S
//!     label: {zh: 小客户, en: Small}
//! ```
//!
//! `purpose` and `owner` must be there to publish it. `parent`, `predicate`, `tags` and
//! `strategy_summary` may be left out, and a text in one of the two languages. Where the order of
//! priority is not that of who stands higher, every class has a `rank`, 1 the highest. Classes that
//! exclude each other have the same `priority`. `data_quality` asks for a `dimension`, which is
//! completeness, validity, uniqueness or timeliness, of a field or, without one, of records as a whole.
//! What classes earn stands in `service_levels`, `default_strategy` and the
//! `strategy` of each, in the form of `written_strategy.rs`.

use serde::{Deserialize, Serialize};

use super::quality::WrittenDemand;
use super::written_strategy::{WrittenNamed, WrittenStrategy};
use super::{Class, Taxonomy};
use crate::yaml::{self, NotADefinition, Words};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a taxonomy: id, label, default_class, classes")]
struct WrittenTaxonomy {
    id: String,
    label: Words,
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    purpose: Words,
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    owner: Words,
    default_class: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    service_levels: Vec<WrittenNamed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_strategy: Option<WrittenStrategy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    data_quality: Vec<WrittenDemand>,
    classes: Vec<WrittenClass>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a class: id, code, label, predicate")]
struct WrittenClass {
    id: String,
    code: String,
    label: Words,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Words>,
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    strategy_summary: Words,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy: Option<WrittenStrategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u32>,
}

impl Taxonomy {
    /// Reads a taxonomy that somebody wrote, and says where it cannot be read. What it says is
    /// for [`Taxonomy::validate`] to check.
    pub fn from_yaml(text: &str) -> Result<Self, NotADefinition> {
        let written: WrittenTaxonomy = yaml::read(text)?;
        Ok(Self {
            id: written.id,
            label: written.label.into(),
            purpose: written.purpose.into(),
            owner: written.owner.into(),
            classes: written.classes.into_iter().map(Class::from).collect(),
            default_class: written.default_class,
            service_levels: written.service_levels.into_iter().map(Into::into).collect(),
            default_strategy: written.default_strategy.map(Into::into),
            data_quality: written.data_quality.into_iter().map(Into::into).collect(),
        })
    }

    /// The taxonomy as a file, which [`Taxonomy::from_yaml`] reads as it was.
    pub fn to_yaml(&self) -> String {
        yaml::write(&WrittenTaxonomy {
            id: self.id.clone(),
            label: (&self.label).into(),
            purpose: (&self.purpose).into(),
            owner: (&self.owner).into(),
            default_class: self.default_class.clone(),
            service_levels: self.service_levels.iter().map(WrittenNamed::from).collect(),
            default_strategy: self.default_strategy.as_ref().map(WrittenStrategy::from),
            data_quality: self.data_quality.iter().map(WrittenDemand::from).collect(),
            classes: self.classes.iter().map(WrittenClass::from).collect(),
        })
    }
}

impl From<&Class> for WrittenClass {
    fn from(class: &Class) -> Self {
        Self {
            id: class.id.clone(),
            code: class.code.clone(),
            label: (&class.label).into(),
            parent: class.parent.clone(),
            predicate: class.predicate.clone(),
            tags: class.tags.iter().map(Words::from).collect(),
            strategy_summary: (&class.strategy_summary).into(),
            strategy: class.strategy.as_ref().map(WrittenStrategy::from),
            rank: class.rank,
            priority: class.priority,
        }
    }
}

impl From<WrittenClass> for Class {
    fn from(written: WrittenClass) -> Self {
        Self {
            id: written.id,
            code: written.code,
            label: written.label.into(),
            parent: written.parent,
            predicate: written.predicate,
            tags: written.tags.into_iter().map(Into::into).collect(),
            strategy_summary: written.strategy_summary.into(),
            strategy: written.strategy.map(Into::into),
            rank: written.rank,
            priority: written.priority,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Label;

    const SIZE: &str = "
id: size
label: {zh: 规模, en: By size}
default_class: small
classes:
  - id: large
    code: 1
    label: {en: Large}
    parent: all
    predicate: >-
      amount_365d >= 100000
      OR orders_365d > 12
    tags:
      - {zh: 重点客户}
    strategy_summary: {en: A person in charge.}
  - id: small
    code: S
    label: {zh: 小客户, en: Small}
";

    #[test]
    fn what_is_left_out_is_empty() {
        let size = Taxonomy::from_yaml(SIZE).unwrap();
        assert_eq!((size.id.as_str(), size.default_class.as_str()), ("size", "small"));
        assert_eq!(size.label, Label::new("规模", "By size"));
        let [large, small] = &size.classes[..] else { panic!("{:?}", size.classes) };
        assert_eq!((large.code.as_str(), large.parent.as_deref()), ("1", Some("all")));
        let predicate = "amount_365d >= 100000 OR orders_365d > 12";
        assert_eq!(large.predicate.as_deref(), Some(predicate));
        assert_eq!(large.tags, [Label::new("重点客户", "")]);
        assert_eq!(large.strategy_summary, Label::new("", "A person in charge."));
        assert_eq!((&small.parent, &small.predicate, small.tags.len()), (&None, &None, 0));
        assert!(small.strategy_summary.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        for (from, to, expected) in [
            ("id: size", "", "missing field `id`"),
            ("    code: S", "    colour: S", "classes[1]: unknown field `colour`"),
            ("{en: Large}", "Large", "classes[0].label: invalid type: string \"Large\""),
            ("{en: Large}", "{de: Groß}", "classes[0].label: unknown field `de`"),
            ("  - id: small", "  - id: small\n    id: small", "duplicate field `id`"),
            ("- {zh: 重点客户}", "- 重点客户", "classes[0].tags[0]: invalid type"),
            ("classes:", "classes: none\nx:", "classes: invalid type: string \"none\""),
            ("{en: Large}", "{en: Large", "did not find expected ',' or '}' at line"),
            ("en: Small}", "en: Small}\n---\nid: two", "more than one document"),
        ] {
            let text = SIZE.replacen(from, to, 1);
            assert_ne!(text, SIZE);
            let error = Taxonomy::from_yaml(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let error = Taxonomy::from_yaml("[]").unwrap_err().to_string();
        assert!(error.contains("expected a taxonomy: id, label"), "{error}");
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for taxonomy in crate::taxonomy::templates() {
            assert_eq!(Taxonomy::from_yaml(&taxonomy.to_yaml()), Ok(taxonomy));
        }
        let size = Taxonomy::from_yaml(SIZE).unwrap();
        assert_eq!(Taxonomy::from_yaml(&size.to_yaml()), Ok(size));
    }
}
