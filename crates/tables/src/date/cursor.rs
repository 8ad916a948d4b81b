//! Reads a text piece by piece.

/// What of a text is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(pub(super) &'a str);

impl<'a> Cursor<'a> {
    /// The next character.
    pub(super) fn peek(self) -> Option<char> {
        self.0.chars().next()
    }

    /// Passes one of these, when it comes next.
    pub(super) fn eat(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let next = self.peek().filter(|c| wanted(*c))?;
        self.0 = &self.0[next.len_utf8()..];
        Some(next)
    }

    /// Passes the first of these texts that comes next, whatever its case; its place.
    pub(super) fn eat_text(&mut self, texts: &[&str]) -> Option<usize> {
        let found = texts.iter().position(|text| {
            self.0.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
        })?;
        self.0 = &self.0[texts[found].len()..];
        Some(found)
    }

    /// Passes spaces.
    pub(super) fn spaces(&mut self) {
        self.0 = self.0.trim_start();
    }

    /// The digits that come next, which may be none.
    pub(super) fn digits(&mut self) -> &'a str {
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        digits
    }

    /// The number of so many digits that come next, no fewer and no more.
    pub(super) fn number(&mut self, lengths: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let digits = self.digits();
        lengths.contains(&digits.len()).then(|| digits.parse().ok()).flatten()
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}
