//! The addresses of the servers, each with its connection, and which one is called next.
//!
//! `tonic`'s balancing channel takes a broken connection for a ready one, so that every other call
//! would fail for as long as one of two servers is gone. Here a call goes out on a connection that
//! stands, and an address that is down is left in peace for a while.

use super::{
    server::Server,
    services::{Serves, Services},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, watch},
    time::Instant,
};
use tonic::{codegen::StdError, transport::Channel};

/// How often names are looked up.
const LOOK_UP_INTERVAL: Duration = Duration::from_secs(10);
/// How long an address that is down is tried only after all others.
const REST: Duration = Duration::from_secs(5);

/// A connection as it stood when it was asked for.
#[derive(Clone)]
pub(super) struct Connection {
    /// What calls go out on.
    pub channel: Channel,
    made_at: Instant,
    services: Arc<Services>,
}

/// One address of a server.
pub(super) struct Address {
    server: Server,
    socket: SocketAddr,
    held: Mutex<Held>,
    /// When connecting began or the connection broke; `None` while a connection stands.
    down_since: std::sync::Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Held {
    connection: Option<Connection>,
    /// When connecting failed last.
    refused_at: Option<Instant>,
}

impl Address {
    fn new(server: &Server, socket: SocketAddr) -> Self {
        let (held, down_since) = (Mutex::default(), std::sync::Mutex::default());
        Self { server: server.clone(), socket, held, down_since }
    }

    /// The connection, made if there is none. Those who wait for one that fails do not try again.
    async fn connection(&self) -> Result<Connection, StdError> {
        let asked_at = Instant::now();
        let mut held = self.held.lock().await;
        if let Some(connection) = &held.connection {
            return Ok(connection.clone());
        }
        if held.refused_at.is_some_and(|refused_at| refused_at > asked_at) {
            return Err(format!("{} cannot be reached", self.socket).into());
        }
        // Now and not when it fails: the caller may give up before.
        self.set_down(true);
        let connected = self.server.connect(self.socket).await;
        held.refused_at = connected.is_err().then(Instant::now);
        let services = Arc::default();
        let connection = Connection { channel: connected?, made_at: Instant::now(), services };
        self.set_down(false);
        Ok(held.connection.insert(connection).clone())
    }

    /// Notes that `connection` broke: the next call makes a new one, unless that is done already.
    pub(super) async fn broke(&self, connection: &Connection) {
        let mut held = self.held.lock().await;
        if held.connection.as_ref().is_some_and(|held| held.made_at == connection.made_at) {
            held.connection = None;
            self.set_down(true);
        }
    }

    /// Whether others are called first.
    fn rests(&self) -> bool {
        let down_since = *self.down_since.lock().unwrap_or_else(PoisonError::into_inner);
        down_since.is_some_and(|down_since| down_since.elapsed() < REST)
    }

    fn set_down(&self, down: bool) {
        let mut down_since = self.down_since.lock().unwrap_or_else(PoisonError::into_inner);
        *down_since = down.then(Instant::now);
    }
}

/// All addresses. A task keeps those of names up to date for as long as this lives.
pub(super) struct Addresses {
    urls: Vec<String>,
    list: watch::Receiver<Vec<Arc<Address>>>,
    turn: AtomicUsize,
}

impl Addresses {
    /// Looks the servers up for the first time.
    pub(super) async fn of(servers: Vec<Server>) -> Self {
        let urls = servers.iter().map(|server| server.url.clone()).collect();
        let (sender, list) = watch::channel(look_up(&servers, &[]).await);
        if !servers.iter().all(Server::is_literal) {
            tokio::spawn(follow(servers, sender));
        }
        Self { urls, list, turn: AtomicUsize::new(0) }
    }

    /// The URLs, for people.
    pub(super) fn urls(&self) -> String {
        self.urls.join(", ")
    }

    /// The next address in turn that can be connected, with its connection; for a call of a service,
    /// one that serves it, or else will soon. Where all are of other roles any one may say so.
    pub(super) async fn next(
        &self,
        service: Option<&str>,
    ) -> Result<(Arc<Address>, Connection), StdError> {
        let (mut later, mut other, mut failure) = (None, None, None);
        for address in self.in_turn() {
            let connection = match address.connection().await {
                Ok(connection) => connection,
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            };
            match self.serves(&connection, service).await {
                Serves::Yes => return Ok((address, connection)),
                Serves::NotNow => later = Some((address, connection)),
                Serves::Never => other = Some((address, connection)),
            }
        }
        match (later, failure, other) {
            (Some(found), _, _) | (None, None, Some(found)) => Ok(found),
            (None, Some(error), _) => Err(error),
            (None, None, None) => Err("its name has no address".into()),
        }
    }

    /// Servers of several URLs may be of several roles; those behind one are alike, and health everyone
    /// has.
    async fn serves(&self, connection: &Connection, service: Option<&str>) -> Serves {
        match service {
            Some(service) if self.urls.len() > 1 && service.starts_with("kehu.") => {
                connection.services.serves(service, &connection.channel).await
            }
            _ => Serves::Yes,
        }
    }

    /// All addresses, from the next one on, those that rest at the end.
    fn in_turn(&self) -> Vec<Arc<Address>> {
        let mut list = self.list.borrow().clone();
        if !list.is_empty() {
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % list.len();
            list.rotate_left(first);
        }
        list.sort_by_cached_key(|address| address.rests());
        list
    }
}

/// Looks the servers up again and again until nobody listens any more.
async fn follow(servers: Vec<Server>, sender: watch::Sender<Vec<Arc<Address>>>) {
    loop {
        tokio::select! {
            () = sender.closed() => return,
            () = tokio::time::sleep(LOOK_UP_INTERVAL) => {}
        }
        let held = sender.borrow().clone();
        sender.send_replace(look_up(&servers, &held).await);
    }
}

/// The addresses of the servers now, with their connections where they were known before. A name
/// that is not found keeps the addresses that it had.
async fn look_up(servers: &[Server], held: &[Arc<Address>]) -> Vec<Arc<Address>> {
    let mut addresses = Vec::new();
    for server in servers {
        let known = held.iter().filter(|address| address.server.url == server.url);
        match server.look_up().await {
            Ok(sockets) => addresses.extend(sockets.into_iter().map(|socket| {
                let known = known.clone().find(|address| address.socket == socket);
                known.cloned().unwrap_or_else(|| Arc::new(Address::new(server, socket)))
            })),
            Err(error) => {
                tracing::warn!(url = server.url, %error, "the server's name cannot be looked up");
                addresses.extend(known.cloned());
            }
        }
    }
    addresses
}
