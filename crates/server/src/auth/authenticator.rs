//! Decides who calls and whether it may.

use super::{
    CredentialProblem, Grant, Scope, TokenSettings, certificates, is_open, required_scopes,
    token::{Tokens, bearer},
};
use crate::{Fault, reload::FileError, tls::Peer};
use http::{Extensions, Request, header::AUTHORIZATION};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// How callers sign on.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Which bearer tokens are good; `None` takes none.
    pub tokens: Option<TokenSettings>,
    /// Which client certificates are good; they need mutual TLS.
    pub certificates: Vec<Grant>,
}

/// Who calls; in the extensions of every request to a method that is not open, when sign-on is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The token's `sub`, or the name of the certificate.
    pub subject: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
}

/// Whether the caller of a request, by its extensions, has all of these scopes. Where sign-on is
/// off, everybody has.
pub fn holds(extensions: &Extensions, scopes: &[Scope]) -> bool {
    let principal = extensions.get::<Principal>();
    principal.is_none_or(|it| scopes.iter().all(|scope| it.scopes.contains(scope)))
}

/// The name of the caller of a request, by its extensions; `None` where sign-on is off.
pub fn caller(extensions: &Extensions) -> Option<String> {
    extensions.get::<Principal>().map(|principal| principal.subject.clone())
}

/// Decides who calls and whether it may.
#[derive(Debug, Clone)]
pub struct Authenticator(Arc<Credentials>);

#[derive(Debug)]
struct Credentials {
    tokens: Option<Tokens>,
    grants: Vec<Grant>,
}

impl Authenticator {
    /// Reads the keys; `None` when neither tokens nor certificates are configured. Within a runtime,
    /// where a task goes on looking at the file `every` so often ([`crate::reload::INTERVAL`])
    /// until the last clone is dropped. Every fault is returned.
    pub fn load(settings: Settings, every: Duration) -> Result<Option<Self>, Vec<FileError>> {
        if settings.tokens.is_none() && settings.certificates.is_empty() {
            return Ok(None);
        }
        let tokens = settings.tokens.map(|tokens| Tokens::load(tokens, every)).transpose()?;
        Ok(Some(Self(Arc::new(Credentials { tokens, grants: settings.certificates }))))
    }

    /// Who makes this call, when it may: `None` for an open method, which asks nobody.
    pub(super) fn authorize<B>(&self, request: &Request<B>) -> Result<Option<Principal>, Fault> {
        let method = request.uri().path().trim_start_matches('/');
        if is_open(method) {
            return Ok(None);
        }
        let principal = self.identify(request).map_err(Fault::Unauthenticated)?;
        let Some(required) = required_scopes(method) else {
            return Err(Fault::PermissionDenied { missing: Vec::new() });
        };
        let lacks = |scope: &&Scope| !principal.scopes.contains(*scope);
        let missing: Vec<Scope> = required.iter().filter(lacks).copied().collect();
        if missing.is_empty() {
            Ok(Some(principal))
        } else {
            Err(Fault::PermissionDenied { missing })
        }
    }

    fn identify<B>(&self, request: &Request<B>) -> Result<Principal, CredentialProblem> {
        let Credentials { tokens, grants } = self.0.as_ref();
        if let Some(tokens) = tokens
            && request.headers().contains_key(AUTHORIZATION)
        {
            return tokens.verify(bearer(request.headers())?);
        }
        let names = request.extensions().get::<Peer>().and_then(|it| it.certificate_names.as_ref());
        match names {
            Some(names) if !grants.is_empty() => {
                certificates::holder(grants, names).ok_or(CredentialProblem::UnknownCertificate)
            }
            _ => Err(CredentialProblem::Missing),
        }
    }
}
