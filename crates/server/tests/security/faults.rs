//! What is said of files that cannot be used.

use crate::authority::{Authority, Pair};
use crate::server::OFTEN;
use kehu_server::tls::{Files, Tls};
use std::{fs, path::Path};

fn faults(folder: &Path, client_ca: Option<&str>) -> Vec<String> {
    let files = Files {
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
        client_ca: client_ca.map(|name| folder.join(name)),
    };
    let faults = Tls::load(files, OFTEN).unwrap_err();
    let prefix = format!("{}/", folder.display());
    faults.iter().map(|fault| fault.to_string().replace(&prefix, "")).collect()
}

#[tokio::test]
async fn every_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let found = faults(folder.path(), Some("ca.crt"));
    assert_eq!(found.len(), 3, "{found:?}");
    for (fault, name) in found.iter().zip(["tls.crt", "tls.key", "ca.crt"]) {
        assert!(fault.starts_with(&format!("{name} cannot be read (No such file")), "{fault}");
    }
}

#[tokio::test]
async fn every_file_without_the_right_content_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Authority::new("servers").issue(&["localhost"]);
    Pair { certificate: pair.key.clone(), key: pair.certificate }.write(folder.path());
    fs::write(folder.path().join("ca.crt"), "").unwrap();
    let found = faults(folder.path(), Some("ca.crt"));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("tls.crt holds no certificate"), "{found:?}");
    assert!(found[1].starts_with("tls.key holds no private key"), "{found:?}");
    assert!(found[2].starts_with("ca.crt holds no certificate"), "{found:?}");
}

#[tokio::test]
async fn a_fault_never_quotes_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Authority::new("servers").issue(&["localhost"]);
    let line = pair.key.lines().nth(1).unwrap();
    let broken = [
        pair.key.replace("-----END", line),
        pair.key.replace("-----BEGIN", "-----BEGI"),
        format!("-----BEGIN {line}\n"),
        pair.key.replace(&line[..8], "????????"),
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
    ];
    for text in broken {
        Pair { certificate: pair.certificate.clone(), key: text.clone() }.write(folder.path());
        let found = faults(folder.path(), None);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("tls.key holds"), "{found:?}");
        assert!(!found[0].contains(&line[8..]), "{found:?}");
    }
}

#[tokio::test]
async fn a_key_must_fit_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("servers");
    let pair = authority.issue(&["localhost"]);
    let other = authority.issue(&["localhost"]);
    Pair { certificate: pair.certificate, key: other.key }.write(folder.path());
    let found = faults(folder.path(), None);
    let expected = "tls.key is not the key of the first certificate in tls.crt: \
                    write both from the same issue";
    assert_eq!(found, [expected]);
}

#[tokio::test]
async fn a_certificate_must_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Authority::new("servers").issue(&["localhost"]);
    let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    Pair { certificate: junk.to_owned(), key: pair.key }.write(folder.path());
    fs::write(folder.path().join("ca.crt"), junk).unwrap();
    let found = faults(folder.path(), None);
    assert!(found[0].starts_with("tls.crt holds a certificate that cannot be read"), "{found:?}");
    let found = faults(folder.path(), Some("ca.crt"));
    assert!(found[0].starts_with("ca.crt holds an authority that cannot be used"), "{found:?}");
}
