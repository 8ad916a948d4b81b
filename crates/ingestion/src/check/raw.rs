//! Refused records as people can read them.

use std::fmt::Write;

use kehu_contract::google::r#type::{Date, Money as GoogleMoney};
use kehu_core::Money;

use crate::limits;

/// Fields as `name=value`, with those left out that are empty.
#[derive(Debug, Default)]
pub(crate) struct Raw(String);

impl Raw {
    /// The text, cut at a character when it is longer than is kept, and its whole length.
    pub(super) fn finish(self) -> (String, i64) {
        let length = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        (cut(self.0), length)
    }

    /// Adds a field.
    pub(super) fn push(&mut self, name: &str, value: impl AsRef<str>) {
        let value = value.as_ref();
        if value.is_empty() {
            return;
        }
        let space = if self.0.is_empty() { "" } else { " " };
        write!(self.0, "{space}{name}={value:?}").expect("a string takes every text");
    }

    /// Adds a date.
    pub(super) fn push_date(&mut self, name: &str, date: Option<&Date>) {
        if let Some(date) = date {
            self.push(name, format!("{}-{}-{}", date.year, date.month, date.day));
        }
    }

    /// Adds an amount.
    pub(super) fn push_money(&mut self, name: &str, amount: Option<&GoogleMoney>) {
        self.push(name, money(amount));
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

fn money(money: Option<&GoogleMoney>) -> String {
    let Some(money) = money else { return String::new() };
    let number = match Money::from_units_nanos(money.units, money.nanos) {
        Ok(amount) => amount.to_decimal().normalize().to_string(),
        Err(_) => format!("{} units {} nanos", money.units, money.nanos),
    };
    format!("{number} {}", money.currency_code).trim_end().to_owned()
}
