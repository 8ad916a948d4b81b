//! SIGKILL at any moment: the next start on the same database finishes with the same result.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use futures::future::join_all;
use kehu_contract::{
    ingestion::{GetCustomerRequest, customer_service_client::CustomerServiceClient},
    run::{ListRunsRequest, Run, run_service_client::RunServiceClient},
};
use kehu_tests::{databases, program, program::Server, sample};
use std::{path::Path, process::Stdio, time::Duration};
use tokio::process::Command;
use tonic::transport::{Channel, Endpoint};

/// Lines of the sample that are loaded: enough to be killed in every phase.
const LINES: usize = 40_000;

/// Customers of a partition: few enough that a run has many.
const PARTITION: &str = "50";

/// What a quickstart has come to.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// It runs.
    Started,
    /// There are this many customers.
    Customers(u32),
    /// A worker has taken a run of this kind.
    Run(&'static str),
    /// A run of this kind has done so many customers.
    Done(&'static str, i64),
}

/// When to kill: at a stage, this many milliseconds later.
type Moment = (Stage, u64);

impl Stage {
    /// Asks the server; one that does not answer yet has not come so far.
    async fn is_reached(self, server: &Channel) -> bool {
        match self {
            Self::Started => true,
            Self::Customers(count) => {
                let request = GetCustomerRequest { name: format!("customers/{count}") };
                CustomerServiceClient::new(server.clone()).get_customer(request).await.is_ok()
            }
            Self::Run(kind) => runs(kind, server).await.iter().any(|run| run.start_time.is_some()),
            Self::Done(kind, count) => {
                runs(kind, server).await.iter().any(|run| run.done_count >= count)
            }
        }
    }
}

async fn runs(kind: &str, server: &Channel) -> Vec<Run> {
    let request = ListRunsRequest { kind: kind.to_owned(), ..Default::default() };
    let listed = RunServiceClient::new(server.clone()).list_runs(request).await;
    listed.map(|response| response.into_inner().runs).unwrap_or_default()
}

/// Returns when the moment has come.
async fn come((stage, later): Moment, server: Channel) {
    while !stage.is_reached(&server).await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(later)).await;
}

/// A quickstart on a part of the sample.
struct Quickstart {
    input: String,
    mapping: String,
    address: String,
    /// Where its data are.
    store: Vec<String>,
}

impl Quickstart {
    fn new(input: &Path, store: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            input: input.display().to_string(),
            mapping: sample::data("online_retail/mapping.toml").display().to_string(),
            address: port.local_addr().unwrap().to_string(),
            store: store.iter().map(|argument| (*argument).to_owned()).collect(),
        }
    }

    fn arguments(&self) -> Vec<&str> {
        let fixed = ["quickstart", "--exit", "--listen", &self.address];
        let input = ["--input", &self.input, "--mapping", &self.mapping];
        let store = self.store.iter().map(String::as_str);
        fixed.into_iter().chain(input).chain(store).collect()
    }

    fn command(&self) -> Command {
        let mut command = program::kehu(&self.arguments());
        command.env("KEHU__RUNS__PARTITION_CUSTOMERS", PARTITION);
        command
    }

    /// Starts it and kills it at a moment; false if it ended before.
    async fn kill_at(&self, moment: Moment) -> bool {
        let server = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        let mut child = self.command().stdout(Stdio::null()).spawn().unwrap();
        tokio::select! {
            () = come(moment, server.connect_lazy()) => {}
            status = child.wait() => {
                assert!(status.unwrap().success(), "before {moment:?}");
                return false;
            }
        }
        child.kill().await.unwrap();
        true
    }

    /// Kills it at each of these moments, one start after the other, then lets it finish.
    async fn finish_after(&self, moments: &[Moment]) -> String {
        let mut kills = 0;
        for moment in moments {
            kills += usize::from(self.kill_at(*moment).await);
        }
        assert!(kills + 1 >= moments.len(), "the quickstart was killed only {kills} times");
        let status = self.command().stdout(Stdio::null()).status().await.unwrap();
        assert!(status.success(), "the quickstart did not finish");
        self.result().await
    }

    /// Everything that was computed: customers with scores, classes and codes, the figures by
    /// class, the months, and what was refused.
    async fn result(&self) -> String {
        let store: Vec<&str> = self.store.iter().map(String::as_str).collect();
        let server = Server::start(&store).await;
        let mut all = String::new();
        let customers = server.succeed(&["report", "--csv", "customers"]).await;
        for line in customers.lines() {
            all += &without_number(line);
            all += "\n";
        }
        for report in ["class-summary", "monthly-trend"] {
            all += &server.succeed(&["report", "--csv", report]).await;
        }
        // Their numbers have gaps where a batch was drawn in vain.
        for line in server.succeed(&["rejects", "--all"]).await.lines() {
            all += line.split("  [rejects/").next().unwrap_or_default();
            all += "\n";
        }
        server.stop().await;
        all
    }
}

/// A row of customers without their names: what is rolled back leaves a
/// gap in the numbers on PostgreSQL.
fn without_number(line: &str) -> String {
    let cells = line.split(',').filter(|cell| !cell.starts_with("customers/"));
    cells.collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn a_killed_quickstart_is_finished_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("sales.csv");
    sample::write_start(&input, LINES);
    let store = |name: &str| folder.path().join(name).display().to_string();

    let whole = Quickstart::new(&input, &["--data-dir", &store("whole")]);
    program::succeed(&whole.arguments()).await;
    let expected = whole.result().await;
    assert!(expected.lines().count() > 1_000, "{expected}");

    let embedded = Quickstart::new(&input, &["--data-dir", &store("killed")]);
    let mut killed = vec![(
        embedded,
        vec![
            (Stage::Started, 40),
            (Stage::Customers(1), 0),
            (Stage::Customers(400), 50),
            (Stage::Run("scoring"), 100),
            (Stage::Done("scoring", 50), 0),
            (Stage::Done("scoring", 200), 0),
            (Stage::Done("scoring", 350), 0),
            (Stage::Done("scoring", 500), 0),
            (Stage::Run("classification"), 150),
            (Stage::Run("coding"), 20),
        ],
    )];
    let databases = databases().await;
    for database in databases.iter().filter(|database| database.kind == "postgres") {
        let store = ["--data-dir", &store("shared"), "--database-url", &database.url];
        let moments = vec![
            (Stage::Customers(400), 0),
            (Stage::Run("scoring"), 150),
            (Stage::Run("coding"), 0),
        ];
        killed.push((Quickstart::new(&input, &store), moments));
    }
    // Side by side: most of the time they wait for the leases of the killed to expire.
    let finished = killed.iter().map(|(quickstart, moments)| quickstart.finish_after(moments));
    for (result, (quickstart, _)) in join_all(finished).await.into_iter().zip(&killed) {
        assert_eq!(result, expected, "{:?}", quickstart.store);
    }
}
