//! Invoices with their payments.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::money::OutOfRange;
use kehu_core::{Money, Rate};

use super::{Kind, Measured, TimelineQuery, Valued};
use crate::bulk::Column;
use crate::facts::{FactColumn, FactTable, FactType};
use crate::ingestion::versions::{Columns, Head, Place, Versioned};
use crate::time;

/// The sequence of the numbers of versions of invoices.
pub(crate) const INVOICE_NUMBER: &str = "invoice_number";

/// The kind.
pub(super) static KIND: Kind = Kind {
    name: PLACE.kind,
    timeline: &[INVOICES, PAYMENTS],
    facts: &[FACTS],
    valued: Some(&VALUED),
    versions: Some(&PLACE),
    measured: &[MEASURED],
};

const MEASURED: Measured = Measured {
    from: "invoice r",
    fields: &[("order_external_id", "r.order_external_id"), ("late_reason", "r.late_reason")],
    alike: Some(("r.issued_at", "r.status, r.due_on, r.currency, r.amount")),
};

static VALUED: Valued = Valued {
    place: &PLACE,
    parts: "invoice_payment",
    part: "payment_number",
    convert: in_base,
    also: None,
};

static PLACE: Place = Place {
    kind: "invoice",
    table: "invoice",
    number: "invoice_id",
    day: "issued_on",
    sequence: INVOICE_NUMBER,
};

const INVOICES: TimelineQuery = TimelineQuery::Trade(
    "SELECT issued_at AS happened_at, invoice_id AS place, issued_on AS day, \
     CASE WHEN status = 2 THEN 'invoice_cancelled' ELSE 'invoice' END AS kind, \
     source_id, external_id, currency, amount, base_amount, 0 AS line_count, NULL AS channel, NULL AS takes_back \
     FROM invoice WHERE customer_id = $1 AND superseded_at IS NULL",
);

/// An invoice has at most 1,000 payments, so that their numbers fit behind its own.
const PAYMENTS: TimelineQuery = TimelineQuery::Trade(
    "SELECT p.paid_at AS happened_at, p.invoice_id * 1000 + p.payment_number AS place, \
     p.paid_on AS day, 'payment' AS kind, i.source_id, p.external_id, i.currency, p.amount, \
     p.base_amount, 0 AS line_count, NULL AS channel, NULL AS takes_back \
     FROM invoice i JOIN invoice_payment p ON p.invoice_id = i.invoice_id \
     WHERE i.customer_id = $1 AND i.superseded_at IS NULL",
);

/// Invoices that were issued up to the date and not cancelled, in the base currency:
///
/// | column | |
/// |---|---|
/// | `days_ago` | from the day of issue to the date |
/// | `days_past_due` | from the due day to the date, below zero before |
/// | `days_late` | from the due day to the day on which it was paid in full, or to the date while it is not; below zero before |
/// | `amount` | of the invoice |
/// | `paid` | the payments up to the date |
/// | `late_reason` | why it is paid late, in the source's words; null when it does not say |
/// | `excused` | 1 when that reason is excused on the date, else 0 |
const FACTS: FactTable = FactTable {
    name: "invoices",
    columns: &[
        FactColumn::new("days_ago", FactType::Integer),
        FactColumn::new("days_past_due", FactType::Integer),
        FactColumn::new("days_late", FactType::Integer),
        FactColumn::new("amount", FactType::Amount),
        FactColumn::new("paid", FactType::Amount),
        FactColumn::nullable("late_reason", FactType::Text),
        FactColumn::new("excused", FactType::Integer),
    ],
    sorted_by: &[("days_ago", true)],
    sql: "SELECT i.customer_id, $1 - i.issued_on AS days_ago, $1 - i.due_on AS days_past_due, \
          CASE WHEN i.settled_on <= $1 THEN i.settled_on ELSE $1 END - i.due_on AS days_late, \
          i.base_amount AS amount, \
          CAST(COALESCE((SELECT SUM(p.base_amount) FROM invoice_payment p \
          WHERE p.invoice_id = i.invoice_id AND p.paid_on <= $1), 0) AS bigint) AS paid, \
          i.late_reason, COALESCE((SELECT r.excused FROM late_reason r \
          WHERE r.late_reason = i.late_reason AND r.from_day <= $1 \
          ORDER BY r.version DESC LIMIT 1), 0) AS excused \
          FROM invoice i WHERE i.{customers} AND i.superseded_at IS NULL AND i.status = 1 \
          AND i.issued_on <= $1 ORDER BY i.customer_id, i.issued_on, i.invoice_id",
};

/// How an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvoiceStatus {
    /// It is to be paid, or was.
    Issued,
    /// Taken back; never counts.
    Cancelled,
}

impl InvoiceStatus {
    /// Its number in the table.
    pub fn number(self) -> i32 {
        match self {
            Self::Issued => 1,
            Self::Cancelled => 2,
        }
    }
}

