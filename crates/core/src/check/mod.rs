//! Check characters: what is appended to a number so that a slip of the pen shows.
//!
//! | system | payload | check | misses |
//! |---|---|---|---|
//! | `luhn` | digits | 1 digit | the transposition 09 / 90 |
//! | `damm` | digits | 1 digit | no single slip or adjacent transposition |
//! | `verhoeff` | digits | 1 digit | no single slip or adjacent transposition |
//! | `mod11_2` | digits | 1 digit or `X` | no single slip or adjacent transposition |
//! | `mod11_10` | digits | 1 digit | about one adjacent transposition in 45 |
//! | `mod37_2` | digits, letters | 1 digit, letter or `*` | no single slip or adjacent transposition |
//! | `mod37_36` | digits, letters | 1 digit or letter | about one adjacent transposition in 630 |
//! | `mod97_10` | digits, letters | 2 digits | about one in 97 slips between a letter and a digit |
//!
//! Nothing is trimmed, upper-cased or folded here: a character outside the alphabet is an
//! error. Cleaning what a person typed is the business of [`crate::code_scheme`].

mod iso7064;
mod luhn;
mod quasigroup;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const DIGITS: &str = "0123456789";
const DIGITS_AND_X: &str = "0123456789X";
const ALPHANUMERIC: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ALPHANUMERIC_AND_STAR: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*";

/// A way of computing check characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckSystem {
    /// The mod 10 formula of H. P. Luhn, US patent 2,950,048 (1960); ISO/IEC 7812-1 annex B.
    Luhn,
    /// The totally anti-symmetric quasigroup of order 10 of H. M. Damm, *Total
    /// anti-symmetrische Quasigruppen* (Marburg, 2004).
    Damm,
    /// The dihedral group of order 10 of J. Verhoeff, *Error Detecting Decimal Codes*
    /// (Mathematical Centre Tract 29, Amsterdam, 1969).
    Verhoeff,
    /// ISO/IEC 7064:2003 MOD 11-2, a pure system.
    Mod11_2,
    /// ISO/IEC 7064:2003 MOD 11,10, a hybrid system.
    Mod11_10,
    /// ISO/IEC 7064:2003 MOD 37-2, a pure system.
    Mod37_2,
    /// ISO/IEC 7064:2003 MOD 37,36, a hybrid system.
    Mod37_36,
    /// ISO/IEC 7064:2003 MOD 97-10, a pure system of two check digits, with each letter
    /// written as two digits (A = 10 … Z = 35) as ISO 13616 (IBAN) and ISO 17442 (LEI) do.
    Mod97_10,
}

/// A payload that has no check character under the system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// There is nothing to protect.
    #[error("empty: give at least one character to compute a check character over")]
    Empty,
    /// A character that the system does not know.
    #[error("character {character:?} at position {position} is not one of {alphabet}")]
    Character {
        /// The character as given.
        character: char,
        /// Its place in the payload, counted in characters from 0.
        position: usize,
        /// What the system accepts.
        alphabet: &'static str,
    },
}

/// The name is not that of a check system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown check system {0:?}: use luhn, damm, verhoeff, mod11_2, mod11_10, mod37_2, \
     mod37_36 or mod97_10"
)]
pub struct UnknownCheckSystem(pub String);

impl CheckSystem {
    /// Every system, in the order of the table above.
    pub const ALL: [Self; 8] = [
        Self::Luhn,
        Self::Damm,
        Self::Verhoeff,
        Self::Mod11_2,
        Self::Mod11_10,
        Self::Mod37_2,
        Self::Mod37_36,
        Self::Mod97_10,
    ];

    /// The name in templates, configuration and the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Luhn => "luhn",
            Self::Damm => "damm",
            Self::Verhoeff => "verhoeff",
            Self::Mod11_2 => "mod11_2",
            Self::Mod11_10 => "mod11_10",
            Self::Mod37_2 => "mod37_2",
            Self::Mod37_36 => "mod37_36",
            Self::Mod97_10 => "mod97_10",
        }
    }

    /// The characters a payload may hold, in the order of their values from 0.
    pub fn alphabet(self) -> &'static str {
        match self {
            Self::Luhn | Self::Damm | Self::Verhoeff | Self::Mod11_2 | Self::Mod11_10 => DIGITS,
            Self::Mod37_2 | Self::Mod37_36 | Self::Mod97_10 => ALPHANUMERIC,
        }
    }

    /// The characters that a check may hold.
    pub fn check_alphabet(self) -> &'static str {
        match self {
            Self::Luhn | Self::Damm | Self::Verhoeff | Self::Mod11_10 | Self::Mod97_10 => DIGITS,
            Self::Mod11_2 => DIGITS_AND_X,
            Self::Mod37_2 => ALPHANUMERIC_AND_STAR,
            Self::Mod37_36 => ALPHANUMERIC,
        }
    }

    /// How many check characters there are: 2 for MOD 97-10, else 1.
    pub fn check_len(self) -> usize {
        if self == Self::Mod97_10 { 2 } else { 1 }
    }

    /// The check character or characters to append to `payload`.
    ///
    /// Fails on an empty payload and on a character outside [`Self::alphabet`].
    pub fn compute(self, payload: &str) -> Result<String, CheckError> {
        let values = self.values(payload)?;
        let check = match self {
            Self::Luhn => luhn::check(&values),
            Self::Damm => quasigroup::damm(&values),
            Self::Verhoeff => quasigroup::verhoeff(&values),
            Self::Mod11_2 => iso7064::pure(&values, 11, 2),
            Self::Mod11_10 => iso7064::hybrid(&values, 10),
            Self::Mod37_2 => iso7064::pure(&values, 37, 2),
            Self::Mod37_36 => iso7064::hybrid(&values, 36),
            Self::Mod97_10 => return Ok(format!("{:02}", iso7064::mod97_10(&values))),
        };
        let check = usize::try_from(check).expect("below 37 by the modulus");
        Ok(self.check_alphabet()[check..=check].to_owned())
    }

    /// Whether `number` ends in the check of what stands before it. Malformed numbers, and
    /// those with nothing before the check, are not valid.
    pub fn verify(self, number: &str) -> bool {
        let Some(cut) = number.len().checked_sub(self.check_len()) else { return false };
        let Some((payload, check)) = number.split_at_checked(cut) else { return false };
        self.compute(payload).is_ok_and(|expected| expected == check)
    }

    fn values(self, payload: &str) -> Result<Vec<u32>, CheckError> {
        let alphabet = self.alphabet();
        let mut values = Vec::with_capacity(payload.len());
        for (position, character) in payload.chars().enumerate() {
            if !alphabet.contains(character) {
                return Err(CheckError::Character { character, position, alphabet });
            }
            values.push(character.to_digit(36).expect("a digit or letter by its alphabet"));
        }
        if values.is_empty() { Err(CheckError::Empty) } else { Ok(values) }
    }
}

impl fmt::Display for CheckSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CheckSystem {
    type Err = UnknownCheckSystem;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|system| system.name() == name);
        found.ok_or_else(|| UnknownCheckSystem(name.to_owned()))
    }
}
