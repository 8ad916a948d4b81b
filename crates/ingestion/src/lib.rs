//! Records in: reads files, checks records, keeps customers, orders and what was refused.

mod amount;
mod limits;
pub mod table;
