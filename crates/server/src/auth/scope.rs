//! What a caller may do.

use serde::Deserialize;
use std::{fmt, str::FromStr};

/// A right that a method may need. None includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Scope {
    /// Write records and customers.
    Ingest,
    /// Read what is no personal data.
    Read,
    /// Write drafts of scorecards and start scoring.
    Score,
    /// Write drafts of taxonomies and start classifying and coding.
    Code,
    /// Put definitions into force and stop the work of others.
    Admin,
    /// See personal data in what is read.
    PersonalData,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 6] =
        [Self::Ingest, Self::Read, Self::Score, Self::Code, Self::Admin, Self::PersonalData];

    /// The word for it in tokens and in the configuration: `personal-data`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Score => "score",
            Self::Code => "code",
            Self::Admin => "admin",
            Self::PersonalData => "personal-data",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A word that is no scope.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no scope: choose of ingest, read, score, code, admin and personal-data")]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Self, UnknownScope> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == word);
        found.ok_or_else(|| UnknownScope(word.to_owned()))
    }
}

impl TryFrom<String> for Scope {
    type Error = UnknownScope;

    fn try_from(word: String) -> Result<Self, UnknownScope> {
        word.parse()
    }
}
