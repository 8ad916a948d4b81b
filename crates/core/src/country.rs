//! ISO 3166-1 countries, and the names that trade data really has for them.
//!
//! `country.txt` has one line per country: alpha-2, alpha-3, English short name, Chinese
//! (zh-CN) short name, and other names separated by `;`. The order is that of alpha-2.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::Label;

const TABLE: &str = include_str!("country.txt");

static COUNTRIES: LazyLock<Vec<Entry>> =
    LazyLock::new(|| TABLE.lines().map(Entry::from_line).collect());
static BY_NAME: LazyLock<HashMap<String, &'static Country>> = LazyLock::new(index);

/// A country or territory with a code of its own in ISO 3166-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country {
    /// Two upper-case letters.
    pub alpha2: &'static str,
    /// Three upper-case letters.
    pub alpha3: &'static str,
    /// The English short name of the standard.
    pub en: &'static str,
    /// The Chinese short name.
    pub zh: &'static str,
}

struct Entry {
    country: Country,
    other_names: &'static str,
}

impl Country {
    /// The name in both languages.
    pub fn label(&self) -> Label {
        Label::new(self.zh, self.en)
    }
}

impl Entry {
    fn from_line(line: &'static str) -> Self {
        let mut fields = line.split('|');
        let mut next = || fields.next().expect("five fields, as a test checks");
        let country = Country { alpha2: next(), alpha3: next(), en: next(), zh: next() };
        Self { country, other_names: next() }
    }
}

/// All 249 countries, in the order of alpha-2.
pub fn all() -> impl Iterator<Item = &'static Country> {
    COUNTRIES.iter().map(|entry| &entry.country)
}

/// The country that `text` means: alpha-2, alpha-3, an English or Chinese name, or another
/// usual name such as `Eire`, `UK` or `Holland`.
///
/// Case, accents, surrounding and repeated spaces, points, commas, apostrophes, brackets, a
/// leading "the", `&` for "and" and `St` for "Saint" make no difference. What is not one
/// country (`Channel Islands`, `European Community`, `Unspecified`) is `None`, and so is
/// `n.a.`, which means that nothing is known; `NA` is Namibia.
pub fn parse(text: &str) -> Option<&'static Country> {
    // Most data spells a country as the table does, and then needs no folding.
    if let Some(country) = BY_NAME.get(text) {
        return Some(country);
    }
    let key = fold(text);
    if key == "na" && text.contains('.') {
        return None;
    }
    BY_NAME.get(&key).copied()
}

fn index() -> HashMap<String, &'static Country> {
    let mut names = HashMap::new();
    for Entry { country, other_names } in COUNTRIES.iter() {
        let others = other_names.split("; ").filter(|name| !name.is_empty());
        for name in others.chain([country.alpha2, country.alpha3, country.en, country.zh]) {
            names.insert(name.to_owned(), country);
            names.insert(fold(name), country);
        }
    }
    names
}

/// The form in which two spellings of a name are equal.
fn fold(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        match character {
            '.' | ',' | '\'' | '’' | '(' | ')' | '（' | '）' => {}
            '-' => plain.push(' '),
            '&' => plain.push_str(" and "),
            '\u{300}'..='\u{36f}' => {}
            _ => plain.push(without_accent(character)),
        }
    }
    let mut folded = String::with_capacity(plain.len());
    for word in plain.split_whitespace() {
        if folded.is_empty() && word == "the" {
            continue;
        }
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(if word == "st" { "saint" } else { word });
    }
    folded
}

