//! Files that once gave a wrong answer, loaded as a person loads them, with the right one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use kehu_contract::coding::{
    CodeScheme, CreateCodeSchemeRequest, code_service_client::CodeServiceClient,
};
use kehu_contract::ingestion::{
    GetTimelineRequest, LookupCustomerRequest, SourceReference,
    customer_service_client::CustomerServiceClient, lookup_customer_request::Key,
};
use kehu_contract::scoring::{
    GetScorecardRequest, scorecard_service_client::ScorecardServiceClient,
};
use kehu_contract::shared::Label;
use kehu_server::client::{Client, ClientOptions};
use kehu_tests::{program, program::Server, sample};
use std::path::{Path, PathBuf};

/// What a command printed, on both outputs.
struct Printed {
    code: i32,
    text: String,
}

impl Printed {
    #[track_caller]
    fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "no {part:?} in:\n{}", self.text);
        }
    }

    /// Customers and amount of a class, as the table of the quick start shows them.
    #[track_caller]
    fn class(&self, label: &str) -> (String, String) {
        let line = self.text.lines().find(|line| line.trim_start().starts_with(label));
        let line = line.unwrap_or_else(|| panic!("no class {label} in:\n{}", self.text));
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect();
        (cells[1].to_owned(), cells[3].to_owned())
    }
}

fn fault(name: &str) -> PathBuf {
    sample::data("faults").join(name)
}

/// The quick start on a file, with the mapping beside it if there is one.
async fn quickstart(data: &Path, file: &Path) -> Printed {
    let (data, input) = (data.display().to_string(), file.display().to_string());
    let mapping = file.with_file_name("map.toml");
    let map = mapping.display().to_string();
    let mut arguments = vec!["quickstart", "--exit", "--data-dir", &data, "--input", &input];
    arguments.extend(["--base-currency", "EUR", "--time-zone", "Europe/Berlin"]);
    if mapping.exists() {
        arguments.extend(["--mapping", &map]);
    }
    let output = program::run(&arguments).await;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    Printed { code: output.status.code().unwrap_or(-1), text }
}

async fn euros(data: &Path) -> Server {
    let data = data.display().to_string();
    let zone = ["--base-currency", "EUR", "--time-zone", "Europe/Berlin"];
    Server::start(&[&["--data-dir", &data][..], &zone].concat()).await
}

async fn client(server: &Server) -> Client {
    Client::new(ClientOptions::new(&server.url)).await.unwrap()
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn where_every_order_is_refused_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let printed = quickstart(folder.path(), &fault("all-orders-refused-misleading/in.csv")).await;
    printed.expect(65, &["none of the 1 lines could be loaded: rate-missing 1"]);
    assert!(!printed.text.contains("calibrate"), "{}", printed.text);
}

#[tokio::test]
async fn the_date_comes_from_what_counts() {
    for name in ["asof-from-called-off-order/in.csv", "asof-from-refused-order/in.csv"] {
        let folder = tempfile::tempdir().unwrap();
        let printed = quickstart(folder.path(), &fault(name)).await;
        printed.expect(0, &["Customers by class as of 2024-01-21:"]);
        assert_eq!(printed.class("All customers"), ("2".to_owned(), "150.00".to_owned()));
    }
}

#[tokio::test]
async fn a_backfill_moves_neither_date_nor_thresholds() {
    let folder = tempfile::tempdir().unwrap();
    let first = quickstart(folder.path(), &fault("backfill-replaces-thresholds/a.csv")).await;
    first.expect(0, &["as of 2024-01-21:"]);
    let second = quickstart(folder.path(), &fault("backfill-replaces-thresholds/b.csv")).await;
    second.expect(0, &["as of 2024-01-21:"]);
    assert_eq!(second.class("All customers"), ("21".to_owned(), "2,200.00".to_owned()));
    assert_eq!(second.class("High value"), first.class("High value"));

    let server = euros(folder.path()).await;
    let mut scorecards = ScorecardServiceClient::new(client(&server).await);
    for id in ["rfm", "rfm-mean", "abc", "value"] {
        let request = GetScorecardRequest { name: id.to_owned(), version: 0 };
        let card = scorecards.get_scorecard(request).await.unwrap().into_inner().scorecard.unwrap();
        assert_eq!((card.version, card.calibration_count), (1, 20));
    }
    server.stop().await;
}

