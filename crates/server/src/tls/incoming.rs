//! The connections of a listener, each handed on once it is ready.

use super::{
    Connection, Room, Tls,
    connection::GREETING,
    room::{Refusal, Seat},
};
use futures::{Stream, StreamExt, future::ready, stream};
use std::{io, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

/// How long to wait when nothing can be accepted: the process may be out of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The connections that `listener` accepts, with TLS or, for `None`, without. Never an error and
/// without end: who fails the handshake is left out, who finds no place in `room` is hung up on, and
/// an accept that fails is tried again.
pub fn incoming(
    listener: TcpListener,
    tls: Option<Tls>,
    room: Room,
) -> impl Stream<Item = io::Result<Connection>> {
    let handshakes = room.size();
    accepted(listener, room)
        .map(move |(socket, seat)| connect(socket, seat, tls.clone()))
        .buffer_unordered(handshakes)
        .filter_map(|connection| ready(connection.map(Ok)))
}

fn accepted(listener: TcpListener, room: Room) -> impl Stream<Item = (TcpStream, Seat)> {
    stream::unfold((listener, room), |(listener, room)| async {
        Some((accept(&listener, &room).await, (listener, room)))
    })
}

async fn accept(listener: &TcpListener, room: &Room) -> (TcpStream, Seat) {
    loop {
        match listener.accept().await {
            Ok((socket, address)) => match room.seat(address) {
                Ok(seat) => return (socket, seat),
                // Closed, at once and without a word: a handshake would cost more than it tells.
                Err(refusal) => refusal.count(1),
            },
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted now");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn connect(socket: TcpStream, seat: Seat, tls: Option<Tls>) -> Option<Connection> {
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "a connection ended before it began");
        return None;
    }
    let Some(tls) = tls else {
        return Some(Connection::plain(socket, seat));
    };
    match timeout(GREETING, tls.acceptor().accept(socket)).await {
        Ok(Ok(stream)) => return Some(Connection::secure(stream, seat)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            Refusal::Handshake.count(1);
        }
        Err(_) => Refusal::Silent.count(1),
    }
    None
}
