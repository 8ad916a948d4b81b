//! Places in the change log.

use std::fmt;
use std::str::FromStr;

use sea_orm::{DbErr, DeriveValueType, TryFromU64};

use crate::Error;

/// Bits of the transaction id that are kept: enough for 900 years of 10,000 transactions a second.
const TRANSACTION_BITS: u32 = 48;

/// A place in the change log. Places are ordered as consumers read them; they have gaps, and a
/// transaction that committed later may have the lower one. Consumers meet them in order all the
/// same, see [`super`].
///
/// Its text, `epoch.transaction.number` in hexadecimal of fixed width, has the same order byte by
/// byte; that is how it is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Position {
    /// How often the server began to count its transactions anew below what the log holds.
    epoch: u16,
    /// The transaction; below 2^48.
    transaction: u64,
    /// The change within the transaction, from 0.
    number: u16,
}

impl Position {
    /// Before the first change.
    pub const START: Self = Self { epoch: 0, transaction: 0, number: 0 };

    /// The place of a change; [`Error::Corrupt`] when a part is out of its range, which takes
    /// centuries or 65,536 changes in one transaction.
    pub(crate) fn new(epoch: u16, transaction: i64, number: u32) -> Result<Self, Error> {
        let transaction = u64::try_from(transaction).ok().filter(|id| id >> TRANSACTION_BITS == 0);
        let (Some(transaction), Ok(number)) = (transaction, u16::try_from(number)) else {
            return Err(Error::Corrupt("the change log has run out of positions".to_owned()));
        };
        Ok(Self { epoch, transaction, number })
    }

    /// The place just before it, which may be nobody's.
    pub fn before(self) -> Self {
        if self.number > 0 {
            return Self { number: self.number - 1, ..self };
        }
        if self.transaction > 0 {
            return Self { transaction: self.transaction - 1, number: u16::MAX, ..self };
        }
        let last = (1 << TRANSACTION_BITS) - 1;
        let Some(epoch) = self.epoch.checked_sub(1) else { return Self::START };
        Self { epoch, transaction: last, number: u16::MAX }
    }

    /// How often the count of transactions began anew.
    pub(crate) fn epoch(self) -> u16 {
        self.epoch
    }

    /// The transaction's id.
    pub(crate) fn transaction(self) -> i64 {
        i64::try_from(self.transaction).expect("48 bits fit")
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04x}.{:012x}.{:04x}", self.epoch, self.transaction, self.number)
    }
}

impl FromStr for Position {
    type Err = Error;

    /// Reads what [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text)
            .filter(|position| position.to_string() == text)
            .ok_or_else(|| Error::Corrupt(format!("{text:?} is no position of the change log")))
    }
}

fn parse(text: &str) -> Option<Position> {
    let mut parts = text.split('.').map(|part| u64::from_str_radix(part, 16).ok());
    let epoch = u16::try_from(parts.next()??).ok()?;
    let transaction = parts.next()??;
    let number = u16::try_from(parts.next()??).ok()?;
    let complete = parts.next().is_none() && transaction >> TRANSACTION_BITS == 0;
    complete.then_some(Position { epoch, transaction, number })
}

/// What an entity asks of its key: no database makes positions up.
impl TryFromU64 for Position {
    fn try_from_u64(_: u64) -> Result<Self, DbErr> {
        Err(DbErr::ConvertFromU64("Position"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_position_has_its_order_and_leads_back_to_it() {
        let last = i64::MAX >> 15;
        let parts =
            [(0, 0, 0), (1, 1, 0), (1, 1, 1), (1, 9, 0), (1, 16, 0), (1, last, 65_535), (2, 3, 0)];
        let positions: Vec<Position> = parts
            .iter()
            .map(|&(epoch, transaction, number)| Position::new(epoch, transaction, number).unwrap())
            .collect();
        assert!(positions.is_sorted());
        let texts: Vec<String> = positions.iter().map(Position::to_string).collect();
        assert!(texts.is_sorted(), "{texts:?}");
        for (position, text) in positions.iter().zip(&texts) {
            assert_eq!(text.parse::<Position>().unwrap(), *position);
        }
        assert_eq!(texts[0], Position::START.to_string());
    }

    #[test]
    fn nothing_lies_between_a_place_and_the_one_before() {
        let place = |epoch, transaction, number| Position::new(epoch, transaction, number).unwrap();
        let last = (1 << 48) - 1;
        for (position, before) in [
            (place(1, 7, 3), place(1, 7, 2)),
            (place(1, 7, 0), place(1, 6, 65_535)),
            (place(2, 0, 0), place(1, last, 65_535)),
            (Position::START, Position::START),
        ] {
            assert_eq!(position.before(), before);
        }
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for text in
            ["", "1.2.3", "0001.000000000001", "0001.00000000000G.0000", "0001.00000000000A.0000"]
        {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
        for (transaction, number) in [(-1, 0), (1 << 48, 0), (1, 65_536)] {
            assert!(Position::new(1, transaction, number).is_err(), "{transaction} {number}");
        }
    }
}
