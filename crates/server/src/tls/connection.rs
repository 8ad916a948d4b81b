//! An accepted connection, with or without TLS, and who is at its other end.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tonic::transport::server::Connected;
use webpki::EndEntityCert;

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
}

impl Peer {
    fn new(socket: &TcpStream, certificate_names: Option<Arc<[String]>>) -> Self {
        static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
        let connection = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        Self { connection, address: socket.peer_addr().ok(), certificate_names }
    }
}

/// A connection that is ready to be served.
#[derive(Debug)]
pub struct Connection {
    stream: Either<TcpStream, Box<TlsStream<TcpStream>>>,
    peer: Peer,
}

impl Connection {
    pub(super) fn plain(socket: TcpStream) -> Self {
        let peer = Peer::new(&socket, None);
        Self { stream: Either::Left(socket), peer }
    }

    pub(super) fn secure(stream: TlsStream<TcpStream>) -> Self {
        let (socket, session) = stream.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let names = certificate
            .and_then(|certificate| EndEntityCert::try_from(certificate).ok())
            .map(|certificate| names(&certificate));
        let peer = Peer::new(socket, names);
        Self { stream: Either::Right(Box::new(stream)), peer }
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
        Pin::new(&mut self.stream).poll_read(context, buffer)
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
