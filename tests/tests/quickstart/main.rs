//! The main job, as the README tells it: from raw sales lines to coded customers, on both
//! databases, against a recount from the raw file.

mod recount;

use kehu_tests::{databases, program, program::Server};
use recount::{Customer, recount};
use std::{collections::HashMap, path::Path};

const PRINTED: [&str; 10] = [
    "541,909 lines",
    "25,900 orders",
    "4,372 customers",
    "38 countries",
    "135,080 customer-missing",
    "1,454 lines without a description",
    "9,288 cancellation lines, 3,836 cancelled orders, 3 adjustment lines",
    "10,624 negative quantities, 2 negative prices, 2,515 zero prices",
    "5,268 lines that repeat an earlier one",
    "Report: ",
];

#[tokio::test]
async fn the_quickstart_agrees_with_a_recount_on_both_databases() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let printed = program::succeed(&["quickstart", "--exit", "--data-dir", &data]).await;
    for expected in PRINTED {
        assert!(printed.contains(expected), "no {expected:?} in:\n{printed}");
    }
    let again = program::succeed(&["quickstart", "--exit", "--data-dir", &data]).await;
    assert!(again.contains("nothing was loaded twice"), "{again}");

    let server = Server::on(Path::new(&data)).await;
    let embedded = results(&server).await;
    check_rejects(&server).await;
    server.stop().await;
    check_recount(&embedded[0]);
    check_page(&Path::new(&data).join("report.html"), "en");
    check_page(&Path::new(&data).join("report.zh-CN.html"), "zh-CN");

    for database in databases().await.iter().filter(|database| database.kind == "postgres") {
        let arguments =
            ["quickstart", "--exit", "--data-dir", &data, "--database-url", &database.url];
        program::succeed(&arguments).await;
        let server = Server::start(&["--database-url", &database.url]).await;
        let shared = results(&server).await;
        server.stop().await;
        assert!(shared == embedded, "PostgreSQL gives other results than SQLite");
    }
}

/// Scores, classes, codes and the figures of every report.
async fn results(server: &Server) -> Vec<String> {
    let mut results = Vec::new();
    for taxonomy in ["value-six", "rfm-11", "rfm-8", "abc"] {
        for report in ["customers", "class-summary", "migration-matrix"] {
            let mut command = vec!["report", "--taxonomy", taxonomy, "--csv", report];
            if report != "customers" {
                command.extend(["--compare", "2011-09-11"]);
            }
            results.push(server.succeed(&command).await);
        }
    }
    for report in ["pareto-curve", "rfm-heat-map", "monthly-trend"] {
        results.push(server.succeed(&["report", "--csv", report]).await);
    }
    results
}

async fn check_rejects(server: &Server) {
    let listed = server.succeed(&["rejects", "--all"]).await;
    let places = listed.lines().filter(|line| line.starts_with("online_retail"));
    assert_eq!(places.count(), 135_080);
}

fn check_recount(csv: &str) {
    let counted = recount();
    let listed = listed(csv);
    assert_eq!(listed.len(), counted.len());
    assert_eq!(listed.len(), 4_372);
    for (key, customer) in &counted {
        let row = &listed[key];
        assert_eq!(row["amount_total"], amount(customer.amount), "amount of {key}");
        assert_eq!(row["orders_total"], customer.orders.to_string(), "orders of {key}");
        let recency = customer.recency.map_or(String::new(), |days| days.to_string());
        assert_eq!(row["recency_days"], recency, "recency of {key}");
        check_bins(key, customer, row);
        assert_eq!(row["abc_grade"], customer.abc.to_string(), "ABC class of {key}");
    }
}

fn check_bins(key: &str, customer: &Customer, row: &HashMap<String, String>) {
    for (place, indicator) in ["recency", "frequency", "monetary"].into_iter().enumerate() {
        let bin = customer.bins.map_or(String::new(), |bins| bins[place].to_string());
        assert_eq!(row[&format!("rfm_{indicator}_bin")], bin, "{indicator} bin of {key}");
    }
}

/// The rows of the list of customers by the retailer's own key.
fn listed(csv: &str) -> HashMap<String, HashMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows = reader.deserialize::<HashMap<String, String>>();
    let rows = rows.map(|row| row.expect("the list is CSV"));
    rows.map(|row| {
        let key = row["references"].trim_start_matches("online-retail/").to_owned();
        (key, row)
    })
    .collect()
}

/// A whole number of 1/10,000 as the list writes it.
fn amount(ten_thousandths: i64) -> String {
    let sign = if ten_thousandths < 0 { "-" } else { "" };
    let (whole, rest) = (ten_thousandths.abs() / 10_000, ten_thousandths.abs() % 10_000);
    format!("{sign}{whole}.{rest:04}")
}

fn check_page(path: &Path, language: &str) {
    let page = std::fs::read_to_string(path).expect("the report was written");
    assert!(page.contains(&format!("<html lang=\"{language}\"")), "{}", path.display());
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "the page loads from elsewhere"
    );
}
