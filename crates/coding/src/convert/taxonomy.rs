//! Taxonomies.

use std::collections::{BTreeMap, BTreeSet};

use kehu_contract::coding as contract;
use kehu_core::attribute::Family;
use kehu_core::taxonomy::{Class, Taxonomy};
use kehu_server::{Fault, Violations, convert, names};
use kehu_storage::coding::taxonomies::TaxonomyVersion;
use kehu_storage::definitions::{Deed, Event};

use super::check_text;
use super::quality::{demand, parse_demand};
use super::strategy::{named, parse_named, parse_strategy, strategy};

/// Longest note on what is done with a taxonomy, in characters.
const LONGEST_NOTE: usize = 1_000;
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
    let mut data_quality = Vec::with_capacity(definition.data_quality.len());
    for (index, demand) in definition.data_quality.into_iter().enumerate() {
        let path = format!("definition.data_quality[{index}]");
        data_quality.extend(parse_demand(&path, demand, violations));
    }
    Taxonomy {
        id: definition.id,
        label: convert::core_label(definition.label),
        purpose: convert::core_label(definition.purpose),
        owner: convert::core_label(definition.owner),
        classes,
        default_class: definition.default_class,
        service_levels: definition.service_levels.into_iter().map(parse_named).collect(),
        default_strategy,
        data_quality,
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
        rank: given_number(class.rank),
        priority: given_number(class.priority),
    }
}

/// A rank or a priority; none of the domain is out of its range, which then says what is wrong.
fn given_number(number: i32) -> Option<u32> {
    (number != 0).then(|| u32::try_from(number).unwrap_or(u32::MAX))
}

/// A rank or a priority, which are at most 200; 0 for none.
fn number(number: Option<u32>) -> i32 {
    number.and_then(|number| i32::try_from(number).ok()).unwrap_or_default()
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
        data_quality: taxonomy.data_quality.iter().map(demand).collect(),
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
        rank: number(class.rank),
        priority: number(class.priority),
    }
}

/// A version as callers see it.
pub(crate) fn taxonomy_view(version: &TaxonomyVersion) -> contract::Taxonomy {
    let approved = version.approved.as_ref();
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
        author: version.drafted.by.clone().unwrap_or_default(),
        approved_by: approved.and_then(|approved| approved.by.clone()).unwrap_or_default(),
        approve_time: approved.map(|approved| convert::timestamp(approved.at)),
    }
}

/// Why something is done, or what is said of it; `None` when nobody says.
pub(crate) fn parse_note(field: &str, note: String, violations: &mut Violations) -> Option<String> {
    check_text(field, &note, LONGEST_NOTE, violations);
    Some(note.trim().to_owned()).filter(|note| !note.is_empty())
}

/// Something that was done with a taxonomy.
pub(crate) fn event(event: &Event) -> contract::TaxonomyEvent {
    let kind = match event.deed {
        Deed::Drafted => contract::TaxonomyEventKind::Drafted,
        Deed::Commented => contract::TaxonomyEventKind::Commented,
        Deed::Approved => contract::TaxonomyEventKind::Approved,
        Deed::Published => contract::TaxonomyEventKind::Published,
        Deed::RolledBack => contract::TaxonomyEventKind::RolledBack,
    };
    contract::TaxonomyEvent {
        kind: kind.into(),
        version: event.version,
        caller: event.signed.by.clone().unwrap_or_default(),
        time: Some(convert::timestamp(event.signed.at)),
        note: event.signed.why.clone().unwrap_or_default(),
        former_version: event.former_version.unwrap_or_default(),
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
