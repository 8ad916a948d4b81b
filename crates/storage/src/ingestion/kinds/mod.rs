//! The kinds of record, one file each: what a record of it holds, its tables and columns, its lines
//! in a timeline, and what analytics reads of it. What goes through records, the batch, its
//! writing, the timeline, the facts, goes through what is listed here.

mod customer;
mod invoice;
mod order;
mod rate;

use chrono::NaiveDate;
use kehu_core::Rate;

use super::Profile;
use super::versions::{self, Writing};
use super::write::Moved;
use crate::Error;
use crate::facts::FactTable;

pub(crate) use invoice::INVOICE_NUMBER;
pub use invoice::{InvoiceStatus, NewInvoice, PaymentRow};
pub use order::{LineRow, NewOrder, OrderKind, OrderStatus};
pub use rate::{ListedRate, RateTable, list_rates, load_rates};

/// Every kind, in the order in which the records of a batch are written.
pub(crate) static KINDS: [&Kind; 4] = [&customer::KIND, &order::KIND, &invoice::KIND, &rate::KIND];

/// A kind of record.
#[derive(Debug)]
pub(crate) struct Kind {
    /// How answers and measurements name it.
    pub(crate) name: &'static str,
    /// What it adds to the timeline of a customer.
    pub(crate) timeline: &'static [TimelineQuery],
    /// The tables that analytics reads of it.
    pub(crate) facts: &'static [FactTable],
}

/// A SELECT of what happened with the customer `$1`, which ends with a condition: `happened_at` (in
/// microseconds), `place` (a number that no two of one instant share), `day`, `kind`, `source_id`,
/// `external_id`, `currency`, `amount`, `base_amount`, `line_count` and `channel`.
#[derive(Debug)]
pub(crate) struct TimelineQuery(pub(crate) &'static str);

/// One good record.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A customer as its source knows it; what is empty leaves what is held as it is.
    Customer {
        /// The source's key of it.
        external_id: String,
        /// What is known about it.
        profile: Profile,
    },
    /// An order, whole.
    Order(NewOrder),
    /// An invoice, whole.
    Invoice(NewInvoice),
    /// The rate of a currency from a day on.
    Rate {
        /// ISO 4217.
        currency: String,
        /// The first day.
        start_on: NaiveDate,
        /// Units of the base currency for one unit.
        rate: Rate,
    },
}

impl Entry {
    /// The source's key of the customer that it is about, if it is about one.
    pub(super) fn customer(&self) -> Option<&str> {
        match self {
            Self::Customer { external_id, .. } => Some(external_id),
            Self::Order(order) => Some(&order.customer),
            Self::Invoice(invoice) => Some(&invoice.customer),
            Self::Rate { .. } => None,
        }
    }
}

/// Writes records, kind by kind.
pub(super) async fn write(
    writing: &Writing<'_>,
    entries: &[Entry],
    moved: &mut Moved,
) -> Result<(), Error> {
    customer::write(writing, entries, moved).await?;
    let orders = select(entries, |entry| match entry {
        Entry::Order(order) => Some(order),
        _ => None,
    });
    versions::write(writing, &orders, moved).await?;
    let invoices = select(entries, |entry| match entry {
        Entry::Invoice(invoice) => Some(invoice),
        _ => None,
    });
    versions::write(writing, &invoices, moved).await?;
    rate::write(writing, entries, moved).await
}

/// The records of one kind.
fn select<T>(entries: &[Entry], of: impl Fn(&Entry) -> Option<&T>) -> Vec<&T> {
    entries.iter().filter_map(of).collect()
}
