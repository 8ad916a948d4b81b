//! Bearer tokens: signed JWTs.

use super::{CredentialProblem, Principal, Scope, keys::Keys};
use crate::reload::{FileError, Reloaded};
use http::{HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};
use serde::Deserialize;
use std::{collections::BTreeSet, path::PathBuf, time::Duration};

/// How far the issuer's clock may be from ours, in seconds.
const LEEWAY: u64 = 30;

/// Which tokens are good.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// The issuer's public keys, a JWK Set.
    pub jwks_file: PathBuf,
    /// What `aud` must be or contain; not empty.
    pub audience: String,
    /// What `iss` must be; `None` takes every issuer that has one of the keys.
    pub issuer: Option<String>,
}

/// Verifies tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    keys: Reloaded<Keys>,
    rules: Validation,
}

/// What a token says of its holder.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    scope: Option<Words>,
    scopes: Option<Words>,
    scp: Option<Words>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Text(String),
    List(Vec<String>),
}

impl Tokens {
    /// Reads the keys; see [`Reloaded::load`].
    pub(super) fn load(settings: TokenSettings, every: Duration) -> Result<Self, Vec<FileError>> {
        let mut rules = Validation::default();
        let mut required = vec!["sub", "exp", "aud"];
        rules.leeway = LEEWAY;
        rules.validate_nbf = true;
        rules.set_audience(&[settings.audience]);
        if let Some(issuer) = settings.issuer {
            rules.set_issuer(&[issuer]);
            required.push("iss");
        }
        rules.set_required_spec_claims(&required);
        let keys = Reloaded::load(vec![settings.jwks_file], every, Keys::parse)?;
        Ok(Self { keys, rules })
    }

    /// The holder of a token.
    pub(super) fn verify(&self, token: &str) -> Result<Principal, CredentialProblem> {
        let header = decode_header(token).map_err(|_| CredentialProblem::Malformed)?;
        if header.crit.is_some() {
            // It asks for an extension to be understood, and none is.
            return Err(CredentialProblem::Malformed);
        }
        let keys = self.keys.current();
        let key = keys.find(&header)?;
        let claims = decode::<Claims>(token, &key.key, &self.rules(key.algorithm))
            .map_err(|error| problem(error.kind()))?
            .claims;
        let scopes = scopes([claims.scope, claims.scopes, claims.scp]);
        Ok(Principal { subject: claims.sub, scopes })
    }

    fn rules(&self, algorithm: Algorithm) -> Validation {
        Validation { algorithms: vec![algorithm], ..self.rules.clone() }
    }
}

/// The token in the one `authorization` header of a call.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, CredentialProblem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(CredentialProblem::Malformed);
    };
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or(CredentialProblem::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(CredentialProblem::Malformed);
    }
    Ok(token.trim())
}

/// The scopes among the words of all claims.
fn scopes(claims: [Option<Words>; 3]) -> BTreeSet<Scope> {
    let mut scopes = BTreeSet::new();
    for claim in claims.into_iter().flatten() {
        let words = match claim {
            Words::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
            Words::List(words) => words,
        };
        // Tokens carry words of other programs too: `openid`.
        scopes.extend(words.iter().filter_map(|word| word.parse::<Scope>().ok()));
    }
    scopes
}

fn problem(kind: &ErrorKind) -> CredentialProblem {
    match kind {
        ErrorKind::InvalidSignature => CredentialProblem::BadSignature,
        ErrorKind::ExpiredSignature => CredentialProblem::Expired,
        ErrorKind::ImmatureSignature => CredentialProblem::NotYetValid,
        ErrorKind::InvalidAudience => CredentialProblem::WrongAudience,
        ErrorKind::InvalidIssuer => CredentialProblem::WrongIssuer,
        ErrorKind::MissingRequiredClaim(_) => CredentialProblem::MissingClaim,
        ErrorKind::InvalidAlgorithm => CredentialProblem::WrongAlgorithm,
        _ => CredentialProblem::Malformed,
    }
}
