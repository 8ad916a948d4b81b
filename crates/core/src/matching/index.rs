//! The keys of all records, to find who shares one.

use super::block::{MOST_IN_BLOCK, Rule};

/// Records by their keys. 16 bytes a key.
#[derive(Debug, Default)]
pub struct Index {
    entries: Vec<(u64, i64)>,
    /// Keys that more records share than may.
    cut: u64,
}

impl Index {
    /// The index of these keys, each with the number of its record.
    pub fn new(mut entries: Vec<(u64, i64)>) -> Self {
        entries.sort_unstable();
        let mut cut = 0;
        let mut kept = 0;
        let mut from = 0;
        while from < entries.len() {
            let block = block(&entries, from);
            if block > MOST_IN_BLOCK {
                cut += 1;
            } else if block > 1 {
                entries.copy_within(from..from + block, kept);
                kept += block;
            }
            from += block;
        }
        entries.truncate(kept);
        entries.shrink_to_fit();
        Self { entries, cut }
    }

    /// How many keys find nobody because too many records share them.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Adds the records with a greater number than this one that share this key with it.
    pub fn add_later(&self, key: u64, record: i64, found: &mut Vec<i64>) {
        let from = self.entries.partition_point(|entry| *entry <= (key, record));
        let later = self.entries[from..].iter().take_while(|entry| entry.0 == key);
        found.extend(later.map(|entry| entry.1));
    }

    /// The pairs that share a key of a rule: so many of them at most, with how many there are.
    pub fn pairs(&self, rule: Rule, most: usize) -> (Vec<(i64, i64)>, u64) {
        let mut pairs = Vec::new();
        let mut all = 0;
        let mut from = self.entries.partition_point(|entry| entry.0 < rule.first_key());
        let end = self.entries.partition_point(|entry| entry.0 < Rule::after(rule).first_key());
        while from < end {
            let block = block(&self.entries, from);
            let records = &self.entries[from..from + block];
            for (place, (_, one)) in records.iter().enumerate() {
                let others = &records[place + 1..];
                all += others.len() as u64;
                let room = most.saturating_sub(pairs.len());
                pairs.extend(others.iter().take(room).map(|(_, other)| (*one, *other)));
            }
            from += block;
        }
        (pairs, all)
    }
}

/// How many entries from here on have the same key.
fn block(entries: &[(u64, i64)], from: usize) -> usize {
    entries[from..].iter().take_while(|entry| entry.0 == entries[from].0).count()
}
