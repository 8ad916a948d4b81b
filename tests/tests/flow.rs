//! Changes flow by themselves: a new order changes the score and the class, without a run.

use kehu_tests::{program, program::Server, sample};
use std::time::{Duration, Instant};

/// How long a machine with more to do may take.
const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test]
async fn a_new_order_changes_score_and_class_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&[
        "--data-dir",
        &folder.path().join("data").display().to_string(),
        "--base-currency",
        "GBP",
        "--time-zone",
        "Europe/London",
    ])
    .await;
    let input = folder.path().join("sales.csv");
    sample::write_start(&input, 20_000);
    let mapping = sample::data("online_retail/mapping.toml").display().to_string();
    server.succeed(&["import", &input.display().to_string(), "--mapping", &mapping]).await;
    server.succeed(&["business-date", "2010-12-14"]).await;
    server.succeed(&["score", "rfm", "abc", "value", "--as-of", "2010-12-14"]).await;
    server.succeed(&["classify", "abc", "value-six", "--as-of", "2010-12-14"]).await;
    server.succeed(&["code", "--as-of", "2010-12-14"]).await;

    let order = folder.path().join("order.csv");
    std::fs::write(
        &order,
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
         900001,A,LANTERN,100000,2010-12-14 09:00:00,9.99,99999,France\n",
    )
    .unwrap();
    let before = server.succeed(&["report", "--csv", "customers"]).await;
    assert!(!before.contains("99999"), "the customer is new");
    server.succeed(&["import", &order.display().to_string(), "--mapping", &mapping]).await;

    let started = Instant::now();
    loop {
        let explained = server.succeed(&["explain", "online-retail/99999"]).await;
        if explained.contains("abc: ") && explained.contains("abc_grade = A") {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "no class came by itself:\n{explained}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    while !server.succeed(&["report", "--csv", "customers"]).await.contains("FR-") {
        assert!(started.elapsed() < PATIENCE, "no code came by itself");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let unknown = ["explain", "online-retail/99999", "--scorecard", "none"];
    let (code, said) = program::fail(&[&unknown[..], &["--server", &server.url]].concat()).await;
    assert_eq!(code, 3, "{said}");
    server.stop().await;
}
