//! TLS and mutual TLS of the API's listener.
//!
//! For operators: `[tls] certificate_file` holds the server's certificate in PEM, first its own and
//! then the intermediates; `key_file` its private key in PEM (PKCS#8, PKCS#1 or SEC1, not
//! encrypted; ECDSA P-256 or P-384, Ed25519, RSA). With `client_ca_file`, the certificates of
//! authorities in PEM, TLS is mutual: a client without a certificate that one of them issued does
//! not get through the handshake, whatever token it has. TLS 1.2 and 1.3 are spoken.
//!
//! The files are read again when their contents change, within ten seconds. New connections get
//! the new certificate and are checked against the new authorities; connections that are open
//! live on, at most for `max_connection_age`. When the new files do not fit, a warning names the
//! one at fault and the old ones stay in use. All the files are read together, so that a
//! certificate and its key may be written one after the other: the pair is taken when it fits.

mod connection;
mod files;
mod incoming;
mod room;

pub use connection::{Connection, Peer};
pub use incoming::incoming;
pub use room::Room;
pub(crate) use room::count_from_zero;

use crate::reload::{FileError, Reloaded};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// Where the PEM files are.
#[derive(Debug, Clone)]
pub struct Files {
    /// The server's certificate, then its intermediates.
    pub certificate: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
    /// The authorities that clients' certificates must come from; `None` asks clients for none.
    pub client_ca: Option<PathBuf>,
}

/// The TLS of a listener, as its files have it now.
#[derive(Debug, Clone)]
pub struct Tls(Arc<Reloaded<ServerConfig>>);

impl Tls {
    /// Reads the files; within a runtime, where a task goes on looking at them `every` so often
    /// ([`crate::reload::INTERVAL`]) until the last clone is dropped. Every fault is returned.
    pub fn load(files: Files, every: Duration) -> Result<Self, Vec<FileError>> {
        let mut paths = vec![files.certificate, files.key];
        paths.extend(files.client_ca);
        Ok(Self(Arc::new(Reloaded::load(paths, every, files::server_config)?)))
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.0.current())
    }
}
