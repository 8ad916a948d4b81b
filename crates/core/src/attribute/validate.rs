//! What a declaration must be like.

use std::collections::BTreeSet;

use super::{Attribute, Kind};
use crate::limits;
use crate::scorecard::Problem;
use crate::scorecard::problem;
use crate::text::is_invisible;

/// Characters of an id, so that the names of its features are no longer than other names.
const ID: usize = 50;
/// Characters of a unit.
const UNIT: usize = 20;
/// Values that a text may be restricted to.
const CATEGORIES: usize = 200;

/// Whether a text can be the id of an attribute: a small letter, then small letters, digits and `_`,
/// at most 50.
pub fn is_id(text: &str) -> bool {
    let plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
    begins && text.chars().all(plain) && text.len() <= ID
}

impl Attribute {
    /// Everything that is wrong with it.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !is_id(&self.id) {
            let text = "must be a small letter, then small letters, digits and _, at most 50";
            problems.push(problem("id", text));
        }
        if let Some(wrong) = self.label.problem() {
            problems.push(problem("label", wrong));
        }
        for text in [&self.label.zh, &self.label.en] {
            problems.extend(wrong_text(text, limits::TEXT).map(|wrong| problem("label", wrong)));
        }
        let wrong = wrong_text(&self.description, limits::DESCRIPTION);
        problems.extend(wrong.map(|wrong| problem("description", wrong)));
        self.validate_unit(&mut problems);
        self.validate_categories(&mut problems);
        if let Some(basis) = &self.basis {
            let wrong = match basis.purpose.trim() {
                "" => Some("must not be empty: say for what the attribute is processed".to_owned()),
                purpose => wrong_text(purpose, limits::DESCRIPTION),
            };
            problems.extend(wrong.map(|wrong| problem("basis.purpose", wrong)));
        }
        problems
    }

    fn validate_unit(&self, problems: &mut Vec<Problem>) {
        let is_number = matches!(self.kind, Kind::Decimal | Kind::Integer);
        if !is_number && !self.unit.is_empty() {
            problems.push(problem("unit", "must be empty: only numbers have a unit"));
        }
        problems.extend(wrong_text(&self.unit, UNIT).map(|wrong| problem("unit", wrong)));
    }

    fn validate_categories(&self, problems: &mut Vec<Problem>) {
        if self.kind != Kind::Text && !self.categories.is_empty() {
            problems.push(problem("categories", "must be empty: only texts have categories"));
        }
        if self.categories.len() > CATEGORIES {
            problems.push(problem("categories", "must be at most 200"));
            return;
        }
        let mut seen = BTreeSet::new();
        for (place, category) in self.categories.iter().enumerate() {
            let wrong = match category.trim() {
                "" => Some("must not be blank".to_owned()),
                trimmed if trimmed != category => Some("must not begin or end blank".to_owned()),
                _ if !seen.insert(category) => Some("is there twice".to_owned()),
                _ => wrong_text(category, limits::TEXT),
            };
            problems.extend(wrong.map(|wrong| problem(format!("categories[{place}]"), wrong)));
        }
    }
}

fn wrong_text(text: &str, limit: usize) -> Option<String> {
    if text.chars().any(is_invisible) {
        let wrong = "must not hold control characters or others that cannot be seen";
        return Some(wrong.to_owned());
    }
    (text.chars().count() > limit).then(|| format!("must have at most {limit} characters"))
}

#[cfg(test)]
mod tests {
    use super::super::{Basis, Family, LawfulBasis, Sensitivity};
    use super::*;
    use crate::Label;

    #[test]
    fn every_fault_is_told_with_its_field() {
        let good = Attribute {
            id: "assets".to_owned(),
            label: Label::new("资产", "Assets"),
            kind: Kind::Decimal,
            family: Family::Value,
            unit: "currency".to_owned(),
            description: String::new(),
            categories: Vec::new(),
            sensitivity: Sensitivity::Ordinary,
            basis: None,
        };
        assert_eq!(good.validate(), []);
        let categories = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        for (field, bad) in [
            ("id", Attribute { id: "Assets".to_owned(), ..good.clone() }),
            ("id", Attribute { id: "2nd".to_owned(), ..good.clone() }),
            ("id", Attribute { id: String::new(), ..good.clone() }),
            ("id", Attribute { id: "a".repeat(51), ..good.clone() }),
            ("label", Attribute { label: Label::default(), ..good.clone() }),
            ("label", Attribute { label: Label::new("", &"a".repeat(201)), ..good.clone() }),
            ("unit", Attribute { kind: Kind::Date, ..good.clone() }),
            ("unit", Attribute { unit: "\0".to_owned(), ..good.clone() }),
            ("categories", Attribute { categories: categories(&["a"]), ..good.clone() }),
            (
                "categories[1]",
                Attribute {
                    kind: Kind::Text,
                    unit: String::new(),
                    categories: categories(&["a", "a"]),
                    ..good.clone()
                },
            ),
            (
                "basis.purpose",
                Attribute {
                    basis: Some(Basis {
                        lawful_basis: LawfulBasis::Consent,
                        purpose: " ".to_owned(),
                    }),
                    ..good.clone()
                },
            ),
        ] {
            let problems = bad.validate();
            let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
            assert_eq!(fields, [field], "{bad:?}");
        }
    }
}
