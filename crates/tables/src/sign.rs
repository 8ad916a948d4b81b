//! What stands round the digits of a number: signs, brackets, currencies, a percent sign.

use kehu_core::currency;

use crate::clean::Rule;

/// A currency that stands by a number: one code, or a sign that several share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Currency {
    /// An ISO 4217 code.
    Code(&'static str),
    /// A sign, with the codes it may stand for.
    Sign(&'static str, &'static [&'static str]),
}

impl Currency {
    /// Whether it may stand for the currency of this code.
    pub(crate) fn may_be(self, code: &str) -> bool {
        match self {
            Self::Code(own) => own == code,
            Self::Sign(_, codes) => codes.contains(&code),
        }
    }

    /// The only currency that it may stand for.
    pub(crate) fn only(self) -> Option<&'static str> {
        match self {
            Self::Code(code) => Some(code),
            Self::Sign(_, [code]) => Some(*code),
            Self::Sign(..) => None,
        }
    }

    /// What both stand for, where they stand by one number: `¥5元` is in CNY.
    fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Code(code), other) | (other, Self::Code(code)) => {
                other.may_be(code).then_some(Self::Code(code))
            }
            (Self::Sign(_, ours), Self::Sign(_, theirs)) => {
                let mut both = ours.iter().filter(|code| theirs.contains(code));
                let code = both.next()?;
                Some(if both.next().is_none() { Self::Code(code) } else { self })
            }
        }
    }

    /// As it is written.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Code(text) | Self::Sign(text, _) => text,
        }
    }
}

const DOLLARS: [&str; 21] = [
    "USD", "AUD", "BMD", "BND", "BSD", "BBD", "BZD", "CAD", "FJD", "HKD", "JMD", "KYD", "LRD",
    "NAD", "NZD", "SGD", "TTD", "TWD", "XCD", "MXN", "ARS",
];

const RUPEES: [&str; 5] = ["INR", "PKR", "LKR", "NPR", "MUR"];
const CROWNS: [&str; 4] = ["SEK", "NOK", "DKK", "ISK"];

/// Signs, longer ones before those that they end or begin with.
const SIGNS: [(&str, &[&str]); 37] = [
    ("US$", &["USD"]),
    ("HK$", &["HKD"]),
    ("NT$", &["TWD"]),
    ("R$", &["BRL"]),
    ("A$", &["AUD"]),
    ("C$", &["CAD"]),
    ("S$", &["SGD"]),
    ("$", &DOLLARS),
    ("£", &["GBP", "EGP", "GIP", "FKP"]),
    ("€", &["EUR"]),
    ("CN¥", &["CNY"]),
    ("JP¥", &["JPY"]),
    ("¥", &["CNY", "JPY"]),
    ("￥", &["CNY", "JPY"]),
    ("RMB", &["CNY"]),
    ("人民币", &["CNY"]),
    ("元", &["CNY", "TWD", "HKD"]),
    ("圆", &["CNY"]),
    ("圓", &["TWD", "HKD"]),
    ("円", &["JPY"]),
    ("₹", &["INR"]),
    ("Rs.", &RUPEES),
    ("Rs", &RUPEES),
    ("₽", &["RUB"]),
    ("₩", &["KRW", "KPW"]),
    ("원", &["KRW"]),
    ("₺", &["TRY"]),
    ("฿", &["THB"]),
    ("₫", &["VND"]),
    ("₪", &["ILS"]),
    ("₴", &["UAH"]),
    ("zł", &["PLN"]),
    ("Kč", &["CZK"]),
    ("kr.", &CROWNS),
    ("kr", &CROWNS),
    ("SFr.", &["CHF"]),
    ("Fr.", &["CHF"]),
];

/// The one currency that a sign or word stands for, where a column of currencies has it: `€`, `RMB`.
pub(crate) fn of_sign(text: &str) -> Option<&'static str> {
    let (sign, codes) = SIGNS.iter().find(|(sign, _)| *sign == text)?;
    Currency::Sign(sign, codes).only()
}

/// A number taken apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Parts<'a> {
    pub(crate) negative: bool,
    pub(crate) currency: Option<Currency>,
    pub(crate) percent: bool,
    /// The power of ten that a word behind the digits stands for: 4 of `万`.
    pub(crate) scale: u32,
    /// Digits with separators and an exponent.
    pub(crate) digits: &'a str,
}

