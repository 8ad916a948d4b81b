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
