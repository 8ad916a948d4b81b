//! A client in another language, generated from `proto/` alone.

use kehu_tests::{program, program::Server, sample};
use std::path::{Path, PathBuf};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

/// The Python example of the README, as a reader would copy it.
fn readme_example() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(readme).expect("the README is there");
    let start = text.find("```python\n").expect("the README has an example") + 10;
    let end = start + text[start..].find("```").expect("the example ends");
    text[start..end].to_owned()
}

/// A batch of customers with the key of its stream, twice, and once more under another; then one
/// customer twice with the id of its request.
const TWICE: &str = r#"
import sys

import grpc
from kehu.ingestion.v1 import customer_pb2, customer_pb2_grpc
from kehu.ingestion.v1 import ingestion_pb2, ingestion_pb2_grpc, record_pb2

channel = grpc.insecure_channel(sys.argv[1])
ingestion = ingestion_pb2_grpc.IngestionServiceStub(channel)
customers = customer_pb2_grpc.CustomerServiceStub(channel)
names = {"k1": "\u6d77\u5929\u5546\u8d38", "k2": "Lan", "k3": "Han"}


def record(key):
    profile = customer_pb2.CustomerProfile(display_name=names[key])
    return record_pb2.Record(customer=record_pb2.CustomerRecord(external_id=key, profile=profile))


def send(stream):
    batch = record_pb2.RecordBatch(sequence=1, records=[record(key) for key in names])
    start = ingestion_pb2.IngestStart(stream_id=stream, source="crm")
    messages = [ingestion_pb2.IngestRequest(start=start), ingestion_pb2.IngestRequest(batch=batch)]
    answers = [answer.acknowledgement for answer in ingestion.Ingest(iter(messages))]
    done = [answer for answer in answers if answer.sequence == 1]
    print(stream, done[0].accepted_count, done[0].unchanged_count, done[0].replayed)


def held():
    listed = customers.ListCustomers(customer_pb2.ListCustomersRequest()).customers
    return [(one.name, one.etag, one.profile.display_name) for one in listed]


send("night")
first = held()
send("night")
send("again")
print("same", held() == first, len(first))
request = customer_pb2.UpsertCustomerRequest(
    reference=customer_pb2.SourceReference(source="crm", external_id="k2"),
    profile=customer_pb2.CustomerProfile(city="Ningbo"),
    request_id="6f1e2a34-0b5c-4d7e-8f90-123456789abc",
)
answers = [customers.UpsertCustomer(request).customer for _ in range(2)]
print("once", answers[0] == answers[1], answers[0].etag)
"#;

/// Runs a program in Python, with the client in its path.
async fn run(script: &Path, arguments: &[&str]) -> String {
    let python = std::env::var("KEHU_TEST_PYTHON").expect("run tests/run: it makes the client");
    let folder = Path::new(&python).ancestors().nth(2).expect("it is in a folder of its own");
    let generated: PathBuf = folder.join("generated");
    let mut command = Command::new(&python);
    command.arg(script).args(arguments).env("PYTHONPATH", generated);
    let output = command.env("PYTHONIOENCODING", "utf-8").output().await;
    let output = output.expect("python can be started");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[tokio::test]
async fn req_0_21_a_batch_that_a_client_sends_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::on(&folder.path().join("data")).await;
    let script = folder.path().join("twice.py");
    std::fs::write(&script, TWICE).unwrap();
    let printed = run(&script, &[server.url.trim_start_matches("http://")]).await;
    let lines: Vec<&str> = printed.lines().collect();
    let expected =
        ["night 3 0 False", "night 0 0 True", "again 0 3 False", "same True 3", "once True 2"];
    assert_eq!(lines, expected);
    server.stop().await;
}

#[tokio::test]
async fn the_example_of_the_readme_runs() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("sales.csv");
    sample::write_start(&input, 60_000);
    let data = folder.path().join("data");
    let mapping = sample::data("online_retail/mapping.toml");
    let mut quickstart = program::kehu(&[
        "quickstart",
        "--listen",
        "127.0.0.1:0",
        "--input",
        &input.display().to_string(),
        "--mapping",
        &mapping.display().to_string(),
        "--data-dir",
        &data.display().to_string(),
    ]);
    let mut quickstart = quickstart.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(quickstart.stdout.take().unwrap()).lines();
    let address = loop {
        let line = lines.next_line().await.unwrap().expect("quickstart serves in the end");
        if let Some(rest) = line.strip_prefix("Serving on http://") {
            break rest.split(' ').next().unwrap_or_default().to_owned();
        }
    };

    let script = folder.path().join("first_call.py");
    std::fs::write(&script, readme_example().replace("127.0.0.1:7400", &address)).unwrap();
    let printed = run(&script, &[]).await;
    for expected in ["accepted_count: 1", "RUN_STATE_SUCCEEDED", "amount", "current: true"] {
        assert!(printed.contains(expected), "no {expected:?} in:\n{printed}");
    }
}
