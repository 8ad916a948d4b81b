//! The forms of dates that need not be stated.
//!
//! ISO 8601 with its calendar, week and ordinal dates, in the extended and the basic format;
//! years first with `/` or `.`; `5.1.2024`; Chinese, Japanese and Korean; months by their
//! names in European languages; and three numbers of which day and month are told apart by the column alone.

use chrono::{NaiveDate, Weekday};
use kehu_core::decimal::are_digits;

use super::cursor::Cursor;
use super::months::month_name;
use super::time::{self, Clock};

/// A date as far as the cell alone tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) day: Day,
    pub(super) clock: Option<Clock>,
}

/// A calendar day, or the numbers of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Day {
    /// The day.
    Known(NaiveDate),
    /// Three numbers whose order the column must show.
    Open(Numbers),
}

/// The numbers of `03/04/2024`; the year may be the first or last one where it is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbers {
    parts: [u32; 3],
    /// The year has two digits.
    short: bool,
    /// The first number may be the year.
    year_first: bool,
    /// The last number may be the year.
    year_last: bool,
}

/// Which of three numbers is what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// `31/12/2024`.
    DayMonthYear,
    /// `12/31/2024`.
    MonthDayYear,
    /// `24/12/31`.
    YearMonthDay,
}

impl Order {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::DayMonthYear, Self::MonthDayYear, Self::YearMonthDay];
}

impl Numbers {
    /// The day that the numbers are in this order, when there is such a day.
    pub(crate) fn day(self, order: Order) -> Option<NaiveDate> {
        let [first, second, third] = self.parts;
        match order {
            Order::DayMonthYear if self.year_last => date(self.year(third), second, first),
            Order::MonthDayYear if self.year_last => date(self.year(third), first, second),
            Order::YearMonthDay if self.year_first => date(self.year(first), second, third),
            Order::DayMonthYear | Order::MonthDayYear | Order::YearMonthDay => None,
        }
    }

    /// The numbers in one: [`Self::of_key`] takes them apart again.
    pub(crate) fn key(self) -> i64 {
        let [first, second, third] = self.parts.map(i64::from);
        let flags = [self.short, self.year_first, self.year_last].map(i64::from);
        let flags = flags[0] + 2 * flags[1] + 4 * flags[2];
        ((first * 10_000 + second) * 10_000 + third) * 8 + flags
    }

    /// The numbers of a [`Self::key`].
    pub(crate) fn of_key(key: i64) -> Self {
        let part = |number: i64| u32::try_from(number % 10_000).unwrap_or(0);
        let (flags, numbers) = (key % 8, key / 8);
        Self {
            parts: [part(numbers / 100_000_000), part(numbers / 10_000), part(numbers)],
            short: flags & 1 != 0,
            year_first: flags & 2 != 0,
            year_last: flags & 4 != 0,
        }
    }

    fn year(self, number: u32) -> u32 {
        if self.short { long_year(number) } else { number }
    }
}

/// A year of two digits is one of 1969 to 2068, as POSIX has it.
fn long_year(short: u32) -> u32 {
    if short >= 69 { 1_900 + short } else { 2_000 + short }
}

fn date(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

const DAYS: [&str; 14] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
];

/// The date and time in a cell without spaces at its ends.
pub(super) fn parse(cell: &str) -> Option<Parsed> {
    let mut cursor = Cursor(cell);
    if cursor.eat_text(&DAYS).is_some() {
        cursor.eat(|c| c == '.');
        cursor.eat(|c| c == ',');
        cursor.spaces();
    }
    if let Some(parsed) = year_behind(cursor.0) {
        return Some(parsed);
    }
    let day = day(&mut cursor)?;
    eat_weekday(&mut cursor);
    if cursor.is_empty() {
        return Some(Parsed { day, clock: None });
    }
    let spaced = cursor.0.len();
    cursor.eat(|c| c == ',');
    cursor.spaces();
    let after_t = cursor.eat(|c| matches!(c, 'T' | 't')).is_some();
    // A time stands apart from the date, begins with a word (`5日下午3时`), or is what is left of
    // one number.
    let own = |c: char| !c.is_ascii() || c.is_ascii_digit();
    let apart = spaced != cursor.0.len() || cursor.peek().is_some_and(own);
    let clock = apart.then(|| time::parse(cursor.0, after_t)).flatten()?;
    Some(Parsed { day, clock: Some(clock) })
}

