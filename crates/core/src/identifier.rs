//! Ids that people choose: of scorecards, indicators, taxonomies, classes and code schemes.

/// What [`is_id`] asks for, as the message of a problem.
pub(crate) const ID_RULE: &str = "must be a lower-case letter followed by lower-case letters, digits and hyphens, at most 40 characters";

/// Whether `text` can be an id: a lower-case letter, then lower-case letters, digits and
/// hyphens; at most 40 characters.
pub fn is_id(text: &str) -> bool {
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|first| first.is_ascii_lowercase());
    starts
        && text.len() <= 40
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn ids() {
        for (text, good) in [
            ("rfm", true),
            ("rfm-11", true),
            ("a", true),
            ("", false),
            ("11-rfm", false),
            ("-rfm", false),
            ("Rfm", false),
            ("rfm_mean", false),
            ("客户", false),
        ] {
            assert_eq!(is_id(text), good, "{text:?}");
        }
        assert!(is_id(&"a".repeat(40)));
        assert!(!is_id(&"a".repeat(41)));
    }
}
