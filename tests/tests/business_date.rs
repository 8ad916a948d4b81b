//! The business date, from the command line.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use kehu_tests::{program, program::Server};
use std::path::Path;

const HEADER: &str = "order_id,customer_id,date,amount";

/// Loads a file into a fresh folder by the quick start, as a shop in Berlin.
async fn quickstart(folder: &Path, csv: &str, mapping: Option<&str>) -> String {
    let input = folder.join("in.csv");
    std::fs::write(&input, csv).unwrap();
    let (input, data) = (input.display().to_string(), folder.join("data").display().to_string());
    let map = folder.join("map.toml").display().to_string();
    let mut arguments = vec!["quickstart", "--exit", "--data-dir", &data, "--input", &input];
    arguments.extend(["--base-currency", "EUR", "--time-zone", "Europe/Berlin"]);
    if let Some(mapping) = mapping {
        std::fs::write(&map, mapping).unwrap();
        arguments.extend(["--mapping", &map]);
    }
    program::succeed(&arguments).await
}

#[tokio::test]
async fn the_quickstart_takes_the_day_after_the_last_order_that_counts() {
    const MAPPING: &str = "[columns]\norder_id = \"order_id\"\ncustomer_id = \"customer_id\"\n\
        date = \"date\"\namount = \"amount\"\nstatus = \"status\"\n[status]\ncancelled = [\"void\"]\n";
    for (what, last, mapping) in [
        (
            "called off",
            "status\n1,c1,2024-01-05,100,ok\n2,c2,2024-01-20,50,ok\n3,c3,2026-01-05,50,void\n",
            Some(MAPPING),
        ),
        (
            "refused",
            "currency\n1,c1,2024-01-05,100,EUR\n2,c2,2024-01-20,50,EUR\n3,c3,2026-01-05,50,USD\n",
            None,
        ),
        (
            "in the future",
            "currency\n1,c1,2024-01-05,100,EUR\n2,c2,2024-01-20,50,EUR\n3,c3,2199-01-05,50,EUR\n",
            None,
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let printed = quickstart(folder.path(), &format!("{HEADER},{last}"), mapping).await;
        assert!(printed.contains("as of 2024-01-21"), "{what}:\n{printed}");

        // What the first start fixed holds for everybody after it.
        let server = Server::on(&folder.path().join("data")).await;
        let held = server.succeed(&["business-date"]).await;
        assert!(held.contains("business date 2024-01-21, fixed by"), "{what}: {held}");
        let report = server.succeed(&["report", "--csv", "class-summary"]).await;
        assert!(report.contains("\n2024-01-21,"), "{what}: {report}");
        let data = server.succeed(&["data"]).await;
        assert!(data.contains("2 orders count, from 2024-01-05 to 2024-01-20"), "{what}: {data}");
        let waiting =
            if what == "in the future" { "1 are dated later" } else { "0 are dated later" };
        assert!(data.contains(waiting), "{what}: {data}");
        server.stop().await;
    }
}

#[tokio::test]
async fn one_command_fixes_it_and_another_returns_to_today() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::on(folder.path()).await;
    let undecided = server.succeed(&["business-date"]).await;
    assert!(undecided.contains("today in Asia/Shanghai"), "{undecided}");
    let fixed = server.succeed(&["business-date", "2011-12-10"]).await;
    assert!(fixed.contains("business date 2011-12-10, fixed by anybody at 2"), "{fixed}");
    let (code, said) =
        program::fail(&["business-date", "2199-01-01", "--server", &server.url]).await;
    assert_eq!(code, 64, "{said}");
    let (code, said) =
        program::fail(&["score", "rfm", "--as-of", "2011-12-11", "--server", &server.url]).await;
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("must not be after the business date, 2011-12-10"), "{said}");
    let today = server.succeed(&["business-date", "today"]).await;
    assert!(today.contains("so decided by anybody at 2"), "{today}");
    server.stop().await;
}
