//! Who can reach a process, and who may call it.

use crate::keys::{AUDIENCE, Keys};
use kehu_tests::program::{self, Server, kehu};

#[tokio::test]
async fn others_are_served_in_the_clear_only_when_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let anywhere = ["serve", "--listen", "0.0.0.0:0", "--data-dir", &data.display().to_string()];
    let (code, said) = program::fail(&anywhere).await;
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("tls.certificate_file") && said.contains("--insecure"), "{said}");
    assert!(!data.exists(), "the data folder was made");

    let server = Server::spawn(kehu(&[&anywhere[..], &["--insecure"]].concat())).await;
    let local = server.url.replace("0.0.0.0", "127.0.0.1");
    program::succeed(&["rejects", "--server", &local]).await;
    server.stop().await;
}

/// A server with TLS and sign-on.
async fn signed_on(keys: &Keys) -> Server {
    let mut command = kehu(&["serve", "--listen", "127.0.0.1:0"]);
    command
        .arg("--data-dir")
        .arg(keys.path("data"))
        .env("KEHU__TLS__CERTIFICATE_FILE", keys.path("tls.crt"))
        .env("KEHU__TLS__KEY_FILE", keys.path("tls.key"))
        .env("KEHU__AUTH__JWKS_FILE", keys.path("jwks.json"))
        .env("KEHU__AUTH__AUDIENCE", AUDIENCE);
    Server::spawn(command).await
}

#[tokio::test]
async fn tls_and_tokens_hold_from_end_to_end() {
    let keys = Keys::new();
    let server = signed_on(&keys).await;
    assert!(server.url.starts_with("https://"), "{}", server.url);
    let ca = keys.path("ca.pem").display().to_string();
    let trusting = ["--server", &server.url, "--ca-file", &ca];

    // Probes need no token.
    let health = program::succeed(&[&["health"], &trusting[..]].concat()).await;
    assert_eq!(health.trim(), "SERVING");
    let rejects = [&["rejects"], &trusting[..]].concat();
    let good = keys.token("read personal-data");
    program::succeed(&[&rejects[..], &["--token-file", &good]].concat()).await;

    let (code, said) = program::fail(&rejects).await;
    assert_eq!(code, 77, "{said}");
    let other = keys.token("read ingest");
    let (code, said) = program::fail(&[&rejects[..], &["--token-file", &other]].concat()).await;
    assert_eq!(code, 77, "{said}");
    assert!(said.contains("personal-data"), "{said}");
    let (code, said) = program::fail(&["health", "--server", &server.url]).await;
    assert_eq!(code, 64, "{said}");
    let clear = server.url.replace("https:", "http:");
    let (code, said) = program::fail(&["health", "--server", &clear]).await;
    assert_eq!(code, 69, "{said}");
    server.stop().await;
}

#[tokio::test]
async fn a_service_of_another_role_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let server = Server::start(&["--role", "ingestion", "--data-dir", &data]).await;
    server.succeed(&["rejects"]).await;
    let (code, said) = program::fail(&["score", "--server", &server.url]).await;
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("does not serve kehu.scoring.v1.ScoringService"), "{said}");
    server.stop().await;
}

/// Who may read, but no personal data, sees of members their numbers alone.
#[tokio::test]
async fn names_in_lists_are_for_those_who_may_see_them() {
    let keys = Keys::new();
    let server = signed_on(&keys).await;
    let ca = keys.path("ca.pem").display().to_string();
    let call = async |scopes: &str, arguments: &[&str]| {
        let token = keys.token(scopes);
        let trusting = ["--server", &server.url, "--ca-file", &ca, "--token-file", &token];
        program::succeed(&[arguments, &trusting[..]].concat()).await
    };
    let sales = keys.path("sales.csv");
    let rows = "order_id,customer_id,date,amount,customer_name\n1,c1,2011-12-01,5,Ottokar\n";
    std::fs::write(&sales, rows).unwrap();
    let all = "ingest read score code admin personal-data";
    call(all, &["import", &sales.display().to_string()]).await;
    call(all, &["business-date", "2011-12-10"]).await;
    call(all, &["score", "abc"]).await;
    call(all, &["classify", "abc"]).await;
    let seen = call("read personal-data", &["members", "abc"]).await;
    assert!(seen.contains("Ottokar") && seen.contains("import/c1"), "{seen}");
    let hidden = call("read", &["members", "abc"]).await;
    assert!(hidden.contains("customers/1"), "{hidden}");
    assert!(!hidden.contains("Ottokar") && !hidden.contains("import/c1"), "{hidden}");
    server.stop().await;
}
