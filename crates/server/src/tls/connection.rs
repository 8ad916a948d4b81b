//! An accepted connection, with or without TLS, and who is at its other end.

use super::room::{Refusal, Seat};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;
use tokio_util::{
    either::Either,
    sync::{CancellationToken, WaitForCancellationFutureOwned},
};
use tonic::transport::server::Connected;
use webpki::EndEntityCert;

/// How long a client may take over the TLS handshake, and then over the first bytes of HTTP/2.
pub(super) const GREETING: Duration = Duration::from_secs(10);
/// The bytes that every connection of HTTP/2 begins with. After them silence is found out by pings.
const PREFACE: usize = 24;

/// The other end of a connection; in the extensions of every request that comes over it.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Which connection of this process it is.
    pub connection: u64,
    /// Its address; `None` when it was gone already.
    pub address: Option<SocketAddr>,
    /// The DNS and URI names (subject alternative names) of its certificate, which was verified;
    /// `None` when it showed none, which mutual TLS does not let through.
    pub certificate_names: Option<Arc<[String]>>,
    refused: Arc<AtomicU32>,
    stalled: Arc<AtomicU32>,
    cut: CancellationToken,
}

impl Peer {
    fn new(socket: &TcpStream, certificate_names: Option<Arc<[String]>>) -> Self {
        static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
        let connection = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        Self {
            connection,
            address: socket.peer_addr().ok(),
            certificate_names,
            refused: Arc::default(),
            stalled: Arc::default(),
            cut: CancellationToken::new(),
        }
    }

    /// Counts a call that was refused; returns how many were, one after the other.
    pub(crate) fn refuse(&self) -> u32 {
        self.refused.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes that a call was let in.
    pub(crate) fn admit(&self) {
        self.refused.store(0, Ordering::Relaxed);
    }

    /// Counts an answer that was let go unread; returns how many were.
    pub(crate) fn stall(&self) -> u32 {
        self.stalled.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Closes the connection, with everything that goes over it.
    pub(crate) fn cut(&self) {
        self.cut.cancel();
    }
}

/// A connection that is ready to be served.
#[derive(Debug)]
pub struct Connection {
    stream: Either<TcpStream, Box<TlsStream<TcpStream>>>,
    peer: Peer,
    greeting: Option<Greeting>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    _seat: Seat,
}

/// What is still to come of the first bytes, and when at the latest.
#[derive(Debug)]
struct Greeting {
    missing: usize,
    until: Pin<Box<Sleep>>,
}

impl Connection {
    pub(super) fn plain(socket: TcpStream, seat: Seat) -> Self {
        let peer = Peer::new(&socket, None);
        Self::new(Either::Left(socket), peer, seat)
    }

    pub(super) fn secure(stream: TlsStream<TcpStream>, seat: Seat) -> Self {
        let (socket, session) = stream.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let names = certificate
            .and_then(|certificate| EndEntityCert::try_from(certificate).ok())
            .map(|certificate| names(&certificate));
        let peer = Peer::new(socket, names);
        Self::new(Either::Right(Box::new(stream)), peer, seat)
    }

    fn new(stream: Either<TcpStream, Box<TlsStream<TcpStream>>>, peer: Peer, seat: Seat) -> Self {
        let greeting = Greeting { missing: PREFACE, until: Box::pin(sleep(GREETING)) };
        let cut = Box::pin(peer.cut.clone().cancelled_owned());
        Self { stream, peer, greeting: Some(greeting), cut, _seat: seat }
    }

    /// Counts what came, or looks whether the time for the first bytes has passed.
    fn greet(&mut self, context: &mut Context<'_>, came: Option<usize>) -> Poll<io::Result<()>> {
        let Some(greeting) = &mut self.greeting else {
            return if came.is_some() { Poll::Ready(Ok(())) } else { Poll::Pending };
        };
        let Some(came) = came else {
            ready!(greeting.until.as_mut().poll(context));
            Refusal::Silent.count(1);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        };
        greeting.missing = greeting.missing.saturating_sub(came);
        if greeting.missing == 0 {
            self.greeting = None;
        }
        Poll::Ready(Ok(()))
    }
}

fn names(certificate: &EndEntityCert<'_>) -> Arc<[String]> {
    certificate.valid_dns_names().chain(certificate.valid_uri_names()).map(str::to_owned).collect()
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        match read {
            Poll::Ready(Ok(())) => self.greet(context, Some(buffer.filled().len() - before)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.greet(context, None),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
