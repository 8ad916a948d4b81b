//! Decimal numbers in the form of the contract: `-12.5`, `1.25e1`.

use rust_decimal::Decimal;

/// Why a text is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotANumber {
    /// It is something else.
    Invalid,
    /// It is one with more digits than can be kept.
    OutOfRange,
}

/// The number that `text` writes: digits with at most one point, a sign before them and a power
/// of ten after them at most.
pub fn parse(text: &str) -> Result<Decimal, NotANumber> {
    if is_plain(text) {
        return text.parse().map_err(|_| NotANumber::OutOfRange);
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + decimals.len() == 0 || !are_digits(whole) || !are_digits(decimals) {
        return Err(NotANumber::Invalid);
    }
    // The zeros stand in for a side of the point that is empty.
    let plain = format!("0{whole}.{decimals}0");
    let number = match exponent {
        None => plain.parse().map_err(|_| NotANumber::OutOfRange),
        Some(exponent) => scientific(&plain, exponent),
    };
    number.map(|number: Decimal| if negative { -number } else { number })
}

fn scientific(plain: &str, exponent: &str) -> Result<Decimal, NotANumber> {
    let (sign, size) = match exponent.strip_prefix('-') {
        Some(size) => ("-", size),
        None => ("", exponent.strip_prefix('+').unwrap_or(exponent)),
    };
    if size.is_empty() || !are_digits(size) {
        return Err(NotANumber::Invalid);
    }
    Decimal::from_scientific(&format!("{plain}e{sign}{size}")).map_err(|_| NotANumber::OutOfRange)
}

/// How nearly all numbers are written.
fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    !whole.is_empty() && are_digits(whole) && !decimals.is_empty() && are_digits(decimals)
}

/// Whether `text` holds nothing but digits; the empty text does.
pub fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, number) in [
            ("12.50", "12.50"),
            ("-3", "-3"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-.5e1", "-5"),
            ("1.5E+3", "1500"),
            ("25e-2", "0.25"),
            ("0.000000000000000000000000001", "0.000000000000000000000000001"),
        ] {
            assert_eq!(parse(text), Ok(number.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_number() {
        use NotANumber::{Invalid, OutOfRange};
        for (text, error) in [
            ("", Invalid),
            ("-", Invalid),
            (".", Invalid),
            ("--5", Invalid),
            ("1,000", Invalid),
            (" 1", Invalid),
            ("1_000", Invalid),
            ("NaN", Invalid),
            ("inf", Invalid),
            ("1e", Invalid),
            ("1e+-5", Invalid),
            ("0x10", Invalid),
            ("1e309", OutOfRange),
            ("-1e999999999999", OutOfRange),
            ("99999999999999999999999999999999999", OutOfRange),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
