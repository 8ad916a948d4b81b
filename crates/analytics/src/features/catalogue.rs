//! Every feature there is.

use std::sync::LazyLock;

use kehu_core::Label;
use kehu_core::attribute::{Attribute, Attributes, Family};

use super::attribute;
use super::definition::Source;
use crate::facts::{TableNames, tables};
use crate::schema::nearest;
use crate::{ColumnKind, Error, Schema};

/// The files of the folder `features`: name and text.
pub(super) const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// What a feature is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// Its name in frames, scorecards and predicates: `recency_days`.
    pub id: String,
    /// Its name for people.
    pub label: Label,
    /// `recency`, `frequency`, `monetary`, `quantity`, `growth`, `habits`, `credit`, `engagement`,
    /// `satisfaction`, `profit`, `prospects` or `attributes`.
    pub group: String,
    /// What it tells of a customer.
    pub family: Family,
    /// The attribute that it rests on; `None` for one of facts and other fields.
    pub attribute: Option<String>,
    /// The kind of its values.
    pub kind: ColumnKind,
    /// The unit of its values: `d` days, `1` a count or plain number, `currency` the base
    /// currency, `share` a fraction of 1; empty for text.
    pub unit: String,
    /// How far back it looks: `365d` days, `12m` months; `None` when it knows no end.
    pub window: Option<String>,
    /// How it is computed and when it is null.
    pub description: String,
    /// Where its values come from, and those of who has none there.
    pub(super) source: Source,
    pub(super) missing: Option<Source>,
    /// The tables that it reads, `customers` among them.
    pub(super) tables: TableNames,
}

/// Features by name.
#[derive(Debug, Clone)]
pub struct Catalogue {
    features: Vec<Feature>,
    /// Those that cannot be used, with the reason.
    blocked: Vec<(Feature, String)>,
}

/// What the files say.
static FILES: LazyLock<Vec<Feature>> = LazyLock::new(|| {
    let tables = tables();
    let read = |(name, text): &(&str, &str)| {
        Feature::parse(text, &tables).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    SHIPPED.iter().map(read).collect()
});

/// The features that need no look at what is declared.
pub(crate) fn is_fixed(name: &str) -> bool {
    FILES.iter().any(|feature| feature.id == name && feature.attribute.is_none())
}

impl Catalogue {
    /// The features that Kehu comes with, as long as nothing is declared.
    ///
    /// # Panics
    /// When one is not in order; a test reads them all.
    pub fn shipped() -> Self {
        Self::new(&Attributes::default()).expect("the shipped attributes are in order")
    }

    /// The features of the files and of these attributes.
    pub(crate) fn new(attributes: &Attributes) -> Result<Self, Error> {
        let mut all = FILES.clone();
        for one in attributes.iter() {
            let features = attribute::features(one);
            all.extend(features.map_err(|error| Error::Engine(error.into()))?);
        }
        all.sort_by(|one, other| (&one.group, &one.id).cmp(&(&other.group, &other.id)));
        let (mut features, mut blocked) = (Vec::with_capacity(all.len()), Vec::new());
        for feature in all {
            let of = feature.attribute.as_deref().and_then(|id| attributes.get(id));
            match of.and_then(Attribute::blocked) {
                None => features.push(feature),
                Some(reason) => blocked.push((feature, reason)),
            }
        }
        Ok(Self { features, blocked })
    }

    /// Every feature that can be used, by group and name.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Those that cannot be used, each with the reason.
    pub fn blocked(&self) -> &[(Feature, String)] {
        &self.blocked
    }

    /// The feature of this name.
    pub fn find(&self, id: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.id == id)
    }

    /// Why the feature of this name cannot be used; `None` when there is nothing against it, or no
    /// such feature.
    pub fn why_blocked(&self, id: &str) -> Option<&str> {
        let blocked = self.blocked.iter().find(|(feature, _)| feature.id == id);
        blocked.map(|(_, reason)| reason.as_str())
    }

    /// Why nothing can be computed with a name that [`Catalogue::find`] does not find.
    pub fn missing(&self, id: &str) -> String {
        match self.why_blocked(id) {
            Some(reason) => format!("feature {id} cannot be used: {reason}"),
            None => format!("there is no feature {id}"),
        }
    }

    /// Every feature as a column.
    pub fn schema(&self) -> Schema {
        let mut schema = Schema::default();
        for feature in &self.features {
            schema.add(feature.id.as_str(), feature.kind);
        }
        for (feature, reason) in &self.blocked {
            schema.block(feature.id.as_str(), reason.as_str());
        }
        schema
    }

    /// The features of these names. [`Error::UnknownFeature`] names the first that does not
    /// exist, [`Error::BlockedFeature`] the first that cannot be used.
    pub(crate) fn named(&self, names: &[String]) -> Result<Vec<&Feature>, Error> {
        let find = |name: &String| self.find(name).ok_or_else(|| self.unknown(name));
        names.iter().map(find).collect()
    }

    fn unknown(&self, name: &str) -> Error {
        if let Some(reason) = self.why_blocked(name) {
            return Error::BlockedFeature { name: name.to_owned(), reason: reason.to_owned() };
        }
        let known = self.features.iter().map(|feature| feature.id.as_str());
        Error::UnknownFeature { name: name.to_owned(), nearest: nearest(name, known) }
    }
}
