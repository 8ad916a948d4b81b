//! Dates and times of a file.
//!
//! Whether `03/04/2024` is in March or in April belongs to the column, not to the cell:
//! [`Evidence`] gathers what the cells show, and [`Dates`] reads them all alike.

mod cursor;
mod form;
mod months;
mod parse;
mod time;

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use kehu_core::calendar::BusinessCalendar;

pub(crate) use form::{Moment, counted, is_form};
use parse::{Day, Numbers, Order, Parsed};

/// So many cells must speak for an order of day and month for each one that speaks against it.
const WEIGHT: u64 = 10;

/// Why a cell is not read as a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotADate {
    /// It has another form, or no such day exists.
    Invalid,
    /// Its year is not of 1900 to 2200.
    OutOfRange,
    /// Day and month may be the other way round, and nothing in the column tells.
    Ambiguous,
    /// Some cells of the column have the day first and some the month.
    Mixed,
    /// It is a number alone, as spreadsheets keep dates.
    Number,
}

/// What a column shows of the order of day, month and year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decided {
    Order(Order),
    Unproven,
    Mixed,
}

/// How the dates of a file are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateFormat {
    /// Forms that are stated; the usual ones when empty.
    stated: Vec<String>,
    decided: Decided,
}

/// A day as far as the cell alone tells it, to compare the lines of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayShown {
    /// Days since the first of the calendar, local.
    Local(i64),
    /// Seconds since 1970: the local day depends on the zone.
    Instant(i64),
    /// Numbers whose order the column must show.
    Open(i64),
}

impl DayShown {
    /// Which is less; `None` where they are of different forms.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Local(one), Self::Local(two))
            | (Self::Instant(one), Self::Instant(two))
            | (Self::Open(one), Self::Open(two)) => Some(one.cmp(&two)),
            _ => None,
        }
    }
}

/// What the cells of a column show.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    stated: Vec<String>,
    /// Cells by the orders that are possible in them: bit 0 is the first of [`Order::ALL`].
    possible: [u64; 8],
    /// Cells that were looked at.
    cells: u64,
    /// The first of them.
    first: Option<String>,
    /// Whether a cell is a date by itself.
    known: bool,
    /// Neighbouring rows mostly have the same date.
    last: Option<(String, Option<DayShown>)>,
}

impl Evidence {
    /// Of a column whose forms are stated, or not.
    pub(crate) fn new(stated: &[String]) -> Self {
        Self { stated: stated.to_vec(), ..Self::default() }
    }

    /// Looks at a cell that is clean and not empty.
    pub(crate) fn look_at(&mut self, cell: &str) -> Option<DayShown> {
        self.cells += 1;
        self.first.get_or_insert_with(|| cell.to_owned());
        if let Some((last, shown)) = &self.last
            && last == cell
        {
            return *shown;
        }
        let shown = self.look_anew(cell);
        self.last = Some((cell.to_owned(), shown));
        shown
    }

    fn look_anew(&mut self, cell: &str) -> Option<DayShown> {
        if !self.stated.is_empty() {
            let moment = self.stated.iter().find_map(|form| form::parse(cell, form));
            self.known |= moment.is_some();
            return moment.map(day_shown);
        }
        let parsed = parse::parse(cell)?;
        match parsed.day {
            Day::Known(_) => {
                self.known = true;
                moment_of(parsed, Order::DayMonthYear).map(day_shown)
            }
            Day::Open(numbers) => {
                let possible = (0..3).filter(|place| numbers.day(Order::ALL[*place]).is_some());
                let possible: usize = possible.map(|place| 1 << place).sum();
                self.possible[possible] += 1;
                (possible != 0).then(|| DayShown::Open(numbers.key()))
            }
        }
    }

    /// The first cell, when it is a number alone.
    pub(crate) fn number(&self) -> Option<&str> {
        self.first.as_deref().filter(|cell| is_number(cell))
    }

    /// How many cells were looked at, when none of them is a date.
    pub(crate) fn hopeless(&self) -> Option<u64> {
        let open: u64 = self.possible[1..].iter().sum();
        (!self.known && open == 0).then_some(self.cells)
    }

    /// How the dates of the column are written. An order is proven by cells that are no date in
    /// the others; a few that speak against all else are damaged, and decide nothing.
    pub(crate) fn format(&self) -> DateFormat {
        let proof = |of: usize, over: usize| -> u64 {
            let cells = self.possible.iter().enumerate();
            cells
                .filter(|(mask, _)| mask & (1 << of) != 0 && mask & (1 << over) == 0)
                .map(|(_, count)| count)
                .sum()
        };
        let beats = |of: usize, over: usize| {
            let (pro, contra) = (proof(of, over), proof(over, of));
            pro > 0 && pro >= contra.saturating_mul(WEIGHT)
        };
        let best = (0..3).find(|of| (0..3).all(|over| over == *of || beats(*of, over)));
        let decided = match best {
            Some(best) => Decided::Order(Order::ALL[best]),
            None if proof(0, 1) > 0 && proof(1, 0) > 0 => Decided::Mixed,
            None => Decided::Unproven,
        };
        DateFormat { stated: self.stated.clone(), decided }
    }
}

/// Whether a cell is a date whose day and month may be the other way round.
pub(crate) fn is_open(cell: &str) -> bool {
    parse::parse(cell).is_some_and(|parsed| matches!(parsed.day, Day::Open(_)))
}

fn day_shown(moment: Moment) -> DayShown {
    match moment {
        Moment::Local(local) => DayShown::Local(local.date().num_days_from_ce().into()),
        Moment::Instant(instant) => DayShown::Instant(instant.timestamp()),
    }
}

