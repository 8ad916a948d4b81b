//! A server as it is named: a URL, and how to connect to one of its addresses.

use super::{ClientOptions, Error};
use http::Uri;
use hyper_util::rt::TokioIo;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};
use tokio::net::TcpStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tower::service_fn;

/// How long connecting may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a connection is asked for a sign of life, and how long that may take.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that may be under way, so that long streams do not wait for each other.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

#[derive(Clone)]
pub(super) struct Server {
    /// The URL, as it was given.
    pub url: String,
    host: String,
    port: u16,
    endpoint: Endpoint,
}

impl Server {
    /// The servers at `urls`, which have commas between.
    pub(super) async fn parse_all(urls: &str, options: &ClientOptions) -> Result<Vec<Self>, Error> {
        let tls = tls_config(options).await?;
        let mut servers = Vec::new();
        for url in urls.split(',').map(str::trim) {
            let server = Self::parse(url, tls.as_ref())?;
            if options.token_file.is_some() && !server.is_private() {
                return Err(Error::TokenInClear(server.url));
            }
            servers.push(server);
        }
        Ok(servers)
    }

    fn parse(url: &str, tls: Option<&ClientTlsConfig>) -> Result<Self, Error> {
        let no_url = || Error::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| no_url())?;
        let default_port = match uri.scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            _ => return Err(no_url()),
        };
        let host = uri.host().ok_or_else(no_url)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(default_port);
        let endpoint = secure(endpoint(&uri), &uri, tls)?;
        Ok(Self { url: url.to_owned(), host, port, endpoint })
    }

    /// Whether the host is an address, which never changes, and not a name.
    pub(super) fn is_literal(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    /// Whether nobody else can read what is sent.
    fn is_private(&self) -> bool {
        let loopback = match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host == "localhost",
        };
        loopback || self.endpoint.uri().scheme_str() == Some("https")
    }

    /// The addresses of the host now.
    pub(super) async fn look_up(&self) -> io::Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        Ok(found.collect())
    }

    /// Connects to one of the addresses.
    pub(super) async fn connect(
        &self,
        address: SocketAddr,
    ) -> Result<Channel, tonic::transport::Error> {
        let connector = service_fn(move |_: Uri| async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(TokioIo::new(stream))
        });
        self.endpoint.connect_with_connector(connector).await
    }
}

fn endpoint(uri: &Uri) -> Endpoint {
    Endpoint::from(uri.clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
}

/// Adds TLS for an `https` URL.
fn secure(endpoint: Endpoint, uri: &Uri, tls: Option<&ClientTlsConfig>) -> Result<Endpoint, Error> {
    if uri.scheme_str() != Some("https") {
        return Ok(endpoint);
    }
    let tls = tls.cloned().ok_or_else(|| Error::NoAuthority(uri.to_string()))?;
    let certificates = |source| Error::Certificates { url: uri.to_string(), source };
    endpoint.tls_config(tls).map_err(certificates)
}

/// How servers are recognised, and how the client shows who it is; `None` without an authority.
async fn tls_config(options: &ClientOptions) -> Result<Option<ClientTlsConfig>, Error> {
    let Some(ca_file) = &options.ca_file else { return Ok(None) };
    let mut tls =
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(ca_file).await?));
    if let Some((certificate, key)) = &options.identity_files {
        tls = tls.identity(Identity::from_pem(read(certificate).await?, read(key).await?));
    }
    Ok(Some(tls))
}

async fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let file = |source| Error::File { path: path.to_owned(), source };
    tokio::fs::read(path).await.map_err(file)
}
