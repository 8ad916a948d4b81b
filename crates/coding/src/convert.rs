//! The messages of coding and the types of the domain, both ways. What a caller sends is
//! checked, and everything that is wrong with it is collected before it is answered.

mod action;
mod classification;
mod code;
mod evaluation;
mod quality;
mod scheme;
mod simulation;
mod strategy;
mod taxonomy;

use kehu_core::scorecard::Problem;
use kehu_server::{Fault, Violations, names};

pub(crate) use action::{ClassPlan, action, completion, parse_action, plans};
pub(crate) use classification::{
    Taxonomies, Versions, class_override, classification, earned, with_strategy,
};
pub(crate) use code::{code, left_out, parse_code, segment};
pub(crate) use evaluation::evaluation;
pub(crate) use scheme::{parse_scheme, scheme_message, scheme_view};
pub(crate) use simulation::simulation;
pub(crate) use strategy::resolved_strategy;
pub use taxonomy::{definition_message, taxonomy};
pub(crate) use taxonomy::{event, family_mix, parse_definition, parse_note, taxonomy_view};

/// The id of a class.
pub(crate) fn check_id(field: &str, id: &str, violations: &mut Violations) {
    if !names::is_id(id) {
        violations.add(field, "must be an id: 1 to 40 of a-z, 0-9 and `-`, a letter first");
    }
}

/// A text of people, that may be empty.
pub(crate) fn check_text(field: &str, text: &str, longest: usize, violations: &mut Violations) {
    if text.chars().count() > longest || text.contains('\0') {
        let message = format!("must be at most {longest} characters, and no NUL among them");
        violations.add(field, message);
    }
}

/// Adds the faults of a definition that stands in the field `path` of the request.
pub(crate) fn problems(path: &str, problems: &[Problem], violations: &mut Violations) {
    for problem in problems {
        violations.add(format!("{path}.{}", problem.field), problem.message.as_str());
    }
}

/// A failure of analytics: that of the database below it, or one of ours.
pub(crate) fn analytics_fault(error: kehu_analytics::Error) -> Fault {
    match error {
        kehu_analytics::Error::Storage(error) => error.into(),
        error => Fault::internal(error),
    }
}
