//! The work of a run, cut into pieces that are done one at a time.

use kehu_server::Fault;
use kehu_storage::{
    Database,
    facts::{self, CustomerSet},
};

/// Customers of a partition of new runs.
pub const PARTITION: u32 = 20_000;

/// One piece of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, from 0; the same whenever the run is taken up.
    pub number: i32,
    /// Whom it is about.
    pub customers: CustomerSet,
}

/// Every customer, cut into partitions of `size` in the order of ids, and how many there are in
/// all.
pub(crate) async fn partitions(db: &Database, size: u32) -> Result<(Vec<Partition>, i64), Fault> {
    let size = size.max(1);
    let ranges = facts::partitions(db, size.into()).await?;
    let mut partitions = Vec::with_capacity(ranges.len());
    for (number, (first, last)) in (0..).zip(ranges) {
        partitions.push(Partition { number, customers: CustomerSet::Range(first, last) });
    }
    let Some(last) = partitions.last() else { return Ok((partitions, 0)) };
    let in_last = facts::customer_ids(db, &last.customers).await?.len();
    let before = i64::from(last.number) * i64::from(size);
    let total = before + i64::try_from(in_last).map_err(Fault::internal)?;
    Ok((partitions, total))
}
