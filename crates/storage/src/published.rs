//! What was published, kept in memory: it never changes, and every answer about one customer needs
//! it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// More versions than any enterprise has in force at once; beyond them it begins anew.
const MOST: usize = 1_000;

/// Published versions, or what was made of them, by their number.
#[derive(Debug)]
pub(crate) struct Published<T>(Mutex<BTreeMap<i64, Arc<T>>>);

impl<T> Published<T> {
    fn held(&self) -> MutexGuard<'_, BTreeMap<i64, Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of the versions with these numbers that are known, and the numbers of the others.
    pub(crate) fn of(&self, version_ids: &[i64]) -> (BTreeMap<i64, Arc<T>>, Vec<i64>) {
        let held = self.held();
        let (mut known, mut missing) = (BTreeMap::new(), Vec::new());
        for version_id in version_ids {
            match held.get(version_id) {
                Some(version) => drop(known.insert(*version_id, Arc::clone(version))),
                None => missing.push(*version_id),
            }
        }
        (known, missing)
    }

    /// Keeps a version; never a draft, which may change.
    pub(crate) fn keep(&self, version_id: i64, version: T) -> Arc<T> {
        let version = Arc::new(version);
        let mut held = self.held();
        if held.len() >= MOST {
            held.clear();
        }
        held.insert(version_id, Arc::clone(&version));
        version
    }
}

impl<T> Default for Published<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
