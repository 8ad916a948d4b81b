//! An issuer of tokens.

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, encode,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use kehu_server::{
    auth::{Authenticator, Settings, TokenSettings},
    clock,
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};
use rsa::{RsaPrivateKey, pkcs1::EncodeRsaPrivateKey, rand_core::OsRng};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

pub(crate) const AUDIENCE: &str = "kehu";
pub(crate) const SUBJECT: &str = "crm-sync";

/// A key that tokens are signed with.
pub(crate) struct Issuer {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) jwk: Jwk,
    secret: EncodingKey,
}

impl Issuer {
    pub(crate) fn ed25519(kid: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let public = DecodingKey::from_ed_der(pair.public_key_raw());
        let jwk = Jwk::from_decoding_key(&public, Some(Algorithm::EdDSA)).unwrap();
        let secret = EncodingKey::from_ed_der(pair.serialized_der());
        Self::new(kid, Algorithm::EdDSA, jwk, secret)
    }

    pub(crate) fn es256(kid: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let secret = EncodingKey::from_ec_der(pair.serialized_der());
        let jwk = Jwk::from_encoding_key(&secret, Algorithm::ES256).unwrap();
        Self::new(kid, Algorithm::ES256, jwk, secret)
    }

    pub(crate) fn rs256(kid: &str, bits: usize) -> Self {
        let pair = RsaPrivateKey::new(&mut OsRng, bits).unwrap();
        let secret = EncodingKey::from_rsa_der(pair.to_pkcs1_der().unwrap().as_bytes());
        let jwk = Jwk::from_encoding_key(&secret, Algorithm::RS256).unwrap();
        Self::new(kid, Algorithm::RS256, jwk, secret)
    }

    fn new(kid: &str, algorithm: Algorithm, mut jwk: Jwk, secret: EncodingKey) -> Self {
        jwk.common.key_id = Some(kid.to_owned());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Self { kid: kid.to_owned(), algorithm, jwk, secret }
    }

    pub(crate) fn header(&self) -> Header {
        Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) }
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_with(&self.header(), claims)
    }

    pub(crate) fn sign_with(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.secret).unwrap()
    }
}

/// Good claims with these scopes, for an hour.
pub(crate) fn claims(scopes: &str) -> Value {
    json!({ "sub": SUBJECT, "aud": AUDIENCE, "exp": seconds_from_now(3600), "scope": scopes })
}

/// The claims with one of them replaced, or taken out for null.
pub(crate) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    let fields = claims.as_object_mut().unwrap();
    if value.is_null() {
        fields.remove(name)
    } else {
        fields.insert(name.to_owned(), value)
    };
    claims
}

pub(crate) fn seconds_from_now(seconds: i64) -> i64 {
    clock::now().timestamp() + seconds
}

/// Writes the issuers' public keys.
pub(crate) fn write_keys(path: &Path, issuers: &[&Issuer]) {
    let keys = issuers.iter().map(|issuer| issuer.jwk.clone()).collect();
    std::fs::write(path, serde_json::to_vec(&JwkSet { keys }).unwrap()).unwrap();
}

/// Settings for the tokens of a file of keys.
pub(crate) fn settings(jwks_file: &Path) -> Settings {
    let tokens = TokenSettings {
        jwks_file: jwks_file.to_owned(),
        audience: AUDIENCE.to_owned(),
        issuer: None,
    };
    Settings { tokens: Some(tokens), certificates: Vec::new() }
}

/// What takes the tokens of these issuers, for as long as the test runs.
pub(crate) fn authenticator(issuers: &[&Issuer]) -> Option<Authenticator> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    write_keys(&path, issuers);
    Authenticator::load(settings(&path), Duration::from_secs(3600)).unwrap()
}