/// Two orders of 584 billion are each possible, and their sum is larger than any order.
#[tokio::test]
async fn sums_are_exact_beyond_the_largest_order() {
    let folder = tempfile::tempdir().unwrap();
    let printed = quickstart(folder.path(), &fault("class-summary-internal-error/in.csv")).await;
    printed.expect(0, &["sale               3 lines in       3 orders, 1,168,444,356,444,506.00"]);
    let sum = "1,168,444,356,444,506.00".to_owned();
    assert_eq!(printed.class("All customers"), ("3".to_owned(), sum));
    for page in ["report.html", "report.zh-CN.html"] {
        let page = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(page.contains("1,168,444,356,444,506"), "the page has the sum");
    }
    let server = euros(folder.path()).await;
    for (report, parts) in [
        ("class-summary", &["1168444356444506.0000"][..]),
        ("customers", &["584222178222243.0000"]),
        ("pareto-curve", &[]),
        ("rfm-heat-map", &[]),
        ("monthly-trend", &["1168444356444506.0000"]),
        ("migration-matrix", &[]),
    ] {
        let mut arguments = vec!["report", "--csv", report];
        if report == "migration-matrix" {
            arguments.extend(["--compare", "2024-01-06"]);
        }
        let output = program::run(&[&arguments[..], &["--server", &server.url]].concat()).await;
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_ne!(output.status.code(), Some(70), "{report}: {text}");
        assert!(!text.contains("internal error"), "{report}: {text}");
        for part in parts {
            assert!(text.contains(part), "{report}: no {part} in:\n{text}");
        }
    }
    server.stop().await;
}

/// A customer whose own sum is that large holds up nobody: neither features nor scores.
#[tokio::test]
async fn one_customer_may_have_the_largest_orders() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "order_id,customer_id,date,amount,category\n".to_owned();
    for order in 1..=40 {
        let day = order % 28 + 1;
        text.push_str(&format!("{order},c1,2024-01-{day:02},900000000000000,tea\n"));
    }
    text.push_str("99,c2,2024-01-29,10,tea\n");
    let file = write(folder.path(), "large.csv", &text);
    let printed = quickstart(&folder.path().join("data"), &file).await;
    printed.expect(0, &[]);
    let sum = "36,000,000,000,000,010.00".to_owned();
    assert_eq!(printed.class("All customers"), ("2".to_owned(), sum));
}

#[tokio::test]
async fn a_column_proves_its_decimal_comma() {
    let folder = tempfile::tempdir().unwrap();
    let printed = quickstart(folder.path(), &fault("decimal-comma-times-1000/in.csv")).await;
    printed.expect(0, &["found      decimal comma in quantity"]);
    assert_eq!(printed.class("All customers"), ("3".to_owned(), "34.00".to_owned()));
}

#[tokio::test]
async fn an_encoding_is_found() {
    for name in ["gbk-cells.csv", "gbk-header.csv"] {
        let folder = tempfile::tempdir().unwrap();
        let file = fault("gb18030-and-all-refused").join(name);
        let printed = quickstart(folder.path(), &file).await;
        printed.expect(0, &["found      encoding gb18030"]);
        assert_eq!(printed.class("All customers"), ("1".to_owned(), "10.00".to_owned()));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = fault("gb18030-and-all-refused/trailing-comma.csv");
    let printed = quickstart(folder.path(), &file).await;
    printed.expect(0, &["refused            0 lines"]);
    assert_eq!(printed.class("All customers"), ("2".to_owned(), "20.00".to_owned()));
}

#[tokio::test]
async fn the_last_file_sent_holds() {
    let folder = tempfile::tempdir().unwrap();
    for (name, amount) in [("a.csv", "10.00"), ("b.csv", "999.00"), ("a.csv", "10.00")] {
        let file = fault("reimport-does-not-restore").join(name);
        let printed = quickstart(folder.path(), &file).await;
        printed.expect(0, &[]);
        assert_eq!(printed.class("All customers"), ("1".to_owned(), amount.to_owned()));
    }
}

/// Returns alone make nobody a buyer: a report all the same, and the first sale changes it.
#[tokio::test]
async fn who_only_returned_has_bought_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let printed = quickstart(&data, &fault("returns-only-file/in.csv")).await;
    printed.expect(0, &["Report: ", "as of 2024-01-07"]);
    assert_eq!(printed.class("No purchase"), ("2".to_owned(), "-15.00".to_owned()));
    assert!(data.join("report.html").exists() && data.join("report.zh-CN.html").exists());

    let sale = "order_id,customer_id,date,amount\n3,c1,2024-01-06,100\n";
    let printed = quickstart(&data, &write(folder.path(), "sale.csv", sale)).await;
    printed.expect(0, &["as of 2024-01-07"]);
    assert_eq!(printed.class("High value"), ("1".to_owned(), "90.00".to_owned()));
    assert_eq!(printed.class("No purchase"), ("1".to_owned(), "-5.00".to_owned()));
}

