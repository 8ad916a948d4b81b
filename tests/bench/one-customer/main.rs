//! Load for `tests/bench/run one-customer`: how long a call about one customer takes.
//!
//! `one-customer measure FOLDER CUSTOMERS` starts a server on the database of a folder, asks it
//! every question with 1, 16 and 64 clients, and beside it a server of a bare handler, and prints
//! a line for each. `one-customer bare FOLDER` is that other server.

mod bare;
mod load;
mod questions;

use kehu_tests::program::Server;
use load::median;
use questions::{Caller, Question};
use std::{
    error::Error,
    io::{Write, stdout},
    time::Duration,
};
use tokio::process::Command;

/// How many clients call at once.
const CLIENTS: [usize; 3] = [1, 16, 64];

/// What a call may take: so many health checks for features, so many references for the others.
const FEATURES_TIMES: f64 = 10.0;
const TIMES: f64 = 2.0;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["measure", folder, customers] => measure(folder, customers.parse()?).await,
        ["bare", folder] => bare::serve(folder).await,
        _ => Err("usage: one-customer measure FOLDER CUSTOMERS | one-customer bare FOLDER".into()),
    }
}

/// What a call is held against, by clients.
struct References {
    health: Duration,
    bare: [Duration; CLIENTS.len()],
}

async fn measure(folder: &str, customers: usize) -> Result<(), Box<dyn Error>> {
    let references =
        References { bare: bare_times(folder, customers).await?, health: Duration::ZERO };
    let server = Server::start(&["--data-dir", folder, "--log", "warn"]).await;
    let asked = ask(&server.url, customers, references).await;
    server.stop().await;
    asked
}

/// The bare handler runs alone: a database of SQLite belongs to one process.
async fn bare_times(
    folder: &str,
    customers: usize,
) -> Result<[Duration; CLIENTS.len()], Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bare", folder]).kill_on_drop(true);
    let server = Server::spawn(command).await;
    let mut times = [Duration::ZERO; CLIENTS.len()];
    for (place, clients) in CLIENTS.into_iter().enumerate() {
        let callers = Caller::several(&server.url, clients, customers).await?;
        times[place] = median(callers, Question::Bare).await?;
        show(Question::Bare, clients, times[place], "")?;
    }
    server.terminate().await;
    server.ended().await;
    Ok(times)
}

async fn ask(
    url: &str,
    customers: usize,
    mut references: References,
) -> Result<(), Box<dyn Error>> {
    let mut worst: Option<(f64, String)> = None;
    for (place, clients) in CLIENTS.into_iter().enumerate() {
        let callers = Caller::several(url, clients, customers).await?;
        let health = median(callers.clone(), Question::Health).await?;
        show(Question::Health, clients, health, "")?;
        if clients == 1 {
            references.health = health;
        }
        for question in Question::ABOUT_CUSTOMERS {
            let time = median(callers.clone(), question).await?;
            let reference = match clients {
                1 => references.health,
                _ => references.bare[place],
            };
            let ratio = time.as_secs_f64() / reference.as_secs_f64();
            let most = if question == Question::Features { FEATURES_TIMES } else { TIMES };
            show(question, clients, time, &format!(" ratio={ratio:.2} (at most {most})"))?;
            if question != Question::Features && worst.as_ref().is_none_or(|(w, _)| ratio > *w) {
                worst = Some((ratio, format!("{question:?} with {clients} clients, {time:.2?}")));
            }
        }
    }
    let (ratio, which) = worst.ok_or("no question was asked")?;
    Ok(writeln!(stdout(), "one-customer ratio={ratio:.2} ({which})")?)
}

fn show(
    question: Question,
    clients: usize,
    time: Duration,
    more: &str,
) -> Result<(), std::io::Error> {
    writeln!(stdout(), "one-customer {question:?} clients={clients} p50={time:.2?}{more}")
}
