//! What the PEM files make: the configuration of rustls.

use crate::reload::{File, FileError};
use rustls::{
    Error, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use std::sync::Arc;

/// The configuration of the certificate, its key and, for mutual TLS, the clients' authorities.
pub(super) fn server_config(files: &[File]) -> Result<ServerConfig, Vec<FileError>> {
    let (certificate, key, client_ca) = (&files[0], &files[1], files.get(2));
    let mut faults = Vec::new();
    // Named, not the process default: a second provider in the tree would make rustls panic.
    let provider = Arc::new(ring::default_provider());
    let chain = certificates(certificate, &mut faults);
    let secret = private_key(key, &mut faults);
    let clients = match client_ca {
        Some(file) => client_verifier(file, Arc::clone(&provider), &mut faults),
        None => Some(WebPkiClientVerifier::no_client_auth()),
    };
    let (Some(chain), Some(secret), Some(clients)) = (chain, secret, clients) else {
        return Err(faults);
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, secret)
        .map_err(|error| vec![unfit(&error, certificate, key)])?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// All certificates of a file; a fault when there is none.
fn certificates(file: &File, faults: &mut Vec<FileError>) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&file.bytes).collect();
    match found {
        Ok(chain) if !chain.is_empty() => return Some(chain),
        Ok(_) => {
            faults.push(file.fault(
                "holds no certificate: it must be PEM with -----BEGIN CERTIFICATE----- in it",
            ))
        }
        // The cause may quote the file.
        Err(_) => faults.push(file.fault("is broken PEM: write the file again from its source")),
    }
    None
}

fn private_key(file: &File, faults: &mut Vec<FileError>) -> Option<PrivateKeyDer<'static>> {
    // The cause may quote the file.
    let key = PrivateKeyDer::from_pem_slice(&file.bytes).ok();
    if key.is_none() {
        faults.push(file.fault(
            "holds no private key: it must be PEM of PKCS#8, PKCS#1 or SEC1, not encrypted",
        ));
    }
    key
}

fn client_verifier(
    file: &File,
    provider: Arc<CryptoProvider>,
    faults: &mut Vec<FileError>,
) -> Option<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(file, faults)? {
        if let Err(error) = roots.add(authority) {
            faults.push(file.fault(format!("holds an authority that cannot be used: {error}")));
            return None;
        }
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
    Some(verifier.expect("there is an authority, and no revocation list"))
}

fn unfit(error: &Error, certificate: &File, key: &File) -> FileError {
    match error {
        Error::InconsistentKeys(_) => key.fault(format!(
            "is not the key of the first certificate in {}: write both from the same issue",
            certificate.name()
        )),
        Error::InvalidCertificate(_) => {
            certificate.fault("holds a certificate that cannot be read: have it issued again")
        }
        _ => key.fault("holds a key that cannot be used: take ECDSA P-256, Ed25519 or RSA"),
    }
}
