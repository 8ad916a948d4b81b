//! The file of keys: what it must be, and that it is followed.

use crate::issuer::{Issuer, authenticator, claims, settings, write_keys};
use crate::server::{OFTEN, READ, Server, call};
use kehu_server::auth::Authenticator;
use serde_json::json;
use std::{path::Path, time::Duration};
use tokio::time::{sleep, timeout};
use tonic::transport::Channel;

async fn accepts(channel: &Channel, issuer: &Issuer) -> bool {
    call(channel, READ, Some(&issuer.sign(&claims("read")))).await.is_ok()
}

/// Waits until the tokens of `issuer` are accepted.
async fn until_accepted(channel: &Channel, issuer: &Issuer) {
    let accepted = async {
        while !accepts(channel, issuer).await {
            sleep(OFTEN).await;
        }
    };
    timeout(Duration::from_secs(10), accepted).await.expect("the new keys are read");
}

#[tokio::test]
async fn keys_rotate_while_calls_go_on() {
    let (old, new) = (Issuer::ed25519("old"), Issuer::es256("new"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    write_keys(&path, &[&old]);
    let server = Server::start(None, Authenticator::load(settings(&path), OFTEN).unwrap()).await;
    let channel = server.connect(None).await.unwrap();
    assert!(accepts(&channel, &old).await);
    assert!(!accepts(&channel, &new).await);
    write_keys(&path, &[&old, &new]);
    until_accepted(&channel, &new).await;
    assert!(accepts(&channel, &old).await);

    for broken in [Some("{\"keys\": ["), Some("{\"keys\": []}"), None] {
        match broken {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        sleep(OFTEN * 6).await;
        assert!(accepts(&channel, &old).await && accepts(&channel, &new).await, "{broken:?}");
    }

    let newest = Issuer::ed25519("newest");
    write_keys(&path, &[&newest]);
    until_accepted(&channel, &newest).await;
    assert!(!accepts(&channel, &old).await && !accepts(&channel, &new).await);
}

/// The fault of loading a file with this text.
fn fault(path: &Path, text: &str) -> String {
    std::fs::write(path, text).unwrap();
    let faults = Authenticator::load(settings(path), OFTEN).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].path, path);
    faults[0].to_string()
}

#[tokio::test]
async fn a_file_without_a_key_that_can_be_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let faults = Authenticator::load(settings(&path), OFTEN).unwrap_err();
    assert!(faults[0].to_string().contains("jwks.json cannot be read"), "{}", faults[0]);
    for text in ["", "secret", "[]", "{\"keys\": 7}"] {
        assert!(fault(&path, text).contains("is no JWK Set"), "{text}");
    }
    let ed = serde_json::to_value(Issuer::ed25519("ed").jwk).unwrap();
    let es = serde_json::to_value(Issuer::es256("es").jwk).unwrap();
    let with = |key: &serde_json::Value, name: &str, value: serde_json::Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    for (name, key) in [
        ("a shared secret", json!({ "kty": "oct", "kid": "s", "alg": "HS256", "k": "c2VjcmV0" })),
        ("a short key", with(&ed, "x", json!("AAAA"))),
        ("no point of the curve", with(&es, "x", es["y"].clone())),
        ("another curve", with(&es, "crv", json!("P-384"))),
        ("another algorithm", with(&es, "alg", json!("HS256"))),
        ("a key for encryption", with(&es, "use", json!("enc"))),
        ("a weak key", serde_json::to_value(Issuer::rs256("rs", 1024).jwk).unwrap()),
    ] {
        let text = json!({ "keys": [key] }).to_string();
        assert!(fault(&path, &text).contains("holds no key that can be used"), "{name}");
    }
}

#[tokio::test]
async fn other_keys_of_the_set_are_passed_over() {
    let good = Issuer::ed25519("good");
    let mut encryption = Issuer::es256("encryption");
    encryption.jwk.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Encryption);
    let server = Server::start(None, authenticator(&[&encryption, &good])).await;
    let channel = server.connect(None).await.unwrap();
    assert!(accepts(&channel, &good).await);
    assert!(!accepts(&channel, &encryption).await);
}
