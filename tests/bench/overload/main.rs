//! Load for `tests/bench/run overload`: starts a server on the database of a folder and prints how
//! many calls a second it answers.
//!
//! `overload peak FOLDER` has callers call as fast as they are answered, and prints the best rate
//! and how many callers it took. `overload tenfold FOLDER RATE CALLERS` is told that peak, offers
//! ten times as much, and fails when the server does not do what it promises.

mod closed;
mod open;
mod reading;
mod target;

use closed::Peak;
use reading::Reading;
use std::{
    error::Error,
    io::{Write, stdout},
    path::Path,
};
use target::Calls;

/// One thread, on a core of its own: see [`target::start`].
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["peak", folder] => peak(Path::new(folder)).await,
        ["tenfold", folder, rate, callers] => {
            let peak = Peak { rate: rate.parse()?, callers: callers.parse()? };
            tenfold(Path::new(folder), &peak).await
        }
        _ => Err("usage: overload peak FOLDER | overload tenfold FOLDER RATE CALLERS".into()),
    }
}

async fn peak(folder: &Path) -> Result<(), Box<dyn Error>> {
    let server = target::start(folder).await?;
    let peak = closed::peak(&Calls::connect(&server).await?).await?;
    server.stop().await;
    Ok(writeln!(stdout(), "{:.1} with {} callers", peak.rate, peak.callers)?)
}

async fn tenfold(folder: &Path, peak: &Peak) -> Result<(), Box<dyn Error>> {
    let server = target::start(folder).await?;
    let reading = Reading::take(&Calls::connect(&server).await?, peak).await?;
    server.stop().await;
    writeln!(stdout(), "{reading}")?;
    match reading.broken() {
        broken if broken.is_empty() => Ok(()),
        broken => Err(broken.join("; ").into()),
    }
}