/// An invoice that can be written.
#[derive(Debug, Clone)]
pub struct NewInvoice {
    /// The source's key of it.
    pub external_id: String,
    /// The source's key of the customer, which is created when it is not known yet.
    pub customer: String,
    /// The source's key of the order that it bills, held or not.
    pub order: Option<String>,
    /// How it stands.
    pub status: InvoiceStatus,
    /// The start of the day of issue.
    pub issued_at: DateTime<Utc>,
    /// The business date of issue.
    pub issued_on: NaiveDate,
    /// The business date by which it is to be paid.
    pub due_on: NaiveDate,
    /// The business date of the payment with which it was paid in full.
    pub settled_on: Option<NaiveDate>,
    /// ISO 4217.
    pub currency: String,
    /// Its amount, above zero.
    pub amount: Money,
    /// The same in the base currency.
    pub base_amount: Money,
    /// Its payments by time, at most 1,000.
    pub payments: Vec<PaymentRow>,
    /// Why it is paid late, as it is normalised.
    pub late_reason: Option<String>,
    /// A digest of all the above but the amounts in the base currency.
    pub digest: String,
    /// When its source last changed it, where the source says so.
    pub source_updated_at: Option<DateTime<Utc>>,
}

impl NewInvoice {
    /// Converts its amounts at a rate.
    pub fn convert(&mut self, rate: Rate) -> Result<(), OutOfRange> {
        let payments: Vec<Money> = self.payments.iter().map(|payment| payment.amount).collect();
        let (amount, bases) = in_base(self.amount, &payments, rate)?;
        self.base_amount = amount;
        for (payment, base) in self.payments.iter_mut().zip(bases) {
            payment.base_amount = base;
        }
        Ok(())
    }
}

/// What was paid up to each payment is converted, and not the payment alone: what is rounded at one
/// comes back at the next, and nothing is left of an invoice that was paid.
fn in_base(
    amount: Money,
    payments: &[Money],
    rate: Rate,
) -> Result<(Money, Vec<Money>), OutOfRange> {
    let (mut paid, mut base_paid) = (Money::ZERO, Money::ZERO);
    let mut bases = Vec::with_capacity(payments.len());
    for payment in payments {
        paid = paid.checked_add(*payment)?;
        let base = paid.convert(rate)?;
        bases.push(base.checked_sub(base_paid)?);
        base_paid = base;
    }
    Ok((amount.convert(rate)?, bases))
}

/// A payment of an invoice, in part or in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// The source's key of it, unique in the invoice.
    pub external_id: String,
    /// When it was made.
    pub paid_at: DateTime<Utc>,
    /// Its business date.
    pub paid_on: NaiveDate,
    /// What was paid of the invoice, in its currency.
    pub amount: Money,
    /// The same in the base currency, at the rate of the invoice: the payments of an invoice that
    /// was paid in full sum to its amount in the base currency.
    pub base_amount: Money,
}

impl Versioned for NewInvoice {
    const PLACE: &'static Place = &PLACE;

    fn head(&self) -> Head<'_> {
        Head {
            external_id: &self.external_id,
            customer: &self.customer,
            day: self.issued_on,
            digest: &self.digest,
            source_updated_at: self.source_updated_at,
        }
    }

    fn columns(invoices: &[&Self]) -> Columns {
        let orders = invoices.iter().map(|invoice| invoice.order.clone());
        let statuses = invoices.iter().map(|invoice| invoice.status.number());
        let issued = invoices.iter().map(|invoice| time::micros(invoice.issued_at));
        let due = invoices.iter().map(|invoice| time::days(invoice.due_on));
        let settled = invoices.iter().map(|invoice| invoice.settled_on.map(time::days));
        let currencies = invoices.iter().map(|invoice| invoice.currency.clone());
        let amounts = invoices.iter().map(|invoice| invoice.amount.0);
        let bases = invoices.iter().map(|invoice| invoice.base_amount.0);
        let reasons = invoices.iter().map(|invoice| invoice.late_reason.clone());
        vec![
            ("order_external_id", Column::OptText(orders.collect())),
            ("status", Column::I32(statuses.collect())),
            ("issued_at", Column::I64(issued.collect())),
            ("due_on", Column::I32(due.collect())),
            ("settled_on", Column::OptI32(settled.collect())),
            ("currency", Column::Text(currencies.collect())),
            ("amount", Column::I64(amounts.collect())),
            ("base_amount", Column::I64(bases.collect())),
            ("late_reason", Column::OptText(reasons.collect())),
        ]
    }

    fn children(numbers: &[i64], invoices: &[&Self]) -> Vec<(&'static str, Columns)> {
        let (mut ids, mut places, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        let (mut times, mut days) = (Vec::new(), Vec::new());
        let (mut amounts, mut bases) = (Vec::new(), Vec::new());
        for (number, invoice) in numbers.iter().zip(invoices) {
            for (place, payment) in (0..).zip(&invoice.payments) {
                ids.push(*number);
                places.push(place);
                keys.push(payment.external_id.clone());
                times.push(time::micros(payment.paid_at));
                days.push(time::days(payment.paid_on));
                amounts.push(payment.amount.0);
                bases.push(payment.base_amount.0);
            }
        }
        let columns = vec![
            ("invoice_id", Column::I64(ids)),
            ("payment_number", Column::I32(places)),
            ("external_id", Column::Text(keys)),
            ("paid_at", Column::I64(times)),
            ("paid_on", Column::I32(days)),
            ("amount", Column::I64(amounts)),
            ("base_amount", Column::I64(bases)),
        ];
        vec![("invoice_payment", columns)]
    }
}
