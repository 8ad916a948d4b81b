//! Sequence numbers, in any digits.

/// The digits and letters that a code may have, in the order of their values.
const ALL: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Characters that are taken for each other.
const LOOK_ALIKES: [&str; 2] = ["0O", "1IL"];

/// The digits that a sequence is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SequenceAlphabet {
    /// 0 to 9.
    Decimal,
    /// The digits and letters of Douglas Crockford's base 32: none of I, L, O and U.
    Base32,
    /// 0 to 9 and A to Z.
    Base36,
    /// Digits and letters without any of those that are taken for each other: none of 0, O, 1, I and L.
    Clear,
    /// Those that a scheme names.
    Of(Chosen),
}

/// Digits and letters that a scheme has chosen: at least two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chosen(u64);

impl Chosen {
    /// The set of these characters, or what is wrong with them.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let mut set = 0;
        for character in text.chars() {
            let Some(place) = ALL.find(character) else {
                return Err(format!(
                    "{character:?} cannot be a digit: name capital letters and digits, or use \
                     base32, base36 or clear"
                ));
            };
            if set & 1 << place != 0 {
                return Err(format!("{character:?} is named twice: name each digit once"));
            }
            set |= 1_u64 << place;
        }
        if set.count_ones() < 2 {
            return Err("an alphabet has at least two digits: name more".to_owned());
        }
        Ok(Self(set))
    }
}

impl SequenceAlphabet {
    /// The digits in the order of their values from 0: digits before letters, each from the first on.
    pub fn digits(self) -> String {
        let Self::Of(Chosen(set)) = self else { return self.named().to_owned() };
        let chosen = ALL.chars().enumerate().filter(|(place, _)| set >> place & 1 == 1);
        chosen.map(|(_, character)| character).collect()
    }

    fn named(self) -> &'static str {
        match self {
            Self::Decimal => "0123456789",
            Self::Base32 => "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
            Self::Clear => "23456789ABCDEFGHJKMNPQRSTUVWXYZ",
            Self::Base36 | Self::Of(_) => ALL,
        }
    }

    /// The widest sequence whose numbers fit a signed 64-bit counter.
    pub fn max_width(self) -> usize {
        let (mut width, mut count) = (0, i64::MAX.unsigned_abs());
        while count >= self.radix() {
            count /= self.radix();
            width += 1;
        }
        width
    }

    fn radix(self) -> u64 {
        match self {
            Self::Of(Chosen(set)) => set.count_ones().into(),
            named => u64::try_from(named.named().len()).unwrap_or(u64::MAX),
        }
    }

    /// What somebody meant who typed a character: where the alphabet has one of those that look alike,
    /// the others are read as it.
    pub(super) fn meant(self, character: char) -> char {
        // These have been read strictly from the start, and a slip in them stays one.
        if matches!(self, Self::Decimal | Self::Base36) {
            return character;
        }
        let digits = self.digits();
        let alike = LOOK_ALIKES.into_iter().find(|alike| alike.contains(character));
        let Some(alike) = alike.filter(|_| !digits.contains(character)) else { return character };
        let mut known = alike.chars().filter(|other| digits.contains(*other));
        match (known.next(), known.next()) {
            (Some(only), None) => only,
            _ => character,
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
        let digits = self.alphabet.digits().into_bytes();
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
        let digits = self.alphabet.digits();
        let mut number = 0_u64;
        for character in text.chars() {
            let digit = digits.find(character)?;
            number = number * self.alphabet.radix() + u64::try_from(digit).ok()?;
        }
        (number > 0).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SequenceAlphabet::{Base32, Base36, Clear, Decimal, Of};

    #[test]
    fn the_widest_sequences_fit_a_counter() {
        let two = Of(Chosen::of("AB").unwrap());
        for (alphabet, width) in [(Decimal, 18), (Base32, 12), (Base36, 12), (Clear, 12), (two, 62)]
        {
            assert_eq!(alphabet.max_width(), width, "{alphabet:?}");
            let capacity = Sequence { width, alphabet }.capacity();
            assert!(i64::try_from(capacity).is_ok(), "{alphabet:?}");
        }
    }

    #[test]
    fn look_alikes_are_read_as_the_one_that_there_is() {
        let no_zero = Of(Chosen::of("O1AB").unwrap());
        for (alphabet, typed, meant) in [
            (Base32, "OIL0", "0110"),
            (Base36, "OIL0", "OIL0"),
            (Decimal, "OIL0", "OIL0"),
            (Clear, "OIL0", "OIL0"),
            (no_zero, "0IL1", "O111"),
        ] {
            let read: String = typed.chars().map(|next| alphabet.meant(next)).collect();
            assert_eq!(read, meant, "{alphabet:?}");
        }
    }

    #[test]
    fn req_0_17_a_scheme_names_its_digits() {
        let chosen = Of(Chosen::of("CBA").unwrap());
        assert_eq!(chosen.digits(), "ABC");
        let sequence = Sequence { width: 3, alphabet: chosen };
        assert_eq!((sequence.capacity(), sequence.write(5)), (26, "ABC".to_owned()));
        for number in 1..=sequence.capacity() {
            assert_eq!(sequence.read(&sequence.write(number)), Some(number));
        }
        assert_eq!((sequence.read("AAA"), sequence.read("ABD")), (None, None));
        for (text, wrong) in
            [("A", "at least two"), ("ABA", "twice"), ("Ab", "capital"), ("", "two")]
        {
            assert!(Chosen::of(text).unwrap_err().contains(wrong), "{text}");
        }
        for look_alike in ['0', 'O', '1', 'I', 'L'] {
            assert!(!Clear.digits().contains(look_alike));
        }
    }
}
