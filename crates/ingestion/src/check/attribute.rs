//! Values of attributes, by what each is declared as.

use std::collections::{BTreeMap, BTreeSet};

use kehu_contract::ingestion::ProblemReason;
use kehu_core::attribute::{Attributes, NotAValue};
use kehu_core::limits;

use super::Problems;

/// The attributes in `given`, whose fields are paths under `path`, each in the form in which values of
/// its type are kept; an empty one empties it.
pub(super) fn values(
    path: &str,
    given: &BTreeMap<String, String>,
    declared: &Attributes,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let field = format!("{path}.attributes");
    if given.len() > limits::ATTRIBUTES {
        let text = "must have at most 100 entries";
        problems.add(&field, ProblemReason::OutOfRange, text);
        return values;
    }
    for (key, value) in given {
        if !is_name(key) {
            let text = "keys must be 1 to 64 characters of a-z, 0-9 and _";
            problems.add(&field, ProblemReason::ValueUnknown, text);
            continue;
        }
        let value = self::value(&format!("{field}[{key}]"), (key, value), declared, problems);
        values.insert(key.clone(), value.unwrap_or_default());
    }
    values
}

fn value(
    field: &str,
    (key, given): (&str, &str),
    declared: &Attributes,
    problems: &mut Problems,
) -> Option<String> {
    let Some(attribute) = declared.get(key) else {
        let text = format!(
            "attribute {key} is not declared: declare it with its type (kehu attribute declare), or \
             send it under the id of one that is"
        );
        problems.add(field, ProblemReason::AttributeUndeclared, &text);
        return None;
    };
    let text = problems.text(field, given, limits::DESCRIPTION)?;
    if let Some(reason) = attribute.blocked() {
        problems.add(field, ProblemReason::BasisMissing, &reason);
        return None;
    }
    match attribute.parse(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.add(field, reason(&error), &error.to_string());
            None
        }
    }
}

fn reason(error: &NotAValue) -> ProblemReason {
    match error {
        NotAValue::Number(_) => ProblemReason::NumberInvalid,
        NotAValue::OutOfRange => ProblemReason::OutOfRange,
        NotAValue::Date => ProblemReason::DateInvalid,
        NotAValue::Boolean | NotAValue::Category(_) => ProblemReason::ValueUnknown,
    }
}

fn is_name(key: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !key.is_empty() && key.len() <= limits::NAME && key.chars().all(allowed)
}

/// The attributes whose values may not be processed, and so not be kept among the rejects.
pub(super) fn withheld(problems: &Problems) -> BTreeSet<&str> {
    let reason = i32::from(ProblemReason::BasisMissing);
    let withheld = problems.all().filter(|problem| problem.reason == reason);
    withheld.filter_map(|problem| problem.field.split_once('[')?.1.strip_suffix(']')).collect()
}