/// Words behind digits, with the power of ten that they stand for. `兆` is no such word: it is a
/// million to some and a million millions to others.
const SCALES: [(&str, u32); 6] =
    [("万亿", 12), ("萬億", 12), ("万", 4), ("萬", 4), ("亿", 8), ("億", 8)];

fn strip_scale(text: &str) -> Option<(u32, &str)> {
    SCALES.iter().find_map(|(word, scale)| Some((*scale, text.strip_suffix(word)?.trim_end())))
}

/// Takes off brackets, at most one sign, currencies that agree and one percent sign; `None` where
/// there is more, or nothing else.
pub(crate) fn strip<'a>(cell: &'a str, rules: &mut Vec<Rule>) -> Option<Parts<'a>> {
    let mut digits = cell.trim();
    let mut sign = None;
    let (mut currency, mut percent, mut scale) = (None, false, 0);
    loop {
        if let Some(rest) = strip_no_cents(digits) {
            digits = rest;
        } else if let Some((found, rest)) = strip_sign(digits) {
            if sign.is_some() {
                return None;
            }
            (sign, digits) = (Some(found), rest);
        } else if let Some(rest) = digits.strip_suffix('%') {
            if percent {
                return None;
            }
            (percent, digits) = (true, rest.trim_end());
        } else if let Some((found, rest)) = strip_scale(digits) {
            if scale > 0 || percent {
                return None;
            }
            (scale, digits) = (found, rest);
        } else if let Some((found, rest)) = strip_currency(digits) {
            let both = match currency {
                None => found,
                Some(before) => found.and(before)?,
            };
            (currency, digits) = (Some(both), rest);
        } else {
            break;
        }
    }
    // An exponent is the only letter that may be left.
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',') {
        return None;
    }
    rules.extend(currency.map(|_| Rule::CurrencySign));
    rules.extend(sign.and_then(Sign::rule));
    rules.extend((scale > 0).then_some(Rule::Scale));
    let negative = sign.is_some_and(Sign::is_negative);
    Some(Parts { negative, currency, percent, scale, digits })
}

/// How a number says on which side of nothing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
    MinusBehind,
    Brackets,
}

impl Sign {
    fn is_negative(self) -> bool {
        self != Self::Plus
    }

    fn rule(self) -> Option<Rule> {
        match self {
            Self::Plus | Self::Minus => None,
            Self::MinusBehind => Some(Rule::TrailingMinus),
            Self::Brackets => Some(Rule::AccountingNegative),
        }
    }
}

/// A dash that stands for a minus: the sign itself, hyphens, and what programs make of them.
fn minus(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}')
}

/// The number of an amount without cents: `5,-` and `5.--` are five, not less than nothing.
fn strip_no_cents(text: &str) -> Option<&str> {
    let whole = text.trim_end_matches(minus);
    let dashes = text[whole.len()..].chars().count();
    let number = whole.strip_suffix([',', '.'])?;
    let is_whole = number.ends_with(|c: char| c.is_ascii_digit());
    (is_whole && (1..=2).contains(&dashes)).then_some(number)
}

/// The sign before or behind, or the brackets round, and the rest.
fn strip_sign(text: &str) -> Option<(Sign, &str)> {
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return Some((Sign::Brackets, inner.trim()));
    }
    if let Some(rest) = text.strip_prefix(minus) {
        return Some((Sign::Minus, rest.trim_start()));
    }
    if let Some(rest) = text.strip_suffix(minus).filter(|rest| !rest.ends_with(minus)) {
        return Some((Sign::MinusBehind, rest.trim_end()));
    }
    let rest = text.strip_prefix('+').or_else(|| text.strip_suffix('+'))?;
    Some((Sign::Plus, rest.trim()))
}

fn strip_currency(text: &str) -> Option<(Currency, &str)> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')) {
        return None;
    }
    for (sign, codes) in SIGNS {
        if let Some(rest) = text.strip_prefix(sign) {
            return Some((Currency::Sign(sign, codes), rest.trim_start()));
        }
        if let Some(rest) = text.strip_suffix(sign) {
            return Some((Currency::Sign(sign, codes), rest.trim_end()));
        }
    }
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    if letters == 3 {
        return Some((Currency::Code(currency::parse(&text[..3])?), text[3..].trim_start()));
    }
    let letters = text.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
    let start = text.len() - letters;
    (letters == 3)
        .then(|| currency::parse(&text[start..]))
        .flatten()
        .map(|code| (Currency::Code(code), text[..start].trim_end()))
}
