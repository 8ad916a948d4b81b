//! A collector that does not answer keeps no process from ending.

use kehu_server::telemetry::{Error, LogFormat, Options, Telemetry};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_flush_gives_up_after_some_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let options = Options {
        log: "off".to_owned(),
        log_format: LogFormat::Auto,
        otlp_endpoint: Some(endpoint),
        trace_ratio: 1.0,
        metrics_interval: Duration::from_secs(3600),
        roles: vec![],
    };
    let telemetry = Telemetry::start(&options).unwrap();
    tracing::info_span!("left").in_scope(|| {});
    kehu_server::telemetry::metrics::server().ready.record(1.0, &[]);
    let began = Instant::now();
    let ended = telemetry.shutdown().await;
    assert!(matches!(ended, Err(Error::Flush(_))), "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}
