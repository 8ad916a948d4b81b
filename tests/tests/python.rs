//! A client in another language, generated from `proto/` alone.

use kehu_tests::{program, sample};
use std::path::Path;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

/// The Python example of the README, as a reader would copy it.
fn readme_example() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(readme).expect("the README is there");
    let start = text.find("```python\n").expect("the README has an example") + 10;
    let end = start + text[start..].find("```").expect("the example ends");
    text[start..end].to_owned()
}

#[tokio::test]
async fn the_example_of_the_readme_runs() {
    let python = std::env::var("KEHU_TEST_PYTHON").expect("run tests/run: it makes the client");
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("sales.csv");
    sample::write_start(&input, 60_000);
    let data = folder.path().join("data");
    let mapping = sample::data("online_retail/mapping.toml");
    let mut quickstart = program::kehu(&[
        "quickstart",
        "--listen",
        "127.0.0.1:0",
        "--input",
        &input.display().to_string(),
        "--mapping",
        &mapping.display().to_string(),
        "--data-dir",
        &data.display().to_string(),
    ]);
    let mut quickstart = quickstart.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(quickstart.stdout.take().unwrap()).lines();
    let address = loop {
        let line = lines.next_line().await.unwrap().expect("quickstart serves in the end");
        if let Some(rest) = line.strip_prefix("Serving on http://") {
            break rest.split(' ').next().unwrap_or_default().to_owned();
        }
    };

    let script = folder.path().join("first_call.py");
    std::fs::write(&script, readme_example().replace("127.0.0.1:7400", &address)).unwrap();
    let generated = Path::new(&python).ancestors().nth(2).unwrap().join("generated");
    let output =
        Command::new(&python).arg(&script).env("PYTHONPATH", generated).output().await.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    for expected in ["accepted_count: 1", "RUN_STATE_SUCCEEDED", "amount", "current: true"] {
        assert!(printed.contains(expected), "no {expected:?} in:\n{printed}");
    }
}