/// The moment that was parsed, its numbers read in this order.
fn moment_of(parsed: Parsed, order: Order) -> Option<Moment> {
    let mut day = match parsed.day {
        Day::Known(day) => day,
        Day::Open(numbers) => numbers.day(order)?,
    };
    let Some(clock) = parsed.clock else {
        return Some(Moment::Local(day.and_time(NaiveTime::MIN)));
    };
    if clock.next_day {
        day = day.succ_opt()?;
    }
    let local = day.and_time(clock.time);
    let Some(offset) = clock.offset else {
        return Some(match clock.zone {
            Some(zone) => Moment::Instant(zone.instant(local)),
            None => Moment::Local(local),
        });
    };
    let utc = local.checked_sub_signed(Duration::try_seconds(offset.into())?)?;
    let instant = Utc.from_utc_datetime(&utc);
    // A zone that had another offset then contradicts it, and nobody can tell which is right.
    let agreed = clock.zone.is_none_or(|zone| zone.local(instant) == local);
    agreed.then_some(Moment::Instant(instant))
}

impl DateFormat {
    /// For people, where the column had to show it: `day/month/year`.
    pub(crate) fn shown(&self) -> Option<&'static str> {
        match self.decided {
            Decided::Order(Order::DayMonthYear) => Some("day/month/year"),
            Decided::Order(Order::MonthDayYear) => Some("month/day/year"),
            Decided::Order(Order::YearMonthDay) => Some("year/month/day"),
            Decided::Unproven | Decided::Mixed => None,
        }
    }

    /// The business day that a cell shows; `None` where the column does not tell, or the day is
    /// out of range.
    pub(crate) fn day(&self, shown: DayShown, calendar: &BusinessCalendar) -> Option<NaiveDate> {
        let day = match shown {
            DayShown::Local(days) => {
                NaiveDate::from_num_days_from_ce_opt(i32::try_from(days).ok()?)
            }
            DayShown::Instant(seconds) => {
                Some(calendar.date(DateTime::from_timestamp(seconds, 0)?))
            }
            DayShown::Open(key) => self.in_order(Numbers::of_key(key)).ok(),
        };
        day.filter(in_range)
    }

    /// The year in a cell as it is written, whatever the zone; that of counted seconds, or of a
    /// stated form with an offset, is the year in UTC. `None` where the cell is no date.
    pub(crate) fn year(&self, cell: &str) -> Option<i32> {
        if self.stated.is_empty() {
            return match parse::parse(cell)?.day {
                Day::Known(day) => Some(day.year()),
                Day::Open(numbers) => Some(self.in_order(numbers).ok()?.year()),
            };
        }
        match self.parse(cell).ok()? {
            Moment::Local(local) => Some(local.year()),
            Moment::Instant(instant) => Some(instant.year()),
        }
    }

    fn parse(&self, cell: &str) -> Result<Moment, NotADate> {
        if !self.stated.is_empty() {
            let moment = self.stated.iter().find_map(|form| form::parse(cell, form));
            return moment.ok_or(NotADate::Invalid);
        }
        let Some(parsed) = parse::parse(cell) else {
            return Err(if is_number(cell) { NotADate::Number } else { NotADate::Invalid });
        };
        let Day::Open(numbers) = parsed.day else {
            return moment_of(parsed, Order::DayMonthYear).ok_or(NotADate::Invalid);
        };
        let day = Day::Known(self.in_order(numbers)?);
        moment_of(Parsed { day, ..parsed }, Order::DayMonthYear).ok_or(NotADate::Invalid)
    }

    /// The day of three numbers in the order that the column shows; where it shows none, the only
    /// one that they can be.
    fn in_order(&self, numbers: Numbers) -> Result<NaiveDate, NotADate> {
        let order = match self.decided {
            Decided::Order(order) => order,
            Decided::Mixed => return Err(NotADate::Mixed),
            Decided::Unproven => {
                let mut days = Order::ALL.iter().filter_map(|order| numbers.day(*order));
                let first = days.next().ok_or(NotADate::Invalid)?;
                let same = days.all(|day| day == first);
                return if same { Ok(first) } else { Err(NotADate::Ambiguous) };
            }
        };
        numbers.day(order).ok_or(NotADate::Invalid)
    }
}

/// Reads the dates of a file. Times without an offset are local: in the hour that occurs twice
/// when clocks go back the first, in the hour that is skipped as long after the gap began.
#[derive(Debug)]
pub(crate) struct Dates {
    format: DateFormat,
    calendar: BusinessCalendar,
    /// The rows of one order have one date: the last one read need not be read again.
    last: Option<(String, Result<DateTime<Utc>, NotADate>)>,
}

impl Dates {
    /// Reads dates of these forms, local ones in the zone of `calendar`.
    pub(crate) fn new(format: DateFormat, calendar: BusinessCalendar) -> Self {
        Self { format, calendar, last: None }
    }

    /// How they are written.
    pub(crate) fn format(&self) -> &DateFormat {
        &self.format
    }

    /// The instant in a cell that is clean and not empty.
    pub(crate) fn parse(&mut self, cell: &str) -> Result<DateTime<Utc>, NotADate> {
        if let Some((last, result)) = &self.last
            && last == cell
        {
            return *result;
        }
        let result = self.parse_anew(cell);
        self.last = Some((cell.to_owned(), result));
        result
    }

    fn parse_anew(&self, cell: &str) -> Result<DateTime<Utc>, NotADate> {
        let instant = self.format.parse(cell)?.instant(&self.calendar);
        let day = self.calendar.date(instant);
        if in_range(&day) { Ok(instant) } else { Err(NotADate::OutOfRange) }
    }
}

fn is_number(cell: &str) -> bool {
    cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Whether a business day may be that of an order.
fn in_range(day: &NaiveDate) -> bool {
    (1900..=2200).contains(&day.year())
}

#[cfg(test)]
mod tests;
