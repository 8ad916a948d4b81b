//! The store of ingestion: sources, customers, orders, exchange rates, streams and rejects.
//!
//! A batch of a stream is written by [`write_batch`] in one transaction; single customers by
//! [`upsert_customer`]; two that are one are linked by [`merge_customers`]. Everything else here reads.

pub mod attributes;
mod batch;
pub mod city_tiers;
mod customers;
pub(crate) mod entity;
mod external_codes;
mod golden;
mod held;
mod kinds;
pub mod late_reasons;
mod lookalikes;
pub mod matching;
pub(crate) mod merges;
pub(crate) mod profile;
pub mod quality;
mod references;
mod rejects;
mod revalue;
mod sources;
mod streams;
mod summaries;
mod timeline;
mod upsert;
pub(crate) mod values;
mod versions;
mod write;

pub use batch::{Batch, NewReject, Problem, RecordKey};
pub use customers::{
    Customer, CustomerFilter, Reference, find_key, find_reference, get_customer, get_customers,
    list_customers,
};
pub(crate) use customers::{EMAIL, PHONE};
pub use external_codes::{external_code, find_external_code};
pub use held::{HeldOrders, WaitingOrder, held_orders};
// A new kind is no line here.
pub use kinds::*;
pub use lookalikes::{LookKey, Lookalikes, list_lookalikes};
pub use merges::{
    Hand, Merge, MergeFilter, Merged, NewMerge, Undo, Undone, list_merges, merge_customers,
    standing, survivor, undo_merge,
};
pub use profile::{COUNTRY_AS_GIVEN, Field, Mask, Profile};
pub use rejects::{
    Discard, Discarded, Reject, RejectFilter, RejectState, Settled, check_rejects, count_damaged,
    count_rejects, discard_rejects, list_rejects, purge_rejects,
};
pub use streams::{Opened, RejectShare, Stream, Totals, open_stream, purge_streams};
pub use summaries::{Summary, summaries};
pub use timeline::{Amounts, Contact, Event, MergeDetail, TimelineKey, timeline};
pub use upsert::{Upsert, Upserted, announce, upsert_customer};
pub use values::{FieldValue, ValueKey, list_values};
pub use write::{Counts, Reused, Tally, Written, write_batch};

/// The day of a change that moved no order, and of a profile nothing that is seen on an earlier day
/// than today: before all facts, so that nobody's view of what the latest day is moves with it.
pub const NO_DAY: chrono::NaiveDate =
    chrono::NaiveDate::from_ymd_opt(1970, 1, 1).expect("a real date");

/// The first day of a change that concerns every day, because it holds for all before as well. No
/// record is of an earlier one.
pub const FIRST_DAY: chrono::NaiveDate =
    chrono::NaiveDate::from_ymd_opt(1900, 1, 1).expect("a real date");

/// The sequences of the numbers of customers and of versions of orders.
pub(crate) const CUSTOMER_NUMBER: &str = "customer_number";
pub(crate) const ORDER_NUMBER: &str = "order_number";
