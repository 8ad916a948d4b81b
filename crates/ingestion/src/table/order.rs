//! Puts rows together into orders.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};
use kehu_contract::ingestion::{
    CustomerProfile, CustomerRecord, Order, OrderLine, Problem, ProblemReason,
};
use kehu_core::Money;
use kehu_server::convert;
use prost::Message;

use super::columns::{Layout, Role};
use super::kind::RowKind;
use super::line::ReadLine;
use super::problem::problem;

/// An order some of whose rows may still come.
#[derive(Debug)]
struct OpenOrder {
    external_id: String,
    customer: String,
    currency: String,
    kind: RowKind,
    channel: String,
    at: DateTime<Utc>,
    profile: Option<CustomerProfile>,
    lines: Vec<OrderLine>,
    amount: i128,
    bytes: u64,
}

/// The orders that are open.
#[derive(Debug, Default)]
pub(super) struct Orders {
    open: HashMap<String, OpenOrder>,
    /// Digests of the profiles that were sent last, by customer.
    sent: HashMap<String, u64>,
}

/// An order all of whose rows were read.
#[derive(Debug)]
pub(super) struct Finished {
    /// When it was placed.
    pub(super) at: DateTime<Utc>,
    /// The customer's record, when it is new or changed.
    pub(super) customer: Option<CustomerRecord>,
    pub(super) order: Order,
    /// The line of its first row.
    pub(super) line: i64,
    /// The bytes of its rows.
    pub(super) bytes: u64,
    /// Its kind's name in a profile.
    pub(super) kind: &'static str,
    /// Its amount; that of a return is negative.
    pub(super) amount: Money,
}

impl Orders {
    /// Adds a good row to the order of the cell `key`, or returns how it contradicts the rows
    /// before.
    pub(super) fn add(
        &mut self,
        key: &str,
        read: ReadLine,
        profile: Option<&CustomerProfile>,
        bytes: u64,
        layout: &Layout,
    ) -> Result<(), Vec<Problem>> {
        let amount = read.amount.map_or(0, |amount| i128::from(amount.0));
        let Some(open) = self.open.get_mut(key) else {
            let open = OpenOrder {
                external_id: read.order,
                customer: read.customer,
                currency: read.currency,
                kind: read.kind,
                channel: read.channel,
                at: read.at,
                profile: profile.cloned(),
                lines: vec![read.line],
                amount,
                bytes,
            };
            self.open.insert(key.to_owned(), open);
            return Ok(());
        };
        let problems = open.contradictions(&read, layout);
        if !problems.is_empty() {
            return Err(problems);
        }
        open.at = open.at.min(read.at);
        open.amount += amount;
        open.bytes += bytes;
        open.lines.push(read.line);
        Ok(())
    }

    /// Takes out an order whose last row was read; `None` when all its rows were refused.
    pub(super) fn finish(&mut self, key: &str) -> Option<Finished> {
        let open = self.open.remove(key)?;
        let customer = self.customer(&open);
        let (kind, status, name) = open.kind.of_order(open.amount < 0);
        let turned = name == "return" && open.amount > 0;
        let amount = if turned { -open.amount } else { open.amount };
        let amount = Money(i64::try_from(amount).unwrap_or(i64::MAX));
        let line = open.lines.first().map_or(0, |line| line.line_number);
        let order = Order {
            external_id: open.external_id,
            customer_external_id: open.customer,
            kind: kind.into(),
            status: status.into(),
            order_time: Some(convert::timestamp(open.at)),
            currency_code: open.currency,
            channel: open.channel,
            lines: open.lines,
        };
        Some(Finished { customer, order, at: open.at, line, bytes: open.bytes, kind: name, amount })
    }

    /// Whether orders are open whose last row has not come.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn customer(&mut self, open: &OpenOrder) -> Option<CustomerRecord> {
        let profile = open.profile.as_ref()?;
        let mut hasher = DefaultHasher::new();
        profile.encode_to_vec().hash(&mut hasher);
        let digest = hasher.finish();
        if self.sent.insert(open.customer.clone(), digest) == Some(digest) {
            return None;
        }
        let external_id = open.customer.clone();
        Some(CustomerRecord { external_id, profile: Some(profile.clone()) })
    }
}

impl OpenOrder {
    fn contradictions(&self, read: &ReadLine, layout: &Layout) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (differs, role) in [
            (self.customer != read.customer, Role::CustomerId),
            (self.currency != read.currency, Role::Currency),
            (self.kind != read.kind, Role::Status),
        ] {
            if differs {
                let text = "differs from the first line of the same order: correct one of them";
                let reason = ProblemReason::OrderInconsistent;
                problems.push(problem(layout.column(role), reason, text));
            }
        }
        problems
    }
}
