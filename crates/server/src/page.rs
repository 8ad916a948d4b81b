//! Keyset pages: sizes and opaque tokens.
//!
//! A token holds the last key of a page and a digest of the request's filters, so that a token
//! of one list is refused by another.

use crate::Violations;
use std::{
    fmt::Write,
    hash::{DefaultHasher, Hash, Hasher},
};

const DEFAULT_SIZE: u64 = 50;
const MAX_SIZE: u64 = 1_000;

/// Which page a caller wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Items on it, 1 to 1,000.
    pub size: u64,
    /// Key of the last item of the page before; `None` for the first page.
    pub after: Option<String>,
}

/// Reads `page_size` and `page_token`; `filters` are the other fields that select the list.
pub fn parse(
    page_size: i32,
    token: &str,
    filters: &[&str],
    violations: &mut Violations,
) -> PageRequest {
    let size = match u64::try_from(page_size) {
        Ok(0) => DEFAULT_SIZE,
        Ok(size) => size.min(MAX_SIZE),
        Err(_) => {
            violations.add("page_size", "must not be negative");
            DEFAULT_SIZE
        }
    };
    if token.is_empty() {
        return PageRequest { size, after: None };
    }
    let after = key(token, filters);
    if after.is_none() {
        violations.add("page_token", "is not a token of this list: send it as it was received");
    }
    PageRequest { size, after }
}

/// Which way a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// Reads `order_by` of a list that is ordered by one field, in AIP-132's form; empty means `usual`.
pub fn parse_order(
    order_by: &str,
    field: &str,
    usual: Order,
    violations: &mut Violations,
) -> Order {
    let words: Vec<&str> = order_by.split_whitespace().collect();
    match words[..] {
        [] => usual,
        [of] | [of, "asc"] if of == field => Order::Ascending,
        [of, "desc"] if of == field => Order::Descending,
        _ => {
            violations.add("order_by", format!("must be `{field}`, `{field} desc`, or empty"));
            usual
        }
    }
}

/// The token of the page that follows the item with the key `after`.
pub fn token(after: &str, filters: &[&str]) -> String {
    let mut token = format!("{:016x}", digest(filters));
    for byte in after.bytes() {
        write!(token, "{byte:02x}").expect("writing to a string cannot fail");
    }
    token
}

/// The key in a token; `None` when it is not one of the list with these filters.
pub fn key(token: &str, filters: &[&str]) -> Option<String> {
    let (seal, written) = token.split_at_checked(16)?;
    if seal != format!("{:016x}", digest(filters)) || written.len() % 2 != 0 {
        return None;
    }
    let mut bytes = Vec::with_capacity(written.len() / 2);
    for pair in written.as_bytes().chunks(2) {
        bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// Not a secret, only a guard against mistakes. The hasher has fixed keys, so that every
/// replica of one build agrees.
fn digest(filters: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    filters.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(token: &str, filters: &[&str]) -> Result<Option<String>, ()> {
        let mut violations = Violations::new();
        let page = parse(0, token, filters, &mut violations);
        if violations.is_empty() { Ok(page.after) } else { Err(()) }
    }

    #[test]
    fn a_token_opens_only_its_own_list() {
        let sealed = token("客户/17", &["abc", "A"]);
        assert_eq!(after(&sealed, &["abc", "A"]), Ok(Some("客户/17".to_owned())));
        assert_eq!(after(&sealed, &["abc", "B"]), Err(()));
    }

    #[test]
    fn nonsense_is_a_violation() {
        for text in
            ["x", "0123456789abcdef", "客客客客客客客客", "0123456789abcdefzz", "é123456789abcdef0"]
        {
            assert_eq!(after(text, &[]), Err(()), "{text}");
        }
    }

    #[test]
    fn sizes_are_bounded() {
        for (asked, given) in [(0, 50), (7, 7), (5_000, 1_000)] {
            assert_eq!(parse(asked, "", &[], &mut Violations::new()).size, given);
        }
        let mut violations = Violations::new();
        parse(-1, "", &[], &mut violations);
        assert!(!violations.is_empty());
    }
}
