//! Client certificates that stand for scopes.

use crate::authority::Authority;
use crate::issuer::{Issuer, SUBJECT, claims, settings, write_keys};
use crate::mutual::load;
use crate::server::{READ, Server, call};
use kehu_server::auth::{Authenticator, Grant, Settings};
use std::time::Duration;
use tempfile::TempDir;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

const SCORING: &str = "kehu.scoring.v1.ScoringService/StartScoring";
const INGEST: &str = "kehu.ingestion.v1.IngestionService/Ingest";

struct World {
    servers: Authority,
    clients: Authority,
    issuer: Issuer,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let servers = Authority::new("servers");
        servers.issue(&["localhost"]).write(folder.path());
        let issuer = Issuer::ed25519("one");
        write_keys(&folder.path().join("jwks.json"), &[&issuer]);
        Self { servers, clients: Authority::new("clients"), issuer, folder }
    }

    fn settings(&self) -> Settings {
        let grant = |name: &str, scopes: &[&str]| Grant {
            name: name.to_owned(),
            scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
        };
        Settings {
            certificates: vec![
                grant("crm.example.com", &["read"]),
                grant("spiffe://example.com/scheduler", &["score", "code"]),
            ],
            ..settings(&self.folder.path().join("jwks.json"))
        }
    }

    async fn serve(&self, settings: Settings) -> Server {
        let authenticator = Authenticator::load(settings, Duration::from_secs(3600)).unwrap();
        Server::start(Some(load(self.folder.path(), Some(&self.clients))), authenticator).await
    }

    async fn connect(&self, server: &Server, names: &[&str]) -> Channel {
        let identity = self.clients.issue(names).identity();
        server.connect(Some(self.servers.client().identity(identity))).await.unwrap()
    }
}

fn metadata(status: &Status, key: &str) -> String {
    status.get_details_error_info().unwrap().metadata[key].clone()
}

#[tokio::test]
async fn names_of_the_certificate_stand_for_scopes() {
    let world = World::new();
    let server = world.serve(world.settings()).await;

    let channel = world.connect(&server, &["other.example.com", "crm.example.com"]).await;
    let seen = call(&channel, READ, None).await.unwrap();
    assert_eq!(seen.subject.as_deref(), Some("crm.example.com"));
    let status = call(&channel, SCORING, None).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(metadata(&status, "missing_scopes"), "score");

    let channel = world.connect(&server, &["spiffe://example.com/scheduler"]).await;
    assert!(call(&channel, SCORING, None).await.is_ok());
    assert_eq!(call(&channel, READ, None).await.unwrap_err().code(), Code::PermissionDenied);

    let both = ["spiffe://example.com/scheduler", "crm.example.com"];
    let channel = world.connect(&server, &both).await;
    assert!(call(&channel, SCORING, None).await.is_ok());
    let seen = call(&channel, READ, None).await.unwrap();
    assert_eq!(seen.subject.as_deref(), Some("crm.example.com"));
}

#[tokio::test]
async fn a_name_counts_only_when_it_is_the_same() {
    let world = World::new();
    let server = world.serve(world.settings()).await;
    let strangers = [
        "crm.example.com.evil.com",
        "*.example.com",
        "example.com",
        "spiffe://example.com/scheduler/x",
    ];
    for name in strangers {
        let channel = world.connect(&server, &[name]).await;
        let status = call(&channel, READ, None).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{name}");
        assert_eq!(metadata(&status, "why"), "unknown_certificate", "{name}");
    }
}

#[tokio::test]
async fn a_token_that_is_sent_decides_alone() {
    let world = World::new();
    let server = world.serve(world.settings()).await;
    let channel = world.connect(&server, &["crm.example.com"]).await;
    let token = world.issuer.sign(&claims("ingest"));
    let seen = call(&channel, INGEST, Some(&token)).await.unwrap();
    assert_eq!(seen.subject.as_deref(), Some(SUBJECT));
    let status = call(&channel, READ, Some(&token)).await.unwrap_err();
    assert_eq!(metadata(&status, "missing_scopes"), "read");
    let status = call(&channel, READ, Some("garbage")).await.unwrap_err();
    assert_eq!(metadata(&status, "why"), "malformed");
    assert!(call(&channel, READ, None).await.is_ok());
}

#[tokio::test]
async fn one_of_the_two_is_enough_to_configure() {
    let world = World::new();
    let token = world.issuer.sign(&claims("read"));

    let certificates = Settings { tokens: None, ..world.settings() };
    let server = world.serve(certificates).await;
    let channel = world.connect(&server, &["crm.example.com"]).await;
    let seen = call(&channel, READ, Some(&token)).await.unwrap();
    assert_eq!(seen.subject.as_deref(), Some("crm.example.com"));

    let tokens = Settings { certificates: Vec::new(), ..world.settings() };
    let server = world.serve(tokens).await;
    let channel = world.connect(&server, &["crm.example.com"]).await;
    assert!(call(&channel, READ, Some(&token)).await.is_ok());
    let status = call(&channel, READ, None).await.unwrap_err();
    assert_eq!(metadata(&status, "why"), "missing");
}
