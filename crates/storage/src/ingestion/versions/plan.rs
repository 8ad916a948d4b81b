//! What is to be done with records that are kept in versions.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;

use super::super::write::{Counts, Moved, Reused};
use super::{Held, Versioned, Writing};
use crate::time;

/// A version as its source knows it: the source's key, the digest, and when the source changed it.
pub(super) type Said = (String, String, Option<i64>);

/// What is to be done with records.
pub(super) struct Plan<'a, T> {
    held: HashMap<String, Held>,
    /// The records that are to stand, each key once, in the order of their first appearance.
    changed: Vec<&'a T>,
    /// Where each key is among them.
    places: HashMap<&'a str, usize>,
    /// Versions that are older at their source than those that stand.
    former: BTreeMap<Said, &'a T>,
    /// Versions that stand, and that their source says again with a later time.
    pub(super) said_again: BTreeMap<i64, DateTime<Utc>>,
    counts: Counts,
    reused: Vec<Reused>,
}

/// What stands where a record comes.
struct Former<'a> {
    /// Its number; `None` for a record of the same batch.
    number: Option<i64>,
    customer: CustomerId,
    day: NaiveDate,
    digest: &'a str,
    changed_at: DateTime<Utc>,
}

impl<'a, T: Versioned> Plan<'a, T> {
    pub(super) fn of(
        records: &[&'a T],
        held: HashMap<String, Held>,
        writing: &Writing<'_>,
    ) -> Self {
        let mut plan = Self {
            held,
            changed: Vec::with_capacity(records.len()),
            places: HashMap::with_capacity(records.len()),
            former: BTreeMap::new(),
            said_again: BTreeMap::new(),
            counts: Counts::default(),
            reused: Vec::new(),
        };
        for &record in records {
            plan.take(record, writing);
        }
        plan.counts.reused = i64::try_from(plan.reused.len()).unwrap_or(i64::MAX);
        plan
    }

    fn take(&mut self, record: &'a T, writing: &Writing<'_>) {
        let head = record.head();
        let key = head.external_id;
        let Some(former) = self.stands(key, writing) else {
            self.counts.count(true);
            self.stand(key, record);
            return;
        };
        let given = head.source_updated_at;
        if former.digest == head.digest {
            let later = given.filter(|given| *given > former.changed_at);
            let number = former.number;
            self.counts.count(false);
            match (later, number) {
                (Some(later), Some(number)) => {
                    self.said_again.insert(number, later);
                }
                (Some(_), None) => {
                    self.stand(key, record);
                }
                (None, _) => {}
            }
            return;
        }
        // An older version does not win by coming later.
        let older = given.is_some_and(|given| given < former.changed_at);
        let (customer, day) = (former.customer, former.day);
        self.counts.count(true);
        if older {
            self.keep(record);
            return;
        }
        if let Some(earlier) = self.stand(key, record)
            && earlier.head().source_updated_at.is_some_and(|before| Some(before) != given)
        {
            self.keep(earlier);
        }
        if customer != writing.resolved.customer(head.customer) || day != head.day {
            let (kind, external_id) = (T::PLACE.kind, key.to_owned());
            self.reused.push(Reused { kind, external_id, customer, day });
        }
    }

    /// What stands under a key.
    fn stands(&self, key: &str, writing: &Writing<'_>) -> Option<Former<'_>> {
        if let Some(place) = self.places.get(key) {
            let earlier = self.changed[*place].head();
            return Some(Former {
                number: None,
                customer: writing.resolved.customer(earlier.customer),
                day: earlier.day,
                digest: earlier.digest,
                changed_at: earlier.source_updated_at.unwrap_or(writing.now),
            });
        }
        let held = self.held.get(key)?;
        Some(Former {
            number: Some(held.number),
            customer: held.customer,
            day: held.day,
            digest: &held.digest,
            changed_at: *self.said_again.get(&held.number).unwrap_or(&held.changed_at),
        })
    }

    /// Has a record stand; returns the one of the batch whose place it takes.
    fn stand(&mut self, key: &'a str, record: &'a T) -> Option<&'a T> {
        match self.places.entry(key) {
            Entry::Occupied(place) => {
                Some(std::mem::replace(&mut self.changed[*place.get()], record))
            }
            Entry::Vacant(place) => {
                place.insert(self.changed.len());
                self.changed.push(record);
                None
            }
        }
    }

    /// Keeps a record as a former version, once.
    fn keep(&mut self, record: &'a T) {
        if self.former.insert(said(record), record).is_some() {
            self.counts.repeat();
        }
    }

    /// The source's keys of the former versions.
    pub(super) fn former(&self) -> Vec<&str> {
        self.former.keys().map(|(key, ..)| key.as_str()).collect()
    }

    /// Forgets the former versions that are held.
    pub(super) fn leave_out(&mut self, held: &HashSet<Said>) {
        let before = self.former.len();
        self.former.retain(|said, _| !held.contains(said));
        for _ in self.former.len()..before {
            self.counts.repeat();
        }
    }

    /// The records to write: those that are to stand in the order of their keys, and the others; how
    /// many stand.
    pub(super) fn rows(&self) -> (Vec<&'a T>, usize) {
        let mut rows = self.changed.clone();
        rows.sort_by(|one, other| one.head().external_id.cmp(other.head().external_id));
        let standing = rows.len();
        rows.extend(self.former.values());
        (rows, standing)
    }

    /// The numbers of the versions in whose place they come.
    pub(super) fn replaced(&self) -> Vec<i64> {
        let changed = self.changed.iter();
        let held = changed.filter_map(|record| self.held.get(record.head().external_id));
        held.map(|held| held.number).collect()
    }

    /// Notes whom and which days the changes concern, where the records were and where they are.
    pub(super) fn note(self, writing: &Writing<'_>, moved: &mut Moved) {
        moved.tally.add(T::PLACE.kind, self.counts);
        moved.tally.add_reused(self.reused);
        moved.tally.repeats |= !self.held.is_empty();
        for record in &self.changed {
            let head = record.head();
            moved.customers.insert(writing.resolved.customer(head.customer));
            moved.days.insert(head.day);
            if let Some(held) = self.held.get(head.external_id) {
                moved.customers.insert(held.customer);
                moved.days.insert(held.day);
            }
        }
    }
}

fn said<T: Versioned>(record: &T) -> Said {
    let head = record.head();
    let at = head.source_updated_at.map(time::micros);
    (head.external_id.to_owned(), head.digest.to_owned(), at)
}
