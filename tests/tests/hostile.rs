//! Hostile input through the real process: whatever stands in names, keys, headers, file names,
//! ids and labels, no control character comes out raw, and no formula.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Stdio;

use kehu_contract::ingestion::{
    CustomerProfile, IngestRequest, IngestStart, SourceReference, UpsertCustomerRequest,
    customer_service_client::CustomerServiceClient, ingest_request::Message,
    ingestion_service_client::IngestionServiceClient,
};
use kehu_server::client::{Client, ClientOptions};
use kehu_tests::{program, program::Server};

/// What stands in every text; `\r\n` is a line break in a quoted cell.
const HOSTILE: [&str; 16] = [
    "=1+1",
    "\u{ff1d}1+1",
    " @SUM(1)",
    "\u{ff0b}1",
    "-cmd",
    "\t=1",
    "a\r\n=1",
    "\u{1b}[2Jx",
    "\u{1b}]0;title\u{7}",
    "a\u{8}b",
    "a\u{9b}31mb",
    "a\u{0}b",
    "a\u{7f}b",
    "<script>alert(1)</script>",
    "\u{202e}gpj.exe",
    "a\u{2028}b",
];

const TAXONOMY: &str = "
id: hostile
label: {en: \"=1+1\"}
purpose: {en: \"=1+1\"}
owner: {en: \"-1+1\"}
default_class: small
classes:
  - {id: large, code: L, label: {en: \"\u{ff1d}1+1\"}, predicate: amount_total > 15}
  - {id: small, code: S, label: {en: \" @SUM(1)\"}}
";

/// Fails where a control character stands raw; tables and pages have line feeds, CSV has `\r\n`.
#[track_caller]
fn assert_clean(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let raw = text.find(|c: char| c.is_control() && c != '\n');
    if let Some(place) = raw {
        let before: String = text[..place].chars().rev().take(60).collect();
        let before: String = before.chars().rev().collect();
        panic!("{what}: {:?} raw after {before:?}", text[place..].chars().next().unwrap());
    }
}

/// Fails where a cell would be a formula in a spreadsheet; numbers may be below zero.
#[track_caller]
fn assert_no_formula(what: &str, csv: &str) {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    for row in reader.records() {
        for cell in &row.unwrap() {
            let start = cell.trim_start().chars().next().unwrap_or(' ');
            let sign = "=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(start);
            assert!(!sign || cell.parse::<f64>().is_ok(), "{what}: {cell:?}");
        }
    }
}

/// Order lines with each text in the order's key, the customer's key, its name, city and code; a
/// header has one, too.
fn sales() -> String {
    let mut csv =
        "order_id,customer_id,date,amount,customer_name,city,code,\u{1b}[31mnote\n".to_owned();
    for (number, text) in HOSTILE.iter().enumerate() {
        let text = format!("\"{text}\"");
        csv.push_str(&format!("n{number},k{number},2024-01-05,10,{text},x,,\n"));
        csv.push_str(&format!("c{number},k{number},2024-01-05,10,x,{text},,\n"));
        csv.push_str(&format!(
            "o{number}{},k{number},2024-01-05,10,x,x,,\n",
            text.replace('"', "")
        ));
        csv.push_str(&format!("k{number},{text},2024-01-05,10,x,x,,\n"));
        csv.push_str(&format!("e{number},k{number},2024-01-05,10,x,x,{text},{text}\n"));
    }
    csv
}

/// Runs a command, whose output must be clean whether it succeeds or not; returns what it printed.
async fn run(server: &Server, arguments: &[&str]) -> String {
    let output = program::run(&[arguments, &["--server", &server.url]].concat()).await;
    let what = format!("{arguments:?}");
    assert_clean(&what, &output.stdout);
    assert_clean(&what, &output.stderr);
    assert_ne!(output.status.code(), Some(70), "{what}");
    String::from_utf8(output.stdout).unwrap()
}

/// A server that logs all it can to a file.
async fn server(data: &Path, log: &Path) -> Server {
    let data = data.display().to_string();
    let zone = ["--base-currency", "EUR", "--time-zone", "Europe/Berlin"];
    let serve = ["serve", "--listen", "127.0.0.1:0", "--log", "debug", "--data-dir", &data];
    let mut command = program::kehu(&[&serve[..], &zone].concat());
    command.stderr(Stdio::from(std::fs::File::create(log).unwrap()));
    Server::spawn(command).await
}

/// Says hostile things over the API; what it answers is clean.
async fn call(server: &Server) {
    let client = Client::new(ClientOptions::new(&server.url)).await.unwrap();
    let mut customers = CustomerServiceClient::new(client.clone());
    let mut ingestion = IngestionServiceClient::new(client);
    for text in HOSTILE {
        for (stream_id, source, origin) in
            [(text, "shop", ""), ("s", text, ""), (&format!("s {}", text.len()), "shop", text)]
        {
            let start = IngestStart {
                stream_id: stream_id.to_owned(),
                source: source.to_owned(),
                origin: origin.to_owned(),
            };
            let first = IngestRequest { message: Some(Message::Start(start)) };
            let refused = match ingestion.ingest(tokio_stream::iter([first])).await {
                Ok(answers) => answers.into_inner().message().await.err(),
                Err(status) => Some(status),
            };
            if let Some(status) = refused {
                assert_clean("the answer of Ingest", status.message().as_bytes());
                assert_eq!(status.code(), tonic::Code::InvalidArgument, "{text:?}");
            }
        }
        let reference = SourceReference { source: "shop".to_owned(), external_id: text.to_owned() };
        let profile = CustomerProfile { display_name: text.to_owned(), ..Default::default() };
        let request = UpsertCustomerRequest {
            reference: Some(reference),
            profile: Some(profile),
            ..Default::default()
        };
        if let Err(status) = customers.upsert_customer(request).await {
            assert_clean("the answer of UpsertCustomer", status.message().as_bytes());
            assert_eq!(status.code(), tonic::Code::InvalidArgument, "{text:?}");
        }
    }
}

#[tokio::test]
async fn nothing_hostile_comes_out_raw() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let file = path("sal\u{1b}[2Jes.csv");
    std::fs::write(&file, sales()).unwrap();
    std::fs::write(path("hostile.yaml"), TAXONOMY).unwrap();
    let log = folder.path().join("log");
    let server = server(&folder.path().join("data"), &log).await;
    let said = run(&server, &["import", &file]).await;
    assert!(said.contains("text-invalid"), "{said}");
    call(&server).await;
    run(&server, &["taxonomy", "apply", &path("hostile.yaml"), "--publish"]).await;
    run(&server, &["business-date", "2024-01-31"]).await;
    run(&server, &["classify", "hostile"]).await;
    for report in ["class-summary", "customers"] {
        let csv = run(&server, &["report", "--taxonomy", "hostile", "--csv", report]).await;
        assert!(csv.lines().count() > 2, "{csv}");
        assert_no_formula(report, &csv);
    }
    let page = path("report.html");
    run(&server, &["report", "--taxonomy", "hostile", "--out", &page]).await;
    let page = std::fs::read(&page).unwrap();
    assert_clean("the page", &page);
    assert!(!String::from_utf8_lossy(&page).contains("<script>alert(1)"));
    let rejects = run(&server, &["rejects", "--limit", "1000"]).await;
    assert!(rejects.contains("text-invalid"), "{rejects}");
    run(&server, &["rejects", "--limit", "1000", "--output", "json"]).await;
    for text in HOSTILE.iter().filter(|text| !text.contains('\u{0}') && !text.starts_with('-')) {
        for command in ["resolve", "explain", "profile"] {
            run(&server, &[command, text]).await;
        }
    }
    for name in ["customers/1", "customers/2", "customers/20"] {
        run(&server, &["explain", name]).await;
        run(&server, &["profile", name]).await;
    }
    server.stop().await;
    let log = std::fs::read(&log).unwrap();
    assert!(!log.is_empty());
    assert_clean("the log", &log);
}
