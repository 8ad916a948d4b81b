//! What `deploy/` says in several places, and the program in one: ports, keys, probes, periods of
//! grace, metrics. That the files are sound each by itself, `deploy/check` sees.

mod cluster;
mod entry;
mod keys;
mod metrics;

use serde::Deserialize;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files of settings, each with the ones that it holds for.
const SETTINGS: [&str; 3] =
    ["docker/kehu.toml", "kubernetes/base/kehu.toml", "kubernetes/overlays/dev/kehu.toml"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of `deploy/`.
fn read(name: &str) -> String {
    let path = root().join("deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents of a YAML file of `deploy/`.
fn documents(name: &str) -> Vec<Value> {
    let text = read(name);
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    documents
        .map(|document| parsed(document).unwrap_or_else(|why| panic!("{name}: {why}")))
        .collect()
}

/// A document with what its anchors stand for.
fn parsed(document: serde_yaml_ng::Deserializer<'_>) -> Result<Value, serde_yaml_ng::Error> {
    let mut value = serde_yaml_ng::Value::deserialize(document)?;
    // What is merged may itself merge something.
    for _ in 0..2 {
        value.apply_merge()?;
    }
    serde_yaml_ng::from_value(value)
}

/// The document of a kind in a YAML file of `deploy/`.
fn document(name: &str, kind: &str) -> Value {
    let found = documents(name).into_iter().find(|document| document["kind"] == kind);
    found.unwrap_or_else(|| panic!("{name} has no {kind}"))
}

/// What the program takes where nothing else is said.
fn defaults() -> toml::Table {
    let path = root().join("crates/server/src/config/default.toml");
    let text = fs::read_to_string(path).expect("the program has defaults");
    text.parse().expect("the defaults are TOML")
}

/// What holds under a file of settings of `deploy/`: its value, or else the default.
fn setting(file: &str, section: &str, key: &str) -> toml::Value {
    let table: toml::Table = read(file).parse().expect("the settings are TOML");
    let value = table.get(section).and_then(|section| section.get(key)).cloned();
    value.unwrap_or_else(|| defaults()[section][key].clone())
}

/// The port of an address in a file of settings.
fn port(file: &str, section: &str, key: &str) -> i64 {
    let address = setting(file, section, key);
    let (_, port) = address.as_str().and_then(|text| text.rsplit_once(':')).expect("an address");
    port.parse().expect("a port is a number")
}

/// Seconds of a period such as `5s`.
fn seconds(period: &str) -> i64 {
    let number = period.strip_suffix('s').expect("the period is in seconds");
    number.parse().expect("a period is a number")
}

/// Every file of `deploy/` with its text.
fn files() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("deploy")];
    while let Some(folder) = folders.pop() {
        // What a developer makes and the repository ignores.
        if folder.ends_with("secrets") {
            continue;
        }
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("deploy/ holds text only");
                found.push((path, text));
            }
        }
    }
    found
}