/// `Nov 24 10:15:00 2026`, as C and Unix write it: the time stands between day and year.
fn year_behind(text: &str) -> Option<Parsed> {
    let mut cursor = Cursor(text);
    if !cursor.peek()?.is_alphabetic() {
        return None;
    }
    let month = month_name(&mut cursor)?;
    cursor.spaces();
    let day = cursor.number(1..=2)?;
    cursor.spaces();
    let (clock, year) = cursor.0.rsplit_once(' ')?;
    if year.len() != 4 || !are_digits(year) || !clock.contains(':') {
        return None;
    }
    let clock = time::parse(clock.trim_end(), false)?;
    let day = date(year.parse().ok()?, month, day)?;
    Some(Parsed { day: Day::Known(day), clock: Some(clock) })
}

/// `星期五`, `周五`, `(金)` behind a date.
fn eat_weekday(cursor: &mut Cursor<'_>) {
    let mut rest = *cursor;
    rest.spaces();
    let bracket = rest.eat(|c| c == '(').is_some();
    let word = rest.eat_text(&["星期", "周", "礼拜"]).is_some();
    let day = rest.eat(|c| "一二三四五六日天月火水木金土".contains(c)).is_some();
    rest.eat_text(&["曜日"]);
    let closed = !bracket || rest.eat(|c| c == ')').is_some();
    if day && closed && (word || bracket) {
        *cursor = rest;
    }
}

fn day(cursor: &mut Cursor<'_>) -> Option<Day> {
    if cursor.peek()?.is_ascii_alphabetic() {
        return month_before(cursor);
    }
    let first = cursor.digits();
    let number = if first.len() <= 4 { first.parse().ok()? } else { 0 };
    match (first.len(), cursor.peek()) {
        (4, Some('年' | '년')) => east_asian(number, cursor),
        (4, Some('W' | 'w')) => week(number, cursor),
        (4, Some('-' | '/' | '.')) => year_before(number, cursor),
        (1 | 2, Some('-' | '/' | '.')) => numbers(number, first.len(), cursor),
        (1 | 2, Some(_)) => month_behind(number, cursor),
        (8, _) => packed(first),
        (12 | 14, None) => {
            // The time follows with nothing between.
            cursor.0 = &first[8..];
            packed(&first[..8])
        }
        _ => None,
    }
}

fn packed(digits: &str) -> Option<Day> {
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse().ok();
    date(part(0..4)?, part(4..6)?, part(6..8)?).map(Day::Known)
}

/// `2024年1月5日`.
fn east_asian(year: u32, cursor: &mut Cursor<'_>) -> Option<Day> {
    cursor.eat(|_| true);
    cursor.spaces();
    let month = cursor.number(1..=2)?;
    cursor.eat(|c| matches!(c, '月' | '월'))?;
    cursor.spaces();
    let day = cursor.number(1..=2)?;
    cursor.eat(|c| matches!(c, '日' | '号' | '號' | '일'));
    date(year, month, day).map(Day::Known)
}

/// `W05-1`, `W051` behind the year.
fn week(year: u32, cursor: &mut Cursor<'_>) -> Option<Day> {
    cursor.eat(|_| true);
    let digits = cursor.digits();
    let (week, weekday) = match digits.len() {
        3 => digits.split_at(2),
        2 => {
            cursor.eat(|c| c == '-')?;
            (digits, cursor.digits())
        }
        _ => return None,
    };
    let weekday = match weekday {
        "1" => Weekday::Mon,
        "2" => Weekday::Tue,
        "3" => Weekday::Wed,
        "4" => Weekday::Thu,
        "5" => Weekday::Fri,
        "6" => Weekday::Sat,
        "7" => Weekday::Sun,
        _ => return None,
    };
    let year = i32::try_from(year).ok()?;
    NaiveDate::from_isoywd_opt(year, week.parse().ok()?, weekday).map(Day::Known)
}

