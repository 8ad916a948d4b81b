//! What followers of changes have in common.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveDate;
use kehu_core::CustomerId;
use kehu_core::code_scheme::CodeScheme;
use kehu_server::Fault;
use kehu_storage::{
    Database,
    change_log::{Change, Position},
    definitions,
    run::Following,
};

/// Customers dealt with in one transaction, unless a single change has more.
const CUSTOMERS_AT_ONCE: usize = 20_000;
/// How often a first run is looked at.
const POLL: Duration = Duration::from_millis(200);
/// How often, before the follower tries again later.
const POLLS: u32 = 10;

/// The first of some changes, all of one date.
pub(crate) struct Batch {
    /// The date.
    pub(crate) as_of: NaiveDate,
    /// The earliest day that they concern.
    pub(crate) first_day: NaiveDate,
    /// The customers concerned, ascending.
    pub(crate) customers: Vec<CustomerId>,
    /// The position of the last change.
    pub(crate) to: Position,
    /// The first change that they were made of.
    pub(crate) cause: Position,
}

/// The first changes of one date, as many as are good to do in one transaction; `None` when
/// there are none.
pub(crate) fn first_batch(changes: &[Change]) -> Option<Batch> {
    let first = changes.first()?;
    let as_of = first.as_of.unwrap_or(first.last_day);
    let mut first_day = as_of;
    let mut customers = BTreeSet::new();
    let (mut to, mut cause) = (first.position, first.cause);
    for change in changes {
        let other_date = change.as_of.unwrap_or(change.last_day) != as_of;
        let full =
            !customers.is_empty() && customers.len() + change.customers.len() > CUSTOMERS_AT_ONCE;
        if other_date || full {
            break;
        }
        first_day = first_day.min(change.first_day);
        customers.extend(change.customers.iter().copied());
        to = change.position;
        cause = cause.min(change.cause);
    }
    Some(Batch { as_of, first_day, customers: customers.into_iter().collect(), to, cause })
}

/// The ids of the schemes that are followed, once no first run of one is under way. The first
/// run of a scheme goes through everyone in order; what changes meanwhile waits, so that the
/// codes do not depend on who is quicker. [`Fault::Unavailable`] when it takes long: try again.
pub(crate) async fn settled_schemes(db: &Database) -> Result<Vec<String>, Fault> {
    for _ in 0..POLLS {
        let following = definitions::pins::following::<CodeScheme>(db).await?;
        if following.values().all(|state| *state == Following::Active) {
            return Ok(following.into_keys().collect());
        }
        tokio::time::sleep(POLL).await;
    }
    Err(Fault::Unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_storage::change_log::Topic;

    fn at(transaction: u8) -> Position {
        format!("0001.{transaction:012x}.0000").parse().unwrap()
    }

    fn change(transaction: u8, date: &str, customers: std::ops::Range<i64>) -> Change {
        let day = date.parse().unwrap();
        Change {
            position: at(transaction),
            topic: Topic::Classes,
            customers: customers.map(CustomerId).collect(),
            first_day: day,
            last_day: day,
            as_of: Some(day),
            recorded_at: chrono::DateTime::UNIX_EPOCH,
            traceparent: None,
            cause: at(transaction),
        }
    }

    #[test]
    fn a_batch_has_one_date_and_a_bounded_size() {
        let (early, late) = ("2011-12-09", "2011-12-10");
        for (changes, expected) in [
            (vec![], None),
            (
                vec![change(4, early, 1..3), change(6, early, 2..5), change(7, late, 1..2)],
                Some((4, 6)),
            ),
            (vec![change(4, late, 1..15_001), change(6, late, 1..10_001)], Some((15_000, 4))),
            (vec![change(4, late, 1..50_001), change(6, late, 1..2)], Some((50_000, 4))),
        ] {
            let batch = first_batch(&changes).map(|batch| (batch.customers.len(), batch.to));
            assert_eq!(batch, expected.map(|(customers, to)| (customers, at(to))));
        }
    }
}
