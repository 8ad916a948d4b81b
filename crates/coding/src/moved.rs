//! Whose classes a transaction changed, and telling others of it before it ends.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kehu_core::CustomerId;
use kehu_server::{Fault, clock};
use kehu_storage::{
    Database, Transaction,
    change_log::{self, NewChange, Position, Topic},
    coding::changes,
    facts::CustomerSet,
};

/// Customers of one entry of the change log.
const CUSTOMERS_AT_ONCE: usize = 20_000;

/// Who was written, as far as that is seen.
#[derive(Default)]
pub(crate) struct Moved {
    by_day: BTreeMap<NaiveDate, BTreeSet<CustomerId>>,
    by_taxonomy: BTreeMap<String, BTreeSet<CustomerId>>,
}

impl Moved {
    /// Adds the customers for whom something was written under a taxonomy, of a day.
    pub(crate) fn add(&mut self, taxonomy: &str, day: NaiveDate, customers: Vec<CustomerId>) {
        if customers.is_empty() {
            return;
        }
        self.by_day.entry(day).or_default().extend(&customers);
        self.by_taxonomy.entry(taxonomy.to_owned()).or_default().extend(customers);
    }

    /// Tells the followers, and those who watch the classes that a customer enters and leaves, with
    /// the first change that they moved because of. The transaction is to do nothing more after it.
    pub(crate) async fn tell(
        self,
        db: &Database,
        transaction: &Transaction,
        cause: Option<Position>,
    ) -> Result<(), Fault> {
        let mut told = None;
        for (day, customers) in self.by_day {
            let customers = Vec::from_iter(customers);
            for customers in customers.chunks(CUSTOMERS_AT_ONCE) {
                let change = change(customers.to_vec(), day, cause);
                told = Some((change_log::append(transaction, &change).await?, day));
            }
        }
        let Some(place) = told else { return Ok(()) };
        for (taxonomy, customers) in self.by_taxonomy {
            let customers = CustomerSet::Ids(customers.iter().map(|one| one.0).collect());
            changes::tell(db, transaction, &taxonomy, &customers, place).await?;
        }
        Ok(())
    }
}

/// The entry of the change log for customers whose classes of a day changed.
fn change(customers: Vec<CustomerId>, day: NaiveDate, cause: Option<Position>) -> NewChange {
    NewChange {
        topic: Topic::Classes,
        customers,
        first_day: day,
        last_day: day,
        as_of: Some(day),
        recorded_at: clock::now(),
        cause,
    }
}
