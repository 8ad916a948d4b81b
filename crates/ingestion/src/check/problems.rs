//! Collects what is wrong with a record.

use kehu_contract::ingestion::{Problem, ProblemReason};

use kehu_core::{key, limits, text};

use super::cleaned::Cleaned;

/// Everything that is wrong with a record, in the order it is found, and what was cleaned of it.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<(Option<usize>, Problem)>,
    part: Option<(&'static str, usize)>,
    cleaned: Cleaned,
}

impl Problems {
    /// The one problem of a field.
    pub(super) fn of(field: &str, reason: ProblemReason, description: &str) -> Self {
        let mut problems = Self::default();
        problems.add(field, reason, description);
        problems
    }

    /// What follows is wrong with this part of the record (a list in it, and the place from 0), or
    /// with the record itself.
    pub(super) fn at_part(&mut self, part: Option<(&'static str, usize)>) {
        self.part = part;
    }

    /// Adds a problem of a field; in a part, a field of the part.
    pub(crate) fn add(&mut self, field: &str, reason: ProblemReason, description: &str) {
        let field = match self.part {
            Some((list, place)) => format!("{list}[{place}].{field}"),
            None => field.to_owned(),
        };
        let description = description.to_owned();
        let place = self.part.map(|(_, place)| place);
        self.found.push((place, Problem { field, reason: reason.into(), description }));
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Problem> {
        self.found.iter().map(|(_, problem)| problem)
    }

    /// Those of the record itself and of one part; the first of all when neither has any.
    pub(super) fn of_part(&self, part: usize) -> Vec<Problem> {
        let concerns = |at: &Option<usize>| at.is_none() || *at == Some(part);
        let found = self.found.iter().filter(|(at, _)| concerns(at));
        let mut problems: Vec<Problem> = found.map(|(_, problem)| problem.clone()).collect();
        if problems.is_empty() {
            problems.extend(self.all().next().cloned());
        }
        problems
    }

    /// A text, cleaned, that may be empty, which is `None`.
    pub(super) fn text(&mut self, field: &str, given: &str, limit: usize) -> Option<String> {
        let (text, rules) = text::clean(given);
        self.cleaned.count(rules);
        if text.is_empty() {
            return None;
        }
        if has_control(&text) {
            self.add(field, ProblemReason::TextInvalid, "must not hold control characters");
            return None;
        }
        if text.len() > limit && text.chars().count() > limit {
            let description = format!("must have at most {limit} characters");
            self.add(field, ProblemReason::FieldTooLong, &description);
            return None;
        }
        Some(text.into_owned())
    }

    /// A source's key, cleaned, which must not be empty then.
    pub(super) fn key(&mut self, field: &str, given: &str, missing: ProblemReason) -> String {
        let (key, rules) = key::clean(given);
        self.cleaned.count(rules);
        self.needed(field, &key, missing)
    }

    /// A source's key of a customer, cleaned, which must not be empty then.
    pub(super) fn customer(&mut self, field: &str, given: &str, missing: ProblemReason) -> String {
        let (key, rules) = key::clean_customer(given);
        self.cleaned.count(rules);
        self.needed(field, &key, missing)
    }

    /// A source's key, cleaned; `None` where there is nothing then.
    pub(super) fn optional_key(&mut self, field: &str, given: &str) -> Option<String> {
        let (key, rules) = key::clean(given);
        self.cleaned.count(rules);
        self.text(field, &key, limits::KEY)
    }

    fn needed(&mut self, field: &str, key: &str, missing: ProblemReason) -> String {
        if key.is_empty() {
            self.add(field, missing, "must not be empty, nor blank or a word for nothing");
        }
        self.text(field, key, limits::KEY).unwrap_or_default()
    }

    /// The keys and texts that were cleaned.
    pub(crate) fn cleaned(&self) -> &Cleaned {
        &self.cleaned
    }
}

fn has_control(text: &str) -> bool {
    if text.is_ascii() {
        return text.bytes().any(|byte| byte < b' ' || byte == 0x7f);
    }
    text.chars().any(char::is_control)
}
