//! Numbers as people and programs write them, exactly.
//!
//! `1,250` is one and a quarter to some and a thousand and more to others. Which it is belongs
//! to the column, not to the cell: [`Evidence`] gathers what the cells of a column prove, and a
//! [`NumberFormat`] reads them all alike. What the column does not prove is not read.

use kehu_core::decimal::{self, are_digits};
use kehu_core::key;
use rust_decimal::Decimal;

use crate::clean::{Cleaned, Rule};
use crate::sign::{self, Currency};

/// So many cells must speak for a notation for each one that speaks against it.
const WEIGHT: u64 = 10;

/// What separates decimals in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    /// `1,234.50`.
    Point,
    /// `1.234,50`.
    Comma,
    /// No cell shows it.
    Unproven,
    /// Cells show both.
    Mixed,
}

/// How the numbers of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NumberFormat {
    pub(crate) notation: Notation,
    /// What groups digits, when it is stated; a space stands for all kinds of it.
    pub(crate) grouping: Option<char>,
}

/// A number that was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    pub(crate) value: Decimal,
    /// The sign or code of a currency that stood by it.
    pub(crate) currency: Option<Currency>,
    /// It is in hundredths.
    pub(crate) percent: bool,
}

/// Why a cell is not read as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRead {
    /// It is something else, or of another notation than its column.
    Invalid,
    /// It has more digits than can be kept.
    OutOfRange,
    /// It is one number with a decimal point and another with a decimal comma.
    Ambiguous,
    /// It depends on the notation, and the column has both.
    Mixed,
}

/// What the cells of a column show of its notation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    point: u64,
    comma: u64,
}

impl Evidence {
    /// Looks at a cell; the currency that stands in it.
    pub(crate) fn look_at(&mut self, cell: &str, grouping: Option<char>) -> Option<Currency> {
        match plain_decimals(cell) {
            Some(0) => return None,
            // Three could be a group of thousands.
            Some(decimals) if decimals != 3 => {
                self.point += 1;
                return None;
            }
            _ => {}
        }
        let (text, _) = key::clean(cell);
        let parts = sign::strip(&text, &mut Vec::new())?;
        match readings(parts.digits, grouping) {
            (Some(_), None) => self.point += 1,
            (None, Some(_)) => self.comma += 1,
            _ => {}
        }
        parts.currency
    }

    /// What the whole column proves. A few cells that speak against all others are damaged, and
    /// decide nothing.
    pub(crate) fn notation(self) -> Notation {
        match (self.point, self.comma) {
            (0, 0) => Notation::Unproven,
            (point, comma) if point >= comma.saturating_mul(WEIGHT) => Notation::Point,
            (point, comma) if comma >= point.saturating_mul(WEIGHT) => Notation::Comma,
            _ => Notation::Mixed,
        }
    }
}

/// The decimals of a number written `-12.50`, 0 for a whole one; `None` for every other form.
fn plain_decimals(cell: &str) -> Option<usize> {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let Some((whole, decimals)) = digits.split_once('.') else {
        return (!digits.is_empty() && are_digits(digits)).then_some(0);
    };
    let plain = !whole.is_empty() && !decimals.is_empty();
    (plain && are_digits(whole) && are_digits(decimals)).then_some(decimals.len())
}

impl NumberFormat {
    /// The number in a cell that is not empty, and what was changed to read it.
    pub(crate) fn parse(self, cell: &str, cleaned: &mut Cleaned) -> Result<Number, NotRead> {
        if let Some(decimals) = plain_decimals(cell)
            && (decimals == 0 || self.notation == Notation::Point)
        {
            let value = decimal::parse(cell).map_err(|_| NotRead::OutOfRange)?;
            return Ok(Number { value, currency: None, percent: false });
        }
        let mut rules = Vec::new();
        let parts = sign::strip(cell, &mut rules).ok_or(NotRead::Invalid)?;
        let plain = self.plain(parts.digits)?;
        if plain.grouped {
            rules.push(Rule::Thousands);
        }
        if plain.text.contains('e') {
            rules.push(Rule::Exponent);
        }
        let value = decimal::parse(&plain.text).map_err(|_| NotRead::OutOfRange)?;
        let factor = Decimal::from(10_u64.pow(parts.scale));
        let value = value.checked_mul(factor).ok_or(NotRead::OutOfRange)?;
        rules.into_iter().for_each(|rule| cleaned.count(rule));
        let value = if parts.negative { -value } else { value };
        Ok(Number { value, currency: parts.currency, percent: parts.percent })
    }

    /// The one reading of digits that the notation of the column allows.
    fn plain(self, digits: &str) -> Result<Plain, NotRead> {
        let (point, comma) = readings(digits, self.grouping);
        match self.notation {
            Notation::Point => point.ok_or(NotRead::Invalid),
            Notation::Comma => comma.ok_or(NotRead::Invalid),
            Notation::Unproven | Notation::Mixed => match (point, comma) {
                (Some(point), Some(comma)) if point.text == comma.text => Ok(point),
                (None, None) => Err(NotRead::Invalid),
                _ if self.notation == Notation::Mixed => Err(NotRead::Mixed),
                _ => Err(NotRead::Ambiguous),
            },
        }
    }
}

