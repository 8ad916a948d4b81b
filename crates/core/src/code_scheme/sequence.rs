//! Sequence numbers in three alphabets.

/// The digits that a sequence is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SequenceAlphabet {
    /// 0 to 9.
    Decimal,
    /// The digits and letters of Douglas Crockford's base 32: none of I, L, O and U.
    Base32,
    /// 0 to 9 and A to Z.
    Base36,
}

impl SequenceAlphabet {
    /// The digits in the order of their values from 0.
    pub fn digits(self) -> &'static str {
        match self {
            Self::Decimal => "0123456789",
            Self::Base32 => "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
            Self::Base36 => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        }
    }

    /// The widest sequence whose numbers fit a signed 64-bit counter.
    pub fn max_width(self) -> usize {
        match self {
            Self::Decimal => 18,
            Self::Base32 | Self::Base36 => 12,
        }
    }

    fn radix(self) -> u64 {
        match self {
            Self::Decimal => 10,
            Self::Base32 => 32,
            Self::Base36 => 36,
        }
    }
}

/// A sequence segment: its width in characters and the digits it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) width: usize,
    pub(super) alphabet: SequenceAlphabet,
}

impl Sequence {
    /// The greatest number of this width.
    pub(super) fn capacity(self) -> u64 {
        let digits = std::iter::repeat_n(self.alphabet.radix(), self.width);
        digits.fold(1_u64, u64::saturating_mul) - 1
    }

    /// The number with leading zeros; the caller has checked it against the capacity.
    pub(super) fn write(self, mut number: u64) -> String {
        let digits = self.alphabet.digits().as_bytes();
        let mut text = vec![b'0'; self.width];
        for place in text.iter_mut().rev() {
            let digit = number % self.alphabet.radix();
            *place = digits[usize::try_from(digit).expect("below 36 by the radix")];
            number /= self.alphabet.radix();
        }
        text.into_iter().map(char::from).collect()
    }

    /// The number that `text` is, or `None` for a foreign digit and for zero, which is no place
    /// in a sequence. The caller has cut `text` to the width.
    pub(super) fn read(self, text: &str) -> Option<u64> {
        let mut number = 0_u64;
        for character in text.chars() {
            let digit = self.alphabet.digits().find(character)?;
            number = number * self.alphabet.radix() + u64::try_from(digit).ok()?;
        }
        (number > 0).then_some(number)
    }
}
