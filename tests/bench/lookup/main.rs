//! Load for `tests/bench/run lookup`: how many look-ups of a customer are answered a second.
//!
//! `lookup measure FOLDER CUSTOMERS` starts a server of an echo and of a bare handler on the database
//! of a folder, then Kehu on it, asks each with 1, 16 and 64 clients, and prints a line for each.
//! `lookup bare FOLDER` is the former.

mod ask;
#[path = "../one-customer/bare.rs"]
mod bare;

use ask::{Caller, Question, Reading, measure};
use kehu_tests::program::Server;
use std::{
    error::Error,
    io::{Write, stdout},
};
use tokio::process::Command;

/// How many clients call at once.
const CLIENTS: [usize; 3] = [1, 16, 64];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["measure", folder, customers] => compare(folder, customers.parse()?).await,
        ["bare", folder] => bare::serve(folder).await,
        _ => Err("usage: lookup measure FOLDER CUSTOMERS | lookup bare FOLDER".into()),
    }
}

/// The bare server runs alone: a database of SQLite belongs to one process.
async fn compare(folder: &str, customers: usize) -> Result<(), Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bare", folder]).kill_on_drop(true);
    let server = Server::spawn(command).await;
    let mut echoes = Vec::new();
    for clients in CLIENTS {
        let callers = Caller::several(&server.url, clients, customers).await?;
        for question in [Question::Echo, Question::Bare] {
            let reading = measure(callers.clone(), question).await?;
            show(question, clients, &reading, "")?;
            if question == Question::Echo {
                echoes.push(reading.rate);
            }
        }
    }
    server.terminate().await;
    server.ended().await;
    let server = Server::start(&["--data-dir", folder, "--log", "warn"]).await;
    let asked = ask(&server.url, customers, &echoes).await;
    server.stop().await;
    asked
}

async fn ask(url: &str, customers: usize, echoes: &[f64]) -> Result<(), Box<dyn Error>> {
    let mut worst: Option<(f64, String)> = None;
    for (clients, echo) in CLIENTS.into_iter().zip(echoes) {
        let callers = Caller::several(url, clients, customers).await?;
        for question in Question::LOOKUPS {
            let reading = measure(callers.clone(), question).await?;
            let ratio = reading.rate / echo;
            show(question, clients, &reading, &format!(" ratio={ratio:.2}"))?;
            if worst.as_ref().is_none_or(|(worst, _)| ratio < *worst) {
                worst = Some((ratio, format!("{question:?} with {clients} clients")));
            }
        }
    }
    let (ratio, which) = worst.ok_or("no question was asked")?;
    Ok(writeln!(stdout(), "lookup ratio={ratio:.2} (rate against the echo's, {which})")?)
}

fn show(
    question: Question,
    clients: usize,
    reading: &Reading,
    more: &str,
) -> Result<(), std::io::Error> {
    let Reading { rate, p50, p99 } = reading;
    writeln!(
        stdout(),
        "lookup {question:?} clients={clients} rate={rate:.0}/s p50={p50:.2?} p99={p99:.2?}{more}"
    )
}
