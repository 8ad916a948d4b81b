//! The horizontal axis of the trends: one column a month.

use super::{
    axes::{LEFT, RIGHT},
    text,
};
use crate::{
    format::Format,
    html::{Element, element},
    report::MonthFigures,
};
use chrono::Datelike;
use rust_decimal::Decimal;

/// Labels that fit below the plot.
const MOST_LABELS: usize = 13;

/// Where the columns of the months stand.
#[derive(Debug)]
pub(super) struct Columns {
    step: Decimal,
}

impl Columns {
    /// Columns for so many months, at least 1.
    pub(super) fn new(months: usize) -> Self {
        let months = Decimal::from(months.max(1));
        Self { step: Decimal::from(RIGHT - LEFT) / months }
    }

    /// The middle of a column.
    pub(super) fn middle(&self, place: usize) -> Decimal {
        let half = Decimal::new(5, 1);
        let middle = Decimal::from(LEFT) + self.step * (Decimal::from(place) + half);
        middle.round_dp(1).normalize()
    }

    /// The left edge of a column's bar.
    pub(super) fn left(&self, place: usize) -> Decimal {
        self.middle(place) - (self.width() / Decimal::TWO).round_dp(1)
    }

    /// The width of a bar.
    pub(super) fn width(&self) -> Decimal {
        (self.step * Decimal::new(68, 2)).round_dp(1).normalize()
    }
}

/// Names of the months below the plot, and each year below the middle of its months. A month
/// that is cut is marked with a star.
pub(super) fn month_axis(
    months: &[MonthFigures],
    cut: bool,
    bottom: i64,
    columns: &Columns,
    format: &Format,
) -> Element {
    let every = months.len().div_ceil(MOST_LABELS);
    let mut axis = element("g");
    for (place, month) in months.iter().enumerate() {
        let last = place + 1 == months.len();
        if (months.len() - 1 - place).is_multiple_of(every) {
            let star = if last && cut { "*" } else { "" };
            let name = format!("{}{star}", format.short_month(month.month));
            let x = columns.middle(place);
            axis = axis.child(text(x, bottom + 16, "tick small middle", name));
        }
    }
    axis.children(years(months, bottom, columns))
}

fn years(months: &[MonthFigures], bottom: i64, columns: &Columns) -> Vec<Element> {
    let mut names = Vec::new();
    let mut first = 0;
    for place in 0..months.len() {
        let year = months[place].month.year();
        if months.get(place + 1).is_some_and(|next| next.month.year() == year) {
            continue;
        }
        let middle = (columns.middle(first) + columns.middle(place)) / Decimal::TWO;
        let middle = middle.round_dp(1).normalize();
        names.push(text(middle, bottom + 32, "tick small middle", year.to_string()));
        first = place + 1;
    }
    names
}
