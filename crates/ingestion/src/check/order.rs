//! Orders.

use kehu_contract::ingestion::{
    Order, OrderKind as Kind, OrderLine, OrderStatus as Status, ProblemReason, RecordKind,
};
use kehu_core::calendar::BusinessCalendar;
use kehu_core::money::OutOfRange;
use kehu_core::{Money, Quantity, Rate, key, limits};
use kehu_storage::ingestion::{
    Entry, LineRow, NewOrder, NewReject, OrderKind, OrderStatus, RateTable,
};

use super::digest::Content;
use super::raw::Raw;
use super::refused::new_reject;
use super::{Checked, Checker, Foreign, Given, Problems, line, values};

const CURRENCY: &str = "order.currency_code";

impl Given for Order {
    fn kind(&self) -> &'static str {
        "order"
    }

    fn check(&self, checker: &Checker, problems: &mut Problems) -> Option<Checked> {
        let mut order = check(self, &checker.calendar, problems)?;
        if order.currency != checker.base_currency {
            return Some(Checked::Foreign(Box::new(order)));
        }
        // One for one every amount fits.
        to_base(&mut order, Rate::ONE).ok()?;
        Some(Checked::Good(Entry::Order(order)))
    }

    fn key(&self) -> Option<(RecordKind, &str)> {
        Some((RecordKind::Order, &self.external_id))
    }

    fn raw(&self) -> Raw {
        raw(self, None)
    }

    /// One a line, with the problems of the order and of the line.
    fn rejects(&self, line_number: i64, problems: &Problems) -> Vec<NewReject> {
        if self.lines.is_empty() {
            return vec![new_reject(line_number, self.raw(), problems.all().cloned())];
        }
        let lines = self.lines.iter().enumerate();
        let reject = |(place, line): (usize, &OrderLine)| {
            new_reject(line.line_number, raw(self, Some(line)), problems.of_part(place))
        };
        lines.map(reject).collect()
    }
}

impl Foreign for NewOrder {
    fn currency(&self) -> &str {
        &self.currency
    }

    fn in_base(self: Box<Self>, rates: &RateTable) -> Result<Entry, Problems> {
        let mut order = *self;
        let rate = values::rate(CURRENCY, &order.currency, order.ordered_on, rates)?;
        match to_base(&mut order, rate) {
            Ok(()) => Ok(Entry::Order(order)),
            Err(OutOfRange) => {
                let text = "the amount in the base currency does not fit";
                Err(Problems::of("order.lines", ProblemReason::OutOfRange, text))
            }
        }
    }
}

/// An order without its amounts in the base currency; `None` only with problems.
fn check(given: &Order, calendar: &BusinessCalendar, problems: &mut Problems) -> Option<NewOrder> {
    let external_id =
        problems.key("order.external_id", &given.external_id, ProblemReason::FieldMissing);
    let field = "order.customer_external_id";
    let customer =
        problems.customer(field, &given.customer_external_id, ProblemReason::CustomerMissing);
    let kind = kind(given.kind, problems);
    let status = status(given.status, problems);
    let at = values::time("order.order_time", given.order_time.as_ref(), calendar, problems);
    let updated = given.source_update_time.as_ref();
    let source_updated_at =
        values::source_time("order.source_update_time", updated, calendar, problems);
    let currency = values::code(CURRENCY, &given.currency_code, problems);
    let channel = problems.text("order.channel", &given.channel, limits::TEXT);
    let sale = sale(given, problems);
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
        sale,
        lines,
        digest: String::new(),
        source_updated_at,
    })
}

/// The key of the sale that a return takes back.
fn sale(given: &Order, problems: &mut Problems) -> Option<String> {
    let field = "order.sale_external_id";
    let sale = problems.optional_key(field, &given.sale_external_id)?;
    if Kind::try_from(given.kind).is_ok_and(|kind| kind != Kind::Return) {
        let text = "must be empty: only a return takes a sale back";
        problems.add(field, ProblemReason::ValueUnknown, text);
    }
    if sale == key::clean(&given.external_id).0 {
        let text = "must be another order: it is the key of the return itself";
        problems.add(field, ProblemReason::ValueUnknown, text);
    }
    Some(sale)
}

