//! Orders.

use chrono::{DateTime, Datelike, Utc};
use kehu_contract::ingestion::{Order, OrderKind as Kind, OrderStatus as Status, ProblemReason};
use kehu_core::calendar::BusinessCalendar;
use kehu_core::money::OutOfRange;
use kehu_core::{Money, Quantity, Rate, currency, key, limits};
use kehu_storage::ingestion::{LineRow, NewOrder, OrderKind, OrderStatus};

use super::line;
use super::{Problems, digest};

/// An order without its amounts in the base currency; `None` only with problems.
pub(super) fn check(
    given: &Order,
    calendar: &BusinessCalendar,
    problems: &mut Problems,
) -> Option<NewOrder> {
    let (key, _) = key::clean(&given.external_id);
    let external_id = problems.key("order.external_id", &key, ProblemReason::FieldMissing);
    let (key, _) = key::clean_customer(&given.customer_external_id);
    let field = "order.customer_external_id";
    let customer = problems.key(field, &key, ProblemReason::CustomerMissing);
    let kind = kind(given.kind, problems);
    let status = status(given.status, problems);
    let at = time(given, calendar, problems);
    let currency = code(&given.currency_code, problems);
    let channel = problems.text("order.channel", &given.channel, limits::TEXT);
    let mut lines = lines(given, problems);
    let (kind, status, at, currency) = (kind?, status?, at?, currency?);
    let amount = total(&lines, problems)?;
    let turned = kind == OrderKind::Return && amount.0 > 0;
    if turned {
        lines.iter_mut().for_each(turn_round);
    }
    Some(NewOrder {
        external_id,
        customer,
        kind,
        status,
        ordered_at: at,
        ordered_on: calendar.date(at),
        ordered_hour: i32::try_from(calendar.hour(at)).expect("an hour is below 24"),
        currency: currency.to_owned(),
        amount: if turned { Money(-amount.0) } else { amount },
        base_amount: Money::ZERO,
        channel,
        lines,
        digest: String::new(),
        // The contract's orders do not say.
        source_updated_at: None,
    })
}

/// Puts the amounts in the base currency into an order, and its digest.
pub(crate) fn to_base(order: &mut NewOrder, rate: Rate) -> Result<(), OutOfRange> {
    let mut sum = Money::ZERO;
    for line in &mut order.lines {
        line.base_amount = line.amount.convert(rate)?;
        sum = sum.checked_add(line.base_amount)?;
    }
    order.base_amount = sum;
    order.digest = digest::of(order);
    Ok(())
}

fn kind(given: i32, problems: &mut Problems) -> Option<OrderKind> {
    match Kind::try_from(given) {
        Ok(Kind::Sale) => return Some(OrderKind::Sale),
        Ok(Kind::Return) => return Some(OrderKind::Return),
        Ok(Kind::Adjustment) => return Some(OrderKind::Adjustment),
        Ok(Kind::Unspecified) | Err(_) => {}
    }
    let text = "must be a sale, a return or an adjustment";
    problems.add("order.kind", ProblemReason::ValueUnknown, text);
    None
}

fn status(given: i32, problems: &mut Problems) -> Option<OrderStatus> {
    match Status::try_from(given) {
        Ok(Status::Unspecified | Status::Completed) => Some(OrderStatus::Completed),
        Ok(Status::Cancelled) => Some(OrderStatus::Cancelled),
        Err(_) => {
            let text = "must be completed or cancelled";
            problems.add("order.status", ProblemReason::ValueUnknown, text);
            None
        }
    }
}

fn time(
    given: &Order,
    calendar: &BusinessCalendar,
    problems: &mut Problems,
) -> Option<DateTime<Utc>> {
    let field = "order.order_time";
    let Some(time) = &given.order_time else {
        problems.add(field, ProblemReason::FieldMissing, "must be given");
        return None;
    };
    // Whole microseconds are what the databases keep.
    let at = u32::try_from(time.nanos)
        .ok()
        .and_then(|nanos| DateTime::from_timestamp(time.seconds, nanos / 1_000 * 1_000))
        .filter(|at| (1899..=2201).contains(&at.year()))
        .filter(|at| (1900..=2200).contains(&calendar.date(*at).year()));
    if at.is_none() {
        let text = "must be a time of the years 1900 to 2200 in the enterprise's time zone";
        problems.add(field, ProblemReason::OutOfRange, text);
    }
    at
}

fn code(given: &str, problems: &mut Problems) -> Option<&'static str> {
    let field = "order.currency_code";
    if given.is_empty() {
        problems.add(field, ProblemReason::FieldMissing, "must not be empty");
        return None;
    }
    let code = currency::parse(given);
    if code.is_none() {
        problems.add(field, ProblemReason::CurrencyUnknown, "must be an ISO 4217 currency");
    }
    code
}

fn lines(given: &Order, problems: &mut Problems) -> Vec<LineRow> {
    if given.lines.is_empty() {
        problems.add("order.lines", ProblemReason::FieldMissing, "must have at least one line");
    }
    if given.lines.len() > limits::LINES {
        problems.add("order.lines", ProblemReason::OutOfRange, "must have at most 10,000 lines");
        return Vec::new();
    }
    let mut lines = Vec::with_capacity(given.lines.len());
    let mut numbers = line::Numbers::default();
    for (place, line) in given.lines.iter().enumerate() {
        problems.at_line(Some(place));
        numbers.check(line.line_number, problems);
        lines.extend(line::check(line, given, problems));
    }
    problems.at_line(None);
    lines
}

fn total(lines: &[LineRow], problems: &mut Problems) -> Option<Money> {
    let mut sum = Money::ZERO;
    for line in lines {
        let Ok(next) = sum.checked_add(line.amount) else {
            let text = "the sum of the lines does not fit";
            problems.add("order.lines", ProblemReason::OutOfRange, text);
            return None;
        };
        sum = next;
    }
    // The smallest number has no positive counterpart.
    (sum.0 != i64::MIN).then_some(sum)
}

/// A return given with what came back above zero is written below zero, as it counts.
fn turn_round(line: &mut LineRow) {
    line.quantity = Quantity(line.quantity.0.saturating_neg());
    line.amount = Money(line.amount.0.saturating_neg());
}
