//! Classes of customers.

use std::collections::BTreeMap;
use std::sync::Arc;

use kehu_contract::coding as contract;
use kehu_core::Value;
use kehu_core::quality::{Counts, Dimension};
use kehu_core::taxonomy::{Class, Taxonomy};
use kehu_server::{Fault, convert, names};
use kehu_storage::{
    Database,
    coding::{
        classes::Assignment,
        overrides::ClassOverride,
        taxonomies::{self, TaxonomyVersion},
    },
};

use rust_decimal::Decimal;

use super::strategy::resolved_strategy;

/// Versions of taxonomies, by number.
pub(crate) type Taxonomies = BTreeMap<i64, Arc<TaxonomyVersion>>;

/// The versions that gave some classes.
pub(crate) struct Versions(Taxonomies);

impl Versions {
    /// The versions of the assignments.
    pub(crate) async fn of(db: &Database, assignments: &[Assignment]) -> Result<Self, Fault> {
        let mut ids: Vec<i64> = assignments.iter().map(|row| row.version_id).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(taxonomies::published(db, &ids).await?))
    }
}

/// A class as callers see it: label, predicate and tags are those of the version that gave it.
pub(crate) fn classification(
    row: &Assignment,
    versions: &Versions,
) -> Result<contract::Classification, Fault> {
    let unknown = || Fault::internal(format!("class {} is not in its taxonomy", row.class));
    let version = versions.0.get(&row.version_id).ok_or_else(unknown)?;
    let class = match row.left_out {
        Some(_) => None,
        None => Some(version.definition.class(&row.class).ok_or_else(unknown)?),
    };
    let evidence = row.evidence.iter();
    let tags = class.iter().flat_map(|class| &class.tags);
    Ok(contract::Classification {
        customer: names::customer(row.customer),
        taxonomy: names::resource(names::TAXONOMIES, &row.taxonomy),
        version: version.version,
        class_id: row.class.clone(),
        label: class.map(|class| convert::label(&class.label)),
        predicate: class.and_then(|class| class.predicate.clone()).unwrap_or_default(),
        evidence: evidence.map(|(name, value)| (name.clone(), convert::value(value))).collect(),
        tags: tags.map(convert::label).collect(),
        left_out_reason: row.left_out.clone().unwrap_or_default(),
        valid_from_date: Some(convert::date(row.valid_from)),
        valid_to_date: row.valid_to.map(convert::date),
        record_time: Some(convert::timestamp(row.recorded_at)),
        supersede_time: row.superseded_at.map(convert::timestamp),
        run: row.run_id.map(names::run).unwrap_or_default(),
        strategy: None,
        strategy_class_id: String::new(),
        class_override: None,
        customer_summary: None,
        data_confidence: confidence(row).map(convert::decimal),
    })
}

/// How much of what a class rests on was there.
fn confidence(row: &Assignment) -> Option<Decimal> {
    let there = row.evidence.values().filter(|value| **value != Value::Null).count();
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let counts =
        Counts { present: count(there), expected: count(row.evidence.len()), ..Counts::default() };
    counts.ratio(Dimension::Completeness)
}

/// Adds what the customer earns.
pub(crate) fn with_strategy(
    classification: contract::Classification,
    versions: &Versions,
    version_id: i64,
) -> contract::Classification {
    let taxonomy = versions.0.get(&version_id).map(|version| &version.definition);
    let class = taxonomy.and_then(|it| it.class(&classification.class_id));
    let Some((taxonomy, class)) = taxonomy.zip(class) else { return classification };
    let Some((strategy, strategy_class_id)) = earned(taxonomy, class) else {
        return classification;
    };
    contract::Classification { strategy: Some(strategy), strategy_class_id, ..classification }
}

/// What members of a class earn, and the id of the class that says so; empty for what all earn.
pub(crate) fn earned(taxonomy: &Taxonomy, class: &Class) -> Option<(contract::Strategy, String)> {
    let (strategy, of) = taxonomy.strategy(class)?;
    let of = of.map(|class| class.id.clone()).unwrap_or_default();
    Some((resolved_strategy(taxonomy, strategy), of))
}

/// A class that a person has set, as callers see it.
pub(crate) fn class_override(set: &ClassOverride) -> contract::ClassOverride {
    contract::ClassOverride {
        customer: names::customer(set.set.customer),
        taxonomy: names::resource(names::TAXONOMIES, &set.taxonomy),
        class_id: set.set.class.clone(),
        reason: set.set.reason.clone(),
        reviewer: set.set.reviewer.clone(),
        start_date: Some(convert::date(set.from)),
        expire_date: Some(convert::date(set.set.until)),
        set_by: set.by.clone(),
        set_time: Some(convert::timestamp(set.at)),
        end_time: set.ended_at.map(convert::timestamp),
    }
}
