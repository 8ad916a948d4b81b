//! Who is compared with whom: records that share a key of some rule (blocking, Newcombe 1959).
//!
//! A rule reads a field as it is compared, the beginning of one, a word of one, or two of them together.
//! What too many share tells too little: such a key finds nobody, and rules with more in them do.

use std::collections::BTreeSet;

use super::comparison::{Comparison, Prepared};
use super::{Field, Record};

/// Records that may share a key: 435 pairs at most.
pub const MOST_IN_BLOCK: usize = 30;
/// Letters at the beginning of a value that is spelled otherwise further on.
const BEGINNING: usize = 5;
/// Characters at the beginning of a Chinese one.
const UNSPACED_BEGINNING: usize = 3;
/// Fields, from the first on, whose beginnings are keys together with those of the fields after them.
const LEADING_FIELDS: usize = 3;
/// Words of a value that are keys.
const WORDS: usize = 6;
/// Letters that a word has at least to be a key.
const SHORTEST_WORD: usize = 4;
/// Bits of a key that say which rule it is of.
const RULE_BITS: u32 = 12;

/// The number of a rule; the fields are told by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule(u16);

impl Rule {
    /// The rule that one field is the same.
    pub fn same(field: usize) -> Self {
        Self(u16::try_from(field).unwrap_or(u16::MAX))
    }

    pub(super) fn after(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// What the keys of this rule begin with: they are from here to the one of the next.
    pub(super) fn first_key(self) -> u64 {
        u64::from(self.0) << (u64::BITS - RULE_BITS)
    }
}

/// The keys of a record, each once, in order.
pub fn keys(fields: &[Field], record: &Record) -> Vec<u64> {
    let mut keys = BTreeSet::new();
    let values: Vec<(usize, &Prepared)> = record
        .values
        .iter()
        .enumerate()
        .filter_map(|(n, value)| Some((n, value.as_ref()?)))
        .collect();
    for (field, value) in &values {
        keys.insert(key(*field, [value.key.as_str()]));
        if let Some(other) = &value.other {
            keys.insert(key(*field, [other.as_str()]));
        }
        if matches!(fields[*field].comparison, Comparison::Name | Comparison::Text) {
            keys.insert(key(MOST_FIELDS + field, [beginning(&value.key)]));
            let words = value.words.iter().filter(|word| word.chars().count() >= SHORTEST_WORD);
            for word in words.take(WORDS) {
                keys.insert(key(2 * MOST_FIELDS + field, [word.as_str()]));
            }
        }
    }
    for (place, (one, first)) in values.iter().take(LEADING_FIELDS).enumerate() {
        for (other, second) in &values[place + 1..] {
            let rule = (3 + one) * MOST_FIELDS + other;
            keys.insert(key(rule, [beginning(&first.key), beginning(&second.key)]));
        }
    }
    keys.into_iter().collect()
}

/// Fields that are compared at most.
pub const MOST_FIELDS: usize = 16;

fn beginning(key: &str) -> &str {
    let most = if key.is_ascii() { BEGINNING } else { UNSPACED_BEGINNING };
    key.char_indices().nth(most).map_or(key, |(end, _)| &key[..end])
}

fn key<const N: usize>(rule: usize, parts: [&str; N]) -> u64 {
    let rule = Rule::same(rule);
    rule.first_key() | hash(parts) >> RULE_BITS
}

/// FNV-1a of the parts, mixed so that its first bits depend on all of them (the finaliser of
/// MurmurHash3). The same in every release: who is in a sample follows from it.
pub(super) fn hash<const N: usize>(parts: [&str; N]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}
