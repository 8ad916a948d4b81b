//! The connections of a listener, each handed on once it is ready.

use super::{Connection, Tls};
use futures::{Stream, StreamExt, future::ready, stream};
use std::{io, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

/// How long a client may take over its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes under way at once; clients beyond them wait to be accepted.
const HANDSHAKES: usize = 1024;
/// How long to wait when nothing can be accepted: the process may be out of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The connections that `listener` accepts, with TLS or, for `None`, without. Never an error and
/// without end: who fails the handshake is left out, and an accept that fails is tried again.
pub fn incoming(
    listener: TcpListener,
    tls: Option<Tls>,
) -> impl Stream<Item = io::Result<Connection>> {
    accepted(listener)
        .map(move |socket| connect(socket, tls.clone()))
        .buffer_unordered(HANDSHAKES)
        .filter_map(|connection| ready(connection.map(Ok)))
}

fn accepted(listener: TcpListener) -> impl Stream<Item = TcpStream> {
    stream::unfold(listener, |listener| async { Some((accept(&listener).await, listener)) })
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return socket,
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted now");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn connect(socket: TcpStream, tls: Option<Tls>) -> Option<Connection> {
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "a connection ended before it began");
        return None;
    }
    let Some(tls) = tls else {
        return Some(Connection::plain(socket));
    };
    match timeout(HANDSHAKE, tls.acceptor().accept(socket)).await {
        Ok(Ok(stream)) => return Some(Connection::secure(stream)),
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
    None
}
