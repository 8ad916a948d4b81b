//! Manifests and compose file: ports, probes, periods of grace, images, connections.

use crate::{SETTINGS, document, documents, files, port, read, seconds, setting};
use serde_json::{Value, json};

const ROLE: &str = "kubernetes/base/role/deployment.yaml";
const NETWORK: &str = "kubernetes/base/network.yaml";
const COMPOSE: &str = "docker/compose.yaml";
const ROLES: [&str; 4] = ["ingestion", "scoring", "coding", "reporting"];

fn container() -> Value {
    document(ROLE, "Deployment")["spec"]["template"]["spec"]["containers"][0].clone()
}

/// The port of a network policy's only rule.
fn allowed(policy: &str) -> Value {
    let found = documents(NETWORK).into_iter().find(|one| one["metadata"]["name"] == policy);
    found.expect("the policy is there")["spec"]["ingress"][0]["ports"][0]["port"].clone()
}

#[test]
fn ports_are_those_that_the_settings_listen_on() {
    for file in SETTINGS {
        let calls = port(file, "server", "listen");
        let health = port(file, "server", "health_listen");
        let metrics = port(file, "telemetry", "metrics_listen");
        assert_eq!(
            container()["ports"],
            json!([
                {"name": "grpc", "containerPort": calls},
                {"name": "health", "containerPort": health},
                {"name": "metrics", "containerPort": metrics},
            ]),
            "{file}"
        );
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            assert_eq!(container()[probe]["grpc"]["port"], health, "{file}, {probe}");
        }
        let service = document("kubernetes/base/role/service.yaml", "Service");
        for (at, name, port) in [(0, "grpc", calls), (1, "metrics", metrics)] {
            assert_eq!(service["spec"]["ports"][at]["port"], port);
            assert_eq!(service["spec"]["ports"][at]["targetPort"], name);
        }
        assert_eq!(allowed("kehu-calls"), calls);
        assert_eq!(allowed("kehu-metrics"), metrics);
    }
    let monitor = document("observability/pods.yaml", "PodMonitor");
    assert_eq!(monitor["spec"]["podMetricsEndpoints"][0]["port"], "metrics");
}

#[test]
fn compose_publishes_and_scrapes_the_ports_on_loopback() {
    let file = "docker/kehu.toml";
    let compose = documents(COMPOSE).remove(0);
    let scraped = documents("docker/prometheus.yaml").remove(0);
    for role in ROLES {
        let service = &compose["services"][role];
        let published = service["ports"][0].as_str().unwrap();
        let calls = port(file, "server", "listen");
        assert!(published.starts_with("127.0.0.1:"), "{published}");
        assert!(published.ends_with(&format!(":{calls}")), "{published}");
        assert_eq!(service["command"][2], role);
        let health = format!("http://127.0.0.1:{}", port(file, "server", "health_listen"));
        assert_eq!(service["healthcheck"]["test"][4], health);
        let target = format!("{role}:{}", port(file, "telemetry", "metrics_listen"));
        assert!(scraped["scrape_configs"][0].to_string().contains(&target), "{target}");
    }
}

#[test]
fn every_role_of_the_cluster_says_which_it_is() {
    for role in ROLES {
        let name = format!("kubernetes/base/{role}/kustomization.yaml");
        let kustomization = documents(&name).remove(0);
        assert_eq!(kustomization["nameSuffix"], format!("-{role}"));
        let patch = kustomization["patches"][0]["patch"].as_str().unwrap();
        assert!(patch.contains(&format!("value: --role={role}\n")), "{patch}");
        let certificates = read("kubernetes/overlays/production/certificates.yaml");
        assert!(certificates.contains(&format!("- kehu-{role}.kehu.svc\n")), "{role}");
    }
}

#[test]
fn probes_ask_for_what_health_answers() {
    assert_eq!(container()["startupProbe"]["grpc"]["service"], "liveness");
    assert_eq!(container()["livenessProbe"]["grpc"]["service"], "liveness");
    // Unset is the empty name: the readiness of the process.
    assert_eq!(container()["readinessProbe"]["grpc"]["service"], Value::Null);
}

#[test]
fn a_process_is_given_longer_than_it_takes_to_drain() {
    let deployment = document(ROLE, "Deployment");
    let pod = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_i64();
    let compose = documents(COMPOSE).remove(0);
    let period = compose["services"]["scoring"]["stop_grace_period"].as_str().unwrap();
    for file in SETTINGS {
        let of = |key| seconds(setting(file, "server", key).as_str().unwrap());
        // The rest is for telemetry to be sent.
        let needed = of("drain_delay") + of("drain_grace") + 10;
        assert!(pod.unwrap() >= needed, "{file} needs {needed} s");
        assert!(seconds(period) >= needed, "{file} needs {needed} s");
    }
}

#[test]
fn the_image_runs_as_a_number_that_the_pods_name() {
    let dockerfile = read("docker/Dockerfile");
    let user = dockerfile.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    let number: i64 = user.split(':').next().unwrap().parse().unwrap();
    for (file, kind) in [(ROLE, "Deployment"), ("kubernetes/base/migrate.yaml", "Job")] {
        let pod = document(file, kind)["spec"]["template"]["spec"].clone();
        assert_eq!(pod["securityContext"]["runAsUser"], number, "{file}");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{file}");
        assert_eq!(pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
    }
}

#[test]
fn no_image_is_a_moving_latest() {
    for (path, text) in files() {
        assert!(!text.contains(":latest"), "{}", path.display());
    }
    let compose = documents(COMPOSE).remove(0);
    for (name, service) in compose["services"].as_object().unwrap() {
        assert!(service["image"].as_str().unwrap().contains(':'), "{name} has no tag");
    }
    for overlay in ["dev", "production"] {
        let name = format!("kubernetes/overlays/{overlay}/kustomization.yaml");
        assert!(documents(&name)[0]["images"][0]["newTag"].is_string(), "{overlay}");
    }
}

#[test]
fn the_database_takes_the_connections_of_all_pods() {
    let production = documents("kubernetes/overlays/production/kustomization.yaml").remove(0);
    let patches = production["patches"].as_array().unwrap();
    let scaling = patches.iter().find(|one| one["target"]["kind"] == "HorizontalPodAutoscaler");
    let operations: Vec<Value> =
        serde_yaml_ng::from_str(scaling.unwrap()["patch"].as_str().unwrap()).unwrap();
    let most = operations.iter().find(|one| one["path"] == "/spec/maxReplicas").unwrap();
    let surge = &document(ROLE, "Deployment")["spec"]["strategy"]["rollingUpdate"]["maxSurge"];
    let pods = ROLES.len() as i64 * (most["value"].as_i64().unwrap() + surge.as_i64().unwrap());
    let pool = setting("kubernetes/base/kehu.toml", "storage", "max_connections");
    // Each pod also keeps leases on two connections and listens for changes on one; the rest is
    // the operator's.
    let needed = pods * (pool.as_integer().unwrap() + 3) + 20;
    let cluster = document("kubernetes/overlays/production/database.yaml", "Cluster");
    let allowed = &cluster["spec"]["postgresql"]["parameters"]["max_connections"];
    assert!(allowed.as_str().unwrap().parse::<i64>().unwrap() >= needed, "{needed} are needed");
}
