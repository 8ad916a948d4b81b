//! The `kehu` program: the four services in one process or apart, and a client for them.

mod broken;
mod cli;
mod commands;
mod connection;
mod definition;
mod exit;
mod flags;
mod locale;
mod node;
mod output;
mod pages;
mod progress;
mod runs;

use clap::Parser;
use std::process::ExitCode;

/// Records are many small texts, made on one thread and freed on another: with the system's allocator
/// ingestion takes a fifth longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", output::harmless(&failure.to_string()));
            failure.exit_code()
        }
    }
}

/// Prints help or what is wrong with the command line; exit code 64 for the latter.
fn refuse(error: &clap::Error) -> ExitCode {
    // Nothing can be done about a closed standard error.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS }
}

fn run(cli: cli::Cli) -> Result<(), exit::Failure> {
    // One worker drives the connection that another's export of telemetry waits for.
    let workers = std::thread::available_parallelism().map_or(2, |found| found.get().max(2));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .map_err(exit::Failure::internal)?;
    let outcome = runtime.block_on(commands::run(cli));
    // What still computes after the grace period does not hold the process.
    runtime.shutdown_background();
    outcome
}