#[tokio::test]
async fn figures_are_of_what_was_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = fault("summary-counts-refused-orders/in.csv").display().to_string();
    let server = euros(&folder.path().join("data")).await;
    // The second time nothing is sent, and the figures are the same.
    for sent in [3, 0] {
        let said = server.succeed(&["import", &file, "--output", "json"]).await;
        let loaded: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(loaded["sentRecords"], sent, "{said}");
        let profile = &loaded["profile"];
        let sale = serde_json::json!([{
            "kind": "sale", "currency": "EUR", "orders": 1, "lines": 1, "amount": "100.0000", "empty": 0
        }]);
        assert_eq!(profile["read"], sale, "{said}");
        let refused = serde_json::json!({"OUT_OF_RANGE": 2, "RATE_MISSING": 1});
        assert_eq!(profile["refused"], refused, "{said}");
        assert_eq!(profile["refusedOrders"], 2, "{said}");
    }
    server.stop().await;
}

/// A code that a customer has had elsewhere is no key, and leads to it; two customers may share
/// one, and are both named. A return names the sale that it takes back.
#[tokio::test]
async fn codes_of_other_systems_and_the_sales_of_returns() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        "1,c1,2024-01-05,100,K-17,",
        "2,c2,2024-01-06,50,K-18,",
        "3,c2,2024-01-06,50,K-99,",
        "4,c1,2024-01-07,-30,k 17,1",
        "5,K-17,2024-01-07,5,K-99,1",
    ];
    // In whatever order the rows stand.
    for turned in [false, true] {
        let mut rows = rows.to_vec();
        if turned {
            rows.reverse();
        }
        let text = format!(
            "order_id,customer_id,date,amount,code,original_order_id\n{}\n",
            rows.join("\n")
        );
        let data = tempfile::tempdir().unwrap();
        let server = euros(data.path()).await;
        let file = write(folder.path(), "in.csv", &text).display().to_string();
        server.succeed(&["import", &file]).await;
        let mut customers = CustomerServiceClient::new(client(&server).await);
        let find = async |key: Key| {
            let request = LookupCustomerRequest { key: Some(key), ..Default::default() };
            CustomerServiceClient::new(client(&server).await)
                .lookup_customer(request)
                .await
                .map(|found| found.into_inner().customer.unwrap())
        };
        let reference = |id: &str| {
            let (source, external_id) = ("import".to_owned(), id.to_owned());
            Key::Reference(SourceReference { source, external_id })
        };
        let first = find(reference("c1")).await.unwrap();
        assert_eq!(find(Key::Code("k17".to_owned())).await.unwrap().name, first.name);
        assert_eq!(first.external_codes.len(), 1);
        // A key of the source leads before a code of it.
        assert_ne!(find(reference("K-17")).await.unwrap().name, first.name);
        let second = find(reference("K-18")).await.unwrap();
        assert_eq!(second.name, find(reference("c2")).await.unwrap().name);
        assert_eq!(second.external_codes.len(), 2);
        let both = find(Key::Code("K-99".to_owned())).await.unwrap_err();
        assert_eq!(both.code(), tonic::Code::FailedPrecondition);
        assert!(both.message().contains(&second.name), "{}", both.message());
        let said = server.succeed(&["resolve", "K 18"]).await;
        assert!(said.contains(&second.name) && said.contains("import: K-18"), "{said}");

        let request = GetTimelineRequest { customer: first.name, ..Default::default() };
        let events = customers.get_timeline(request).await.unwrap().into_inner().events;
        let told: Vec<_> = events
            .iter()
            .map(|event| {
                (
                    event.kind.as_str(),
                    event.sale_external_id.as_str(),
                    event.return_external_ids.join(","),
                )
            })
            .collect();
        assert_eq!(told, [("return", "1", String::new()), ("sale", "", "4".to_owned())]);
        server.stop().await;
    }
}

