//! Settings from everywhere, and what is wrong with them.

use kehu_tests::program::{self, kehu};
use serde_json::Value;
use std::{collections::HashMap, net::TcpListener, path::Path, process::Output};
use tokio::process::Command;

fn write(folder: &Path, text: &str) -> String {
    let path = folder.join("kehu.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

async fn output(command: &mut Command) -> (Output, String) {
    let output = command.output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, errors)
}

#[tokio::test]
async fn every_fault_is_printed_before_anything_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = write(
        folder.path(),
        "[server]\nmax_calls = 0\nmax_cals = 9\n[telemetry]\nlog_format = \"colourful\"\n",
    );
    // A process that binds before it has looked at everything says that the address is taken.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = kehu(&["serve", "--config", &file, "--listen", &address]);
    command
        .args(["--data-dir", &data.display().to_string(), "--base-currency", "XQQ"])
        .env("KEHU__SERVER__DRAIN_DELAY", "soon")
        .env("KEHU__STORAGE__DATABASE_ULR", "postgres://db/kehu")
        .env("KEHU__STORAGE__DATABASE_URL_FILE", "/nowhere/url");
    let (output, said) = output(&mut command).await;
    assert_eq!(output.status.code(), Some(64), "{said}");
    for fault in [
        format!("server.max_calls (from {file}): must be"),
        format!("server.max_cals (from {file}): is no setting"),
        format!("telemetry.log_format (from {file}): must be auto, pretty or json"),
        "server.drain_delay (from KEHU__SERVER__DRAIN_DELAY): must be".to_owned(),
        "storage.database_ulr (from KEHU__STORAGE__DATABASE_ULR): is no setting".to_owned(),
        "storage.database_url_file (from KEHU__STORAGE__DATABASE_URL_FILE): the file".to_owned(),
        "business.base_currency (from --base-currency): must be".to_owned(),
    ] {
        assert_eq!(said.matches(&fault).count(), 1, "{fault:?} in:\n{said}");
    }
    assert!(said.contains("has 7 fault(s)"), "{said}");
    assert!(!data.exists(), "the data folder was made");
}

#[tokio::test]
async fn a_file_that_is_missing_or_no_toml_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["/nowhere/kehu.toml", &write(folder.path(), "[server\n")] {
        let (code, said) = program::fail(&["serve", "--config", file]).await;
        assert_eq!(code, 64, "{said}");
        assert!(said.contains(file), "{said}");
    }
}

#[tokio::test]
async fn what_is_shown_names_value_and_origin_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file =
        write(folder.path(), "[server]\nmax_calls = 7\nmax_streams = 8\nlisten = \"[::1]:1\"\n");
    let mut command = kehu(&["config", "show", "--output", "json", "--listen", "127.0.0.1:9"]);
    command
        .env("KEHU_CONFIG", &file)
        .env("KEHU__SERVER__MAX_STREAMS", "9")
        .env("KEHU__STORAGE__DATABASE_URL", "postgres://kehu:Geheim-7@db/kehu?password=Geheim-8");
    let (output, said) = output(&mut command).await;
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("Geheim"), "{text}");
    let shown: Vec<HashMap<String, String>> = serde_json::from_str(&text).unwrap();
    for (key, value, origin) in [
        ("server.drain_grace", "20s", "default"),
        ("server.max_calls", "7", file.as_str()),
        ("server.max_streams", "9", "KEHU__SERVER__MAX_STREAMS"),
        ("server.listen", "127.0.0.1:9", "--listen"),
        ("storage.database_url", "postgres://kehu:***@db/kehu?***", "KEHU__STORAGE__DATABASE_URL"),
    ] {
        let found = shown.iter().find(|setting| setting["key"] == key);
        let found = found.unwrap_or_else(|| panic!("no {key} in {text}"));
        assert_eq!((&*found["value"], &*found["origin"]), (value, origin), "{key}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_shown_too() {
    let mut command = kehu(&["config", "show", "--output", "json"]);
    let (output, said) = output(command.env("KEHU__SERVER__MAX_CALLS", "many")).await;
    assert_eq!(output.status.code(), Some(64));
    assert!(said.contains("server.max_calls (from KEHU__SERVER__MAX_CALLS)"), "{said}");
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(shown.as_array().is_some_and(|shown| shown.len() > 30), "{shown}");
}

#[tokio::test]
async fn what_the_database_has_fixed_is_shown_while_a_process_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let show = async |more: &[&str]| -> HashMap<String, (String, String)> {
        let mut command = kehu(&["config", "show", "--output", "json", "--data-dir", &data]);
        let (output, said) = output(command.args(more)).await;
        assert!(output.status.success(), "{said}");
        let shown: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
        let told = |one: &Value| (text(one, "key"), (text(one, "value"), text(one, "origin")));
        shown.iter().map(told).collect()
    };
    let currency = "business.base_currency";
    assert_eq!(show(&[]).await[currency], (String::new(), "default".to_owned()));
    let arguments = ["--data-dir", &data, "--base-currency", "EUR"];
    let _server = program::Server::start(&arguments).await;
    let shown = show(&[]).await;
    assert_eq!(shown[currency], ("EUR".to_owned(), "the database".to_owned()));
    assert_eq!(shown["business.time_zone"].0, "Asia/Shanghai");
    let (value, origin) = &show(&["--base-currency", "USD"]).await[currency];
    assert_eq!(value, "EUR");
    assert!(origin.contains("--base-currency says USD, which it refuses"), "{origin}");
}
