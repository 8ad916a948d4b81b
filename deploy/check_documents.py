"""What deploy/check looks at with Python: the operators' resources, the compose file, the
collector's configuration; and it writes the rules of the alerts, and the queries of the
dashboard as rules, where promtool reads them."""

import json
import sys
from pathlib import Path

import yaml
from cloudcoil.models import cert_manager, prometheus_operator
from compose_spec import PyCompose

DEPLOY = Path(__file__).parent
# Resources of operators. CloudNativePG's have no schema in a package registry.
MODELS = {
    ("cert-manager.io/v1", "Certificate"): cert_manager.v1.Certificate,
    ("cert-manager.io/v1", "Issuer"): cert_manager.v1.Issuer,
    ("monitoring.coreos.com/v1", "PodMonitor"): prometheus_operator.v1.PodMonitor,
    ("monitoring.coreos.com/v1", "PrometheusRule"): prometheus_operator.v1.PrometheusRule,
}
# What the image of the collector in compose.yaml has in it, as far as used here.
COLLECTOR = {
    "receivers": {"otlp"},
    "processors": {"batch", "memory_limiter"},
    "exporters": {"debug", "otlp", "prometheus"},
}


def check_operators(rendered: Path) -> None:
    """Fails at a key that an operator's resource does not have, or one of a wrong type."""
    for file in sorted(rendered.glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            model = MODELS.get((document["apiVersion"], document["kind"]))
            if model:
                model.model_validate(document, extra="forbid")


def write_rules(folder: Path) -> None:
    """Writes the alerts as a rule file, and every query of the dashboard as a recording rule."""
    folder.mkdir(exist_ok=True)
    alerts = yaml.safe_load((DEPLOY / "observability/alerts.yaml").read_text())
    (folder / "rules.yaml").write_text(yaml.safe_dump(alerts["spec"], sort_keys=False))
    dashboard = json.loads((DEPLOY / "observability/dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    rules = [
        {"record": f"dashboard:query:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries)
    ]
    groups = {"groups": [{"name": "dashboard", "rules": rules}]}
    (folder / "dashboard.yaml").write_text(yaml.safe_dump(groups))


def check_collector() -> None:
    """Fails at a component that is unknown, or used but not configured, or the other way round."""
    config = yaml.safe_load((DEPLOY / "observability/collector.yaml").read_text())
    pipelines = config["service"]["pipelines"].values()
    for kind, known in COLLECTOR.items():
        used = {name for pipeline in pipelines for name in pipeline[kind]}
        if used != set(config[kind]):
            sys.exit(f"collector.yaml: {kind} configured and used differ: {used ^ set(config[kind])}")
        if unknown := used - known:
            sys.exit(f"collector.yaml: unknown {kind} {unknown}")


if __name__ == "__main__":
    rendered = Path(sys.argv[1])
    check_operators(rendered)
    write_rules(rendered / "rules")
    check_collector()
    # Through PyYAML first, which resolves the anchors.
    PyCompose.from_json(json.dumps(yaml.safe_load((DEPLOY / "docker/compose.yaml").read_text())))
