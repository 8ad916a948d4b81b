//! Invoices with their payments.

use std::collections::HashSet;

use kehu_contract::ingestion::{
    Invoice, InvoicePayment, InvoiceStatus as Status, ProblemReason, RecordKind,
};
use kehu_core::money::OutOfRange;
use kehu_core::{Money, Rate, key, limits};
use kehu_storage::ingestion::{Entry, InvoiceStatus, NewInvoice, PaymentRow, RateTable};

use super::digest::Content;
use super::raw::Raw;
use super::{Checked, Checker, Foreign, Given, Problems, values};

/// Payments of one invoice.
const PAYMENTS: usize = 1_000;

const CURRENCY: &str = "invoice.currency_code";
const AMOUNT: &str = "invoice.amount";

impl Given for Invoice {
    fn kind(&self) -> &'static str {
        "invoice"
    }

    fn check(&self, checker: &Checker, problems: &mut Problems) -> Option<Checked> {
        let mut invoice = checker.invoice(self, problems)?;
        if invoice.currency != checker.base_currency {
            return Some(Checked::Foreign(Box::new(invoice)));
        }
        // One for one every amount fits.
        to_base(&mut invoice, Rate::ONE).ok()?;
        Some(Checked::Good(Entry::Invoice(invoice)))
    }

    fn key(&self) -> Option<(RecordKind, &str)> {
        Some((RecordKind::Invoice, &self.external_id))
    }

    fn raw(&self) -> Raw {
        let mut raw = Raw::default();
        raw.push("invoice", &self.external_id);
        raw.push("customer", &self.customer_external_id);
        raw.push("order", &self.order_external_id);
        let status = Status::try_from(self.status);
        raw.push("status", status.map_or("", |status| status.as_str_name()));
        raw.push_date("issue_date", self.issue_date.as_ref());
        raw.push_date("due_date", self.due_date.as_ref());
        if let Some(time) = &self.source_update_time {
            raw.push("source_update_time", time.to_string());
        }
        raw.push("currency", &self.currency_code);
        raw.push_money("amount", self.amount.as_ref());
        for payment in &self.payments {
            raw.push("payment", &payment.external_id);
            if let Some(time) = &payment.payment_time {
                raw.push("payment_time", time.to_string());
            }
            raw.push_money("paid", payment.amount.as_ref());
        }
        raw.push("late_reason", &self.late_reason);
        raw
    }
}

impl Foreign for NewInvoice {
    fn currency(&self) -> &str {
        &self.currency
    }

    fn in_base(self: Box<Self>, rates: &RateTable) -> Result<Entry, Problems> {
        let mut invoice = *self;
        let rate = values::rate(CURRENCY, &invoice.currency, invoice.issued_on, rates)?;
        match to_base(&mut invoice, rate) {
            Ok(()) => Ok(Entry::Invoice(invoice)),
            Err(OutOfRange) => {
                let text = "the amount in the base currency does not fit";
                Err(Problems::of(AMOUNT, ProblemReason::OutOfRange, text))
            }
        }
    }
}

impl Checker {
    /// An invoice without its amounts in the base currency; `None` only with problems.
    fn invoice(&self, given: &Invoice, problems: &mut Problems) -> Option<NewInvoice> {
        let external_id =
            problems.key("invoice.external_id", &given.external_id, ProblemReason::FieldMissing);
        let field = "invoice.customer_external_id";
        let customer =
            problems.customer(field, &given.customer_external_id, ProblemReason::CustomerMissing);
        let order = problems.optional_key("invoice.order_external_id", &given.order_external_id);
        let status = status(given.status, problems);
        let issued_on = values::date("invoice.issue_date", given.issue_date, problems);
        let due_on = values::date("invoice.due_date", given.due_date, problems);
        if issued_on.zip(due_on).is_some_and(|(issued, due)| due < issued) {
            let text = "must not be before issue_date";
            problems.add("invoice.due_date", ProblemReason::OutOfRange, text);
        }
        let updated = given.source_update_time.as_ref();
        let field = "invoice.source_update_time";
        let source_updated_at = values::source_time(field, updated, &self.calendar, problems);
        let currency = values::code(CURRENCY, &given.currency_code, problems);
        let amount = amount(AMOUNT, given.amount.as_ref(), given, problems);
        let payments = self.payments(given, problems);
        let late_reason = key::name(&given.late_reason);
        let late_reason = problems.text("invoice.late_reason", &late_reason, limits::NAME);
        let (amount, issued_on) = (amount?, issued_on?);
        Some(NewInvoice {
            external_id,
            customer,
            order,
            status: status?,
            issued_at: self.calendar.instant(issued_on.and_time(chrono::NaiveTime::MIN)),
            issued_on,
            due_on: due_on?,
            settled_on: None,
            currency: currency?.to_owned(),
            amount,
            base_amount: Money::ZERO,
            payments,
            late_reason,
            digest: String::new(),
            source_updated_at,
        })
    }