#[tokio::test]
async fn several_schemes_each_say_what_they_know_of_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let printed = quickstart(folder.path(), &fault("reimport-does-not-restore/a.csv")).await;
    printed.expect(0, &["ZZ-H000001A"]);
    let server = euros(folder.path()).await;
    let mut codes = CodeServiceClient::new(client(&server).await);
    let scheme = CodeScheme {
        id: "plain".to_owned(),
        label: Some(Label { zh: "编号".to_owned(), en: "Number".to_owned() }),
        template: "K{seq:4}".to_owned(),
        ..CodeScheme::default()
    };
    let request = CreateCodeSchemeRequest { code_scheme: Some(scheme), validate_only: false };
    codes.create_code_scheme(request).await.unwrap();
    let said = server.succeed(&["resolve", "zz h000001a"]).await;
    assert!(said.contains("ZZ-H000001A  customers/1"), "{said}");
    for (code, parts) in [
        ("K0001", ["plain: well formed, and never given", "standard: "]),
        ("ZZ-H000001B", ["did you mean ZZ-H000001A?", "plain: "]),
    ] {
        let output = program::run(&["resolve", code, "--server", &server.url]).await;
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(3), "{text}");
        for part in parts {
            assert!(text.contains(part), "{code}: no {part:?} in:\n{text}");
        }
    }
    server.stop().await;
}

/// Eleven customers and one place for a digit: health says how many are left out, and of what.
#[tokio::test]
async fn health_counts_who_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let server = euros(&folder.path().join("data")).await;
    let nobody = server.succeed(&["health"]).await;
    assert_eq!(nobody, "SERVING\n");
    let mut text = "order_id,customer_id,date,amount\n".to_owned();
    for customer in 1..=11 {
        text.push_str(&format!("{customer},c{customer},2024-01-05,10\n"));
    }
    let file = write(folder.path(), "in.csv", &text).display().to_string();
    server.succeed(&["import", &file]).await;
    let scheme = CodeScheme {
        id: "tiny".to_owned(),
        label: Some(Label { zh: "编号".to_owned(), en: "Number".to_owned() }),
        template: "K{seq:1}".to_owned(),
        ..CodeScheme::default()
    };
    let request = CreateCodeSchemeRequest { code_scheme: Some(scheme), validate_only: false };
    let mut codes = CodeServiceClient::new(client(&server).await);
    codes.create_code_scheme(request).await.unwrap();
    server.succeed(&["code", "tiny"]).await;

    let said = server.succeed(&["health"]).await;
    let line = "2 customers are left out by codeSchemes/tiny: kehu left-out says why";
    assert_eq!(said, format!("SERVING\n{line}\n"));
    let said = server.succeed(&["health", "--output", "json"]).await;
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let counts = serde_json::json!([{ "leftOutBy": "codeSchemes/tiny", "customers": 2 }]);
    assert_eq!((&said["status"], &said["leftOut"]), (&"SERVING".into(), &counts));
    server.stop().await;
}

/// What the help of `import` shows runs as it stands.
#[tokio::test]
async fn the_example_of_the_help_runs() {
    let folder = tempfile::tempdir().unwrap();
    let help = program::succeed(&["import", "--help"]).await;
    for name in ["order_id", "customer_id", "unit_price", "code", "sale_id", "invoiceno", "订单号"]
    {
        assert!(help.contains(name), "no {name} in:\n{help}");
    }
    let line = help.lines().find_map(|line| line.trim().strip_prefix("printf '")).unwrap();
    let (text, name) = line.split_once("' > ").unwrap();
    let file = write(folder.path(), name, &text.replace("\\n", "\n")).display().to_string();
    assert!(help.contains(&format!("kehu import {name}")), "{help}");
    let server = euros(&folder.path().join("data")).await;
    let said = server.succeed(&["import", &file]).await;
    assert!(said.contains("1 were new or changed"), "{said}");
    server.stop().await;
}
