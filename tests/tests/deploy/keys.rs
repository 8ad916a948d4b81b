//! Settings: only ones that the program has.

use crate::{SETTINGS, defaults, files, read};
use std::collections::BTreeSet;

/// `section.key` of every key of a file of settings.
fn keys(settings: &toml::Table) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (section, values) in settings {
        for key in values.as_table().expect("a section").keys() {
            keys.insert(format!("{section}.{key}"));
        }
    }
    keys
}

#[test]
fn every_key_of_a_file_of_settings_is_one_of_the_program() {
    let known = keys(&defaults());
    for file in SETTINGS {
        let unknown: Vec<_> =
            keys(&read(file).parse().unwrap()).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{file} sets {unknown:?}");
    }
}

#[test]
fn every_variable_names_a_key_of_the_program() {
    let known = keys(&defaults());
    let mut seen = 0;
    for (path, text) in files() {
        for found in text.split("KEHU__").skip(1) {
            let end = found.find(|c: char| !c.is_ascii_uppercase() && c != '_');
            let name = found[..end.unwrap_or(found.len())].to_lowercase().replace("__", ".");
            // The README explains the form by SECTION__KEY.
            if name != "section.key" {
                assert!(known.contains(&name), "{} sets {name}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 5, "found {seen} variables only");
}

/// Rows of the README's table: key and default.
fn documented() -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for line in read("README.md").lines() {
        let mut cells = line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
        if let (Some(_), Some(key), Some(default)) = (cells.next(), cells.next(), cells.next())
            && line.starts_with("| `")
            && key.contains('.')
        {
            rows.push((key, default));
        }
    }
    rows
}

/// A default as the README writes it.
fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) if text.is_empty() => "empty".to_owned(),
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => format!("{number:?}"),
        toml::Value::Boolean(truth) => truth.to_string(),
        toml::Value::Array(items) if items.is_empty() => "[]".to_owned(),
        other => panic!("a default is no {}", other.type_str()),
    }
}

#[test]
fn the_readme_has_every_key_with_its_default() {
    let mut expected = Vec::new();
    for (section, values) in defaults() {
        for (key, value) in values.as_table().expect("a section") {
            expected.push((format!("{section}.{key}"), shown(value)));
        }
    }
    let mut documented = documented();
    documented.sort();
    expected.sort();
    assert_eq!(documented, expected);
}
