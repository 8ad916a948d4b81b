//! Times of day, with what may stand round them.

use chrono::NaiveTime;
use kehu_core::calendar::BusinessCalendar;

use super::cursor::Cursor;

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) time: NaiveTime,
    /// It is midnight at the end of the day, `24:00`.
    pub(super) next_day: bool,
    /// Seconds east of Greenwich, when stated.
    pub(super) offset: Option<i32>,
    /// The zone that is named behind, when it says more than the offset.
    pub(super) zone: Option<BusinessCalendar>,
}

/// Which half of the day a word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
}

const MORNING: [&str; 6] = ["上午", "午前", "오전", "a.m.", "am", "a.m"];
const AFTERNOON: [&str; 6] = ["下午", "午後", "오후", "p.m.", "pm", "p.m"];

/// The time of day that is the whole of `text`; `after_t` allows an hour alone, as ISO 8601 does.
pub(super) fn parse(text: &str, after_t: bool) -> Option<Clock> {
    let mut cursor = Cursor(text);
    let before = half(&mut cursor);
    cursor.spaces();
    let digits = cursor.digits();
    let (hour, minute, second, nanos) = match digits.len() {
        4 | 6 => packed(digits, &mut cursor)?,
        1 | 2 => separated(digits.parse().ok()?, &mut cursor, after_t || before.is_some())?,
        _ => return None,
    };
    cursor.spaces();
    let half = before.or_else(|| half(&mut cursor));
    cursor.spaces();
    if half.is_none() && cursor.eat_text(&["uhr"]).is_some() {
        cursor.spaces();
    }
    let utc = cursor.peek().is_some_and(|c| matches!(c, 'Z' | 'z'));
    let offset = offset(&mut cursor)?;
    // Z is said of an instant whose offset is not known, in whatever zone.
    let zone = zone(&mut cursor)?.filter(|_| !utc);
    if offset.is_some() {
        eat_remark(&mut cursor);
    }
    if !cursor.is_empty() {
        return None;
    }
    let hour = in_half(hour, half)?;
    let next_day = hour == 24 && minute == 0 && second == 0 && nanos == 0;
    let hour = if next_day { 0 } else { hour };
    // A leap second is the last moment of its minute.
    let (second, nanos) = if second == 60 { (59, 999_999_000) } else { (second, nanos) };
    let time = NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?;
    Some(Clock { time, next_day, offset, zone })
}

/// `0830`, `083000`.
fn packed(digits: &str, cursor: &mut Cursor<'_>) -> Option<(u32, u32, u32, u32)> {
    let part = |place: usize| digits.get(place..place + 2)?.parse().ok();
    let second = if digits.len() == 6 { part(4)? } else { 0 };
    let nanos = if digits.len() == 6 { fraction(cursor)? } else { 0 };
    Some((part(0)?, part(2)?, second, nanos))
}

/// `8:30`, `08:30:00.5`, `8点30分`, `08h30`.
fn separated(hour: u32, cursor: &mut Cursor<'_>, hour_alone: bool) -> Option<(u32, u32, u32, u32)> {
    let word = cursor.eat(|c| matches!(c, '时' | '時' | '点' | '點' | '시')).is_some();
    if !word && cursor.eat(|c| matches!(c, ':' | 'h' | 'H')).is_none() {
        return hour_alone.then_some((hour, 0, 0, 0));
    }
    cursor.spaces();
    if word && !cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
        return Some((hour, 0, 0, 0));
    }
    let minute = cursor.number(if word { 1..=2 } else { 2..=2 })?;
    let minutes = cursor.eat(|c| matches!(c, '分' | '분')).is_some();
    cursor.spaces();
    let next_is_digit = cursor.peek().is_some_and(|c| c.is_ascii_digit());
    if !(minutes && next_is_digit) && cursor.eat(|c| c == ':').is_none() {
        return Some((hour, minute, 0, 0));
    }
    let second = cursor.number(if minutes { 1..=2 } else { 2..=2 })?;
    let nanos = fraction(cursor)?;
    cursor.eat(|c| matches!(c, '秒' | '초'));
    Some((hour, minute, second, nanos))
}

/// Decimals of a second, to the nanosecond; 0 where there are none.
fn fraction(cursor: &mut Cursor<'_>) -> Option<u32> {
    if cursor.eat(|c| matches!(c, '.' | ',')).is_none() {
        return Some(0);
    }
    let digits = cursor.digits();
    if digits.is_empty() {
        return None;
    }
    format!("{digits:0<9}").get(..9)?.parse().ok()
}

fn half(cursor: &mut Cursor<'_>) -> Option<Half> {
    if cursor.eat_text(&MORNING).is_some() {
        return Some(Half::Morning);
    }
    cursor.eat_text(&AFTERNOON).map(|_| Half::Afternoon)
}

/// The hour of the whole day; `15:30 PM` is as clear as `3:30 PM`.
fn in_half(hour: u32, half: Option<Half>) -> Option<u32> {
    match half {
        None => Some(hour),
        Some(Half::Morning) => match hour {
            12 => Some(0),
            0..=11 => Some(hour),
            _ => None,
        },
        Some(Half::Afternoon) => match hour {
            0 => Some(12),
            1..=11 => Some(hour + 12),
            12..=23 => Some(hour),
            _ => None,
        },
    }
}

/// Seconds east of Greenwich; `Some(None)` where nothing is stated, `None` where it is wrong.
#[expect(clippy::option_option, reason = "absent and wrong differ")]
fn offset(cursor: &mut Cursor<'_>) -> Option<Option<i32>> {
    let utc = cursor.eat_text(&["utc", "gmt", "z"]).is_some();
    let Some(sign) = cursor.eat(|c| matches!(c, '+' | '-' | '\u{2212}')) else {
        return Some(utc.then_some(0));
    };
    let digits = cursor.digits();
    let minutes = match digits.len() {
        4 => digits[2..].parse().ok()?,
        2 if cursor.eat(|c| c == ':').is_some() => cursor.number(2..=2)?,
        2 => 0,
        _ => return None,
    };
    let hours: u32 = digits[..2].parse().ok()?;
    if hours > 18 || minutes > 59 {
        return None;
    }
    let seconds = i32::try_from(hours * 3_600 + minutes * 60).ok()?;
    Some(Some(if sign == '+' { seconds } else { -seconds }))
}

/// `[Europe/Berlin]`; `Some(None)` where there is none, `None` where there is no such zone.
#[expect(clippy::option_option, reason = "absent and wrong differ")]
fn zone(cursor: &mut Cursor<'_>) -> Option<Option<BusinessCalendar>> {
    let mut rest = *cursor;
    rest.spaces();
    let Some(bracketed) = rest.0.strip_prefix('[') else { return Some(None) };
    let (name, behind) = bracketed.split_once(']')?;
    *cursor = Cursor(behind);
    BusinessCalendar::new(name.trim_start_matches('!')).ok().map(Some)
}

/// ` (Central European Standard Time)`, which tells no more than the offset before it.
fn eat_remark(cursor: &mut Cursor<'_>) {
    if cursor.0.trim_start().starts_with('(') && cursor.0.ends_with(')') {
        *cursor = Cursor("");
    }
}
