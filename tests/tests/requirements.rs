//! The list of requirements in `tests/README.md` names the tests that prove them, and no others.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The tests of each requirement, by its number.
type Tests = BTreeMap<String, BTreeSet<String>>;

/// How many requirements there are.
const ROWS: usize = 113;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What the list says: `| 2.17 | method | check | open |` or names of tests in backquotes.
fn listed() -> Tests {
    let text = std::fs::read_to_string(root().join("tests/README.md")).unwrap();
    let mut listed = Tests::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [number, _, _, tests] = cells[..] else { continue };
        let Some(number) = number.strip_prefix("| ").filter(|number| is_number(number)) else {
            continue;
        };
        let tests = tests.trim_end_matches(" |");
        let named = tests.split(", ").filter(|_| tests != "open");
        let named = named.map(|name| name.trim_matches('`').to_owned()).collect();
        assert!(listed.insert(number.to_owned(), named).is_none(), "{number} is listed twice");
    }
    listed
}

fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(document, row)| digits(document) && digits(row))
}

/// The tests there are: every function in a Rust file whose name begins like `req_2_17_`.
fn written() -> Tests {
    let mut written = Tests::new();
    for folder in ["crates", "tests/src", "tests/tests"] {
        collect(&root().join(folder), &mut written);
    }
    written
}

fn collect(folder: &Path, written: &mut Tests) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, written);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            read(&std::fs::read_to_string(&path).unwrap(), written);
        }
    }
}

fn read(source: &str, written: &mut Tests) {
    for line in source.lines() {
        let function = line.trim_start().trim_start_matches("async ").strip_prefix("fn req_");
        let Some((name, _)) = function.and_then(|rest| rest.split_once('(')) else { continue };
        let mut parts = name.split('_');
        let number = format!("{}.{}", parts.next().unwrap(), parts.next().unwrap_or_default());
        assert!(is_number(&number), "req_{name} begins with no number of a requirement");
        written.entry(number).or_default().insert(format!("req_{name}"));
    }
}

#[test]
fn the_list_names_every_test_of_a_requirement_and_no_other() {
    let listed = listed();
    assert_eq!(listed.len(), ROWS, "a requirement was lost or the list is not readable");
    let proven: Tests = listed.into_iter().filter(|(_, tests)| !tests.is_empty()).collect();
    assert_eq!(proven, written());
}
