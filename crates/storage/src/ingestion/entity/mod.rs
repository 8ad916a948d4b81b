//! The rows of the tables that ingestion owns.

#![expect(unreachable_pub, reason = "sea-orm's macros make everything of an entity pub")]

pub(crate) mod customer;
pub(crate) mod customer_reference;
pub(crate) mod exchange_rate;
pub(crate) mod external_code;
pub(crate) mod ingest_stream;
pub(crate) mod late_reason;
pub(crate) mod reject;
pub(crate) mod sales_order;
pub(crate) mod source;
