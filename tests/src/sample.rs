//! The sample data as the tests need it.

use crate::program::Server;
use flate2::read::GzDecoder;
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

/// A folder or file of `tests/data`.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// The lines of the Online Retail set, its header first.
pub fn online_retail() -> impl Iterator<Item = String> {
    let path = data("online_retail/online_retail_2010_2011.csv.gz");
    let file = File::open(&path).expect("the sample is in the repository");
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| line.expect("the sample is text"))
}

/// Writes the first `lines` sales lines of the Online Retail set to a file.
pub fn write_start(path: &Path, lines: usize) {
    let mut file = File::create(path).expect("the folder can be written");
    for line in online_retail().take(lines + 1) {
        writeln!(file, "{line}").expect("the disk is not full");
    }
}

/// The business date that [`load`] fixes and computes for.
pub const AS_OF: &str = "2010-12-14";

/// Loads the first `lines` sales lines into the fresh database that `store` names, as flags of
/// `kehu serve`, and scores, classifies and codes their customers.
pub async fn load(store: &[&str], lines: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let input = folder.path().join("sales.csv");
    write_start(&input, lines);
    let mapping = data("online_retail/mapping.toml").display().to_string();
    let business = ["--base-currency", "GBP", "--time-zone", "Europe/London"];
    let server = Server::start(&[store, &business].concat()).await;
    server.succeed(&["import", &input.display().to_string(), "--mapping", &mapping]).await;
    server.succeed(&["business-date", AS_OF]).await;
    server.succeed(&["score", "rfm", "abc", "value"]).await;
    server.succeed(&["classify", "abc", "value-six"]).await;
    server.succeed(&["code"]).await;
    server.stop().await;
}
