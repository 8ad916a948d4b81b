//! The work of a run, cut into pieces that are done one at a time.

use kehu_server::Fault;
use kehu_storage::{
    Database,
    facts::CustomerSet,
    run::{self, Cut, Lease},
};

/// Customers of a partition of new runs, where nothing else is set.
pub const PARTITION: u32 = 20_000;

/// One piece of a run, leased to this worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, from 1; the same whoever takes it.
    pub number: i32,
    /// Whom it is about.
    pub customers: CustomerSet,
    /// The right to work on it.
    pub(crate) lease: Lease,
}

impl Partition {
    pub(crate) async fn of(db: &Database, lease: Lease, cut: Cut) -> Result<Self, Fault> {
        let customers = match cut {
            Cut::Ranges | Cut::Whole => CustomerSet::Range(lease.customers.0, lease.customers.1),
            Cut::InOrder => CustomerSet::Ids(run::customers(db, &lease).await?),
        };
        Ok(Self { number: lease.partition, customers, lease })
    }
}
