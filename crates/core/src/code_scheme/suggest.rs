//! What a mistyped code may have been.

use std::collections::BTreeSet;

use super::CompiledScheme;
use super::part::Part;

/// Every character of a normalised code.
const CHARACTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*";

impl CompiledScheme {
    /// The codes of the scheme that differ from `code` in one character or by two neighbours
    /// that changed places: displayed form, sorted, none twice. Which of them were ever given
    /// is for the caller to look up. Empty when `code` is valid, and when characters are missing
    /// or too many.
    pub fn suggestions(&self, code: &str) -> Vec<String> {
        let code = self.normalise(code);
        let typed: Vec<char> = code.chars().collect();
        if typed.len() != self.width || self.validate(&code).check_ok {
            return Vec::new();
        }
        let mut found = BTreeSet::new();
        let mut keep = |candidate: &[char]| {
            let candidate: String = candidate.iter().collect();
            if self.validate(&candidate).check_ok {
                found.insert(self.displayed(&candidate));
            }
        };
        let mut candidate = typed.clone();
        for place in 0..typed.len() {
            for character in CHARACTERS.chars() {
                candidate[place] = character;
                keep(&candidate);
            }
            candidate[place] = typed[place];
        }
        for place in 1..typed.len() {
            candidate.swap(place - 1, place);
            keep(&candidate);
            candidate.swap(place - 1, place);
        }
        found.into_iter().collect()
    }

    /// The displayed form of a valid normalised code.
    fn displayed(&self, code: &str) -> String {
        let mut characters = code.chars();
        let mut text = String::with_capacity(code.len() + self.parts.len());
        for part in &self.parts {
            let own: String = characters.by_ref().take(part.width()).collect();
            match part {
                Part::Literal { displayed, .. } => text.push_str(displayed),
                _ => text.push_str(&own),
            }
        }
        text
    }
}
