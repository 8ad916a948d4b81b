//! Every feature there is.

use kehu_core::Label;

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
    /// `satisfaction`, `profit`, `prospects`, `attributes` or `models`.
    pub group: String,
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
}

impl Catalogue {
    /// The features that Kehu comes with.
    ///
    /// # Panics
    /// When one is not in order; a test reads them all.
    pub fn shipped() -> Self {
        let tables = tables();
        let read = |(name, text): &(&str, &str)| {
            Feature::parse(text, &tables).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        Self { features: SHIPPED.iter().map(read).collect() }
    }

    /// Every feature, by group and name.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The feature of this name.
    pub fn find(&self, id: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.id == id)
    }

    /// Every feature as a column.
    pub fn schema(&self) -> Schema {
        let mut schema = Schema::default();
        for feature in &self.features {
            schema.add(feature.id.as_str(), feature.kind);
        }
        schema
    }

    /// The features of these names. [`Error::UnknownFeature`] names the first that does not
    /// exist.
    pub(super) fn named(&self, names: &[String]) -> Result<Vec<&Feature>, Error> {
        let find = |name: &String| self.find(name).ok_or_else(|| self.unknown(name));
        names.iter().map(find).collect()
    }

    fn unknown(&self, name: &str) -> Error {
        let known = self.features.iter().map(|feature| feature.id.as_str());
        Error::UnknownFeature { name: name.to_owned(), nearest: nearest(name, known) }
    }
}