/// Digits in the form that [`decimal::parse`] reads.
#[derive(Debug, PartialEq, Eq)]
struct Plain {
    text: String,
    grouped: bool,
}

/// The digits read with a decimal point, and with a decimal comma.
fn readings(digits: &str, grouping: Option<char>) -> (Option<Plain>, Option<Plain>) {
    (reading(digits, '.', grouping), reading(digits, ',', grouping))
}

fn reading(digits: &str, point: char, grouping: Option<char>) -> Option<Plain> {
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(place) => (&digits[..place], Some(&digits[place + 1..])),
        None => (digits, None),
    };
    let (whole, decimals) = mantissa.split_once(point).unwrap_or((mantissa, ""));
    if !are_digits(decimals) || whole.len() + decimals.len() == 0 {
        return None;
    }
    let (whole, grouped) = ungroup(whole, point, grouping)?;
    let exponent = match exponent {
        Some(exponent) => format!("e{}", whole_exponent(exponent)?),
        None => String::new(),
    };
    // Zeros at the end of decimals are kept: they are part of how the number was given.
    let decimals = if decimals.is_empty() { String::new() } else { format!(".{decimals}") };
    Some(Plain { text: format!("{whole}{decimals}{exponent}"), grouped })
}

fn whole_exponent(text: &str) -> Option<String> {
    let text = text.replace('\u{2212}', "-");
    let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
    (!digits.is_empty() && are_digits(digits)).then(|| text.clone())
}

/// The digits before the decimals without their separators, and whether they had any; `None`
/// where they are no groups: of three, or as in India two before the last three.
fn ungroup(whole: &str, point: char, grouping: Option<char>) -> Option<(String, bool)> {
    if are_digits(whole) {
        return Some((if whole.is_empty() { "0".to_owned() } else { whole.to_owned() }, false));
    }
    let separator = whole.chars().find(|c| !c.is_ascii_digit())?;
    if !may_group(separator, point, grouping) {
        return None;
    }
    let groups: Vec<&str> = whole.split(|c| same_separator(c, separator)).collect();
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let digits = groups.iter().all(|group| !group.is_empty() && are_digits(group));
    // A group that begins with zero is not the first: `0,500` is a half.
    if !digits || last.len() != 3 || first.starts_with('0') {
        return None;
    }
    let by_three = first.len() <= 3 && middle.iter().all(|group| group.len() == 3);
    let by_two = first.len() <= 2
        && !middle.is_empty()
        && middle.iter().all(|group| group.len() == 2)
        && matches!(separator, ',' | '.');
    (by_three || by_two).then(|| (groups.concat(), true))
}

fn may_group(c: char, point: char, stated: Option<char>) -> bool {
    let usual = matches!(c, ',' | '.' | '\'' | '\u{2019}' | '_') || c.is_whitespace();
    let stated = stated.is_none_or(|stated| same_separator(c, stated));
    usual && stated && c != point
}