/// `-01-05`, `/1/5`, `. 1. 5.`, `-005`, `-W05-1`, `-Jan-05` behind the year.
fn year_before(year: u32, cursor: &mut Cursor<'_>) -> Option<Day> {
    let separator = cursor.eat(|_| true)?;
    if separator == '-' && matches!(cursor.peek(), Some('W' | 'w')) {
        return week(year, cursor);
    }
    if separator == '.' {
        cursor.spaces();
    }
    let month = match month_name(cursor) {
        Some(month) => month,
        None => {
            let digits = cursor.digits();
            if digits.len() == 3 && separator == '-' {
                let ordinal = digits.parse().ok()?;
                let year = i32::try_from(year).ok()?;
                return NaiveDate::from_yo_opt(year, ordinal).map(Day::Known);
            }
            (1..=2).contains(&digits.len()).then(|| digits.parse().ok()).flatten()?
        }
    };
    cursor.eat(|c| c == separator)?;
    if separator == '.' {
        cursor.spaces();
    }
    let day = cursor.number(1..=2)?;
    if separator == '.' {
        cursor.eat(|c| c == '.');
    }
    date(year, month, day).map(Day::Known)
}

/// `/04/2024`, `.4.24`, `-Jan-2024` behind the first number.
fn numbers(first: u32, length: usize, cursor: &mut Cursor<'_>) -> Option<Day> {
    let separator = cursor.eat(|_| true)?;
    if separator == '.' {
        cursor.spaces();
    }
    if let Some(month) = month_name(cursor) {
        cursor.eat(|c| c == separator || c == ' ')?;
        return year(cursor).and_then(|year| date(year, month, first)).map(Day::Known);
    }
    let second = cursor.number(1..=2)?;
    cursor.eat(|c| c == separator)?;
    if separator == '.' {
        cursor.spaces();
    }
    let digits = cursor.digits();
    let short = digits.len() <= 2;
    let year_last = matches!(digits.len(), 2 | 4);
    let year_first = short && length == 2 && !digits.is_empty();
    if !year_last && !year_first {
        return None;
    }
    let parts = [first, second, digits.parse().ok()?];
    let numbers = Numbers { parts, short, year_first, year_last };
    if separator == '.' {
        // With points the day comes first wherever dates are written so.
        return numbers.day(Order::DayMonthYear).map(Day::Known);
    }
    Some(Day::Open(numbers))
}

/// ` Jan 2024`, `th January, 2024`, `JAN24`, ` de enero de 2024` behind the day.
fn month_behind(day: u32, cursor: &mut Cursor<'_>) -> Option<Day> {
    cursor.eat_text(&["st", "nd", "rd", "th", "er"]);
    cursor.spaces();
    cursor.eat_text(&["de "]);
    let month = month_name(cursor)?;
    cursor.eat(|c| c == ',');
    cursor.spaces();
    cursor.eat_text(&["de "]);
    let year = year(cursor)?;
    date(year, month, day).map(Day::Known)
}

/// `Jan 5, 2024`, `January 5th 2024`, `Jan-05-2024`.
fn month_before(cursor: &mut Cursor<'_>) -> Option<Day> {
    let month = month_name(cursor)?;
    let separator = cursor.eat(|c| matches!(c, '-' | '/'));
    cursor.spaces();
    let day = cursor.number(1..=2)?;
    cursor.eat_text(&["st", "nd", "rd", "th"]);
    match separator {
        Some(separator) => {
            cursor.eat(|c| c == separator)?;
        }
        None => {
            cursor.eat(|c| c == ',');
            cursor.spaces();
        }
    }
    let year = year(cursor)?;
    date(year, month, day).map(Day::Known)
}

/// A year of four digits, or of two.
fn year(cursor: &mut Cursor<'_>) -> Option<u32> {
    cursor.eat(|c| c == '\'');
    let digits = cursor.digits();
    let number = digits.parse().ok()?;
    match digits.len() {
        4 => Some(number),
        2 => Some(long_year(number)),
        _ => None,
    }
}
