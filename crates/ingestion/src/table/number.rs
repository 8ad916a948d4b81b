//! Numbers as people and programs write them, exactly.

use rust_decimal::Decimal;

use super::clean::{Cleaned, Rule};
use crate::decimal::{self, NotANumber, are_digits};

/// Signs of currencies that may stand before or after a number.
const CURRENCY_SIGNS: [char; 12] = ['£', '$', '€', '¥', '￥', '元', '₹', '₽', '₩', '₺', '฿', '₫'];

/// How the numbers of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NumberFormat {
    /// What separates decimals.
    pub(super) point: char,
    /// What groups digits by three.
    pub(super) thousands: char,
}

impl NumberFormat {
    /// The number in a cell that is not empty, and what was changed to read it.
    pub(super) fn parse(self, cell: &str, cleaned: &mut Cleaned) -> Result<Decimal, NotANumber> {
        if self.point == '.'
            && let Ok(number) = decimal::parse(cell)
            && !cell.contains(['e', 'E'])
        {
            return Ok(number);
        }
        let mut rules = Vec::new();
        let (negative, digits) = strip(cell, &mut rules);
        let number = self.digits(digits, &mut rules)?;
        for rule in rules {
            cleaned.count(rule);
        }
        Ok(if negative { -number } else { number })
    }

    /// A number without sign or currency.
    fn digits(self, text: &str, rules: &mut Vec<Rule>) -> Result<Decimal, NotANumber> {
        if text.starts_with(['-', '+']) {
            return Err(NotANumber::Invalid);
        }
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(place) => text.split_at(place),
            None => (text, ""),
        };
        let (whole, decimals) = mantissa.split_once(self.point).unwrap_or((mantissa, ""));
        let whole = self.ungroup(whole, rules).ok_or(NotANumber::Invalid)?;
        // Another point among the digits would be read as one of decimals.
        if !are_digits(&whole) || !are_digits(decimals) || whole.len() + decimals.len() == 0 {
            return Err(NotANumber::Invalid);
        }
        if !exponent.is_empty() {
            rules.push(Rule::Exponent);
        }
        decimal::parse(&format!("{whole}.{decimals}{exponent}"))
    }

    /// The digits before the decimals without their separators, or `None` where the groups are
    /// not of three: `12,34` is no number.
    fn ungroup(self, whole: &str, rules: &mut Vec<Rule>) -> Option<String> {
        let is_separator =
            |c: char| c == self.thousands || (self.thousands == ' ' && c.is_whitespace());
        let mut groups = whole.split(is_separator);
        let mut digits = groups.next().unwrap_or("").to_owned();
        if digits.len() == whole.len() {
            return Some(digits);
        }
        if digits.is_empty() || digits.len() > 3 {
            return None;
        }
        for group in groups {
            if group.len() != 3 {
                return None;
            }
            digits.push_str(group);
        }
        rules.push(Rule::Thousands);
        Some(digits)
    }
}

/// Takes off brackets, one sign and one currency sign; whether the number is negative.
fn strip<'a>(cell: &'a str, rules: &mut Vec<Rule>) -> (bool, &'a str) {
    let text = cell.trim();
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        rules.push(Rule::AccountingNegative);
        return (true, strip_currency(inner.trim(), rules));
    }
    if let Some(rest) = text.strip_suffix('-') {
        rules.push(Rule::TrailingMinus);
        return (true, strip_currency(rest.trim(), rules));
    }
    if let Some((negative, rest)) = strip_sign(text) {
        return (negative, strip_currency(rest, rules));
    }
    let rest = strip_currency(text, rules);
    strip_sign(rest).unwrap_or((false, rest))
}

fn strip_sign(text: &str) -> Option<(bool, &str)> {
    let mut characters = text.chars();
    let negative = match characters.next()? {
        '-' | '\u{2212}' => true,
        '+' => false,
        _ => return None,
    };
    Some((negative, characters.as_str().trim_start()))
}

