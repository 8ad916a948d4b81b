//! Order numbers that begin anew each year.

use crate::date::DateFormat;
use crate::mapping::Mapping;

/// Tells the orders of one year from those of another that have the same number.
#[derive(Debug)]
pub(crate) struct Years {
    dates: DateFormat,
    /// Neighbouring rows mostly have the same date.
    last: (String, Option<i32>),
}

impl Years {
    /// With dates of this form; `None` where numbers do not begin anew.
    pub(crate) fn new(mapping: &Mapping, dates: &DateFormat) -> Option<Self> {
        let last = (String::new(), None);
        mapping.numbers_by_year.then(|| Self { dates: dates.clone(), last })
    }

    /// The key of an order with this number, in a row with this date: `2024/1001`. The number
    /// alone where the date tells no year; such a row is refused.
    pub(crate) fn key(&mut self, number: &str, date: &str) -> String {
        match self.year(date) {
            Some(year) if !number.is_empty() => format!("{year}/{number}"),
            _ => number.to_owned(),
        }
    }

    /// The key of the sale that a return of this date takes back: of the year that stands before
    /// its number, else of the year of the return.
    pub(crate) fn sale_key(&mut self, number: &str, date: &str) -> String {
        let year = number.split_once('/').map_or("", |(year, _)| year);
        let stated = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
        if stated { number.to_owned() } else { self.key(number, date) }
    }

    fn year(&mut self, date: &str) -> Option<i32> {
        if self.last.0 != date {
            self.last = (date.to_owned(), self.dates.year(date));
        }
        self.last.1
    }
}
