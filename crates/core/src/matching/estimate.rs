//! The parameters, from the records themselves.
//!
//! u comes from pairs drawn at random, of which next to none are one customer. m comes by expectation
//! maximisation (Winkler 1988) from the pairs that share the value of one field, for all fields but
//! that one, which says nothing among them; of a field that several such looks tell of, the mean by
//! how many customers each has found. The prior is what those looks have found, by how many there
//! would be if the field never differed.

use std::collections::BTreeMap;

use super::comparison::{LEVELS, Level, ratio};
use super::model::{LEAST, Model};
use super::{Field, Record};

/// Rounds of expectation maximisation: it has settled long before.
const ROUNDS: usize = 60;
/// What m is before anything is learnt, and how many customers that counts as.
const FIRST: [f64; LEVELS] = [0.06, 0.06, 0.13, 0.75];
const FIRST_COUNTS: f64 = 10.0;
/// The share of pairs in a look that are one customer, before anything is learnt.
const FIRST_SHARE: f64 = 0.2;
/// The least share of records with a value of the field for a look to tell of the prior.
const LEAST_COVERAGE: f64 = 0.3;

/// How often each combination of levels was seen.
type Patterns = BTreeMap<Vec<Level>, u32>;

/// What was seen of the levels of pairs of records.
#[derive(Debug, Default)]
pub struct Estimate {
    fields: Vec<Field>,
    random: Vec<[u32; LEVELS]>,
    looks: Vec<Look>,
}

/// The pairs that share the value of a field.
#[derive(Debug)]
struct Look {
    field: usize,
    patterns: Patterns,
    /// How many such pairs there are, of which some were looked at.
    pairs: f64,
    /// The share of records that have a value of the field.
    coverage: f64,
}

/// What came of a look.
struct Found {
    m: Vec<[f64; LEVELS]>,
    /// The share of its pairs that are one customer.
    share: f64,
    /// How many were looked at.
    seen: f64,
}

impl Estimate {
    /// Of these fields, nothing seen yet.
    pub fn new(fields: &[Field]) -> Self {
        Self { fields: fields.to_vec(), random: vec![[0; LEVELS]; fields.len()], looks: Vec::new() }
    }

    /// Takes in a pair that was drawn at random.
    pub fn see_random(&mut self, one: &Record, other: &Record) {
        for (counts, level) in self.random.iter_mut().zip(levels(&self.fields, one, other)) {
            if let Some(place) = level.place() {
                counts[place] += 1;
            }
        }
    }

    /// Begins a look at pairs that share the value of a field: how many there are in all, and the share
    /// of records that have one.
    pub fn look(&mut self, field: usize, pairs: u64, coverage: f64) {
        let pairs = u32::try_from(pairs).map_or(f64::from(u32::MAX), f64::from);
        self.looks.push(Look { field, patterns: Patterns::new(), pairs, coverage });
    }

    /// Takes in a pair of the look that was begun last.
    pub fn see(&mut self, one: &Record, other: &Record) {
        let levels = levels(&self.fields, one, other);
        if let Some(look) = self.looks.last_mut() {
            *look.patterns.entry(levels).or_default() += 1;
        }
    }

    /// The model of `records` records.
    pub fn model(&self, records: usize) -> Model {
        let u: Vec<[f64; LEVELS]> = self.random.iter().map(shares).collect();
        let mut m = vec![FIRST.map(|share| share * FIRST_COUNTS); self.fields.len()];
        let mut matches = Vec::new();
        for look in self.looks.iter().filter(|look| !look.patterns.is_empty()) {
            let found = look.maximise(&u);
            let count = found.share * found.seen;
            for (field, of) in found.m.iter().enumerate() {
                if field != look.field {
                    (0..LEVELS).for_each(|level| m[field][level] += count * of[level]);
                }
            }
            matches.push((look.field, found.share * look.pairs, look.coverage));
        }
        let m: Vec<[f64; LEVELS]> = m.iter().map(normal).collect();
        let whole = matches.iter().filter(|(_, _, coverage)| *coverage >= LEAST_COVERAGE);
        let estimates =
            whole.map(|(field, found, coverage)| found / coverage / m[*field][LEVELS - 1]);
        let mut estimates: Vec<f64> = estimates.collect();
        estimates.sort_by(f64::total_cmp);
        let matches = estimates.get(estimates.len() / 2).copied().unwrap_or(1.0).max(1.0);
        let records = u32::try_from(records).map_or(f64::from(u32::MAX), f64::from);
        let pairs = (records * (records - 1.0) / 2.0).max(2.0);
        Model::new((matches / pairs).min(0.5), &self.fields, &m, &u)
    }
}

impl Look {
    fn maximise(&self, u: &[[f64; LEVELS]]) -> Found {
        let mut found = Found { m: vec![FIRST; u.len()], share: FIRST_SHARE, seen: 0.0 };
        for _ in 0..ROUNDS {
            found = self.round(&found, u);
        }
        found
    }

    /// One round: how likely each pair is one customer, and what m and the share are if that is so.
    fn round(&self, before: &Found, u: &[[f64; LEVELS]]) -> Found {
        let mut sums = vec![FIRST; u.len()];
        let (mut matches, mut seen) = (0.0, 0.0);
        for (levels, count) in &self.patterns {
            let odds = self.odds(levels, before, u);
            let probability = if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 };
            let expected = probability * f64::from(*count);
            for (sum, level) in sums.iter_mut().zip(levels) {
                if let Some(place) = level.place() {
                    sum[place] += expected;
                }
            }
            matches += expected;
            seen += f64::from(*count);
        }
        let share = (matches / seen).clamp(LEAST, 1.0 - LEAST);
        Found { m: sums.iter().map(normal).collect(), share, seen }
    }

    fn odds(&self, levels: &[Level], before: &Found, u: &[[f64; LEVELS]]) -> f64 {
        let mut odds = before.share / (1.0 - before.share);
        for (field, level) in levels.iter().enumerate() {
            if let Some(place) = level.place().filter(|_| field != self.field) {
                odds *= before.m[field][place].max(LEAST) / u[field][place];
            }
        }
        odds
    }
}

fn levels(fields: &[Field], one: &Record, other: &Record) -> Vec<Level> {
    let values = one.values.iter().zip(&other.values);
    let pairs = fields.iter().zip(values);
    pairs
        .map(|(field, (one, other))| field.comparison.compare(one.as_ref(), other.as_ref()))
        .collect()
}

/// The shares of levels that were counted, none of which is nothing.
fn shares(counts: &[u32; LEVELS]) -> [f64; LEVELS] {
    let all: u32 = counts.iter().sum();
    if all == 0 {
        return [1.0 - 3.0 * LEAST, LEAST, LEAST, LEAST];
    }
    counts.map(|count| (f64::from(count) / f64::from(all)).max(LEAST))
}

fn normal(sums: &[f64; LEVELS]) -> [f64; LEVELS] {
    let all: f64 = sums.iter().sum();
    sums.map(|sum| sum / all)
}

/// The share of records that have a value.
pub fn coverage(with: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { ratio(with, all) }
}
