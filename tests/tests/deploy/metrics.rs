//! Dashboard, alerts and README: only metrics that the program emits, each alert explained.

use crate::{document, read};
use std::collections::BTreeSet;

/// The program's metrics: name, unit, kind.
const METRICS: [(&str, &str, &str); 13] = [
    ("rpc.server.call.duration", "s", "histogram"),
    ("rpc.client.call.duration", "s", "histogram"),
    ("kehu.server.active_calls", "{call}", "up-down counter"),
    ("kehu.server.shed_calls", "{call}", "counter"),
    ("kehu.server.open_streams", "{stream}", "up-down counter"),
    ("kehu.server.ready", "1", "gauge"),
    ("db.client.operation.duration", "s", "histogram"),
    ("kehu.ingestion.records", "{record}", "counter"),
    ("kehu.change_log.lag", "s", "gauge"),
    ("kehu.change_log.backlog", "{change}", "gauge"),
    ("kehu.run.duration", "s", "histogram"),
    ("kehu.run.active", "{run}", "up-down counter"),
    ("target.info", "", "gauge"),
];

/// Their attributes, as far as a name could be taken for a metric's.
const LABELS: [&str; 7] = [
    "rpc_method",
    "rpc_response_status_code",
    "db_operation_name",
    "kehu_consumer",
    "kehu_outcome",
    "kehu_record_kind",
    "kehu_run_kind",
];

/// The names of a metric on the Prometheus endpoint: dots to underscores, then the unit, then
/// what the kind adds.
fn prometheus_names(name: &str, unit: &str, kind: &str) -> Vec<String> {
    let unit = match unit {
        "s" => "_seconds",
        "1" => "_ratio",
        _ => "",
    };
    let name = format!("{}{unit}", name.replace('.', "_"));
    match kind {
        "counter" => vec![format!("{name}_total")],
        "histogram" => ["_bucket", "_count", "_sum"].map(|end| format!("{name}{end}")).to_vec(),
        _ => vec![name],
    }
}

#[test]
fn every_metric_named_is_one_that_the_program_emits() {
    let emitted = METRICS.iter().flat_map(|(name, unit, kind)| prometheus_names(name, unit, kind));
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
            let runbook = format!("deploy/README.md#{}", alert.to_lowercase());
            assert_eq!(rule["annotations"]["runbook"], runbook);
            assert!(alerts.insert(format!("### {alert}")), "{alert} stands there twice");
        }
    }
    let explained: BTreeSet<String> =
        readme.lines().filter(|line| line.starts_with("### Kehu")).map(str::to_owned).collect();
    assert_eq!(alerts, explained);
}
