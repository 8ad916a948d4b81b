//! One address for all roles: Envoy's configuration and the route of the gateway.

use crate::{document, documents, port};
use kehu_contract::DESCRIPTORS;
use prost::Message;
use prost_types::FileDescriptorSet;
use std::collections::BTreeMap;

/// Every service of the contract with the role that it goes to, and those that every port serves. Runs
/// and the business date any role answers for.
fn wanted() -> BTreeMap<String, String> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).expect("the contract has descriptors");
    let mut wanted = BTreeMap::new();
    for file in &set.file {
        let package = file.package();
        let role = match package.split('.').nth(1) {
            Some("run") | None => "reporting",
            Some(role) => role,
        };
        for service in &file.service {
            wanted.insert(format!("{package}.{}", service.name()), role.to_owned());
        }
    }
    for open in ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"] {
        wanted.insert(open.to_owned(), "reporting".to_owned());
    }
    wanted
}

#[test]
fn envoy_knows_where_every_service_is() {
    let file = "docker/envoy.yaml";
    let envoy = documents(file).remove(0);
    let listener = &envoy["static_resources"]["listeners"][0];
    let manager = &listener["filter_chains"][0]["filters"][0]["typed_config"];
    let routes = &manager["route_config"]["virtual_hosts"][0]["routes"];
    let found: BTreeMap<String, String> = routes
        .as_array()
        .unwrap()
        .iter()
        .map(|route| {
            let prefix = route["match"]["prefix"].as_str().unwrap().trim_matches('/');
            assert_eq!(route["route"]["timeout"], "0s", "{prefix}");
            (prefix.to_owned(), route["route"]["cluster"].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(found, wanted());
    let calls = port("docker/kehu.toml", "server", "listen");
    for cluster in envoy["static_resources"]["clusters"].as_array().unwrap() {
        let endpoint = &cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        let address = &endpoint["address"]["socket_address"];
        assert_eq!(address["address"], cluster["name"]);
        assert_eq!(address["port_value"], calls);
    }
    let compose = documents("docker/compose.yaml").remove(0);
    let address = &listener["address"]["socket_address"]["port_value"];
    assert_eq!(compose["services"]["entry"]["ports"][0], format!("127.0.0.1:7400:{address}"));
}

#[test]
fn the_gateway_knows_where_every_service_is() {
    let route = document("kubernetes/gateway/route.yaml", "GRPCRoute");
    let calls = port("kubernetes/base/kehu.toml", "server", "listen");
    let mut found = BTreeMap::new();
    for rule in route["spec"]["rules"].as_array().unwrap() {
        let backend = &rule["backendRefs"][0];
        assert_eq!(backend["port"], calls);
        let role = backend["name"].as_str().unwrap().trim_start_matches("kehu-");
        for one in rule["matches"].as_array().unwrap() {
            let service = one["method"]["service"].as_str().unwrap();
            found.insert(service.to_owned(), role.to_owned());
        }
    }
    assert_eq!(found, wanted());
    let policies = documents("kubernetes/gateway/backends.yaml");
    let of: Vec<&str> =
        policies.iter().map(|it| it["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(of, ["kehu-ingestion", "kehu-scoring", "kehu-coding", "kehu-reporting"]);
    for policy in &policies {
        let name = policy["metadata"]["name"].as_str().unwrap();
        assert_eq!(policy["spec"]["targetRefs"][0]["name"], name);
        assert_eq!(policy["spec"]["validation"]["hostname"], format!("{name}.kehu.svc"));
    }
}
