//! SIGKILL at any moment: the next start on the same folder finishes with the same result.

use kehu_tests::{program, program::Server, sample};
use std::{path::Path, process::Stdio, time::Duration};

/// Lines of the sample that are loaded: enough to be killed in every phase.
const LINES: usize = 40_000;

fn arguments<'a>(input: &'a str, mapping: &'a str, data: &'a str) -> Vec<&'a str> {
    vec![
        "quickstart",
        "--exit",
        "--listen",
        "127.0.0.1:0",
        "--input",
        input,
        "--mapping",
        mapping,
        "--data-dir",
        data,
    ]
}

/// Everything that was computed: customers with scores, classes and codes, the figures by class,
/// the moves, and what was refused.
async fn result(folder: &Path) -> String {
    let server = Server::on(folder).await;
    let mut all = String::new();
    for report in ["customers", "class-summary", "monthly-trend"] {
        all += &server.succeed(&["report", "--csv", report]).await;
    }
    all += &server.succeed(&["rejects", "--all"]).await;
    server.stop().await;
    all
}

#[tokio::test]
async fn a_killed_quickstart_is_finished_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("sales.csv");
    sample::write_start(&input, LINES);
    let input = input.display().to_string();
    let mapping = sample::data("online_retail/mapping.toml").display().to_string();

    let whole = folder.path().join("whole");
    let started = std::time::Instant::now();
    program::succeed(&arguments(&input, &mapping, &whole.display().to_string())).await;
    let duration = started.elapsed();
    let expected = result(&whole).await;
    assert!(expected.lines().count() > 1_000, "{expected}");

    let killed = folder.path().join("killed");
    let data = killed.display().to_string();
    let mut kills = 0;
    for tenth in 1..10_u32 {
        let mut child = program::kehu(&arguments(&input, &mapping, &data))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(duration * tenth / 10 + Duration::from_millis(37)).await;
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().await.unwrap();
        kills += 1;
    }
    assert!(kills >= 3, "the quickstart was killed only {kills} times");
    program::succeed(&arguments(&input, &mapping, &data)).await;
    assert_eq!(result(&killed).await, expected);
}
