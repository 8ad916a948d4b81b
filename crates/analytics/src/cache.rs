//! What was made once and may be wanted again.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use hashlink::LruCache;

/// A bounded number of values by key; the one not asked for longest goes first.
pub(crate) struct Cache<K, V> {
    held: Mutex<LruCache<K, V>>,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// A cache of at most `size` values.
    pub(crate) fn new(size: usize) -> Self {
        Self { held: Mutex::new(LruCache::new(size)) }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(crate) fn put(&self, key: K, value: V) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_goes() {
        let cache = Cache::new(2);
        cache.put("a", 1);
        cache.put("b", 2);
        assert_eq!(cache.get(&"a"), Some(1));
        cache.put("c", 3);
        let held = ["a", "b", "c"].map(|key| cache.get(&key));
        assert_eq!(held, [Some(1), None, Some(3)]);
    }
}
