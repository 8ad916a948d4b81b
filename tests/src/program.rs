//! The program as a process.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
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
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("KEHU_") && !name.starts_with("KEHU_TEST_") {
            command.env_remove(&variable);
        }
    }
    command
}

/// An address of this machine on which nobody listens. Its port is none of those that the system
/// gives to connections that go out, so that a process gets it again after a restart.
pub fn free_address() -> SocketAddr {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let count = std::process::id().wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed));
        let port = 10_000 + u16::try_from(count % 20_000).expect("it is small");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
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

/// Sends a process SIGTERM.
pub async fn terminate(child: &Child) {
    let id = child.id().expect("it runs").to_string();
    let sent = Command::new("kill").arg(id).status().await.expect("kill can be run");
    assert!(sent.success());
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
        command.args(arguments);
        Self::spawn(command).await
    }

    /// Starts a command that serves, and waits until it does.
    pub async fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program can be started");
        let output = child.stdout.take().expect("standard output is piped");
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await.expect("the output is text") {
            if let Some(url) = line.strip_prefix("serving on ") {
                return Self { child, url: url.to_owned() };
            }
        }
        panic!("{command:?} ended: {:?}", child.wait().await);
    }

    /// Starts a server on the embedded database of a folder.
    pub async fn on(folder: &Path) -> Self {
        Self::start(&["--data-dir", &folder.display().to_string()]).await
    }

    /// Runs a client command against it, which must succeed.
    pub async fn succeed(&self, arguments: &[&str]) -> String {
        succeed(&[arguments, &["--server", &self.url]].concat()).await
    }

    /// Whether it says that it is ready.
    pub async fn is_ready(&self) -> bool {
        run(&["health", "--server", &self.url]).await.status.success()
    }

    /// Sends it SIGTERM.
    pub async fn terminate(&self) {
        terminate(&self.child).await;
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Ends it by SIGKILL.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Waits until it has ended, and returns its exit code; `None` if a signal ended it.
    pub async fn ended(mut self) -> Option<i32> {
        self.child.wait().await.expect("it can be waited for").code()
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(self) {
        self.terminate().await;
        assert_eq!(self.ended().await, Some(0), "kehu serve did not end well");
    }
}
