//! The defaults, the types and what people are shown stay in step; faults come all at once.

use super::{reader::Reader, sources::Layered, *};
use std::collections::BTreeSet;

fn flag(key: &'static str, value: &str) -> Flag {
    Flag { key, value: value.to_owned(), name: "--flag" }
}

fn faults(sources: &Sources) -> Vec<String> {
    Settings::load(sources).err().map(|Faulty(faults)| faults).unwrap_or_default()
}

#[test]
fn every_default_is_read_and_everything_read_has_a_default() {
    let mut reader = Reader::new(Layered::new(&Sources::default()));
    read(&mut reader);
    let (asked, layered) = reader.finish();
    let defaults: BTreeSet<&str> = layered.settings.keys().map(String::as_str).collect();
    assert_eq!(asked, defaults);
    assert_eq!(layered.problems, Vec::<String>::new());
}

#[test]
fn every_default_has_a_comment() {
    let mut before = "";
    for line in DEFAULTS.lines() {
        let explained = before.starts_with('#') || before.contains('=');
        assert!(!line.contains(" = ") || line.starts_with('#') || explained, "{line}");
        before = line;
    }
}

#[test]
fn later_sources_win_and_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kehu.toml");
    std::fs::write(&file, "[server]\nmax_calls = 10\nmax_streams = 20\nmax_deadline = \"5s\"\n")
        .unwrap();
    let sources = Sources {
        file: Some(file.clone()),
        environment: [
            ("KEHU__SERVER__MAX_STREAMS".to_owned(), "30".to_owned()),
            ("KEHU__SERVER__MAX_DEADLINE".to_owned(), "6s".to_owned()),
            ("KEHU_SCORING_SERVICE_HOST".to_owned(), "10.0.0.1".to_owned()),
        ]
        .into(),
        flags: vec![flag("server.max_deadline", "7s")],
    };
    let server = Settings::load(&sources).unwrap().server;
    assert_eq!((server.max_calls, server.max_streams), (10, 30));
    assert_eq!(server.max_deadline, Duration::from_secs(7));
    let (shown, faulty) = Shown::all(&sources);
    assert!(faulty.is_none());
    let origin = |key: &str| shown.iter().find(|shown| shown.key == key).unwrap().origin.clone();
    assert_eq!(origin("server.listen"), "default");
    assert_eq!(origin("server.max_calls"), file.display().to_string());
    assert_eq!(origin("server.max_streams"), "KEHU__SERVER__MAX_STREAMS");
    assert_eq!(origin("server.max_deadline"), "--flag");
}

#[test]
fn all_faults_come_at_once_with_their_origin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kehu.toml");
    std::fs::write(&file, "listen = \"x\"\n[server]\nmax_calls = 0\ndrain_delay = 5\n").unwrap();
    let environment = [
        ("KEHU__SERVER__MAX_CALL".to_owned(), "1".to_owned()),
        ("KEHU__TELEMETRY__LOG".to_owned(), "loud=(".to_owned()),
        ("KEHU__BUSINESS__BASE_CURRENCY".to_owned(), "XXL".to_owned()),
        ("KEHU__TELEMETRY__TRACE_RATIO".to_owned(), "NaN".to_owned()),
        ("KEHU__AUTH__JWKS_FILE".to_owned(), "keys.json".to_owned()),
    ];
    let found = faults(&Sources {
        file: Some(file),
        environment: environment.into(),
        flags: vec![flag("server.listen", "7400"), flag("storage.startup_wait", "soon")],
    });
    for key in [
        "listen (from ",
        "server.max_calls (from ",
        "server.drain_delay (from ",
        "server.max_call (from KEHU__SERVER__MAX_CALL)",
        "server.listen (from --flag)",
        "storage.startup_wait (from --flag)",
        "telemetry.log (from KEHU__TELEMETRY__LOG)",
        "telemetry.trace_ratio (from KEHU__TELEMETRY__TRACE_RATIO)",
        "business.base_currency (from KEHU__BUSINESS__BASE_CURRENCY)",
        "auth.audience (from default)",
    ] {
        let count = found.iter().filter(|fault| fault.starts_with(key)).count();
        assert_eq!(count, 1, "{key}: {found:#?}");
    }
    assert_eq!(found.len(), 10, "{found:#?}");
}

#[test]
fn a_file_that_is_none_is_a_fault() {
    let sources = Sources { file: Some("/nowhere/kehu.toml".into()), ..Sources::default() };
    assert_eq!(faults(&sources).len(), 1);
}

