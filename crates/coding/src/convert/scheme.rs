//! Code schemes.

use kehu_contract::coding as contract;
use kehu_core::code_scheme::{CodeScheme, CodeTable, Recoding};
use kehu_server::{Violations, convert, names};
use kehu_storage::coding::schemes::SchemeVersion;

/// The scheme, its fields named below `code_scheme`. Here stand only the rules of the message
/// itself; what makes a good scheme is for the domain to say.
pub(crate) fn parse_scheme(
    scheme: contract::CodeScheme,
    violations: &mut Violations,
) -> CodeScheme {
    let recoding = match contract::Recoding::try_from(scheme.recoding) {
        Ok(contract::Recoding::OnClassChange) => Recoding::OnClassChange,
        Ok(contract::Recoding::Permanent | contract::Recoding::Unspecified) => Recoding::Permanent,
        Err(_) => {
            violations.add("code_scheme.recoding", "must be permanent or on class change");
            Recoding::Permanent
        }
    };
    let (field, taxonomy) = ("code_scheme.taxonomy", &scheme.taxonomy);
    let taxonomy = names::parse_optional(field, names::TAXONOMIES, taxonomy, violations);
    CodeScheme {
        id: scheme.id,
        label: convert::core_label(scheme.label),
        template: scheme.template,
        taxonomy: taxonomy.unwrap_or_default(),
        tables: scheme.tables.into_iter().map(parse_table).collect(),
        recoding,
    }
}

fn parse_table(table: contract::CodeTable) -> CodeTable {
    CodeTable {
        attribute: table.attribute,
        entries: table.entries,
        unknown: table.unknown,
        passthrough: table.passthrough,
    }
}

/// A scheme as a caller would send it.
pub(crate) fn scheme_message(scheme: &CodeScheme) -> contract::CodeScheme {
    let recoding = match scheme.recoding {
        Recoding::Permanent => contract::Recoding::Permanent,
        Recoding::OnClassChange => contract::Recoding::OnClassChange,
    };
    let taxonomy = match scheme.taxonomy.as_str() {
        "" => String::new(),
        id => names::resource(names::TAXONOMIES, id),
    };
    contract::CodeScheme {
        name: names::resource(names::CODE_SCHEMES, &scheme.id),
        id: scheme.id.clone(),
        label: Some(convert::label(&scheme.label)),
        template: scheme.template.clone(),
        taxonomy,
        tables: scheme.tables.iter().map(table_message).collect(),
        recoding: recoding.into(),
        capacity: 0,
        create_time: None,
        broken_reason: String::new(),
    }
}

fn table_message(table: &CodeTable) -> contract::CodeTable {
    contract::CodeTable {
        attribute: table.attribute.clone(),
        entries: table.entries.clone(),
        unknown: table.unknown.clone(),
        passthrough: table.passthrough,
    }
}

/// A stored scheme as callers see it, with the greatest number that a prefix can have.
pub(crate) fn scheme_view(scheme: &SchemeVersion, capacity: u64) -> contract::CodeScheme {
    contract::CodeScheme {
        capacity: i64::try_from(capacity).unwrap_or(i64::MAX),
        create_time: Some(convert::timestamp(scheme.drafted.at)),
        ..scheme_message(&scheme.definition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard_scheme;

    #[test]
    fn schemes_come_back_as_they_were_sent() {
        for recoding in [contract::Recoding::Permanent, contract::Recoding::OnClassChange] {
            let mut sent = standard_scheme();
            sent.recoding = recoding.into();
            let mut violations = Violations::new();
            let read = parse_scheme(sent.clone(), &mut violations);
            assert_eq!(scheme_message(&read), sent);
            assert!(violations.is_empty());
        }
        let mut violations = Violations::new();
        parse_scheme(contract::CodeScheme { recoding: 7, ..standard_scheme() }, &mut violations);
        assert!(!violations.is_empty());
    }
}
