//! The work of a run, cut into pieces that are done one at a time.

use kehu_storage::{facts::CustomerSet, run::Lease};

/// Customers of a partition of new runs, where nothing else is set.
pub const PARTITION: u32 = 20_000;

/// One piece of a run, leased to this worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, from 1; the same whoever takes it.
    pub number: i32,
    /// Whom it is about: a range of ids.
    pub customers: CustomerSet,
    /// The right to work on it.
    pub(crate) lease: Lease,
}

impl Partition {
    pub(crate) fn of(lease: Lease) -> Self {
        let (first, last) = lease.customers;
        let customers = CustomerSet::Range(first, last);
        Self { number: lease.partition, customers, lease }
    }
}
