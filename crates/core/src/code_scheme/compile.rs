//! From a scheme as written to one that renders and reads codes.

use std::collections::BTreeSet;

use crate::check::CheckSystem;
use crate::identifier::is_id;
use crate::scorecard::{Problem, problem};

use super::part::Part;
use super::sequence::Sequence;
use super::table::PaddedTable;
use super::template::{Segment, read};
use super::{CodeScheme, Recoding};

/// The longest normalised code, in characters.
const MAX_CODE_WIDTH: usize = 64;

/// A scheme without faults, ready to render, decode and check codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledScheme {
    pub(super) parts: Vec<Part>,
    pub(super) sequence: Sequence,
    pub(super) check: Option<CheckSystem>,
    /// Characters of the normalised form.
    pub(super) width: usize,
}

impl CodeScheme {
    /// Checks the scheme and makes it ready. On failure, every fault with the path of its field,
    /// such as `template` or `tables[1].unknown`.
    pub fn compile(&self) -> Result<CompiledScheme, Vec<Problem>> {
        let (segments, template_faults) = read(&self.template);
        let mut faults = self.head_faults(&segments);
        faults.extend(template_faults.iter().map(|fault| problem("template", fault.to_string())));
        faults.extend(self.table_faults(&segments, !template_faults.is_empty()));
        let parts = self.parts(&segments, &mut faults);
        faults.extend(check_faults(&parts));
        let width = parts.iter().map(Part::width).sum();
        if width > MAX_CODE_WIDTH {
            let message = format!("a code has {width} characters: at most {MAX_CODE_WIDTH}");
            faults.push(problem("template", message));
        }
        match sequence(&parts) {
            Some(sequence) if faults.is_empty() => {
                Ok(CompiledScheme { sequence, check: check(&parts), width, parts })
            }
            _ => Err(faults),
        }
    }

    fn head_faults(&self, segments: &[Segment]) -> Vec<Problem> {
        let mut faults = Vec::new();
        let id_rule = "use lower-case letters, digits and hyphens, starting with a letter";
        if !is_id(&self.id) {
            faults.push(problem("id", id_rule));
        }
        if let Some(message) = self.label.foreign() {
            faults.push(problem("label", message));
        }
        let has_class = segments.iter().any(|segment| matches!(segment, Segment::Class { .. }));
        if (has_class || !self.taxonomy.is_empty()) && !is_id(&self.taxonomy) {
            faults.push(problem("taxonomy", format!("the taxonomy of {{class}}: {id_rule}")));
        }
        if self.recoding == Recoding::OnClassChange && !has_class {
            let message =
                "the template has no {class}, so no code can change with it: use permanent";
            faults.push(problem("recoding", message));
        }
        faults
    }

    /// Faults of the tables by themselves. Whether one is of use is not asked when the template
    /// could not be read whole.
    fn table_faults(&self, segments: &[Segment], unreadable: bool) -> Vec<Problem> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for (rank, table) in self.tables.iter().enumerate() {
            let path = format!("tables[{rank}]");
            let own_faults = table.faults(&path);
            let sound = own_faults.is_empty();
            faults.extend(own_faults);
            let wanted =
                segments.iter().any(|segment| is_attribute_named(segment, &table.attribute));
            if !seen.insert(&table.attribute) {
                faults.push(problem(format!("{path}.attribute"), "has a table already: keep one"));
            } else if sound && !wanted && !unreadable {
                let message =
                    format!("the template has no {{{}}}: remove the table", table.attribute);
                faults.push(problem(format!("{path}.attribute"), message));
            }
        }
        faults
    }

    /// The segments made ready; those with a fault are left out.
    fn parts(&self, segments: &[Segment], faults: &mut Vec<Problem>) -> Vec<Part> {
        let mut parts = Vec::with_capacity(segments.len());
        for segment in segments {
            parts.push(match segment {
                Segment::Literal(text) => Part::literal(text),
                Segment::Class { width } => Part::Class { width: *width },
                Segment::Date(part) => Part::Date(*part),
                Segment::Sequence { width, alphabet } => {
                    Part::Sequence(Sequence { width: *width, alphabet: *alphabet })
                }
                Segment::Check(system) => Part::Check(*system),
                Segment::Attribute { name, width } => match self.attribute(name, *width) {
                    Ok(part) => part,
                    Err(found) => {
                        faults.extend(found);
                        continue;
                    }
                },
            });
        }
        parts
    }

    fn attribute(&self, name: &str, width: Option<usize>) -> Result<Part, Vec<Problem>> {
        let Some(rank) = self.tables.iter().position(|table| table.attribute == name) else {
            let message = format!("{{{name}}} has no code table: add one for the attribute {name}");
            return Err(vec![problem("template", message)]);
        };
        let table = &self.tables[rank];
        let path = format!("tables[{rank}]");
        if !table.faults(&path).is_empty() {
            // Told once already, with the tables.
            return Err(Vec::new());
        }
        let Some(width) = width.or_else(|| table.common_width()) else {
            let message = format!(
                "the codes of {name} differ in width: state one, as in {{{name}:3}}, to pad them"
            );
            return Err(vec![problem("template", message)]);
        };
        let faults = table.width_faults(&path, width);
        if !faults.is_empty() {
            return Err(faults);
        }
        let table = PaddedTable::new(table, width);
        Ok(Part::Attribute { name: name.to_owned(), width, table })
    }
}

fn is_attribute_named(segment: &Segment, wanted: &str) -> bool {
    matches!(segment, Segment::Attribute { name, .. } if name == wanted)
}

fn sequence(parts: &[Part]) -> Option<Sequence> {
    parts.iter().find_map(|part| match part {
        Part::Sequence(sequence) => Some(*sequence),
        _ => None,
    })
}

fn check(parts: &[Part]) -> Option<CheckSystem> {
    parts.iter().find_map(|part| match part {
        Part::Check(system) => Some(*system),
        _ => None,
    })
}

/// A check of digits only cannot protect a segment that may hold letters.
fn check_faults(parts: &[Part]) -> Vec<Problem> {
    let Some(system) = check(parts) else { return Vec::new() };
    if system.alphabet().contains('A') {
        return Vec::new();
    }
    let unprotected = parts.iter().filter(|part| part.may_hold_letters());
    let told = unprotected.map(|part| {
        let name = part.name();
        let message = format!(
            "{system} protects digits only and {{{name}}} may hold letters: \
             use mod37_36, mod37_2 or mod97_10"
        );
        problem("template", message)
    });
    told.collect()
}
