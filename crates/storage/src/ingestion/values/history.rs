//! What becomes of the values of one field when one more is said.

use super::{Row, Value};
use crate::business_date::Days;
use crate::{Error, time};

/// Who says something, and when.
#[derive(Debug, Clone, Copy)]
pub(in crate::ingestion) struct Saying<'a> {
    pub(in crate::ingestion) source_id: i64,
    /// When the source changed it, in microseconds since 1970, where it says so. Otherwise it is
    /// said when it comes, and after everything that is held, whatever the clocks show.
    pub(in crate::ingestion) at: Option<i64>,
    /// The least time of something that is said without a time: what others that are merged with the
    /// customer were told last, where something else than what holds of all of them is said.
    pub(in crate::ingestion) after: Option<i64>,
    /// The version of the customer that comes of it.
    pub(in crate::ingestion) version: i64,
    /// Microseconds since 1970.
    pub(in crate::ingestion) now: i64,
    pub(in crate::ingestion) days: &'a Days,
}

/// What came of something said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ingestion) enum Said {
    /// It is held.
    Before,
    /// It is held, and was said by its source later than was known.
    Again,
    /// A value more, from this day on; `None` for one that holds for all days before as well.
    New(Option<i32>),
}

impl Saying<'_> {
    /// The business date from which on something said at a time holds.
    fn day(&self, at: i64) -> Result<i32, Error> {
        let date = match self.at {
            Some(_) => self.days.date(time::instant(at)?),
            None => self.days.today(),
        };
        Ok(time::days(date))
    }

    fn value(&self, value: Option<String>, at: i64, on: i32) -> Value {
        Value {
            value,
            source_id: self.source_id,
            said_at: at,
            said_on: on,
            last_said_at: at,
            version: self.version,
            recorded_at: self.now,
            superseded_at: None,
            row: Row::New,
        }
    }
}

impl Value {
    fn change(&mut self) {
        if self.row == Row::Kept {
            self.row = Row::Changed;
        }
    }
}

/// Puts a value among those of its field, which are by time and version; `None` empties it.
///
/// A value that was said several times, and between whose times another one turns out to have been
/// said, holds from its last time on again.
pub(in crate::ingestion) fn say(
    values: &mut Vec<Value>,
    value: Option<String>,
    saying: &Saying<'_>,
) -> Result<Said, Error> {
    let newest = values.last().map_or(i64::MIN, |value| value.last_said_at);
    let least = saying.after.unwrap_or(i64::MIN);
    let at = saying.at.unwrap_or_else(|| saying.now.max(newest).max(least));
    let place = values.partition_point(|value| value.said_at <= at);
    let Some(before) = place.checked_sub(1).map(|place| &mut values[place]) else {
        return insert(values, place, value, (at, saying));
    };
    if before.value == value {
        let again = saying.at.or(saying.after).is_some();
        if !again || at <= before.last_said_at {
            return Ok(Said::Before);
        }
        before.last_said_at = at;
        before.change();
        return Ok(Said::Again);
    }
    if before.said_at == at && before.version == saying.version {
        // The last word of a batch.
        before.value = value;
        before.source_id = saying.source_id;
        let day = before.said_on;
        return Ok(Said::New(first(values, day)));
    }
    let last_said_at = before.last_said_at;
    if last_said_at >= at && last_said_at > before.said_at {
        before.last_said_at = before.said_at;
        before.change();
        if last_said_at > at {
            let mut again = before.clone();
            again.said_at = last_said_at;
            again.last_said_at = last_said_at;
            again.said_on = time::days(saying.days.date(time::instant(last_said_at)?));
            again.version = saying.version;
            again.recorded_at = saying.now;
            again.superseded_at = again.superseded_at.map(|_| saying.now);
            again.row = Row::New;
            values.insert(place, again);
        }
    }
    insert(values, place, value, (at, saying))
}

fn insert(
    values: &mut Vec<Value>,
    place: usize,
    value: Option<String>,
    (at, saying): (i64, &Saying<'_>),
) -> Result<Said, Error> {
    if values.is_empty() && value.is_none() && saying.at.is_none() {
        return Ok(Said::Before);
    }
    let day = saying.day(at)?;
    values.insert(place, saying.value(value, at, day));
    let standing = values.len() - 1;
    for (place, value) in values.iter_mut().enumerate() {
        let ended = (place < standing).then_some(saying.now);
        if value.superseded_at.is_some() != ended.is_some() {
            value.superseded_at = ended;
            value.change();
        }
    }
    Ok(Said::New(first(values, day)))
}

/// The first day on which one of the values is seen; `None` when it is seen on all before as well.
fn first(values: &[Value], day: i32) -> Option<i32> {
    let earliest = values.iter().map(|value| value.said_on).min();
    earliest.is_some_and(|earliest| earliest < day).then_some(day)
}
