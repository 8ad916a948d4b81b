//! Choosing the rows of some customers.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;

use crate::facts::CustomerSet;
pub(super) use crate::history::ROWS_AT_ONCE;

/// Conditions that together choose the rows of `customers`, each row once: one statement each.
pub(super) fn conditions(customers: &CustomerSet, column: impl ColumnTrait) -> Vec<Condition> {
    match customers {
        CustomerSet::All => vec![Condition::all()],
        CustomerSet::Range(first, last) => {
            vec![Condition::all().add(column.between(*first, *last))]
        }
        CustomerSet::Ids(ids) => {
            let mut sorted = ids.clone();
            sorted.sort_unstable();
            sorted.dedup();
            let chosen = |ids: &[i64]| {
                let ids = ids.iter().copied();
                Condition::all().add(column.is_in(ids))
            };
            sorted.chunks(ROWS_AT_ONCE).map(chosen).collect()
        }
    }
}
