//! Load for `tests/bench/run hostile`: sends each method its worst request within the limits, from
//! several callers at once, while another client asks for health and looks a customer up.
//!
//! `hostile FOLDER` starts a server on the database of a folder and prints a line a method. It fails
//! when the other client waits too long, the server takes too much memory, or does not stop when it
//! is told to in the midst of it.

mod call;
mod other;
mod worst;

use call::Target;
use kehu_tests::{program::Server, resident};
use other::Waits;
use std::{
    error::Error,
    io::{Write, stdout},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};
use worst::Worst;

/// Callers that send a worst request again and again.
const CALLERS: usize = 4;
/// How long each method is called.
const MEASURED: Duration = Duration::from_secs(4);
/// How often the quiet p99 the other client may wait.
const TIMES: f64 = 10.0;
/// Bytes that the server may take: the memory that computing may use by its settings, and as much
/// again for all else.
const MEMORY: u64 = 2 << 30;
/// How long the server may take to stop: its `drain_grace`, and then some.
const STOPPING: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: hostile FOLDER")?;
    let server = Server::start(&["--data-dir", &folder, "--log", "error"]).await;
    let target = Target::connect(&server.url).await?;
    let quiet = Waits::measure(&server.url, MEASURED).await?;
    say(&format!("hostile quiet p99={:.2?}", quiet.p99()))?;
    let (mut slowest, mut most) = ((0.0, String::new()), 0);
    for worst in worst::all() {
        let (waits, sent) = under(&server.url, &target, &worst).await?;
        let memory = resident(server.id()).unwrap_or_default();
        let ratio = waits.p99().as_secs_f64() / quiet.p99().as_secs_f64();
        let (name, p99, mib) = (worst.name(), waits.p99(), memory >> 20);
        say(&format!("hostile {name} sent={sent} p99={p99:.2?} ratio={ratio:.2} memory={mib}MiB"))?;
        most = most.max(memory);
        if ratio > slowest.0 {
            slowest = (ratio, name);
        }
    }
    stop(server, &target).await?;
    let (ratio, name) = slowest;
    say(&format!("hostile ratio={ratio:.2} ({name}; memory at most {} MiB)", most >> 20))?;
    if ratio > TIMES {
        return Err(format!("others wait more than {TIMES} times as long").into());
    }
    if most > MEMORY {
        return Err(format!("the server takes more than {} MiB", MEMORY >> 20).into());
    }
    Ok(())
}

fn say(line: &str) -> Result<(), std::io::Error> {
    writeln!(stdout(), "{line}")
}

/// What the other client waits while callers send the worst request, and how often they sent it.
async fn under(
    url: &str,
    target: &Target,
    worst: &Worst,
) -> Result<(Waits, usize), Box<dyn Error>> {
    let until = Instant::now() + MEASURED;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(repeat(target.clone(), worst.clone(), until));
    }
    let waits = Waits::measure(url, MEASURED).await?;
    // A call may take as long as its deadline; nobody waits for its answer.
    let mut sent = 0;
    while let Ok(Some(ended)) = timeout(Duration::from_millis(500), callers.join_next()).await {
        sent += ended?;
    }
    callers.abort_all();
    Ok((waits, sent))
}

async fn repeat(target: Target, worst: Worst, until: Instant) -> usize {
    let mut sent = 0;
    while Instant::now() < until {
        // Whatever it answers: the other client is the one that is looked at.
        let _ = target.call(&worst.path, worst.body()).await;
        sent += 1;
    }
    sent
}

/// Tells the server to stop while it is under the first of the loads.
async fn stop(server: Server, target: &Target) -> Result<(), Box<dyn Error>> {
    let until = Instant::now() + STOPPING;
    for worst in worst::all().into_iter().take(CALLERS) {
        tokio::spawn(repeat(target.clone(), worst, until));
    }
    server.terminate().await;
    let code = timeout(STOPPING, server.ended()).await;
    match code.map_err(|_| "the server does not obey SIGTERM")? {
        Some(0) => Ok(()),
        code => Err(format!("the server ended with {code:?}").into()),
    }
}
