//! What Prometheus sees.

use kehu_server::telemetry::metrics::{self, Kind, METRICS, Metric};
use kehu_tests::{
    ServerDatabase,
    program::{self, Server},
    sample, until,
};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) async fn scrape(address: SocketAddr) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Whether a metric of this name has a value with all of these labels.
pub(crate) fn has(page: &str, name: &str, labels: &[&str]) -> bool {
    let mut values = page.lines().filter(|line| line.starts_with(name));
    values.any(|line| labels.iter().all(|label| line.contains(label)))
}

#[tokio::test]
async fn what_a_process_did_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let listen = program::free_address();
    let data = folder.path().join("data").display().to_string();
    let arguments = ["--data-dir", &data, "--metrics-listen", &listen.to_string()];
    let server = Server::start(&arguments).await;
    let sales = folder.path().join("sales.csv");
    sample::write_start(&sales, 300);
    server.succeed(&["import", &sales.display().to_string()]).await;
    server.succeed(&["rejects"]).await;
    for (name, labels) in [
        ("rpc_server_call_duration_seconds_count{", &["IngestionService/Ingest\"", "\"OK\""][..]),
        ("rpc_server_call_duration_seconds_count{", &["IngestionService/ListRejects\""]),
        ("db_client_operation_duration_seconds_count{", &["db_system_name=\"sqlite\""]),
        ("kehu_ingestion_records_total{", &["kehu_outcome=\"accepted\""]),
        ("kehu_change_log_lag_seconds{", &["kehu_consumer=\"scoring\""]),
        ("kehu_change_log_lag_seconds{", &["kehu_consumer=\"codes\""]),
        ("kehu_change_log_backlog{", &["kehu_consumer=\"coding\""]),
        ("kehu_server_ready_ratio", &[" 1"]),
        ("kehu_server_max_calls", &[" 64"]),
        ("kehu_server_max_streams", &[" 256"]),
    ] {
        let what = format!("{name} {labels:?}");
        until(&what, async || has(&scrape(listen).await, name, labels)).await;
    }
    server.stop().await;
}

/// What is there only once something has been measured: how long something took, and what is counted
/// by definition where there is none yet.
fn comes_later(metric: &Metric) -> bool {
    metric.kind == Kind::Histogram
        || [metrics::CODING_CUSTOMERS, metrics::CODING_CODES_LEFT].contains(metric)
}

#[tokio::test]
async fn every_metric_is_there_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let shared = ServerDatabase::migrated().await;
    let databases =
        [Some(["--data-dir", &data]), shared.as_ref().map(|it| ["--database-url", &it.url])];
    for database in databases.into_iter().flatten() {
        let listen = program::free_address();
        let metrics_listen = listen.to_string();
        let arguments = [&database[..], &["--metrics-listen", &metrics_listen]].concat();
        let server = Server::start(&arguments).await;
        let wanted = METRICS.iter().filter(|metric| !comes_later(metric));
        for name in wanted.map(Metric::prometheus_name) {
            until(&name, async || has(&scrape(listen).await, &name, &[])).await;
        }
        let page = scrape(listen).await;
        for (name, label) in [
            (
                "kehu_server_shed_calls_total{",
                "rpc_method=\"kehu.scoring.v1.ScoringService/GetScore\"",
            ),
            ("kehu_storage_refused_writes_total{", "error_type=\"disk_full\""),
            ("kehu_ingestion_problems_total{", "kehu_reject_reason=\"customer_missing\""),
            ("kehu_run_ended_total{", "kehu_outcome=\"failed\""),
            ("kehu_server_sign_on_failures_total{", "error_type=\"expired\""),
        ] {
            assert!(has(&page, name, &[label, " 0"]), "{name} {label}");
        }
        assert!(has(&page, "db_client_connection_count{", &["state=\"used\""]), "{page}");
        server.stop().await;
    }
}

/// How many statements the process has sent.
pub(crate) fn statements(page: &str) -> f64 {
    let counts =
        page.lines().filter(|line| line.starts_with("db_client_operation_duration_seconds_count{"));
    counts.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// The role with most workers and followers; what it does after its start is left out. A slow machine
/// sends fewer.
#[tokio::test]
async fn an_idle_role_sends_less_than_a_statement_a_second() {
    const SECONDS: f64 = 60.0;
    let Some(shared) = ServerDatabase::migrated().await else { return };
    let listen = program::free_address();
    let metrics_listen = listen.to_string();
    let server = Server::start(&[
        "--role",
        "coding",
        "--database-url",
        &shared.url,
        "--metrics-listen",
        &metrics_listen,
    ])
    .await;
    until("it is ready", async || server.is_ready().await).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = statements(&scrape(listen).await);
    tokio::time::sleep(Duration::from_secs_f64(SECONDS)).await;
    let sent = statements(&scrape(listen).await) - before;
    assert!(before > 0.0 && sent < SECONDS, "{sent} statements in {SECONDS} seconds");
    server.stop().await;
}

#[tokio::test]
async fn connections_that_are_refused_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let listen = program::free_address();
    let data = folder.path().join("data").display().to_string();
    let mut command = program::kehu(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &data]);
    command
        .args(["--metrics-listen", &listen.to_string()])
        .env("KEHU__SERVER__MAX_CONNECTIONS_PER_ADDRESS", "1");
    let server = Server::spawn(command).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut silent = TcpStream::connect(&address).await.unwrap();
    let name = "kehu_server_refused_connections_total{";
    until("a second one is refused", async || {
        drop(TcpStream::connect(&address).await);
        has(&scrape(listen).await, name, &["error_type=\"connections_of_address\""])
    })
    .await;
    silent.read_to_end(&mut Vec::new()).await.unwrap_or_default();
    until("it says nothing", async || has(&scrape(listen).await, name, &["error_type=\"silent\""]))
        .await;
    server.stop().await;
}
