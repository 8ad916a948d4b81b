//! A customer while records say something about it: which value of each field survives.

use chrono::NaiveDate;

use super::customers::Row;
use super::profile::attribute;
use super::values::{self, Said, Saying, Values};
use super::{COUNTRY_AS_GIVEN, Field, Mask, NO_DAY, Profile};
use crate::{Error, time};
use kehu_core::CustomerId;

/// A customer, and the values behind its profile.
#[derive(Debug, Default)]
pub(super) struct Golden {
    pub(super) profile: Profile,
    /// The version that is held; 0 for one that is new.
    pub(super) version: i64,
    pub(super) values: Values,
    /// Something has to be written.
    pub(super) written: bool,
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

    /// Takes over what is given; whether anything of it is new.
    pub(super) fn say(
        &mut self,
        given: &Profile,
        mask: &Mask,
        saying: &Saying<'_>,
    ) -> Result<bool, Error> {
        let known = self.values.keys().filter_map(|field| field.strip_prefix("attributes."));
        let known: Vec<String> = known.map(str::to_owned).collect();
        let keys: Vec<String> = self.profile.attributes.keys().cloned().chain(known).collect();
        let mut new = false;
        for (field, value) in given.given(mask, keys.iter()) {
            new |= self.say_field(&field, value, saying)?;
        }
        if given.attributes.contains_key(COUNTRY_AS_GIVEN) {
            self.forget_unknown_country(saying)?;
        }
        Ok(new)
    }

    fn say_field(
        &mut self,
        field: &str,
        value: Option<String>,
        saying: &Saying<'_>,
    ) -> Result<bool, Error> {
        let before = self.profile.get(field).map(|value| value.into_owned());
        let unknown = !self.values.contains_key(field) && before.is_none();
        if value.is_none() && unknown && !Field::is_one(field) {
            return Ok(false);
        }
        let values = self.values.entry(field.to_owned()).or_default();
        let said = values::say(values, value, saying)?;
        self.written |= said != Said::Before;
        let Said::New(from) = said else { return Ok(false) };
        let holds = values.last().and_then(|value| value.value.clone());
        let day = if field == Field::RegistrationDate.name() {
            registered(before.as_deref(), holds.as_deref())?
        } else {
            values::first_day(field, from)?
        };
        self.note(day);
        self.profile.set(field, holds);
        Ok(true)
    }

    /// A country that has no code is forgotten when one with a code was said later.
    fn forget_unknown_country(&mut self, saying: &Saying<'_>) -> Result<(), Error> {
        let Some(at) = saying.at else { return Ok(()) };
        let countries = self.values.get(Field::RegionCode.name()).map(Vec::as_slice);
        let later = countries.unwrap_or_default().iter().find_map(|country| {
            let times = [country.said_at, country.last_said_at];
            country.value.as_ref().and_then(|_| times.into_iter().find(|time| *time > at))
        });
        if let Some(later) = later {
            let saying = Saying { at: Some(later), ..*saying };
            self.say_field(&attribute(COUNTRY_AS_GIVEN), None, &saying)?;
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
            moved_on: values::moved_on(&self.values),
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
