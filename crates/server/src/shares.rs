//! What is shared out: nobody takes more than so much at once, and what is taken comes back.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How much each has taken; nobody who has nothing is in it.
#[derive(Debug)]
pub struct Shares<K>(Arc<Mutex<HashMap<K, u64>>>);

/// What one has taken, until this is dropped.
#[derive(Debug)]
pub struct Part<K: Hash + Eq> {
    shares: Shares<K>,
    whose: K,
    amount: u64,
}

impl<K> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Shares<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq + Clone> Shares<K> {
    /// So much, if there is no more than `most` with it.
    pub fn take(&self, whose: K, amount: u64, most: u64) -> Option<Part<K>> {
        let mut part = Part { shares: self.clone(), whose, amount: 0 };
        part.grow(amount, most).then_some(part)
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<K, u64>> {
        // Nothing under the lock panics half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone> Part<K> {
    /// Takes so much more; says whether there is no more than `most` with it, else takes nothing.
    pub fn grow(&mut self, amount: u64, most: u64) -> bool {
        let mut all = self.shares.taken();
        let taken = all.get(&self.whose).copied().unwrap_or_default().saturating_add(amount);
        if taken > most {
            return false;
        }
        if taken > 0 {
            all.insert(self.whose.clone(), taken);
        }
        drop(all);
        self.amount += amount;
        true
    }
}

impl<K: Hash + Eq> Part<K> {
    /// Gives everything back and goes on with nothing.
    pub fn clear(&mut self) {
        let amount = std::mem::take(&mut self.amount);
        if amount == 0 {
            return;
        }
        let mut all = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(&self.whose) {
            Some(taken) if *taken > amount => *taken -= amount,
            _ => drop(all.remove(&self.whose)),
        }
    }
}

impl<K: Hash + Eq> Drop for Part<K> {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_comes_back_and_is_forgotten() {
        let shares = Shares::default();
        let first = shares.take("a", 1, 2);
        let second = shares.take("a", 1, 2);
        assert!(first.is_some() && second.is_some());
        assert!(shares.take("a", 1, 2).is_none());
        let other = shares.take("b", 2, 2);
        assert!(other.is_some(), "another has a share of its own");
        drop(first);
        assert!(shares.take("a", 2, 2).is_none());
        assert!(shares.take("a", 1, 2).is_some());
        drop((second, other));
        assert!(shares.taken().is_empty());
    }

    #[test]
    fn a_part_grows_and_goes_on_with_nothing() {
        let shares = Shares::default();
        let mut part = shares.take("a", 0, 10).unwrap();
        assert!(shares.taken().is_empty());
        assert!(part.grow(7, 10));
        assert!(!part.grow(4, 10), "beyond the share");
        assert!(part.grow(3, 10));
        part.clear();
        assert!(shares.taken().is_empty());
        assert!(part.grow(u64::MAX, u64::MAX));
        assert!(!part.grow(1, u64::MAX - 1));
        drop(part);
        assert!(shares.taken().is_empty());
    }
}
