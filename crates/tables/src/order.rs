//! Puts rows together into orders.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use kehu_contract::ingestion::{CustomerProfile, CustomerRecord, Order, OrderLine};
use rust_decimal::Decimal;

use crate::columns::Layout;
use crate::customer::{self, Latest};
use crate::kind::RowKind;
use crate::line::ReadLine;
use crate::profile::OrderFigures;
use crate::wire;

/// An order some of whose rows may still come. Its rows agree: the first pass has seen to it.
#[derive(Debug)]
struct OpenOrder {
    customer: String,
    currency: String,
    kind: RowKind,
    channel: String,
    sale: String,
    codes: BTreeSet<String>,
    at: DateTime<Utc>,
    profile: Option<CustomerProfile>,
    lines: Vec<OrderLine>,
    /// In 1/10,000.
    amount: i128,
    bytes: u64,
}

/// The orders that are open.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    open: HashMap<String, OpenOrder>,
    latest: Latest,
}

/// An order all of whose rows were read.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The customer's record, when it is new or changed.
    pub(crate) customer: Option<CustomerRecord>,
    pub(crate) order: Order,
    pub(crate) figures: OrderFigures,
    /// The bytes of its rows.
    pub(crate) bytes: u64,
}

impl Orders {
    /// Adds a good row to its order.
    pub(crate) fn add(&mut self, read: ReadLine, profile: Option<&customer::Said>, bytes: u64) {
        let amount = read.amount.map_or(0, |amount| i128::from(amount.0));
        let Some(open) = self.open.get_mut(&read.order) else {
            let open = OpenOrder {
                customer: read.customer,
                currency: read.currency,
                kind: read.kind,
                channel: read.channel,
                sale: read.sale,
                codes: profile.iter().filter_map(|said| said.code()).collect(),
                at: read.at,
                profile: profile.map(|said| said.profile.clone()),
                lines: vec![read.line],
                amount,
                bytes,
            };
            self.open.insert(read.order, open);
            return;
        };
        open.at = open.at.min(read.at);
        open.amount += amount;
        open.bytes += bytes;
        open.lines.push(read.line);
        if read.channel > open.channel {
            open.channel = read.channel;
        }
        if read.sale > open.sale {
            open.sale = read.sale;
        }
        if let (Some(held), Some(said)) = (&mut open.profile, profile) {
            customer::merge(held, &said.profile);
            open.codes.extend(said.code());
        }
    }

    /// Takes out an order whose last row was read; `None` when all its rows were refused.
    pub(crate) fn finish(&mut self, key: &str, layout: &Layout) -> Option<Finished> {
        let (external_id, open) = self.open.remove_entry(key)?;
        let (latest, at) = (&mut self.latest, open.at.timestamp());
        let profile = open.profile.as_ref();
        let codes = open.codes;
        let customer =
            profile.and_then(|said| latest.record(&open.customer, at, said, codes, layout));
        let (kind, status, name) = open.kind.of_order(open.amount < 0);
        let turned = name == "return" && open.amount > 0;
        let amount = if turned { -open.amount } else { open.amount };
        let figures = OrderFigures {
            record: 0,
            line: open.lines.first().map_or(0, |line| line.line_number),
            kind: name,
            currency: open.currency.clone(),
            lines: open.lines.len() as u64,
            // Ten thousand lines of 2^63 are far from the limit of 2^96.
            amount: Decimal::from_i128_with_scale(amount, 4),
            at: open.at,
        };
        let order = Order {
            external_id,
            customer_external_id: open.customer,
            kind: kind.into(),
            status: status.into(),
            order_time: Some(wire::timestamp(open.at)),
            currency_code: open.currency,
            channel: open.channel,
            lines: open.lines,
            // A sale takes nothing back, whatever stands there.
            sale_external_id: if name == "return" { open.sale } else { String::new() },
            source_update_time: None,
        };
        Some(Finished { customer, order, figures, bytes: open.bytes })
    }

    /// Whether orders are open whose last row has not come.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}
