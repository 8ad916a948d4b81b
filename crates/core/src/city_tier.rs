//! Tiers of the cities of China (城市等级): reference data that an enterprise may change, with the
//! business date from which on it holds.
//!
//! Nobody publishes tiers officially. Without a change of the enterprise a city has that of
//! `city_tier.txt`: the four first-tier cities, and the fifteen new first-tier ones of the list of 2024
//! of the Rising Lab (新一线城市研究所); other cities have none.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::division;

const TABLE: &str = include_str!("city_tier.txt");

static SHIPPED: LazyLock<HashMap<&str, Tier>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let (city, tier) = line.split_once('|').expect("two fields, as a test checks");
        (city, Tier::parse(tier).expect("a tier, as a test checks"))
    };
    TABLE.lines().map(line).collect()
});

/// A tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// 一线城市.
    First,
    /// 新一线城市.
    NewFirst,
    /// 二线城市.
    Second,
    /// 三线城市.
    Third,
    /// 四线城市.
    Fourth,
    /// 五线城市.
    Fifth,
}

impl Tier {
    /// All of them, the highest first.
    pub const ALL: [Self; 6] =
        [Self::First, Self::NewFirst, Self::Second, Self::Third, Self::Fourth, Self::Fifth];

    /// Its name in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "tier-1",
            Self::NewFirst => "new-tier-1",
            Self::Second => "tier-2",
            Self::Third => "tier-3",
            Self::Fourth => "tier-4",
            Self::Fifth => "tier-5",
        }
    }

    /// The one of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.name() == name)
    }
}

/// The tier that a city is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityTier {
    /// The city, a code of GB/T 2260 of six digits.
    pub city: String,
    /// Its tier; `None` takes it out of all.
    pub tier: Option<Tier>,
    /// The business date from which on it holds.
    #[serde(with = "crate::calendar::as_text")]
    pub from: NaiveDate,
    /// Why.
    pub reason: String,
}

/// The tiers of all cities on all days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CityTiers(BTreeMap<String, Vec<CityTier>>);

impl CityTiers {
    /// With what an enterprise has changed, of each city in the order of its changes.
    pub fn new(changes: impl IntoIterator<Item = CityTier>) -> Self {
        let mut cities: BTreeMap<String, Vec<CityTier>> = BTreeMap::new();
        for change in changes {
            cities.entry(change.city.clone()).or_default().push(change);
        }
        Self(cities)
    }

    /// The tier of a city on a day: of the changes that hold by then the last one.
    pub fn on(&self, city: &str, day: NaiveDate) -> Option<Tier> {
        let changes = self.0.get(city).map(Vec::as_slice).unwrap_or_default();
        match changes.iter().rev().find(|change| change.from <= day) {
            Some(change) => change.tier,
            None => SHIPPED.get(city).copied(),
        }
    }
}

/// The cities that have a tier without a change, by code.
pub fn shipped() -> impl Iterator<Item = (&'static str, Tier)> {
    SHIPPED.iter().map(|(city, tier)| (*city, *tier))
}

/// The code of the city that a text means, where it may have a tier.
pub fn city_code(text: &str) -> Option<&'static str> {
    division::city(text).map(|city| city.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn change(tier: Option<Tier>, from: &str) -> CityTier {
        let reason = "grown".to_owned();
        CityTier { city: "440300".to_owned(), tier, from: day(from), reason }
    }

    #[test]
    fn the_shipped_ones_are_of_cities() {
        assert_eq!(SHIPPED.values().filter(|tier| **tier == Tier::First).count(), 4);
        assert_eq!(SHIPPED.len(), 19);
        for city in SHIPPED.keys() {
            assert_eq!(city_code(city), Some(*city));
        }
    }

    #[test]
    fn a_change_holds_from_its_day_on() {
        let none = CityTiers::default();
        assert_eq!(none.on("440300", day("2026-01-01")), Some(Tier::First));
        assert_eq!(none.on("130100", day("2026-01-01")), None);
        let tiers = CityTiers::new([
            change(Some(Tier::Second), "2026-03-01"),
            change(None, "2026-05-01"),
            // Said later of an earlier day: it holds on it, and from May on as well.
            change(Some(Tier::Third), "2026-02-01"),
        ]);
        for (on, tier) in [
            ("2026-01-31", Some(Tier::First)),
            ("2026-02-01", Some(Tier::Third)),
            ("2026-06-01", Some(Tier::Third)),
        ] {
            assert_eq!(tiers.on("440300", day(on)), tier, "{on}");
        }
    }
}