    /// The payments by time, without their amounts in the base currency.
    fn payments(&self, given: &Invoice, problems: &mut Problems) -> Vec<PaymentRow> {
        if given.payments.len() > PAYMENTS {
            let text = "must have at most 1,000 payments";
            problems.add("invoice.payments", ProblemReason::OutOfRange, text);
            return Vec::new();
        }
        let mut payments = Vec::with_capacity(given.payments.len());
        let mut keys = HashSet::new();
        for (place, payment) in given.payments.iter().enumerate() {
            problems.at_part(Some(("invoice.payments", place)));
            let Some(payment) = self.payment(payment, given, problems) else { continue };
            if !keys.insert(payment.external_id.clone()) {
                let text = "must occur once in an invoice";
                problems.add("external_id", ProblemReason::DuplicateLine, text);
            }
            payments.push(payment);
        }
        problems.at_part(None);
        let by_time = |payment: &PaymentRow| (payment.paid_at, payment.external_id.clone());
        payments.sort_by_cached_key(by_time);
        payments
    }

    fn payment(
        &self,
        given: &InvoicePayment,
        invoice: &Invoice,
        problems: &mut Problems,
    ) -> Option<PaymentRow> {
        let external_id =
            problems.key("external_id", &given.external_id, ProblemReason::FieldMissing);
        let (time, calendar) = (given.payment_time.as_ref(), &self.calendar);
        let paid_at = values::time("payment_time", time, calendar, problems);
        let amount = amount("amount", given.amount.as_ref(), invoice, problems);
        let paid_at = paid_at?;
        Some(PaymentRow {
            external_id,
            paid_at,
            paid_on: self.calendar.date(paid_at),
            amount: amount?,
            base_amount: Money::ZERO,
        })
    }
}

fn status(given: i32, problems: &mut Problems) -> Option<InvoiceStatus> {
    match Status::try_from(given) {
        Ok(Status::Unspecified | Status::Issued) => Some(InvoiceStatus::Issued),
        Ok(Status::Cancelled) => Some(InvoiceStatus::Cancelled),
        Err(_) => {
            let text = "must be issued or cancelled";
            problems.add("invoice.status", ProblemReason::ValueUnknown, text);
            None
        }
    }
}

/// An amount above zero, which must be given.
fn amount(
    field: &str,
    given: Option<&kehu_contract::google::r#type::Money>,
    invoice: &Invoice,
    problems: &mut Problems,
) -> Option<Money> {
    if given.is_none() {
        problems.add(field, ProblemReason::FieldMissing, "must be given");
    }
    let amount = values::money(field, given, ("invoice", &invoice.currency_code), problems)?;
    if amount.0 <= 0 {
        problems.add(field, ProblemReason::OutOfRange, "must be above zero");
        return None;
    }
    Some(amount)
}

/// Puts the amounts in the base currency into an invoice, the day on which it was paid in full,
/// and its digest.
fn to_base(invoice: &mut NewInvoice, rate: Rate) -> Result<(), OutOfRange> {
    invoice.convert(rate)?;
    let mut paid = Money::ZERO;
    for payment in &invoice.payments {
        paid = paid.checked_add(payment.amount)?;
        if invoice.settled_on.is_none() && paid >= invoice.amount {
            invoice.settled_on = Some(payment.paid_on);
        }
    }
    invoice.digest = digest(invoice);
    Ok(())
}

/// The digest of an invoice whose amounts are complete.
fn digest(invoice: &NewInvoice) -> String {
    let mut content = Content::new(invoice.payments.len());
    content.push_text(Some(&invoice.external_id));
    content.push_text(Some(&invoice.customer));
    content.push_text(invoice.order.as_deref());
    content.push_text(Some(&invoice.currency));
    content.push_text(Some(&format!("{} {}", invoice.issued_on, invoice.due_on)));
    let status = i64::from(invoice.status.number());
    for number in [status, invoice.amount.0] {
        content.push_number(Some(number));
    }
    for payment in &invoice.payments {
        content.push_text(Some(&payment.external_id));
        content.push_number(Some(payment.paid_at.timestamp_micros()));
        content.push_number(Some(payment.amount.0));
    }
    // Not where there is none, so that invoices that are held from before are known again.
    if invoice.late_reason.is_some() {
        content.push_text(invoice.late_reason.as_deref());
    }
    content.digest()
}
