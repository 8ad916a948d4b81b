//! The processes of a role, each at an address that it keeps.

use kehu_tests::{
    program::{self, Server},
    until,
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// How long a process goes on serving after it said that it is not ready.
const DELAY: Duration = Duration::from_millis(300);
/// How long open calls and runs may take to finish.
const GRACE: Duration = Duration::from_secs(20);

/// Two processes that serve the same role.
pub(crate) struct Role {
    pub(crate) name: &'static str,
    replicas: Vec<Replica>,
}

impl Role {
    /// Starts both and waits until they are ready.
    pub(crate) async fn start(name: &'static str, database_url: &str) -> Self {
        let mut replicas = Vec::new();
        for _ in 0..2 {
            replicas.push(Replica::start(name, database_url, program::free_address()).await);
        }
        Self { name, replicas }
    }

    /// Both addresses, as clients are told them.
    pub(crate) fn urls(&self) -> String {
        let urls: Vec<&str> = self.replicas.iter().map(|replica| &*replica.server.url).collect();
        urls.join(",")
    }

    /// Restarts one after the other, each when the one before is ready again.
    pub(crate) async fn roll(&mut self) {
        for place in 0..self.replicas.len() {
            let Replica { database_url, address, server } = self.replicas.remove(place);
            stop(self.name, server).await;
            let replica = Replica::start(self.name, &database_url, address).await;
            self.replicas.insert(place, replica);
        }
    }

    /// Stops both.
    pub(crate) async fn stop(self) {
        for replica in self.replicas {
            stop(self.name, replica.server).await;
        }
    }
}

struct Replica {
    database_url: String,
    address: SocketAddr,
    server: Server,
}

impl Replica {
    async fn start(role: &str, database_url: &str, address: SocketAddr) -> Self {
        let listen = address.to_string();
        let mut command = program::kehu(&["serve", "--role", role, "--listen", &listen]);
        command
            .args(["--database-url", database_url, "--log", "warn"])
            .env("KEHU__SERVER__DRAIN_DELAY", format!("{}ms", DELAY.as_millis()))
            .env("KEHU__SERVER__DRAIN_GRACE", format!("{}s", GRACE.as_secs()));
        let server = Server::spawn(command).await;
        until("the process is ready", async || server.is_ready().await).await;
        Self { database_url: database_url.to_owned(), address, server }
    }
}

/// Ends a process in order, before its grace period is over.
async fn stop(role: &str, server: Server) {
    let began = Instant::now();
    server.terminate().await;
    assert_eq!(server.ended().await, Some(0), "the exit code of {role}");
    assert!(began.elapsed() < DELAY + GRACE, "{role} took {:?} to stop", began.elapsed());
}
