//! Taxonomies.

use std::collections::{BTreeMap, BTreeSet};

use kehu_contract::coding as contract;
use kehu_core::attribute::Family;
use kehu_core::taxonomy::{Class, Taxonomy};
use kehu_server::{Fault, Violations, convert, names};
use kehu_storage::coding::taxonomies::TaxonomyVersion;

use super::strategy::{named, parse_named, parse_strategy, strategy};

/// Most classes of a taxonomy.
const MOST_CLASSES: usize = 200;

/// The definition, its fields named below `definition`. Here stand only the rules of the
/// message itself; what makes a good taxonomy is for the domain to say.
pub(crate) fn parse_definition(
    definition: contract::TaxonomyDefinition,
    violations: &mut Violations,
) -> Taxonomy {
    if definition.classes.len() > MOST_CLASSES {
        violations.add("definition.classes", format!("must be at most {MOST_CLASSES}"));
    }
    let mut classes = Vec::with_capacity(definition.classes.len());
    for (index, class) in definition.classes.into_iter().enumerate() {
        classes.push(parse_class(&format!("definition.classes[{index}]"), class, violations));
    }
    let default_strategy = definition
        .default_strategy
        .map(|strategy| parse_strategy("definition.default_strategy", strategy, violations));
    Taxonomy {
        id: definition.id,
        label: convert::core_label(definition.label),
        purpose: convert::core_label(definition.purpose),
        owner: convert::core_label(definition.owner),
        classes,
        default_class: definition.default_class,
        service_levels: definition.service_levels.into_iter().map(parse_named).collect(),
        default_strategy,
    }
}

/// What the rules of a taxonomy rest on.
pub(crate) fn family_mix(
    families: BTreeMap<Family, BTreeSet<String>>,
) -> Vec<contract::FamilyPart> {
    let part = |(family, features): (Family, BTreeSet<String>)| contract::FamilyPart {
        family: convert::family(family).into(),
        features: features.into_iter().collect(),
    };
    families.into_iter().map(part).collect()
}

/// The taxonomy that a server defines.
pub fn taxonomy(definition: contract::TaxonomyDefinition) -> Result<Taxonomy, Fault> {
    let mut violations = Violations::new();
    let taxonomy = parse_definition(definition, &mut violations);
    violations.finish().map(|()| taxonomy)
}

fn parse_class(path: &str, class: contract::ClassDefinition, violations: &mut Violations) -> Class {
    let strategy = class
        .strategy
        .map(|strategy| parse_strategy(&format!("{path}.strategy"), strategy, violations));
    let given = |text: String| if text.is_empty() { None } else { Some(text) };
    Class {
        id: class.id,
        code: class.code,
        label: convert::core_label(class.label),
        parent: given(class.parent),
        predicate: given(class.predicate),
        tags: class.tags.into_iter().map(|tag| convert::core_label(Some(tag))).collect(),
        strategy_summary: convert::core_label(class.strategy_summary),
        strategy,
        rank: (class.rank != 0).then(|| u32::try_from(class.rank).unwrap_or(u32::MAX)),
    }
}

/// A definition, such as that of a template, as it is sent.
pub fn definition_message(taxonomy: &Taxonomy) -> contract::TaxonomyDefinition {
    contract::TaxonomyDefinition {
        id: taxonomy.id.clone(),
        label: Some(convert::label(&taxonomy.label)),
        purpose: Some(convert::label(&taxonomy.purpose)),
        owner: Some(convert::label(&taxonomy.owner)),
        classes: taxonomy.classes.iter().map(class_message).collect(),
        default_class: taxonomy.default_class.clone(),
        service_levels: taxonomy.service_levels.iter().map(named).collect(),
        default_strategy: taxonomy.default_strategy.as_ref().map(strategy),
    }
}

fn class_message(class: &Class) -> contract::ClassDefinition {
    contract::ClassDefinition {
        id: class.id.clone(),
        code: class.code.clone(),
        label: Some(convert::label(&class.label)),
        parent: class.parent.clone().unwrap_or_default(),
        predicate: class.predicate.clone().unwrap_or_default(),
        tags: class.tags.iter().map(convert::label).collect(),
        strategy_summary: Some(convert::label(&class.strategy_summary)),
        strategy: class.strategy.as_ref().map(strategy),
        // At most 200.
        rank: class.rank.and_then(|rank| i32::try_from(rank).ok()).unwrap_or_default(),
    }
}

/// A version as callers see it.
pub(crate) fn taxonomy_view(version: &TaxonomyVersion) -> contract::Taxonomy {
    contract::Taxonomy {
        name: names::resource(names::TAXONOMIES, &version.definition.id),
        version: version.version,
        definition: Some(definition_message(&version.definition)),
        published: version.published.is_some(),
        create_time: Some(convert::timestamp(version.drafted.at)),
        publish_time: version
            .published
            .as_ref()
            .map(|published| convert::timestamp(published.signed.at)),
        broken_reason: String::new(),
        family_mix: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_core::taxonomy::templates;

    #[test]
    fn definitions_come_back_as_they_were_sent() {
        for template in templates() {
            let mut violations = Violations::new();
            let read = parse_definition(definition_message(&template), &mut violations);
            assert_eq!(read, template);
            assert!(violations.is_empty());
        }
    }

    #[test]
    fn classes_are_bounded() {
        let mut definition = definition_message(&templates()[0]);
        let class = definition.classes[0].clone();
        definition.classes.resize(201, class);
        let mut violations = Violations::new();
        parse_definition(definition, &mut violations);
        let Err(kehu_server::Fault::Invalid(found)) = violations.finish() else { panic!() };
        let fields: Vec<_> = found.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["definition.classes"]);
    }
}