/// The plain letter of a lower-case Latin one with an accent; others as they are.
fn without_accent(letter: char) -> char {
    match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' | 'ı' => 'i',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ţ' | 'ț' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISO: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/codes/iso3166_1.csv"));

    /// The fields of one CSV line; a quoted field may hold commas, none holds a quote.
    fn csv_fields(line: &str) -> Vec<String> {
        let mut fields = vec![String::new()];
        let mut quoted = false;
        for character in line.chars() {
            match character {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                _ => fields.last_mut().unwrap().push(character),
            }
        }
        fields
    }

    #[test]
    fn agrees_with_the_iso_list() {
        let rows: Vec<_> = ISO.lines().skip(1).map(csv_fields).collect();
        assert_eq!((rows.len(), all().count()), (249, 249));
        for row in rows {
            let [alpha2, alpha3, _, name, _, official, common] = &row[..] else {
                panic!("seven fields in {row:?}");
            };
            let country = parse(alpha2).unwrap();
            assert_eq!((country.alpha2, country.alpha3), (alpha2.as_str(), alpha3.as_str()));
            assert_eq!(country.en, name);
            for name in [alpha3, name, official, common].into_iter().filter(|name| !name.is_empty())
            {
                assert_eq!(parse(name), Some(country), "{name}");
            }
        }
    }

    #[test]
    fn the_table_is_well_formed() {
        let mut meaning: HashMap<String, &str> = HashMap::new();
        for (entry, line) in COUNTRIES.iter().zip(TABLE.lines()) {
            let country = entry.country;
            assert_eq!(line.split('|').count(), 5, "{line}");
            assert!(country.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{line}");
            let others = entry.other_names.split("; ").filter(|name| !name.is_empty());
            for name in others.chain([country.alpha2, country.alpha3, country.en, country.zh]) {
                assert_eq!(name, name.trim(), "{line}");
                let other = meaning.insert(fold(name), country.alpha2);
                assert!(other.is_none() || other == Some(country.alpha2), "{name} {other:?}");
                assert_eq!(parse(name).map(|found| found.alpha2), Some(country.alpha2), "{name}");
            }
        }
        assert!(all().map(|country| country.alpha2).is_sorted());
    }

    #[test]
    fn every_country_of_online_retail() {
        for (name, alpha2) in [
            ("United Kingdom", "GB"),
            ("France", "FR"),
            ("Australia", "AU"),
            ("Netherlands", "NL"),
            ("Germany", "DE"),
            ("Norway", "NO"),
            ("EIRE", "IE"),
            ("Switzerland", "CH"),
            ("Spain", "ES"),
            ("Poland", "PL"),
            ("Portugal", "PT"),
            ("Italy", "IT"),
            ("Belgium", "BE"),
            ("Lithuania", "LT"),
            ("Japan", "JP"),
            ("Iceland", "IS"),
            ("Denmark", "DK"),
            ("Cyprus", "CY"),
            ("Sweden", "SE"),
            ("Austria", "AT"),
            ("Israel", "IL"),
            ("Finland", "FI"),
            ("Bahrain", "BH"),
            ("Greece", "GR"),
            ("Hong Kong", "HK"),
            ("Singapore", "SG"),
            ("Lebanon", "LB"),
            ("United Arab Emirates", "AE"),
            ("Saudi Arabia", "SA"),
            ("Czech Republic", "CZ"),
            ("Canada", "CA"),
            ("Brazil", "BR"),
            ("USA", "US"),
            ("Malta", "MT"),
            ("RSA", "ZA"),
        ] {
            assert_eq!(parse(name).map(|country| country.alpha2), Some(alpha2), "{name}");
        }
        for name in ["Channel Islands", "Unspecified", "European Community"] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn dirty_spellings() {
        for (text, alpha2) in [
            ("  united   KINGDOM ", "GB"),
            ("u.k.", "GB"),
            ("England", "GB"),
            ("U.S.A.", "US"),
            ("the united states of america", "US"),
            ("Cote d’Ivoire", "CI"),
            ("COTE D'IVOIRE", "CI"),
            ("Co\u{302}te d'Ivoire", "CI"),
            ("Curacao", "CW"),
            ("TÜRKIYE", "TR"),
            ("Turkey", "TR"),
            ("St. Kitts & Nevis", "KN"),
            ("St Lucia", "LC"),
            ("Holland", "NL"),
            ("Korea", "KR"),
            ("Viet Nam", "VN"),
            ("Vietnam", "VN"),
            ("Macau", "MO"),
            ("Taiwan", "TW"),
            ("Iran", "IR"),
            ("UAE", "AE"),
            ("Russia", "RU"),
            ("中华人民共和国", "CN"),
            ("香港", "HK"),
            ("刚果（金）", "CD"),
            ("刚果(金)", "CD"),
            ("gbr", "GB"),
            ("na", "NA"),
            ("Timor Leste", "TL"),
        ] {
            assert_eq!(parse(text).map(|country| country.alpha2), Some(alpha2), "{text}");
        }
        for text in
            ["", " ", "the", "n.a.", "N.A", "n/a", "-", "XX", "ZZZ", "Europe", "不详", "West"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("CN").unwrap().label(), Label::new("中国", "China"));
    }
}
