//! What the lines of an order say of the order as a whole, in a few bytes for each order: a file
//! may have millions of them, and the lines of one may lie anywhere.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use kehu_core::calendar::BusinessCalendar;

use crate::columns::Role;
use crate::date::{DateFormat, DayShown};
use crate::kind::RowKind;

/// The facts that the lines of an order must agree on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    customer: Same,
    currency: Same,
    /// The first line that states no currency.
    no_currency: u64,
    kind: Same,
    sale: Same,
    days: Vec<Days>,
}

/// What one line says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    /// The line.
    pub(crate) line: u64,
    /// A [`digest`] of the customer's key; `None` without one.
    pub(crate) customer: Option<u64>,
    /// A [`digest`] of the currency; `None` where the line states none.
    pub(crate) currency: Option<u64>,
    pub(crate) kind: RowKind,
    /// A [`digest`] of the key of the sale that it takes back; `None` where it names none.
    pub(crate) sale: Option<u64>,
    pub(crate) day: Option<DayShown>,
}

/// A fact on which lines disagree, with two lines that do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clash {
    pub(crate) role: Role,
    pub(crate) lines: (u64, u64),
}

/// A value that all lines should share; lines are 0 where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Same {
    value: u64,
    line: u64,
    other: u64,
}

/// The least and the greatest day of lines whose dates are of one form, with those lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Days {
    least: (DayShown, u64),
    greatest: (DayShown, u64),
}

/// A text in eight bytes.
pub(crate) fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Facts {
    /// Adds what a line says.
    pub(crate) fn add(&mut self, said: Said) {
        if let Some(customer) = said.customer {
            self.customer.add(customer, said.line);
        }
        match said.currency {
            Some(currency) => self.currency.add(currency, said.line),
            None if self.no_currency == 0 => self.no_currency = said.line,
            None => {}
        }
        self.kind.add(said.kind as u64, said.line);
        if let Some(sale) = said.sale {
            self.sale.add(sale, said.line);
        }
        if let Some(day) = said.day {
            let added = self.days.iter_mut().any(|days| days.add(day, said.line));
            if !added {
                let shown = (day, said.line);
                self.days.push(Days { least: shown, greatest: shown });
            }
        }
    }

    /// On what the lines disagree. Those that state no currency are in the one with the digest
    /// `currency`; dates are read by `dates`, in `calendar`.
    pub(crate) fn clashes(
        &self,
        dates: &DateFormat,
        calendar: &BusinessCalendar,
        currency: u64,
    ) -> Vec<Clash> {
        let clash =
            |role: Role, lines: Option<(u64, u64)>| lines.map(|lines| Clash { role, lines });
        let found = [
            clash(Role::CustomerId, self.customer.clash()),
            clash(Role::Date, self.day_clash(dates, calendar)),
            clash(Role::Currency, self.currency_clash(currency)),
            clash(Role::Status, self.kind.clash()),
            clash(Role::SaleId, self.sale.clash()),
        ];
        found.into_iter().flatten().collect()
    }

    /// Two lines of different business days. A date that nobody can read is of no day.
    fn day_clash(&self, dates: &DateFormat, calendar: &BusinessCalendar) -> Option<(u64, u64)> {
        if let [days] = self.days.as_slice()
            && days.least.0 == days.greatest.0
        {
            return None;
        }
        let shown = self.days.iter().flat_map(|days| [days.least, days.greatest]);
        let mut read = shown.filter_map(|(day, line)| Some((dates.day(day, calendar)?, line)));
        let (day, line) = read.next()?;
        let (_, other) = read.find(|(other, _)| *other != day)?;
        Some((line.min(other), line.max(other)))
    }

    fn currency_clash(&self, currency: u64) -> Option<(u64, u64)> {
        let mixed = self.no_currency != 0 && self.currency.line != 0;
        let other = mixed && self.currency.value != currency;
        self.currency.clash().or(other.then_some((self.no_currency, self.currency.line)))
    }
}

impl Same {
    fn add(&mut self, value: u64, line: u64) {
        if self.line == 0 {
            (self.value, self.line) = (value, line);
        } else if self.other == 0 && self.value != value {
            self.other = line;
        }
    }

    fn clash(&self) -> Option<(u64, u64)> {
        (self.other != 0).then_some((self.line, self.other))
    }
}

impl Days {
    /// Adds a day of the same form; whether it is one.
    fn add(&mut self, day: DayShown, line: u64) -> bool {
        let Some(order) = day.compare(self.least.0) else { return false };
        if order.is_lt() {
            self.least = (day, line);
        } else if day.compare(self.greatest.0).is_some_and(Ordering::is_gt) {
            self.greatest = (day, line);
        }
        true
    }
}
