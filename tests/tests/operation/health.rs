//! What probes are told while the database comes and goes.

use kehu_tests::{
    ServerDatabase,
    program::{self, kehu},
    until,
};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};

/// The answer of a plain health listener about a service.
struct Probe {
    url: String,
}

impl Probe {
    /// The exit code of `kehu health`, and what it said.
    async fn ask(&self, service: &str) -> (Option<i32>, String) {
        let asked = program::run(&["health", "--server", &self.url, "--service", service]).await;
        let said = [asked.stdout, asked.stderr].concat();
        (asked.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    async fn is_ready(&self) -> bool {
        let (code, said) = self.ask("").await;
        assert!(code == Some(0) || said.contains("NOT_SERVING"), "{said}");
        code == Some(0)
    }

    async fn is_alive(&self) -> bool {
        self.ask("liveness").await.0 == Some(0)
    }
}

#[tokio::test]
async fn ready_as_long_as_the_database_is_there_and_migrated_alive_all_the_time() {
    let Some(database) = ServerDatabase::empty().await else { return };
    let listen = program::free_address().to_string();
    let probe = Probe { url: format!("http://{listen}") };
    let serve = ["serve", "--listen", "127.0.0.1:0", "--health-listen", &listen];
    let mut process = kehu(&[&serve[..], &["--database-url", &database.url]].concat());
    let mut process = process.spawn().unwrap();

    until("it is alive", async || probe.is_alive().await).await;
    let (code, said) = probe.ask("").await;
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("NOT_SERVING"), "{said}");
    program::succeed(&["migrate", "--database-url", &database.url]).await;
    until("it is ready", async || probe.is_ready().await).await;
    let scoring = probe.ask("kehu.scoring.v1.ScoringService").await;
    assert_eq!(scoring.0, Some(0), "{}", scoring.1);

    database.cut_off().await;
    until("it is not ready", async || !probe.is_ready().await).await;
    assert!(probe.is_alive().await);
    database.let_in().await;
    until("it is ready again", async || probe.is_ready().await).await;

    program::terminate(&process).await;
    assert_eq!(process.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn waiting_for_migrations_ends() {
    let Some(database) = ServerDatabase::empty().await else { return };
    let mut command = kehu(&["serve", "--listen", "127.0.0.1:0", "--database-url", &database.url]);
    let output = command.env("KEHU__STORAGE__STARTUP_WAIT", "200ms").output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("error: ") && said.contains("run kehu migrate first"), "{said}");
}

#[tokio::test]
async fn a_process_that_waits_for_migrations_can_be_stopped() {
    let Some(database) = ServerDatabase::empty().await else { return };
    let listen = program::free_address().to_string();
    let probe = Probe { url: format!("http://{listen}") };
    let serve = ["serve", "--listen", "127.0.0.1:0", "--health-listen", &listen];
    let mut process = kehu(&[&serve[..], &["--database-url", &database.url]].concat());
    let mut process = process.spawn().unwrap();
    until("it is alive", async || probe.is_alive().await).await;
    program::terminate(&process).await;
    assert_eq!(process.wait().await.unwrap().code(), Some(0));
}

/// Nothing is served before the tables are there, and whoever calls learns at once what to do.
#[tokio::test]
async fn a_database_without_tables_is_told_to_whoever_starts_or_calls() {
    let Some(database) = ServerDatabase::empty().await else { return };
    let listen = program::free_address().to_string();
    let url = format!("http://{listen}");
    let mut process = kehu(&["serve", "--listen", &listen, "--database-url", &database.url]);
    let mut process = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut logged = BufReader::new(process.stderr.take().unwrap()).lines();
    loop {
        let line = logged.next_line().await.unwrap().expect("it says so before it ends");
        if line.contains("run kehu migrate first") {
            break;
        }
    }
    let (code, said) = Probe { url: url.clone() }.ask("").await;
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("NOT_SERVING") && said.contains("run kehu migrate first"), "{said}");
    let (code, said) = program::fail(&["data", "--server", &url]).await;
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("run kehu migrate first"), "{said}");

    program::succeed(&["migrate", "--database-url", &database.url]).await;
    let probe = Probe { url };
    until("it serves", async || probe.ask("").await.0 == Some(0)).await;
    program::terminate(&process).await;
    assert_eq!(process.wait().await.unwrap().code(), Some(0));
}
