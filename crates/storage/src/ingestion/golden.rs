//! A customer while records say something about it: which value of each field survives.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::customers::Row;
use super::profile::attribute;
use super::values::{self, Homes, Said, Saying, Value};
use super::{COUNTRY_AS_GIVEN, Field, Mask, NO_DAY, Profile};
use crate::{Error, time};
use kehu_core::CustomerId;

/// A customer, and the values behind its profile.
#[derive(Debug, Default)]
pub(super) struct Golden {
    pub(super) profile: Profile,
    /// The version that is held; 0 for one that is new.
    pub(super) version: i64,
    pub(super) homes: Homes,
    /// Something has to be written.
    pub(super) written: bool,
    /// The first day from which on all that features read of it holds; `None` for always.
    moved_on: Option<i32>,
    /// The first day on which somebody may see a change; `None` without one.
    pub(super) first_day: Option<NaiveDate>,
}

impl Golden {
    /// One that is held, whose values are not loaded yet.
    pub(super) fn held(profile: Profile, version: i64) -> Self {
        Self { profile, version, ..Self::default() }
    }

    /// Whether what is given is something else than what holds.
    pub(super) fn differs(&self, given: &Profile, mask: &Mask) -> bool {
        let given = given.given(mask, self.profile.attributes.keys());
        given.iter().any(|(field, value)| self.profile.get(field).as_deref() != value.as_deref())
    }

    /// Takes over what is given by a reference of `home`: the customer itself, or one that is merged
    /// into it. Whether anything of it is new.
    pub(super) fn say(
        &mut self,
        home: CustomerId,
        given: &Profile,
        mask: &Mask,
        saying: &Saying<'_>,
    ) -> Result<bool, Error> {
        let known = self.homes.values().flat_map(|values| values.keys());
        let known = known.filter_map(|field| field.strip_prefix("attributes."));
        let known: Vec<String> = known.map(str::to_owned).collect();
        let keys: Vec<String> = self.profile.attributes.keys().cloned().chain(known).collect();
        let mut new = false;
        for (field, value) in given.given(mask, keys.iter()) {
            new |= self.say_field(home, &field, value, saying)?;
        }
        if given.attributes.contains_key(COUNTRY_AS_GIVEN) {
            self.forget_unknown_country(home, saying)?;
        }
        self.moved_on = values::moved_on(&*values::together(&self.homes, saying.days.calendar())?);
        Ok(new)
    }

    fn say_field(
        &mut self,
        home: CustomerId,
        field: &str,
        value: Option<String>,
        saying: &Saying<'_>,
    ) -> Result<bool, Error> {
        let before = self.profile.get(field).map(|value| value.into_owned());
        let unknown = values::lists(&self.homes, field).is_empty() && before.is_none();
        if value.is_none() && unknown && !Field::is_one(field) {
            return Ok(false);
        }
        if self.homes.keys().any(|held| *held != home) {
            return self.say_among(home, field, value, saying);
        }
        let values = self.homes.entry(home).or_default().entry(field.to_owned()).or_default();
        let said = values::say(values, value, saying)?;
        self.written |= said != Said::Before;
        let Said::New(from) = said else { return Ok(false) };
        let holds = values.last().and_then(|value| value.value.clone());
        self.hold(field, before.as_deref(), holds, from)?;
        Ok(true)
    }

    /// The same for one of several that are merged. What is said without a time is said after what
    /// holds of all of them, as it would be of one.
    fn say_among(
        &mut self,
        home: CustomerId,
        field: &str,
        value: Option<String>,
        saying: &Saying<'_>,
    ) -> Result<bool, Error> {
        let before = self.values_of(field, saying)?.into_owned();
        let holds = before.last().and_then(|value| value.value.clone());
        let newest = before.iter().map(|value| value.last_said_at).max();
        let after = newest.filter(|_| saying.at.is_none() && holds != value);
        let saying = Saying { after: after.map(|newest| newest.saturating_add(1)), ..*saying };
        let own = self.homes.entry(home).or_default().entry(field.to_owned()).or_default();
        let said = values::say(own, value, &saying)?;
        self.written |= said != Said::Before;
        let now = self.values_of(field, &saying)?.into_owned();
        let Some(from) = values::first_difference(&before, &now) else {
            return Ok(matches!(said, Said::New(_)));
        };
        let held = now.last().and_then(|value| value.value.clone());
        self.hold(field, holds.as_deref(), held, from)?;
        Ok(true)
    }

    /// The values of a field, of all that are merged.
    fn values_of(&self, field: &str, saying: &Saying<'_>) -> Result<Cow<'_, [Value]>, Error> {
        let lists = values::lists(&self.homes, field);
        match lists[..] {
            [] => Ok(Cow::Borrowed(&[])),
            [(_, only)] => Ok(Cow::Borrowed(only)),
            _ => Ok(Cow::Owned(values::fold(&lists, saying.days.calendar())?)),
        }
    }

    /// Has a value hold, which can be seen from a day on.
    fn hold(
        &mut self,
        field: &str,
        before: Option<&str>,
        holds: Option<String>,
        from: Option<i32>,
    ) -> Result<(), Error> {
        let day = if field == Field::RegistrationDate.name() {
            registered(before, holds.as_deref())?
        } else {
            values::first_day(field, from)?
        };
        self.note(day);
        self.profile.set(field, holds);
        Ok(())
    }

    /// A country that has no code is forgotten when one with a code was said later.
    fn forget_unknown_country(
        &mut self,
        home: CustomerId,
        saying: &Saying<'_>,
    ) -> Result<(), Error> {
        let Some(at) = saying.at else { return Ok(()) };
        let countries = self.values_of(Field::RegionCode.name(), saying)?;
        let later = countries.iter().find_map(|country| {
            let times = [country.said_at, country.last_said_at];
            country.value.as_ref().and_then(|_| times.into_iter().find(|time| *time > at))
        });
        if let Some(later) = later {
            let saying = Saying { at: Some(later), ..*saying };
            self.say_field(home, &attribute(COUNTRY_AS_GIVEN), None, &saying)?;
        }
        Ok(())
    }

    /// Notes that something changes from a day on. Of a customer that is new nothing was seen yet.
    fn note(&mut self, day: NaiveDate) {
        let day = if self.version == 0 { NO_DAY } else { day };
        self.first_day = Some(match self.first_day {
            None | Some(NO_DAY) => day,
            Some(held) if day == NO_DAY => held,
            Some(held) => held.min(day),
        });
    }

    /// The row to write.
    pub(super) fn row(&self, id: CustomerId) -> Row {
        Row {
            id,
            profile: self.profile.clone(),
            version: self.version + 1,
            moved_on: self.moved_on,
        }
    }
}

/// The first day on which somebody may see that another registration date holds: before the earlier
/// one nobody is a customer either way, and without one somebody may always have been.
fn registered(before: Option<&str>, now: Option<&str>) -> Result<NaiveDate, Error> {
    if before == now {
        return Ok(NO_DAY);
    }
    let day = match (before, now) {
        (Some(before), Some(now)) => before.min(now).parse().ok(),
        _ => None,
    };
    values::first_day(Field::RegistrationDate.name(), day.map(time::days))
}