/// Puts the amounts in the base currency into an order, and its digest.
fn to_base(order: &mut NewOrder, rate: Rate) -> Result<(), OutOfRange> {
    order.convert(rate)?;
    order.digest = digest(order);
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
        problems.at_part(Some(("order.lines", place)));
        numbers.check(line.line_number, problems);
        lines.extend(line::check(line, given, problems));
    }
    problems.at_part(None);
    lines
}

fn total(lines: &[LineRow], problems: &mut Problems) -> Option<Money> {
    let sum = Money::sum(lines.iter().map(|line| line.amount));
    // The smallest number has no positive counterpart.
    let sum = sum.ok().filter(|sum| sum.0 != i64::MIN);
    if sum.is_none() {
        let text = "the sum of the lines does not fit";
        problems.add("order.lines", ProblemReason::OutOfRange, text);
    }
    sum
}

/// A return given with what came back above zero is written below zero, as it counts.
fn turn_round(line: &mut LineRow) {
    line.quantity = Quantity(line.quantity.0.saturating_neg());
    line.amount = Money(line.amount.0.saturating_neg());
    line.cost = line.cost.map(|cost| Money(cost.0.saturating_neg()));
}

/// The digest of an order whose amounts are complete.
fn digest(order: &NewOrder) -> String {
    let mut content = Content::new(order.lines.len());
    content.push_text(Some(&order.external_id));
    content.push_text(Some(&order.customer));
    content.push_text(Some(&order.currency));
    content.push_text(order.channel.as_deref());
    content.push_text(order.sale.as_deref());
    for number in [
        i64::from(order.kind.number()),
        i64::from(order.status.number()),
        order.ordered_at.timestamp_micros(),
    ] {
        content.push_number(Some(number));
    }
    for line in &order.lines {
        push_line(&mut content, line);
    }
    content.digest()
}

fn push_line(content: &mut Content, line: &LineRow) {
    for text in [&line.product, &line.description, &line.category, &line.brand] {
        content.push_text(text.as_deref());
    }
    for number in [
        Some(line.line_number),
        Some(line.quantity.0),
        Some(line.unit_price.0),
        line.discount.map(|discount| discount.0),
        Some(line.amount.0),
        line.cost.map(|cost| cost.0),
    ] {
        content.push_number(number);
    }
}

/// An order, with one of its lines.
fn raw(order: &Order, line: Option<&OrderLine>) -> Raw {
    let mut raw = Raw::default();
    raw.push("order", &order.external_id);
    raw.push("customer", &order.customer_external_id);
    raw.push("kind", Kind::try_from(order.kind).map_or("", |kind| kind.as_str_name()));
    let status = Status::try_from(order.status);
    raw.push("status", status.map_or("", |status| status.as_str_name()));
    if let Some(time) = &order.order_time {
        raw.push("order_time", time.to_string());
    }
    if let Some(time) = &order.source_update_time {
        raw.push("source_update_time", time.to_string());
    }
    raw.push("currency", &order.currency_code);
    raw.push("channel", &order.channel);
    raw.push("sale", &order.sale_external_id);
    let Some(line) = line else { return raw };
    raw.push("line", line.line_number.to_string());
    raw.push("product", &line.product_code);
    raw.push("description", &line.description);
    raw.push("category", &line.category);
    raw.push("brand", &line.brand);
    raw.push("quantity", line.quantity.as_ref().map_or("", |quantity| &quantity.value));
    raw.push_money("unit_price", line.unit_price.as_ref());
    raw.push_money("discount", line.discount.as_ref());
    raw.push_money("amount", line.amount.as_ref());
    raw.push_money("unit_cost", line.unit_cost.as_ref());
    raw.push_money("cost", line.cost.as_ref());
    raw
}
