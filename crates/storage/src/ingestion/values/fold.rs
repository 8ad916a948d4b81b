//! The values of customers that are merged into one: each keeps what came by its own references, so
//! that a merge can be undone, and what holds of the whole follows from all of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kehu_core::CustomerId;
use kehu_core::calendar::BusinessCalendar;

use super::super::profile::attribute;
use super::{Row, Value, Values};
use crate::ingestion::{COUNTRY_AS_GIVEN, Field};
use crate::{Error, time};

/// The values of a customer by the customer whose references they came by: itself, and those that
/// are merged into it.
pub(crate) type Homes = BTreeMap<CustomerId, Values>;

/// The values of a field that several customers have, with each the customer.
pub(in crate::ingestion) type Lists<'a> = Vec<(CustomerId, &'a [Value])>;

/// Something that was said: a value, or that it was said again.
struct Word<'a> {
    at: i64,
    /// Of two of one time what is new comes after what was said again.
    new: bool,
    home: CustomerId,
    value: &'a Value,
}

/// What the values of all come to, as if one customer had been told them in the order of their times
/// at the sources.
pub(crate) fn together<'a>(
    homes: &'a Homes,
    calendar: &BusinessCalendar,
) -> Result<Cow<'a, Values>, Error> {
    match homes.values().next() {
        None => return Ok(Cow::Owned(Values::new())),
        Some(only) if homes.len() == 1 => return Ok(Cow::Borrowed(only)),
        Some(_) => {}
    }
    let mut all = Values::new();
    for field in homes.values().flat_map(Values::keys) {
        if !all.contains_key(field) {
            all.insert(field.clone(), fold(&lists(homes, field), calendar)?);
        }
    }
    forget_unknown_country(&mut all);
    Ok(Cow::Owned(all))
}

/// The values that the customers have of a field.
pub(in crate::ingestion) fn lists<'a>(homes: &'a Homes, field: &str) -> Lists<'a> {
    let lists = homes.iter().filter_map(|(home, values)| Some((*home, &**values.get(field)?)));
    lists.collect()
}

/// What several lists of values of a field come to; of two of one time the one holds that came later.
pub(in crate::ingestion) fn fold(
    lists: &Lists<'_>,
    calendar: &BusinessCalendar,
) -> Result<Vec<Value>, Error> {
    let mut words = Vec::new();
    for (home, list) in lists {
        for value in *list {
            words.push(Word { at: value.said_at, new: true, home: *home, value });
            if value.last_said_at > value.said_at {
                words.push(Word { at: value.last_said_at, new: false, home: *home, value });
            }
        }
    }
    words.sort_by_key(|it| (it.at, it.new, it.value.recorded_at, it.home, it.value.version));
    let mut all: Vec<Value> = Vec::new();
    for word in words {
        match all.last_mut() {
            Some(last) if last.value == word.value.value => last.last_said_at = word.at,
            _ => all.push(word.value(calendar)?),
        }
    }
    let holds = all.last().map(|value| value.recorded_at);
    let standing = all.len().saturating_sub(1);
    for (place, value) in all.iter_mut().enumerate() {
        let ended = value.superseded_at.or(holds);
        value.superseded_at = ended.filter(|_| place < standing);
    }
    Ok(all)
}

impl Word<'_> {
    fn value(&self, calendar: &BusinessCalendar) -> Result<Value, Error> {
        let said_on = match self.new {
            true => self.value.said_on,
            false => time::days(calendar.date(time::instant(self.at)?)),
        };
        let value = self.value.clone();
        Ok(Value { said_at: self.at, last_said_at: self.at, said_on, row: Row::Kept, ..value })
    }
}

/// A country that has no code is forgotten when one with a code was said later, whoever said it.
fn forget_unknown_country(all: &mut Values) {
    let Some(known) = all.get(Field::RegionCode.name()) else { return };
    let field = attribute(COUNTRY_AS_GIVEN);
    let unknown = all.get(&field).and_then(|values| values.last());
    let Some(unknown) = unknown.filter(|unknown| unknown.value.is_some()) else { return };
    let later = known.iter().find_map(|country| {
        let times = [country.said_at, country.last_said_at];
        let at = times.into_iter().find(|time| *time > unknown.said_at)?;
        country.value.as_ref()?;
        let superseded_at = None;
        Some(Value { value: None, said_at: at, last_said_at: at, superseded_at, ..country.clone() })
    });
    let Some(forgotten) = later else { return };
    let values = all.entry(field).or_default();
    if let Some(unknown) = values.last_mut() {
        unknown.superseded_at = Some(forgotten.recorded_at);
    }
    values.push(forgotten);
}

/// The first day on which one list of values of a field is seen to differ from another: `None` when
/// it is on none, `Some(None)` when it is on all days before as well.
pub(in crate::ingestion) fn first_difference(
    before: &[Value],
    now: &[Value],
) -> Option<Option<i32>> {
    let seen = |value: &Value| (value.said_on, value.value.clone());
    let same = before.iter().zip(now).take_while(|(one, other)| seen(one) == seen(other)).count();
    let on = |values: &[Value]| values.iter().map(|value| value.said_on).min();
    let day = on(&before[same..]).into_iter().chain(on(&now[same..])).min()?;
    let earliest = on(before).into_iter().chain(on(now)).min();
    Some(earliest.is_some_and(|earliest| earliest < day).then_some(day))
}
