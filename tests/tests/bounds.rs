//! `crates/BOUNDS.md` says what each method may cost, and its figures are those of the code.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kehu_contract::DESCRIPTORS;
use prost_reflect::{DescriptorPool, Kind, MethodDescriptor};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The cells of the rows of a table of the page, by the first, which is in backquotes.
fn rows(page: &str) -> Vec<Vec<String>> {
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    };
    rows.map(cells).collect()
}

fn page() -> String {
    fs::read_to_string(root().join("crates/BOUNDS.md")).unwrap()
}

/// The methods that a process has, with their names as the page writes them.
fn methods() -> BTreeMap<String, MethodDescriptor> {
    let mut pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    for descriptors in
        [tonic_health::pb::FILE_DESCRIPTOR_SET, tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET]
    {
        pool.decode_file_descriptor_set(descriptors).unwrap();
    }
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let name = |method: &MethodDescriptor| {
        format!("`{}/{}`", method.parent_service().full_name(), method.name())
    };
    methods.map(|method| (name(&method), method)).collect()
}

#[test]
fn every_method_has_its_bounds() {
    let rows = rows(&page());
    let listed: BTreeMap<&str, &Vec<String>> = rows
        .iter()
        .filter(|cells| cells[0].starts_with('`'))
        .map(|cells| (cells[0].as_str(), cells))
        .collect();
    let methods = methods();
    let named: Vec<&str> = methods.keys().map(String::as_str).collect();
    assert_eq!(listed.keys().copied().collect::<Vec<_>>(), named);
    for (name, method) in methods {
        let cells = listed[name.as_str()];
        assert!(cells[1..4].iter().all(|cell| !cell.is_empty()), "{name}: {cells:?}");
        let (request, answer) = (&cells[1], &cells[2]);
        let input = method.input();
        if input.get_field_by_name("page_size").is_some() {
            assert!(request.contains("a page") && answer.contains("1,000"), "{name}: {cells:?}");
        }
        let texts = |field: &prost_reflect::FieldDescriptor| {
            field.is_list() && field.kind() == Kind::String
        };
        if input.fields().any(|field| texts(&field)) {
            assert!(request.contains("1,000"), "{name} takes a list: {cells:?}");
        }
        assert_eq!(request == "nothing", input.fields().len() == 0, "{name}: {cells:?}");
    }
}

#[test]
fn its_figures_are_those_of_the_code() {
    let rows = rows(&page());
    let constants: Vec<_> =
        rows.iter().filter(|cells| cells.len() == 3 && cells[1].contains(" = ")).collect();
    assert!(constants.len() > 30, "{constants:?}");
    for cells in constants {
        let (name, value) = cells[1].trim_matches('`').split_once(" = ").unwrap();
        let code = fs::read_to_string(root().join(cells[2].trim_matches('`'))).unwrap();
        let declared = code.lines().find_map(|line| {
            let (_, declared) = line.split_once(&format!("const {name}: "))?;
            Some(declared.split_once(" = ")?.1.trim_end_matches(';').to_owned())
        });
        assert_eq!(declared.as_deref(), Some(value), "{cells:?}");
    }
}
