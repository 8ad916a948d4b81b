//! Every table has one owner, the only one who writes it: `crates/storage/src/migrations/owners.txt`
//! says who, and the sources of all crates are searched for writes by anybody else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const STORAGE: &str = "crates/storage/src";

/// Where records and spans are written whose tables their owners name, who are searched like all
/// sources.
const BY_NAME: [&str; 4] = [
    "crates/storage/src/ingestion/merges/rows.rs",
    "crates/storage/src/ingestion/versions.rs",
    "crates/storage/src/ingestion/revalue.rs",
    "crates/storage/src/history/record.rs",
];

/// How many words after `bulk::insert` the table stands at the latest: its arguments before it.
const BULK: usize = 4;

#[test]
fn only_its_owner_writes_a_table() {
    let tables = Tables::read();
    let mut violations = Vec::new();
    for file in sources(&root().join("crates")) {
        let text = std::fs::read_to_string(&file).expect("a source can be read");
        let path = file.strip_prefix(root()).expect("it is in the workspace");
        violations.extend(tables.violations(&path.display().to_string(), &text));
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_table_has_an_owner() {
    let tables = Tables::read();
    let mut created = BTreeSet::new();
    for file in sources(&root().join(STORAGE).join("migrations")) {
        let text = std::fs::read_to_string(&file).expect("a migration can be read");
        let words: Vec<&str> = words(&text).collect();
        let creates = words.windows(4).filter(|four| four[..3] == ["Table", "create", "table"]);
        created.extend(creates.map(|window| window[3].to_owned()));
    }
    assert_eq!(tables.owners.keys().cloned().collect::<BTreeSet<_>>(), created);
    for owner in tables.owners.values() {
        let place = root().join(STORAGE).join(owner);
        assert!(place.is_dir() || place.with_extension("rs").is_file(), "there is no {owner}");
    }
}

/// Each way to write is found, wherever it stands, and reading is nobody's offence.
#[test]
fn a_stranger_that_writes_is_found() {
    let tables = Tables::read();
    for (path, text, found) in [
        ("crates/scoring/src/job.rs", r#"let sql = "INSERT INTO code (a) VALUES (1)";"#, 1),
        ("crates/storage/src/coding/codes.rs", r#"let sql = "INSERT INTO code VALUES (1)";"#, 0),
        ("crates/storage/src/scoring/x.rs", "\"DELETE \\\n  FROM class_span WHERE 1 = 1\"", 1),
        ("crates/storage/src/scoring/x.rs", "\"UPDATE customer SET name = ''\"", 1),
        ("crates/storage/src/ingestion/x.rs", "\"UPDATE customer SET name = ''\"", 0),
        ("crates/storage/src/ingestion/x.rs", "format!(\"UPDATE {table} SET a = 1\")", 1),
        (
            "crates/storage/src/coding/x.rs",
            r#"static PLACE: Place = Place { kind: "order", table: "sales_order" };"#,
            1,
        ),
        ("crates/storage/src/run/x.rs", r#"bulk::insert(writer.transaction(), "code", &c)"#, 1),
        ("crates/storage/src/run/x.rs", "bulk::insert(transaction, name, &columns, Fail)", 1),
        ("crates/storage/src/run/x.rs", r#"Query::insert().into_table("request")"#, 1),
        ("crates/storage/src/run/x.rs", r#"Query::update().table("request").value("a", 1)"#, 1),
        (
            "crates/storage/src/coding/x.rs",
            "use crate::entity::run as run_entity; fn f() { run_entity::Entity::update_many(); }",
            1,
        ),
        (
            "crates/storage/src/coding/x.rs",
            "use crate::entity::run as run_entity; fn f() { run_entity::Entity::find(); }",
            0,
        ),
        (
            "crates/storage/src/run/x.rs",
            "use crate::coding::entity::code_left_out::{Column, Entity}; fn f() { Entity::insert(row); }",
            1,
        ),
        (
            "crates/storage/src/run/x.rs",
            "use crate::entity::{request, run}; fn f() { request::ActiveModel { id: Set(1) }; }",
            1,
        ),
        ("crates/storage/src/run/x.rs", "// INSERT INTO code is what a stranger would do", 0),
        ("crates/storage/src/facts/x.rs", "\"SELECT a FROM customer FOR UPDATE\"", 0),
    ] {
        let violations = tables.violations(path, text);
        assert_eq!(violations.len(), found, "{path}: {text}: {violations:?}");
    }
}

/// Tables with their owners, and the modules that stand for their rows.
struct Tables {
    owners: BTreeMap<String, String>,
    /// Tables by the name of the entity's module.
    entities: BTreeMap<String, String>,
}

impl Tables {
    fn read() -> Self {
        let list = root().join(STORAGE).join("migrations/owners.txt");
        let list = std::fs::read_to_string(list).expect("the list is beside the migrations");
        let mut owners = BTreeMap::new();
        for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (table, owner) = line.split_once(' ').expect("a line has a table and an owner");
            let before = owners.insert(table.to_owned(), owner.trim().to_owned());
            assert_eq!(before, None, "{table} has one owner");
        }
        let mut entities = BTreeMap::new();
        for file in files(&root().join(STORAGE)).into_iter().filter(|file| is_of(file, "entity")) {
            let text = std::fs::read_to_string(&file).expect("a source can be read");
            if let Some(table) = text.split("table_name = \"").nth(1) {
                let table = table.split('"').next().expect("a name ends").to_owned();
                let module = file.file_stem().expect("a file has a name");
                entities.insert(module.to_string_lossy().into_owned(), table);
            }
        }
        Self { owners, entities }
    }

    fn violations(&self, path: &str, text: &str) -> Vec<String> {
        let owner = path.strip_prefix(STORAGE).map_or("", |rest| {
            let first = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
            first.trim_end_matches(".rs")
        });
        // The one who writes for others is told the table by them.
        if owner == "dialect" {
            return Vec::new();
        }
        let mut violations = Vec::new();
        let mut written = self.written(&without_comments(text));
        if path.starts_with(STORAGE) {
            written.extend(self.handed_on(&without_comments(text)));
        }
        for table in written {
            match self.owners.get(&table) {
                Some(of) if of == owner => {}
                Some(of) => violations.push(format!("{path}: {table} is written by {of} alone")),
                None if BY_NAME.contains(&path) => {}
                None => violations.push(format!("{path}: {table} is written: is it a table?")),
            }
        }
        violations
    }

    /// The tables that a source writes; what is no table where one is written by a name that is
    /// not in the text.
    fn written(&self, text: &str) -> Vec<String> {
        let words: Vec<&str> = words(text).collect();
        let mut written = Vec::new();
        for place in 0..words.len() {
            match words[place..] {
                ["INSERT", "INTO", table, ..]
                | ["DELETE", "FROM", table, ..]
                | ["UPDATE", table, "SET", ..]
                | ["TRUNCATE" | "COPY", table, ..]
                | ["into_table" | "from_table", table, ..] => written.push(table.to_owned()),
                ["bulk", "insert", ref arguments @ ..] => {
                    let mut near = arguments.iter().take(BULK);
                    let table = near.find(|word| self.owners.contains_key(**word));
                    written.push(table.map_or("what bulk inserts", |table| table).to_owned());
                }
                _ => {}
            }
        }
        written.extend(self.written_as_entities(text, &words));
        written
    }

    /// The tables that storage names to those who write for others: `table: "invoice"`.
    fn handed_on(&self, text: &str) -> Vec<String> {
        let words: Vec<&str> = words(text).collect();
        let named = words.windows(2).filter(|pair| matches!(pair[0], "table" | "parts"));
        let tables = named.filter(|pair| self.owners.contains_key(pair[1]));
        tables.map(|pair| pair[1].to_owned()).collect()
    }

    /// Through sea-orm: `Entity::insert` and the like, or an `ActiveModel`.
    fn written_as_entities(&self, text: &str, words: &[&str]) -> Vec<String> {
        let mut names: BTreeMap<&str, &str> =
            self.entities.keys().map(|module| (module.as_str(), module.as_str())).collect();
        let mut here = None;
        for part in text.split("use ").skip(1) {
            let import: Vec<&str> = self::words(part.split(';').next().unwrap_or("")).collect();
            let mut modules = import.iter().filter(|word| self.entities.contains_key(**word));
            let Some(last) = modules.next_back() else { continue };
            if import.contains(&"entity")
                && import.iter().any(|word| matches!(*word, "Entity" | "ActiveModel"))
            {
                here = Some(*last);
            }
            for window in import.windows(3).filter(|window| window[1] == "as") {
                names.insert(window[2], window[0]);
            }
        }
        let mut written = Vec::new();
        for place in 0..words.len() {
            let writes = match words[place..] {
                ["Entity", what, ..] => {
                    ["insert", "update", "delete"].iter().any(|verb| what.starts_with(verb))
                }
                ["ActiveModel", next, ..] => next != "ActiveModel",
                _ => false,
            };
            if !writes || words.get(place.wrapping_sub(1)).is_some_and(|word| *word == "as") {
                continue;
            }
            let before = place.checked_sub(1).and_then(|before| names.get(words[before]));
            // An import names it, and does nothing.
            if let Some(module) = before.copied().or(here) {
                written.extend(self.entities.get(module).cloned());
            }
        }
        written
    }
}

/// Identifiers, also those in strings.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.filter(|word| !word.is_empty())
}

/// The text up to the tests in it, without comments.
fn without_comments(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The sources of a folder, but for tests, what migrations make and what rows are.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut sources = files(folder);
    if !is_of(&folder.join("x"), "migrations") {
        sources.retain(|file| {
            !["tests", "target", "migrations", "entity"].iter().any(|part| is_of(file, part))
        });
    }
    sources
}

fn is_of(file: &Path, folder: &str) -> bool {
    file.parent().is_some_and(|parent| parent.components().any(|part| part.as_os_str() == folder))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("it is a folder")
}
