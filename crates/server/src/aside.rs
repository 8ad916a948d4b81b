//! What is set aside so that the rest goes on: what this program cannot read because a later
//! release wrote it, which is left to the programs of that release, as they run beside this one
//! during a rolling upgrade; and definitions that are broken.

use crate::Fault;
use crate::telemetry::metrics::{SERVER_BROKEN, SERVER_LEFT};
use kehu_storage::Error;
use opentelemetry::{KeyValue, metrics::Counter};
use std::{
    collections::BTreeSet,
    sync::{LazyLock, Mutex, PoisonError},
};

/// Counts something that is left to others, and says so the first time.
pub fn leave(what: &str) {
    static LEFT: LazyLock<Counter<u64>> = LazyLock::new(|| SERVER_LEFT.counter());
    LEFT.add(1, &[]);
    if is_new(what) {
        tracing::warn!(what, "a later release wrote it: it is left to the programs of that one");
    }
}

/// Counts that a definition, by its resource name, is broken and the others go on without it; says
/// so the first time, and again when it is broken in another way.
pub fn broken(what: &str, fault: &Fault) {
    static BROKEN: LazyLock<Counter<u64>> = LazyLock::new(|| SERVER_BROKEN.counter());
    BROKEN.add(1, &[KeyValue::new("kehu.definition", what.to_owned())]);
    if is_new(&format!("{what}: {fault}")) {
        tracing::error!(what, %fault, cause = ?fault, "it is broken: set aside");
    }
}

fn is_new(text: &str) -> bool {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned())
}

/// What can be read; the rest is [left](leave) to others. Any other error fails them all.
pub fn readable<T>(items: Vec<Result<T, Error>>) -> Result<Vec<T>, Fault> {
    let mut readable = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Ok(item) => readable.push(item),
            Err(Error::NewerFormat { what, .. }) => leave(&what),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(readable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_can_read_is_left_to_them() {
        let newer = || Error::NewerFormat { what: "scorecard rfm".to_owned(), needed: 2, known: 1 };
        let left = readable(vec![Ok(1), Err(newer()), Ok(3)]);
        assert_eq!(left.unwrap(), [1, 3]);
        let broken = readable(vec![Ok(1), Err(newer()), Err(Error::Corrupt(String::new()))]);
        assert!(matches!(broken, Err(Fault::Internal(_))));
    }
}
