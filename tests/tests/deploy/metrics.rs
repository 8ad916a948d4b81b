//! Dashboard, alerts and README: only metrics that the program emits, each alert explained.

use crate::{document, read};
use kehu_server::telemetry::metrics::{Kind, METRICS, Metric};
use std::collections::BTreeSet;

/// The resource, and attributes as far as a name could be taken for a metric's.
const LABELS: [&str; 18] = [
    "target_info",
    "rpc_method",
    "rpc_response_status_code",
    "db_operation_name",
    "kehu_cleaning_rule",
    "kehu_definition",
    "kehu_consumer",
    "kehu_outcome",
    "kehu_record_kind",
    "kehu_run_kind",
    "kehu_left_out_by",
    "kehu_left_out_id",
    "kehu_reject_reason",
    "kehu_taxonomy",
    "kehu_class",
    "kehu_code_scheme",
    "db_client_connection_pool_name",
    "db_client_connection_state",
];

/// Where the runbooks are, until an installation says where it keeps them.
const RUNBOOK: &str = "https://kehu.example.com/runbook";

/// The names of a metric's series on the Prometheus endpoint.
fn series(metric: &Metric) -> Vec<String> {
    let name = metric.prometheus_name();
    match metric.kind {
        Kind::Histogram => ["_bucket", "_count", "_sum"].map(|end| format!("{name}{end}")).into(),
        Kind::Counter | Kind::UpDownCounter | Kind::Gauge => vec![name],
    }
}

#[test]
fn every_metric_named_is_one_that_the_program_emits() {
    let emitted = METRICS.iter().flat_map(series);
    let known: BTreeSet<String> = emitted.chain(LABELS.map(str::to_owned)).collect();
    for file in ["observability/dashboard.json", "observability/alerts.yaml", "README.md"] {
        let text = read(file);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named: BTreeSet<_> = words
            .filter(|word| word.contains('_'))
            .filter(|word| ["kehu_", "rpc_", "db_", "target_"].iter().any(|p| word.starts_with(p)))
            .collect();
        assert!(named.len() > 5, "{file} names {named:?} only");
        for name in named {
            assert!(known.contains(name), "{file} names {name}");
        }
    }
}

#[test]
fn every_alert_says_what_to_do() {
    let readme = read("README.md");
    let rules = document("observability/alerts.yaml", "PrometheusRule");
    let mut alerts = BTreeSet::new();
    for group in rules["spec"]["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            let alert = rule["alert"].as_str().unwrap();
            let runbook = format!("{RUNBOOK}#{}", alert.to_lowercase());
            assert_eq!(rule["annotations"]["runbook_url"], runbook);
            assert!(alerts.insert(format!("### {alert}")), "{alert} stands there twice");
        }
    }
    let explained: BTreeSet<String> =
        readme.lines().filter(|line| line.starts_with("### Kehu")).map(str::to_owned).collect();
    assert_eq!(alerts, explained);
}
