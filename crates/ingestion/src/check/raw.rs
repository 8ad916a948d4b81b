//! Refused records as people can read them.

use std::fmt::Write;

use kehu_contract::google::r#type::Money as GoogleMoney;
use kehu_contract::ingestion::{
    CustomerRecord, ExchangeRate, Order, OrderKind, OrderLine, OrderStatus,
};
use kehu_core::Money;

use crate::limits;

/// Fields as `name=value`, with those left out that are empty.
#[derive(Debug, Default)]
pub(super) struct Raw(String);

impl Raw {
    /// The text, cut at a character when it is longer than is kept, and its whole length.
    pub(super) fn finish(self) -> (String, i64) {
        let length = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        (cut(self.0), length)
    }

    fn push(&mut self, name: &str, value: impl AsRef<str>) {
        let value = value.as_ref();
        if value.is_empty() {
            return;
        }
        let space = if self.0.is_empty() { "" } else { " " };
        write!(self.0, "{space}{name}={value:?}").expect("a string takes every text");
    }
}

/// At most what is kept of a refused record, without characters that a database cannot hold.
pub(super) fn cut(mut text: String) -> String {
    let mut end = text.len().min(limits::RAW);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    if text.contains('\0') {
        text = text.replace('\0', "\u{fffd}");
        return cut(text);
    }
    text
}

/// A customer.
pub(super) fn customer(record: &CustomerRecord) -> Raw {
    let mut raw = Raw::default();
    raw.push("customer", &record.external_id);
    let Some(profile) = &record.profile else { return raw };
    raw.push("display_name", &profile.display_name);
    raw.push("customer_type", &profile.customer_type);
    raw.push("region_code", &profile.region_code);
    raw.push("province", &profile.province);
    raw.push("city", &profile.city);
    raw.push("industry_code", &profile.industry_code);
    if let Some(date) = &profile.registration_date {
        raw.push("registration_date", format!("{}-{}-{}", date.year, date.month, date.day));
    }
    for (key, value) in &profile.attributes {
        raw.push(key, value);
    }
    raw
}

/// An order, with one of its lines.
pub(super) fn order(order: &Order, line: Option<&OrderLine>) -> Raw {
    let mut raw = Raw::default();
    raw.push("order", &order.external_id);
    raw.push("customer", &order.customer_external_id);
    raw.push("kind", OrderKind::try_from(order.kind).map_or("", |kind| kind.as_str_name()));
    let status = OrderStatus::try_from(order.status);
    raw.push("status", status.map_or("", |status| status.as_str_name()));
    if let Some(time) = &order.order_time {
        raw.push("order_time", time.to_string());
    }
    raw.push("currency", &order.currency_code);
    raw.push("channel", &order.channel);
    let Some(line) = line else { return raw };
    raw.push("line", line.line_number.to_string());
    raw.push("product", &line.product_code);
    raw.push("description", &line.description);
    raw.push("category", &line.category);
    raw.push("brand", &line.brand);
    raw.push("quantity", line.quantity.as_ref().map_or("", |quantity| &quantity.value));
    raw.push("unit_price", money(line.unit_price.as_ref()));
    raw.push("discount", money(line.discount.as_ref()));
    raw.push("amount", money(line.amount.as_ref()));
    raw
}

/// An exchange rate.
pub(super) fn rate(rate: &ExchangeRate) -> Raw {
    let mut raw = Raw::default();
    raw.push("currency", &rate.currency_code);
    if let Some(date) = &rate.start_date {
        raw.push("start_date", format!("{}-{}-{}", date.year, date.month, date.day));
    }
    raw.push("rate", rate.rate.as_ref().map_or("", |rate| &rate.value));
    raw
}

fn money(money: Option<&GoogleMoney>) -> String {
    let Some(money) = money else { return String::new() };
    let number = match Money::from_units_nanos(money.units, money.nanos) {
        Ok(amount) => amount.to_decimal().normalize().to_string(),
        Err(_) => format!("{} units {} nanos", money.units, money.nanos),
    };
    format!("{number} {}", money.currency_code).trim_end().to_owned()
}
