//! The program as a process.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The program that `cargo build` made beside this test.
fn path() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    let program = folder.join("kehu");
    assert!(program.exists(), "{} is missing: run tests/run, or cargo build", program.display());
    program
}

/// A command of the program; ends with this test.
pub fn kehu(arguments: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.args(arguments).kill_on_drop(true).stdin(Stdio::null());
    for variable in [
        "KEHU_SERVER",
        "KEHU_CA_FILE",
        "KEHU_TOKEN_FILE",
        "KEHU_DATA_DIR",
        "KEHU_DATABASE_URL",
        "KEHU_LISTEN",
        "KEHU_LOG",
    ] {
        command.env_remove(variable);
    }
    command
}

/// Runs a command of the program to its end.
pub async fn run(arguments: &[&str]) -> Output {
    kehu(arguments).output().await.expect("the program can be started")
}

/// Runs a command of the program that must succeed, and returns what it printed.
pub async fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kehu {arguments:?}: {}\n{text}\n{errors}", output.status);
    text
}

/// Runs a command of the program that must fail, and returns its exit code and what it said.
pub async fn fail(arguments: &[&str]) -> (i32, String) {
    let output = run(arguments).await;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "kehu {arguments:?} succeeded");
    (output.status.code().unwrap_or(-1), errors)
}

/// A serving process; killed when dropped.
pub struct Server {
    child: Child,
    /// Where it serves.
    pub url: String,
}

impl Server {
    /// Starts `kehu serve` with more arguments, on a free port, and waits until it serves.
    pub async fn start(arguments: &[&str]) -> Self {
        let mut command = kehu(&["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let output = child.stdout.take().expect("standard output is piped");
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await.expect("the output is text") {
            if let Some(url) = line.strip_prefix("serving on ") {
                return Self { child, url: url.to_owned() };
            }
        }
        panic!("kehu serve {arguments:?} ended: {:?}", child.wait().await);
    }

    /// Starts a server on the embedded database of a folder.
    pub async fn on(folder: &Path) -> Self {
        Self::start(&["--data-dir", &folder.display().to_string()]).await
    }

    /// Runs a client command against it, which must succeed.
    pub async fn succeed(&self, arguments: &[&str]) -> String {
        succeed(&[arguments, &["--server", &self.url]].concat()).await
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").arg(id).status().await.expect("kill can be run");
        assert!(sent.success());
        let status = self.child.wait().await.expect("it can be waited for");
        assert!(status.success(), "kehu serve ended with {status}");
    }
}
