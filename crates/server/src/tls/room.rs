//! How many connections a listener holds.

use crate::{
    config,
    shares::{Part, Shares},
    telemetry::metrics,
};
use opentelemetry::KeyValue;
use std::net::{IpAddr, SocketAddr};

/// Places of connections, of all and of those of one address.
#[derive(Debug, Clone)]
pub struct Room {
    most: u32,
    most_of_address: u32,
    taken: Shares<Option<IpAddr>>,
}

/// Why a connection is not served.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refusal {
    /// All places are taken.
    Full,
    /// Those of its address are.
    OfAddress,
    /// It failed the TLS handshake.
    Handshake,
    /// It took too long for the TLS handshake, or for the first bytes of HTTP/2.
    Silent,
}

/// Has the counter of refused connections stand at 0.
pub(crate) fn count_from_zero() {
    for refusal in [Refusal::Full, Refusal::OfAddress, Refusal::Handshake, Refusal::Silent] {
        refusal.count(0);
    }
}

impl Refusal {
    /// Counts so many of it.
    pub(super) fn count(self, connections: u64) {
        let reason = match self {
            Self::Full => "connections",
            Self::OfAddress => "connections_of_address",
            Self::Handshake => "handshake",
            Self::Silent => "silent",
        };
        metrics::server()
            .refused_connections
            .add(connections, &[KeyValue::new("error.type", reason)]);
    }
}

/// The place of a connection, until this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    _of_all: Part<Option<IpAddr>>,
    _of_address: Part<Option<IpAddr>>,
}

impl Room {
    /// Under the limits of the settings.
    pub fn new(limits: &config::Server) -> Self {
        Self {
            most: limits.max_connections,
            most_of_address: limits.max_connections_per_address,
            taken: Shares::default(),
        }
    }

    /// A place for a connection from `address`, or why there is none.
    pub(super) fn seat(&self, address: SocketAddr) -> Result<Seat, Refusal> {
        let all = self.taken.take(None, 1, self.most.into()).ok_or(Refusal::Full)?;
        // One address has many forms over IPv6.
        let address = address.ip().to_canonical();
        let own = self.taken.take(Some(address), 1, self.most_of_address.into());
        Ok(Seat { _of_all: all, _of_address: own.ok_or(Refusal::OfAddress)? })
    }

    pub(super) fn size(&self) -> usize {
        usize::try_from(self.most).unwrap_or(usize::MAX)
    }
}
