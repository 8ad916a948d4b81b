//! The periods that end with a date, each with the same one before.

use chrono::{Datelike, Months, NaiveDate};
use kehu_core::{calendar, label::Language};

use super::table::{Cell, Kind};

/// First and last day.
pub(super) type Span = (NaiveDate, NaiveDate);

/// A period that ends with the date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Period {
    /// What programs call it.
    pub(super) id: &'static str,
    label: [&'static str; 2],
    /// Its days.
    pub(super) span: Span,
    /// The same days of the year before; for 365 days those before them.
    pub(super) before: Span,
}

/// The columns that say which period a row is of.
pub(super) const COLUMNS: [(&str, Kind, &str, &str); 6] = [
    ("period", Kind::Id, "期间标识", "Period id"),
    ("period_label", Kind::Text, "期间", "Period"),
    ("first_date", Kind::Date, "起始日期", "From"),
    ("last_date", Kind::Date, "截止日期", "To"),
    ("before_first_date", Kind::Date, "同期起始日期", "Before, from"),
    ("before_last_date", Kind::Date, "同期截止日期", "Before, to"),
];

/// Days of the longest period.
const DAYS: u64 = 365;

impl Period {
    /// The month, the quarter and the year up to the date, and the 365 days that end with it.
    pub(super) fn up_to(as_of: NaiveDate) -> [Self; 4] {
        let month = calendar::month_start(as_of);
        let first = |months: u32| month.checked_sub_months(Months::new(months)).unwrap_or(month);
        let (of_quarter, of_year) = (as_of.month0() % 3, as_of.month0());
        let to_date = |id, label, first: NaiveDate| {
            let before = (year_before(first), last_year_before(as_of));
            Self { id, label, span: (first, as_of), before }
        };
        let days = |back: u64| calendar::days_before(as_of, back);
        [
            to_date("month", ["本月", "Month to date"], first(0)),
            to_date("quarter", ["本季", "Quarter to date"], first(of_quarter)),
            to_date("year", ["本年", "Year to date"], first(of_year)),
            Self {
                id: "365-days",
                label: ["近 365 天", "Last 365 days"],
                span: (days(DAYS - 1), as_of),
                before: (days(2 * DAYS - 1), days(DAYS)),
            },
        ]
    }

    /// The cells of [`COLUMNS`].
    pub(super) fn cells(&self, language: Language) -> [Cell; 6] {
        let label = match language {
            Language::ZhCn => self.label[0],
            Language::En => self.label[1],
        };
        let (span, before) = (self.span, self.before);
        let dates = [span.0, span.1, before.0, before.1].map(Cell::Date);
        let [first, last, before_first, before_last] = dates;
        [Cell::id(self.id), Cell::text(label), first, last, before_first, before_last]
    }
}

/// The days of all periods, and behind each the same before.
pub(super) fn spans(periods: &[Period]) -> Vec<Span> {
    periods.iter().flat_map(|period| [period.span, period.before]).collect()
}

fn year_before(day: NaiveDate) -> NaiveDate {
    day.checked_sub_months(Months::new(12)).unwrap_or(day)
}

/// The same day a year before; of the last day of a month, the last one.
fn last_year_before(day: NaiveDate) -> NaiveDate {
    let before = year_before(day);
    if day == calendar::month_end(day) { calendar::month_end(before) } else { before }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_compared_with_the_same_days() {
        for (as_of, expected) in [
            (
                "2025-02-28",
                [
                    "2025-02-01 2025-02-28 2024-02-01 2024-02-29",
                    "2025-01-01 2025-02-28 2024-01-01 2024-02-29",
                    "2025-01-01 2025-02-28 2024-01-01 2024-02-29",
                    "2024-03-01 2025-02-28 2023-03-02 2024-02-29",
                ],
            ),
            (
                "2024-05-15",
                [
                    "2024-05-01 2024-05-15 2023-05-01 2023-05-15",
                    "2024-04-01 2024-05-15 2023-04-01 2023-05-15",
                    "2024-01-01 2024-05-15 2023-01-01 2023-05-15",
                    "2023-05-17 2024-05-15 2022-05-17 2023-05-16",
                ],
            ),
        ] {
            let periods = Period::up_to(as_of.parse().unwrap());
            let shown = periods
                .map(|it| format!("{} {} {} {}", it.span.0, it.span.1, it.before.0, it.before.1));
            assert_eq!(shown, expected);
        }
    }
}
