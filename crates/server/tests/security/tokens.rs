//! What a token must be like.

use crate::issuer::{
    Issuer, SUBJECT, authenticator, claims, seconds_from_now, settings, with, write_keys,
};
use crate::server::{READ, Server, call, call_with};
use kehu_server::auth::Authenticator;
use serde_json::{Value, json};
use std::time::Duration;
use tonic::{Code, Status, metadata::MetadataMap, transport::Channel};
use tonic_types::StatusExt;

/// The word that says why the caller is not believed.
fn why(status: &Status) -> String {
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    status.get_details_error_info().unwrap().metadata["why"].clone()
}

async fn outcome(channel: &Channel, token: &str) -> String {
    match call(channel, READ, Some(token)).await {
        Ok(seen) => seen.subject.unwrap(),
        Err(status) if status.code() == Code::PermissionDenied => "denied".to_owned(),
        Err(status) => why(&status),
    }
}

#[tokio::test]
async fn each_algorithm_is_that_of_its_key() {
    let ed = Issuer::ed25519("ed");
    let es = Issuer::es256("es");
    let rs = Issuer::rs256("rs", 2048);
    let server = Server::start(None, authenticator(&[&ed, &es, &rs])).await;
    let channel = server.connect(None).await.unwrap();
    for issuer in [&ed, &es, &rs] {
        let name = &issuer.kid;
        assert_eq!(outcome(&channel, &issuer.sign(&claims("read"))).await, SUBJECT, "{name}");
        for other in [&ed, &es, &rs].into_iter().filter(|other| other.kid != *name) {
            let mut header = issuer.header();
            header.kid = Some(other.kid.clone());
            let token = issuer.sign_with(&header, &claims("read"));
            assert_eq!(outcome(&channel, &token).await, "wrong_algorithm", "{name}");
        }
    }
    for kid in [None, Some("RS".to_owned()), Some(String::new())] {
        let mut header = rs.header();
        header.kid = kid;
        let token = rs.sign_with(&header, &claims("read"));
        assert_eq!(outcome(&channel, &token).await, "unknown_key", "{:?}", header.kid);
    }
}

#[tokio::test]
async fn the_only_key_needs_no_name() {
    let issuer = Issuer::es256("one");
    let server = Server::start(None, authenticator(&[&issuer])).await;
    let channel = server.connect(None).await.unwrap();
    let mut header = issuer.header();
    header.kid = None;
    let token = issuer.sign_with(&header, &claims("read"));
    assert_eq!(outcome(&channel, &token).await, SUBJECT);
    header.crit = Some(vec!["exp".to_owned()]);
    let token = issuer.sign_with(&header, &claims("read"));
    assert_eq!(outcome(&channel, &token).await, "malformed");
}

#[tokio::test]
async fn claims_are_checked() {
    let issuer = Issuer::ed25519("one");
    let server = Server::start(None, authenticator(&[&issuer])).await;
    let channel = server.connect(None).await.unwrap();
    for (name, value, expected) in [
        ("exp", json!(seconds_from_now(-10)), SUBJECT),
        ("exp", json!(seconds_from_now(-60)), "expired"),
        ("exp", json!(0), "expired"),
        ("exp", json!("tomorrow"), "missing_claim"),
        ("exp", Value::Null, "missing_claim"),
        ("nbf", json!(seconds_from_now(10)), SUBJECT),
        ("nbf", json!(seconds_from_now(60)), "not_yet_valid"),
        ("nbf", json!("now"), "malformed"),
        ("aud", json!(["billing", "kehu"]), SUBJECT),
        ("aud", json!(["billing"]), "wrong_audience"),
        ("aud", json!("Kehu"), "wrong_audience"),
        ("aud", Value::Null, "missing_claim"),
        ("sub", Value::Null, "missing_claim"),
        ("sub", json!(7), "malformed"),
        ("iss", json!("anybody"), SUBJECT),
    ] {
        let token = issuer.sign(&with(claims("read"), name, value.clone()));
        assert_eq!(outcome(&channel, &token).await, expected, "{name} {value}");
    }
}

#[tokio::test]
async fn scopes_stand_in_any_of_three_claims() {
    let issuer = Issuer::ed25519("one");
    let server = Server::start(None, authenticator(&[&issuer])).await;
    let channel = server.connect(None).await.unwrap();
    for (name, value, expected) in [
        ("scope", json!("openid  read profile"), SUBJECT),
        ("scopes", json!(["score", "read"]), SUBJECT),
        ("scp", json!(["read"]), SUBJECT),
        ("scp", json!("score read"), SUBJECT),
        ("scope", json!("READ read-all reader"), "denied"),
        ("roles", json!(["read"]), "denied"),
        ("scope", json!({ "read": true }), "malformed"),
    ] {
        let bare = with(claims(""), "scope", Value::Null);
        let token = issuer.sign(&with(bare, name, value.clone()));
        assert_eq!(outcome(&channel, &token).await, expected, "{name} {value}");
    }
}

#[tokio::test]
async fn the_issuer_counts_when_it_is_configured() {
    let issuer = Issuer::ed25519("one");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    write_keys(&path, &[&issuer]);
    let mut settings = settings(&path);
    settings.tokens.as_mut().unwrap().issuer = Some("https://id.example.com".to_owned());
    let authenticator = Authenticator::load(settings, Duration::from_secs(3600)).unwrap();
    let server = Server::start(None, authenticator).await;
    let channel = server.connect(None).await.unwrap();
    for (value, expected) in [
        (json!("https://id.example.com"), SUBJECT),
        (json!("https://id.example.com/"), "wrong_issuer"),
        (Value::Null, "missing_claim"),
    ] {
        let token = issuer.sign(&with(claims("read"), "iss", value.clone()));
        assert_eq!(outcome(&channel, &token).await, expected, "{value}");
    }
}

#[tokio::test]
async fn the_header_is_one_bearer_token() {
    let issuer = Issuer::ed25519("one");
    let server = Server::start(None, authenticator(&[&issuer])).await;
    let channel = server.connect(None).await.unwrap();
    let token = issuer.sign(&claims("read"));
    let good = format!("bearer {token}");
    let mut metadata = MetadataMap::new();
    metadata.insert("authorization", good.parse().unwrap());
    assert!(call_with(&channel, READ, metadata.clone()).await.is_ok());
    metadata.append("authorization", good.parse().unwrap());
    assert_eq!(why(&call_with(&channel, READ, metadata).await.unwrap_err()), "malformed");
    for value in ["", "Bearer", "Bearer ", "Basic Y3JtOnBhc3M=", "Bearer é.é.é", &token] {
        let Ok(value) = value.parse() else { continue };
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", value);
        assert_eq!(why(&call_with(&channel, READ, metadata).await.unwrap_err()), "malformed");
    }
}
