//! GB/T 2260, the codes of the administrative divisions of China (中华人民共和国行政区划代码), as of April
//! 2019: the 34 provinces, autonomous regions, municipalities and special administrative regions, and
//! the cities below them, prefectures and what is administered like them.
//!
//! `division.txt` has one line per division in the order of codes: code, Chinese name, the same without
//! what kind it is, and of a province and of some cities its English name, and of a province the last part of its code in ISO
//! 3166-2.
//! They are facts that the Ministry of Civil Affairs publishes, as github.com/cn/GB2260 has them.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text;

const TABLE: &str = include_str!("division.txt");

static DIVISIONS: LazyLock<Vec<Division>> =
    LazyLock::new(|| TABLE.lines().map(Division::from_line).collect());
static PROVINCES: LazyLock<HashMap<String, &'static Division>> =
    LazyLock::new(|| index(Division::is_province));
static CITIES: LazyLock<HashMap<String, &'static Division>> = LazyLock::new(|| {
    let mut cities = index(|division| !division.is_province());
    // A municipality is the city, too.
    for code in ["110000", "120000", "310000", "500000"] {
        if let Some(division) = DIVISIONS.iter().find(|division| division.code == code) {
            division.index(&mut cities);
        }
    }
    cities
});

/// A province or a city, or what is like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Division {
    /// Six digits: `440000`, `440300`.
    pub code: &'static str,
    /// The name in full: `广东省`.
    pub zh: &'static str,
    /// The name without what kind of division it is: `广东`.
    short: &'static str,
    /// The English name, where it is kept.
    en: &'static str,
    /// The last part of the code of a province in ISO 3166-2; empty for others.
    iso: &'static str,
}

impl Division {
    fn from_line(line: &'static str) -> Self {
        let mut fields = line.split('|');
        let mut next = || fields.next().unwrap_or_default();
        Self { code: next(), zh: next(), short: next(), en: next(), iso: next() }
    }

    fn is_province(&self) -> bool {
        self.code.ends_with("0000")
    }

    /// The code of the province that it is, or is part of.
    pub fn province(&self) -> &'static str {
        let province = DIVISIONS.iter().find(|one| one.is_province() && self.is_within(one.code));
        province.map_or("", |province| province.code)
    }

    /// Whether it is this province, or part of it.
    pub fn is_within(&self, province: &str) -> bool {
        self.code[..2] == province[..2]
    }

    fn index(&'static self, known: &mut HashMap<String, &'static Division>) {
        let digits = self.code.trim_end_matches("00");
        let iso = format!("CN-{}", self.iso);
        for name in [self.code, digits, self.zh, self.short, self.en, &iso] {
            if !name.is_empty() && name != "CN-" {
                known.insert(fold(name), self);
            }
        }
    }
}

/// Every division, in the order of codes.
pub fn all() -> impl Iterator<Item = &'static Division> {
    DIVISIONS.iter()
}

/// The province that a text means: its code of six or two digits, its code in ISO 3166-2 (`CN-GD`), its
/// Chinese name in full or short, its English name. Case and width make no difference.
pub fn province(text: &str) -> Option<&'static Division> {
    PROVINCES.get(&fold(text)).copied()
}

/// The city that a text means: its code of six or four digits, its Chinese name in full or short, the
/// English name of a large one; a municipality such as 上海 is one.
pub fn city(text: &str) -> Option<&'static Division> {
    CITIES.get(&fold(text)).copied()
}

/// Where a customer is: the codes of its province and its city, where they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// GB/T 2260 in China, `440000`; elsewhere ISO 3166-2 where the data says it, `US-CA`.
    pub province: Option<String>,
    /// GB/T 2260 in China, `440300`.
    pub city: Option<String>,
}

/// The codes of what a profile says: its country in ISO 3166-1, its province and its city as given. A
/// city says its province, and a municipality is the city, too. One that is not within the province
/// that is given is none.
pub fn place(country: Option<&str>, given: Option<&str>, city: Option<&str>) -> Place {
    let known = match country {
        None | Some("CN") => given.and_then(province),
        Some("HK") => province("810000"),
        Some("MO") => province("820000"),
        Some("TW") => province("710000"),
        Some(country) => {
            let province = given.and_then(|given| subdivision(country, given));
            return Place { province, city: None };
        }
    };
    let city = city.and_then(self::city);
    let city = city.filter(|city| known.is_none_or(|known| city.is_within(known.code)));
    let municipality = known.filter(|known| CITIES.values().any(|city| city == known));
    let city = city.or(municipality);
    let province = known.map(|known| known.code).or_else(|| city.map(Division::province));
    let owned = |code: &str| code.to_owned();
    Place { province: province.map(owned), city: city.map(|city| owned(city.code)) }
}

/// A code of ISO 3166-2 of this country: what follows the country is one to three letters and digits.
fn subdivision(country: &str, given: &str) -> Option<String> {
    let code = fold(given);
    let rest = code.strip_prefix(country)?.strip_prefix('-')?;
    let sound = (1..=3).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    sound.then(|| code.clone())
}

/// What a text may be that means the city of this code, in capitals.
pub fn names(city: &str) -> Vec<String> {
    let known = CITIES.iter().filter(|(_, division)| division.code == city);
    known.map(|(name, _)| name.clone()).collect()
}

fn fold(text: &str) -> String {
    text.trim().chars().map(text::narrowed).flat_map(char::to_uppercase).collect()
}

fn index(wanted: fn(&Division) -> bool) -> HashMap<String, &'static Division> {
    let mut known = HashMap::new();
    for division in DIVISIONS.iter().filter(|division| wanted(division)) {
        division.index(&mut known);
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_city_is_part_of_a_province() {
        assert_eq!(all().filter(|division| division.is_province()).count(), 34);
        for division in all() {
            assert!(!division.province().is_empty(), "{division:?}");
            let found = if division.is_province() { province } else { city };
            for text in [division.code, division.zh, division.short] {
                assert_eq!(found(text), Some(division), "{text}");
            }
        }
    }

    #[test]
    fn provinces_and_cities_in_the_forms_that_data_has() {
        for (text, code) in [
            ("广东", Some("440000")),
            ("广东省", Some("440000")),
            ("guangdong", Some("440000")),
            ("CN-GD", Some("440000")),
            ("44", Some("440000")),
            ("４４００００", Some("440000")),
            ("内蒙古自治区", Some("150000")),
            ("海南", Some("460000")),
            ("10", None),
            ("", None),
            ("深圳", None),
        ] {
            assert_eq!(province(text).map(|one| one.code), code, "{text:?}");
        }
        for (text, code) in [
            ("深圳", Some("440300")),
            ("深圳市", Some("440300")),
            ("4403", Some("440300")),
            ("上海", Some("310000")),
            ("Shanghai", Some("310000")),
            ("吉林市", Some("220200")),
            ("恩施", Some("422800")),
            ("仙桃市", Some("429004")),
            ("Leeds", None),
        ] {
            assert_eq!(city(text).map(|one| one.code), code, "{text:?}");
        }
        assert_eq!(city("深圳").map(|one| one.province()), Some("440000"));
    }
}
