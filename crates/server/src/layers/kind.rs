//! The kinds of calls whose places are counted apart.

use crate::method;

/// What a call takes a place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// One message there and one back.
    Call,
    /// A stream of the contract.
    Stream,
    /// A stream of health or reflection, which needs no token.
    Probe,
}

impl Kind {
    /// The kind of the method at `path`; `None` for one that takes nobody's place. Asking for health
    /// is never turned away: it matters most under load.
    pub(super) fn of(path: &str) -> Option<Self> {
        match method::find(path) {
            Some(method) if method.is_ours && !method.unary => Some(Self::Stream),
            Some(method) if !method.is_ours && method.unary => None,
            Some(method) if !method.is_ours => Some(Self::Probe),
            _ => Some(Self::Call),
        }
    }

    /// Its name in the details of a refusal.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Call => "calls",
            Self::Stream => "streams",
            Self::Probe => "probes",
        }
    }
}
