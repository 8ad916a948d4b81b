//! How many connections a listener holds.

use crate::{
    config,
    shares::{Part, Shares},
};
use std::net::{IpAddr, SocketAddr};

/// Places of connections, of all and of those of one address.
#[derive(Debug, Clone)]
pub struct Room {
    most: u32,
    most_of_address: u32,
    taken: Shares<Option<IpAddr>>,
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

    /// A place for a connection from `address`; `None` when all are taken.
    pub(super) fn seat(&self, address: SocketAddr) -> Option<Seat> {
        let all = self.taken.take(None, 1, self.most.into())?;
        // One address has many forms over IPv6.
        let address = address.ip().to_canonical();
        let own = self.taken.take(Some(address), 1, self.most_of_address.into())?;
        Some(Seat { _of_all: all, _of_address: own })
    }

    pub(super) fn size(&self) -> usize {
        usize::try_from(self.most).unwrap_or(usize::MAX)
    }
}
