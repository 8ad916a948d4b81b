//! TLS and mutual TLS: who gets a connection.

use crate::authority::Authority;
use crate::server::{OFTEN, READ, Server, call};
use kehu_server::tls::{Files, Tls};
use std::path::Path;
use tonic::transport::ClientTlsConfig;

/// TLS of the files in a folder; mutual when `clients` is given.
pub(crate) fn load(folder: &Path, clients: Option<&Authority>) -> Tls {
    let client_ca = clients.map(|authority| {
        let path = folder.join("ca.crt");
        std::fs::write(&path, &authority.pem).unwrap();
        path
    });
    let files =
        Files { certificate: folder.join("tls.crt"), key: folder.join("tls.key"), client_ca };
    Tls::load(files, OFTEN).unwrap()
}

/// Whether a client gets an answer. With TLS 1.3 it learns that it was turned away only then.
pub(crate) async fn answers(server: &Server, client: ClientTlsConfig) -> bool {
    match server.connect(Some(client)).await {
        Ok(channel) => call(&channel, READ, None).await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn tls_is_answered_and_nothing_else() {
    let authority = Authority::new("servers");
    let folder = tempfile::tempdir().unwrap();
    authority.issue(&["localhost"]).write(folder.path());
    let server = Server::start(Some(load(folder.path(), None)), None).await;
    let channel = server.connect(Some(authority.client())).await.unwrap();
    let seen = call(&channel, READ, None).await.unwrap();
    assert_eq!(seen.address.as_deref(), Some("127.0.0.1"));
    assert!(!answers(&server, Authority::new("others").client()).await);
    let plain = server.connect(None).await;
    assert!(match plain {
        Ok(channel) => call(&channel, READ, None).await.is_err(),
        Err(_) => true,
    });
}

#[tokio::test]
async fn mutual_tls_wants_a_certificate_of_its_authority() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let folder = tempfile::tempdir().unwrap();
    servers.issue(&["localhost"]).write(folder.path());
    let server = Server::start(Some(load(folder.path(), Some(&clients))), None).await;
    let with = |pair: crate::authority::Pair| servers.client().identity(pair.identity());
    assert!(answers(&server, with(clients.issue(&["crm.example.com"]))).await);
    assert!(!answers(&server, servers.client()).await, "no certificate");
    assert!(!answers(&server, with(servers.issue(&["crm.example.com"]))).await, "another's");
    let namesake = Authority::new("clients");
    assert!(!answers(&server, with(namesake.issue(&["crm.example.com"]))).await, "a namesake's");
    assert!(answers(&server, with(clients.issue(&["crm.example.com"]))).await);
}
