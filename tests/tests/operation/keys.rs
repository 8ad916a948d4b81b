//! Certificates, signing keys and tokens, in files as an operator has them.

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, encode,
    jwk::{Jwk, JwkSet},
};
use kehu_server::clock;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ED25519};
use serde_json::json;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What `aud` of the tokens is.
pub(crate) const AUDIENCE: &str = "kehu-test";

/// A folder of keys for one server on this machine.
pub(crate) struct Keys {
    folder: TempDir,
    tokens: EncodingKey,
}

impl Keys {
    /// Writes `ca.pem`, `tls.crt`, `tls.key` and `jwks.json`.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_certificates(folder.path());
        let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let public = DecodingKey::from_ed_der(pair.public_key_raw());
        let key = Jwk::from_decoding_key(&public, Some(Algorithm::EdDSA)).unwrap();
        let set = serde_json::to_vec(&JwkSet { keys: vec![key] }).unwrap();
        std::fs::write(folder.path().join("jwks.json"), set).unwrap();
        Self { folder, tokens: EncodingKey::from_ed_der(pair.serialized_der()) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A token of a subject with these scopes for an hour.
    pub(crate) fn token_of(&self, subject: &str, scopes: &str) -> String {
        let expiry = clock::now().timestamp() + 3600;
        let claims = json!({ "sub": subject, "aud": AUDIENCE, "exp": expiry, "scope": scopes });
        encode(&Header::new(Algorithm::EdDSA), &claims, &self.tokens).unwrap()
    }

    /// Writes a token with these scopes for an hour, and returns its file.
    pub(crate) fn token(&self, scopes: &str) -> String {
        let token = self.token_of("crm", scopes);
        let path = self.path(&format!("{}.jwt", scopes.replace(' ', "-")));
        std::fs::write(&path, token).unwrap();
        path.display().to_string()
    }
}

/// An authority and a certificate of it for this machine.
fn write_certificates(folder: &Path) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    std::fs::write(folder.join("ca.pem"), authority.self_signed(&key).unwrap().pem()).unwrap();
    let authority = Issuer::new(authority, key);
    let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = own.signed_by(&key, &authority).unwrap();
    std::fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
    std::fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
}
