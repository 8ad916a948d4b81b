//! What is shared out among whom: the kinds of calls whose places are counted apart, and callers.

use crate::{auth::Principal, method, tls::Peer};
use http::Extensions;

/// What a call takes a place of, or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// One message there and one back.
    Call,
    /// A stream of the contract.
    Stream,
    /// A stream of health or reflection, which needs no token.
    Probe,
    /// Bytes of messages that came in.
    Bytes,
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
            Self::Bytes => "bytes",
        }
    }
}

/// Whose share it is. Who signs on has one share over all its connections; where nobody does, and
/// of what needs no token, each connection has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    /// By the subject of its token, or the name of its certificate.
    Subject(String),
    /// By [`Peer::connection`].
    Connection(Option<u64>),
}

impl Caller {
    /// Who makes the request with these extensions.
    pub(super) fn of(extensions: &Extensions) -> Self {
        match extensions.get::<Principal>() {
            Some(principal) => Self::Subject(principal.subject.clone()),
            None => Self::Connection(extensions.get::<Peer>().map(|peer| peer.connection)),
        }
    }
}
