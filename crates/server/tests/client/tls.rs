use kehu_server::client::{Client, ClientOptions, Error};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Code,
    transport::{Certificate, Identity, Server, ServerTlsConfig},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

/// An authority, and the files of what it signed.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Files of a certificate for `name` and its key.
    fn sign(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let write = |ending: &str, text: String| {
            let path = self.folder.path().join(format!("{name}.{ending}"));
            std::fs::write(&path, text).unwrap();
            path
        };
        (write("pem", certificate.pem()), write("key", key.serialize_pem()))
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Serves health to clients with a certificate, as `localhost`; returns the URL.
async fn serve(authority: &Authority) -> String {
    let (certificate, key) = authority.sign("localhost");
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(read(&certificate), read(&key)))
        .client_ca_root(Certificate::from_pem(read(&authority.ca_file())));
    let (_, health) = tonic_health::server::health_reporter();
    let router = Server::builder().tls_config(tls).unwrap().add_service(health);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    url
}

fn options(url: &str, authority: &Authority) -> ClientOptions {
    let mut options = ClientOptions::new(url);
    options.ca_file = Some(authority.ca_file());
    options
}

#[tokio::test]
async fn both_sides_show_a_certificate() {
    let authority = Authority::new();
    let url = serve(&authority).await;
    let mut options = options(&url, &authority);
    options.identity_files = Some(authority.sign("caller"));
    let token_file = authority.folder.path().join("token");
    std::fs::write(&token_file, "token").unwrap();
    options.token_file = Some(token_file);
    let client = Client::new(options).await.unwrap();
    client.connect().await.unwrap();
    HealthClient::new(client).check(HealthCheckRequest::default()).await.unwrap();
}

#[tokio::test]
async fn a_client_without_a_certificate_gets_no_answer() {
    let authority = Authority::new();
    let url = serve(&authority).await;
    let client = Client::new(options(&url, &authority)).await.unwrap();
    let answer = HealthClient::new(client).check(HealthCheckRequest::default()).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_called() {
    let url = serve(&Authority::new()).await;
    let client = Client::new(options(&url, &Authority::new())).await.unwrap();
    let error = client.connect().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }));
}

#[tokio::test]
async fn https_needs_an_authority() {
    let refused = Client::new(ClientOptions::new("https://localhost:7400")).await;
    assert!(matches!(refused.err(), Some(Error::NoAuthority(_))));
    let mut options = ClientOptions::new("https://localhost:7400");
    options.ca_file = Some("nowhere/ca.pem".into());
    assert!(matches!(Client::new(options).await.err(), Some(Error::File { .. })));
}

#[tokio::test]
async fn an_address_that_keeps_silent_delays_one_call_at_most() {
    let authority = Authority::new();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("https://localhost:{}", silent.local_addr().unwrap().port());
    let urls = format!("{silent_url},{}", serve(&authority).await);
    let mut options = options(&urls, &authority);
    options.identity_files = Some(authority.sign("caller"));
    options.deadline = Duration::from_secs(2);
    let mut health = HealthClient::new(Client::new(options).await.unwrap());
    let mut late = 0;
    for _ in 0..8 {
        match health.check(HealthCheckRequest::default()).await {
            Ok(_) => {}
            Err(status) if status.code() == Code::DeadlineExceeded => late += 1,
            Err(status) => panic!("{status}"),
        }
    }
    assert!(late <= 1, "{late} calls were late");
}
