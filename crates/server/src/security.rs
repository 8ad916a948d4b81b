//! What the settings say of certificates and tokens, made of their files.

use crate::{
    auth::{self, Authenticator, TokenSettings},
    config::Settings,
    reload::{FileError, INTERVAL},
    tls::{Files, Tls},
};

/// TLS and sign-on of a process; both follow their files.
#[derive(Debug)]
pub struct Security {
    /// TLS of the API; `None` serves in the clear.
    pub tls: Option<Tls>,
    /// Who may call; `None` lets everybody.
    pub authenticator: Option<Authenticator>,
}

impl Security {
    /// Reads the files that `settings` name, within a runtime. Every fault is returned.
    pub fn load(settings: &Settings) -> Result<Self, Vec<FileError>> {
        let tls = files(settings).map(|files| Tls::load(files, INTERVAL)).transpose();
        let authenticator = Authenticator::load(sign_on(settings), INTERVAL);
        match (tls, authenticator) {
            (Ok(tls), Ok(authenticator)) => Ok(Self { tls, authenticator }),
            (tls, authenticator) => {
                let faults = [tls.err(), authenticator.err()];
                Err(faults.into_iter().flatten().flatten().collect())
            }
        }
    }
}

fn files(settings: &Settings) -> Option<Files> {
    let tls = settings.tls.clone();
    let (certificate, key) = tls.certificate_file.zip(tls.key_file)?;
    Some(Files { certificate, key, client_ca: tls.client_ca_file })
}

fn sign_on(settings: &Settings) -> auth::Settings {
    let auth = settings.auth.clone();
    let tokens = auth.jwks_file.zip(auth.audience);
    auth::Settings {
        tokens: tokens.map(|(jwks_file, audience)| TokenSettings {
            jwks_file,
            audience,
            issuer: auth.issuer,
        }),
        certificates: auth.certificates,
    }
}
