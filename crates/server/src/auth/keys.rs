//! The public keys that tokens are verified with, from a JWK Set.

use super::CredentialProblem;
use crate::reload::{File, FileError};
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, Header,
    crypto::verify,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};

/// Keys for RS256, ES256 and EdDSA; at least one.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

/// A key, with the one algorithm that it is used with.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

impl Keys {
    /// The keys of a JWK Set. Keys for other algorithms or for encryption are left out; so are
    /// shared secrets, for who can verify with those can sign.
    pub(super) fn parse(files: &[File]) -> Result<Self, Vec<FileError>> {
        let file = &files[0];
        // The cause may quote the file.
        let set: JwkSet = serde_json::from_slice(&file.bytes).map_err(|_| {
            vec![file.fault("is no JWK Set: it must be JSON with a list \"keys\" of public keys")]
        })?;
        let keys: Vec<Key> = set.keys.iter().filter_map(usable).collect();
        if keys.is_empty() {
            return Err(vec![file.fault(
                "holds no key that can be used: RSA of 2048 to 4096 bits, EC P-256 or Ed25519",
            )]);
        }
        Ok(Self(keys))
    }

    /// The key that the header of a token names, or the only one when it names none.
    pub(super) fn find(&self, header: &Header) -> Result<&Key, CredentialProblem> {
        let key = match (&header.kid, self.0.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (id, keys) => keys.iter().find(|key| key.id == *id),
        };
        let key = key.ok_or(CredentialProblem::UnknownKey)?;
        if key.algorithm != header.alg {
            return Err(CredentialProblem::WrongAlgorithm);
        }
        Ok(key)
    }
}

fn usable(jwk: &Jwk) -> Option<Key> {
    let algorithm = algorithm(jwk)?;
    let key = DecodingKey::from_jwk(jwk).ok()?;
    let for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    if !for_signatures || !has_right_length(&key, algorithm) {
        return None;
    }
    // Refuses what is no point of the curve.
    verify("", b"", &key, algorithm).ok()?;
    Some(Key { id: jwk.common.key_id.clone(), algorithm, key })
}

/// The algorithm that the kind of a key settles; `None` when the key says that it is for another.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let declared = jwk.common.key_algorithm;
    declared.is_none_or(|declared| declared == KeyAlgorithm::from(algorithm)).then_some(algorithm)
}

/// The library takes an Ed25519 key of any length, and fails on a short one only when it is used.
fn has_right_length(key: &DecodingKey, algorithm: Algorithm) -> bool {
    match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => (256..=512).contains(&n.len()),
        DecodingKeyKind::SecretOrDer(bytes) if algorithm == Algorithm::EdDSA => bytes.len() == 32,
        DecodingKeyKind::SecretOrDer(_) => true,
    }
}