#[test]
fn nothing_is_served_in_the_clear_to_others_by_accident() {
    for address in ["0.0.0.0:7400", "[::]:7400", "192.168.1.4:7400"] {
        let open = Sources { flags: vec![flag("server.listen", address)], ..Sources::default() };
        assert!(faults(&open)[0].contains("--insecure"), "{address}");
        let mut told = open.clone();
        told.flags.push(flag("server.insecure", "true"));
        assert!(faults(&told).is_empty(), "{address}");
    }
    for address in ["127.0.0.1:0", "127.8.0.1:7400", "[::1]:7400"] {
        let sources = Sources { flags: vec![flag("server.listen", address)], ..Sources::default() };
        assert!(faults(&sources).is_empty(), "{address}");
    }
}

#[test]
fn secrets_come_from_files_and_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("uri");
    std::fs::write(&file, "postgres://kehu:secret@db/kehu\n").unwrap();
    let path = file.display().to_string();
    let from_file =
        Sources { flags: vec![flag("storage.database_url_file", &path)], ..Sources::default() };
    let settings = Settings::load(&from_file).unwrap();
    assert_eq!(settings.storage.database_url.unwrap(), "postgres://kehu:secret@db/kehu");
    for (url, shown) in [
        ("postgres://kehu:secret@db/kehu", "postgres://kehu:***@db/kehu"),
        ("postgres://db/kehu?password=secret", "postgres://db/kehu?***"),
        ("kehu secret", "(hidden: no URL)"),
    ] {
        let flags = vec![flag("storage.database_url", url)];
        let (all, _) = Shown::all(&Sources { flags, ..Sources::default() });
        let found = all.iter().find(|shown| shown.key == "storage.database_url").unwrap();
        assert_eq!(found.value, shown);
    }
}

#[test]
fn a_password_is_not_taken_from_the_command_line() {
    for url in ["postgres://kehu:secret@db/kehu", "postgres://db/kehu?password=secret"] {
        let name = "--database-url";
        let flags = vec![Flag { key: "storage.database_url", value: url.to_owned(), name }];
        let found = faults(&Sources { flags, ..Sources::default() });
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("KEHU__STORAGE__DATABASE_URL_FILE"), "{found:?}");
        assert!(!found[0].contains("secret"), "{found:?}");
        let variable = ("KEHU__STORAGE__DATABASE_URL".to_owned(), url.to_owned());
        let environment = [variable].into();
        let settings = Settings::load(&Sources { environment, ..Sources::default() }).unwrap();
        assert_eq!(settings.storage.database_url.as_deref(), Some(url));
    }
}

#[test]
fn an_empty_or_missing_secret_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("uri");
    std::fs::write(&file, "\n").unwrap();
    for path in [file, folder.path().join("none")] {
        let flags = vec![flag("storage.database_url_file", &path.display().to_string())];
        assert_eq!(faults(&Sources { flags, ..Sources::default() }).len(), 1);
    }
}

#[tokio::test]
async fn files_that_cannot_be_used_are_faults() {
    let flags = vec![
        flag("tls.certificate_file", "/nowhere/tls.crt"),
        flag("tls.key_file", "/nowhere/tls.key"),
        flag("auth.jwks_file", "/nowhere/jwks.json"),
        flag("auth.audience", "kehu"),
    ];
    let found = faults(&Sources { flags, ..Sources::default() });
    for (fault, file) in found.iter().zip(["tls.crt", "tls.key", "jwks.json"]) {
        assert!(fault.starts_with(&format!("/nowhere/{file} cannot be read")), "{fault}");
    }
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn what_would_open_or_break_a_process_is_a_fault() {
    for (key, value) in [
        ("auth.audience", "kehu"),
        ("auth.issuer", "https://login.example.com"),
        ("server.listen", ""),
        ("server.max_deadline", "600000years"),
        ("server.keepalive_timeout", "0s"),
        ("storage.database_url", "mysql://db/kehu"),
        ("storage.database_url", "postgres://:port"),
        ("telemetry.otlp_endpoint", "http://"),
        ("telemetry.otlp_endpoint", "collector:4317"),
    ] {
        let found = faults(&Sources { flags: vec![flag(key, value)], ..Sources::default() });
        assert_eq!(found.len(), 1, "{key} = {value}: {found:?}");
        assert!(found[0].starts_with(key), "{found:?}");
    }
}

#[test]
fn a_file_tells_its_unknown_sections_and_not_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kehu.toml");
    let load = |text: &str| {
        std::fs::write(&file, text).unwrap();
        faults(&Sources { file: Some(file.clone()), ..Sources::default() })
    };
    assert!(load("[nosuch]\n")[0].starts_with("nosuch (from "));
    assert_eq!(load("[server]\n"), Vec::<String>::new());
    let found = load("[storage]\ndatabase_url = postgres://kehu:sekret@db/kehu\n");
    assert_eq!(found.len(), 1);
    assert!(!found[0].contains("sekret"), "{found:?}");
}
