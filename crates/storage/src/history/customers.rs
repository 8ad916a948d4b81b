//! Choosing the rows of some customers.

use std::collections::BTreeSet;

use crate::facts::CustomerSet;

/// How many values stand in one statement: both databases bear many more.
pub(crate) const ROWS_AT_ONCE: usize = 5_000;

/// Conditions that together choose the rows of the customers, each once: one a statement.
pub(crate) fn chosen(customers: &CustomerSet) -> Vec<String> {
    match customers {
        CustomerSet::All => vec![String::new()],
        CustomerSet::Range(first, last) => {
            vec![format!(" AND customer_id BETWEEN {first} AND {last}")]
        }
        CustomerSet::Ids(ids) => {
            let sorted: Vec<i64> = BTreeSet::from_iter(ids.iter().copied()).into_iter().collect();
            let condition = |ids: &[i64]| format!(" AND customer_id IN ({})", list(ids));
            sorted.chunks(ROWS_AT_ONCE).map(condition).collect()
        }
    }
}

/// Numbers as SQL lists them.
pub(super) fn list(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}