/// All spaces are one separator, and both apostrophes.
fn same_separator(c: char, separator: char) -> bool {
    let apostrophe = |c: char| matches!(c, '\'' | '\u{2019}');
    c == separator
        || (c.is_whitespace() && separator.is_whitespace())
        || (apostrophe(c) && apostrophe(separator))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(notation: Notation) -> NumberFormat {
        NumberFormat { notation, grouping: None }
    }

    fn read(notation: Notation, cell: &str) -> (Result<Decimal, NotRead>, String) {
        let mut cleaned = Cleaned::default();
        let number = format(notation).parse(cell, &mut cleaned).map(|number| number.value);
        let names: Vec<&str> = cleaned.counts().into_keys().collect();
        (number, names.join(" "))
    }

    #[test]
    fn numbers_and_the_rules_that_read_them() {
        use Notation::{Comma, Point, Unproven};
        for (notation, cell, number, rules) in [
            (Point, "12.50", "12.50", ""),
            (Point, "-3", "-3", ""),
            (Point, ".5", "0.5", ""),
            (Point, "5.", "5", ""),
            (Point, "+5", "5", ""),
            (Point, "0.000000000000000000000000001", "0.000000000000000000000000001", ""),
            (Point, "£12.50", "12.50", "currency_sign"),
            (Point, "-£12.50", "-12.50", "currency_sign"),
            (Point, "£-12.50", "-12.50", "currency_sign"),
            (Point, "12.50 GBP", "12.50", "currency_sign"),
            (Point, "GBP 12.50", "12.50", "currency_sign"),
            (Point, "$1,234.00", "1234", "currency_sign thousands"),
            (Point, "1,234,567", "1234567", "thousands"),
            (Point, "12,34,567.5", "1234567.5", "thousands"),
            (Point, "1,23,456", "123456", "thousands"),
            (Point, "1'234.5", "1234.5", "thousands"),
            (Point, "1 234", "1234", "thousands"),
            (Point, "(5.00)", "-5", "accounting_negative"),
            (Point, "($1,005.00)", "-1005", "accounting_negative currency_sign thousands"),
            (Point, "5.00-", "-5", "trailing_minus"),
            (Point, "\u{2212}7", "-7", ""),
            (Point, "1.5E+3", "1500", "exponent"),
            (Point, "25e-2", "0.25", "exponent"),
            (Comma, "1.234,50", "1234.5", "thousands"),
            (Comma, "1,250", "1.25", ""),
            (Comma, "1,5E3", "1500", "exponent"),
            (Comma, "-0,99", "-0.99", ""),
            (Comma, "1\u{202f}234,5 €", "1234.5", "currency_sign thousands"),
            (Comma, "EUR 1\u{a0}234,5-", "-1234.5", "currency_sign thousands trailing_minus"),
            (Comma, "5,-", "5", ""),
            (Point, "1'205.\u{2013} CHF", "1205", "currency_sign thousands"),
            (Comma, "-5,-- €", "-5", "currency_sign"),
            (Unproven, "5,-", "5", ""),
            (Point, "5 -", "-5", "trailing_minus"),
            (Point, "\u{2011}5", "-5", ""),
            (Point, "\u{2014}5", "-5", ""),
            (Point, "人民币5元", "5", "currency_sign"),
            (Point, "¥5元", "5", "currency_sign"),
            (Point, "$5 USD", "5", "currency_sign"),
            (Point, "Rs 1,23,456.50", "123456.50", "currency_sign thousands"),
            (Comma, "1.234,50 kr.", "1234.5", "currency_sign thousands"),
            (Unproven, "1 234 567", "1234567", "thousands"),
            (Unproven, "17", "17", ""),
            (Unproven, "10万", "100000", "scale"),
            (Point, "1.5亿", "150000000", "scale"),
            (Comma, "1,5億円", "150000000", "currency_sign scale"),
            (Point, "-¥1,200.5 萬元", "-12005000", "currency_sign scale thousands"),
            (Point, "2万亿", "2000000000000", "scale"),
        ] {
            let expected: Decimal = number.parse().unwrap();
            assert_eq!(read(notation, cell), (Ok(expected), rules.to_owned()), "{cell}");
        }
    }

    #[test]
    fn what_is_not_a_number() {
        use NotRead::{Ambiguous, Invalid, OutOfRange};
        use Notation::{Comma, Point, Unproven};
        for (notation, cell, error) in [
            (Point, "--", Invalid),
            (Point, "-", Invalid),
            (Point, "inf", Invalid),
            (Point, "12,34.5", Invalid),
            (Point, "1,2345", Invalid),
            (Point, ",123", Invalid),
            (Point, "0,500", Invalid),
            (Point, "1.234,50", Invalid),
            (Point, "1 2345", Invalid),
            (Point, "1,234 567", Invalid),
            (Point, "--5", Invalid),
            (Point, "€5 USD", Invalid),
            (Point, "5,---", Invalid),
            (Point, ",-", Invalid),
            (Point, "-(5)", Invalid),
            (Point, "12a", Invalid),
            (Point, "£", Invalid),
            (Point, "1e", Invalid),
            (Point, "0x10", Invalid),
            (Point, "1.2.3", Invalid),
            (Point, "3万5千", Invalid),
            (Point, "万", Invalid),
            (Point, "10万万", Invalid),
            (Point, "10万%", Invalid),
            (Point, "1兆", Invalid),
            (Point, "99999999999999999999999亿", OutOfRange),
            (Unproven, "1,250万", Ambiguous),
            (Point, "1e309", OutOfRange),
            (Point, "1e999999999999", OutOfRange),
            (Point, "99999999999999999999999999999999999", OutOfRange),
            (Comma, "1,234.50", Invalid),
            (Comma, "12.5", Invalid),
            (Unproven, "1,250", Ambiguous),
            (Unproven, "1.250", Ambiguous),
            (Unproven, "$1.250", Ambiguous),
            (Notation::Mixed, "2,5", NotRead::Mixed),
        ] {
            assert_eq!(read(notation, cell), (Err(error), String::new()), "{cell}");
        }
    }

    #[test]
    fn a_column_proves_its_notation() {
        for (cells, notation) in [
            ("0,500 1,250 2,5", Notation::Comma),
            ("1,250 2,500", Notation::Unproven),
            ("1.250 2.500", Notation::Unproven),
            ("1 2 3", Notation::Unproven),
            ("1.250 2.5", Notation::Point),
            ("1.234.567 8", Notation::Comma),
            ("1,234,567 8", Notation::Point),
            ("12,34,567", Notation::Point),
            ("1234,567", Notation::Comma),
            ("€1.234,50", Notation::Comma),
            ("2.5 2,5", Notation::Mixed),
            ("1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9 2.1 2,5", Notation::Point),
            ("x -- 2,5", Notation::Comma),
        ] {
            let mut evidence = Evidence::default();
            cells.split(' ').for_each(|cell| {
                evidence.look_at(cell, None);
            });
            assert_eq!(evidence.notation(), notation, "{cells}");
        }
    }
}