fn strip_currency<'a>(text: &'a str, rules: &mut Vec<Rule>) -> &'a str {
    let rest = text.strip_prefix(CURRENCY_SIGNS).or_else(|| text.strip_suffix(CURRENCY_SIGNS));
    match rest {
        Some(rest) => {
            rules.push(Rule::CurrencySign);
            rest.trim()
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: NumberFormat = NumberFormat { point: '.', thousands: ',' };
    const GERMAN: NumberFormat = NumberFormat { point: ',', thousands: '.' };
    const FRENCH: NumberFormat = NumberFormat { point: ',', thousands: ' ' };

    #[test]
    fn numbers_and_the_rules_that_read_them() {
        for (format, cell, number, rules) in [
            (ENGLISH, "12.50", "12.50", ""),
            (ENGLISH, "-3", "-3", ""),
            (ENGLISH, ".5", "0.5", ""),
            (ENGLISH, "5.", "5", ""),
            (ENGLISH, "+5", "5", ""),
            (ENGLISH, "0.000000000000000000000000001", "0.000000000000000000000000001", ""),
            (ENGLISH, "£12.50", "12.50", "currency_sign"),
            (ENGLISH, "-£12.50", "-12.50", "currency_sign"),
            (ENGLISH, "£-12.50", "-12.50", "currency_sign"),
            (ENGLISH, "12.50 €", "12.50", "currency_sign"),
            (ENGLISH, "￥99", "99", "currency_sign"),
            (ENGLISH, "$1,234.00", "1234", "currency_sign thousands"),
            (ENGLISH, "1,234,567", "1234567", "thousands"),
            (ENGLISH, "(5.00)", "-5", "accounting_negative"),
            (ENGLISH, "($1,005.00)", "-1005", "accounting_negative currency_sign thousands"),
            (ENGLISH, "5.00-", "-5", "trailing_minus"),
            (ENGLISH, "\u{2212}7", "-7", ""),
            (ENGLISH, "1.5E+3", "1500", "exponent"),
            (ENGLISH, "25e-2", "0.25", "exponent"),
            (GERMAN, "1.234,50", "1234.5", "thousands"),
            (GERMAN, "-0,99", "-0.99", ""),
            (FRENCH, "1\u{a0}234,5 €", "1234.5", "currency_sign thousands"),
        ] {
            let mut cleaned = Cleaned::default();
            let expected: Decimal = number.parse().unwrap();
            assert_eq!(format.parse(cell, &mut cleaned), Ok(expected), "{cell}");
            let names: Vec<&str> = cleaned.counts().into_keys().collect();
            assert_eq!(names.join(" "), rules, "{cell}");
        }
    }

    #[test]
    fn what_is_not_a_number() {
        use NotANumber::{Invalid, OutOfRange};
        for (format, cell, error) in [
            (ENGLISH, "--", Invalid),
            (ENGLISH, "-", Invalid),
            (ENGLISH, "NaN", Invalid),
            (ENGLISH, "inf", Invalid),
            (ENGLISH, "12,34.5", Invalid),
            (ENGLISH, "1,2345", Invalid),
            (ENGLISH, ",123", Invalid),
            (ENGLISH, "1.234,50", Invalid),
            (ENGLISH, "1 234", Invalid),
            (ENGLISH, "--5", Invalid),
            (ENGLISH, "-(5)", Invalid),
            (ENGLISH, "12a", Invalid),
            (ENGLISH, "£", Invalid),
            (ENGLISH, "1e", Invalid),
            (ENGLISH, "0x10", Invalid),
            (ENGLISH, "1.2.3", Invalid),
            (ENGLISH, "12.50 GBP", Invalid),
            (ENGLISH, "１２", Invalid),
            (ENGLISH, "1e309", OutOfRange),
            (ENGLISH, "1e999999999999", OutOfRange),
            (ENGLISH, "99999999999999999999999999999999999", OutOfRange),
            (GERMAN, "1,234.50", Invalid),
        ] {
            let mut cleaned = Cleaned::default();
            assert_eq!(format.parse(cell, &mut cleaned), Err(error), "{cell}");
            assert!(cleaned.counts().is_empty(), "{cell}");
        }
    }
}
