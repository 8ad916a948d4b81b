//! A file that is loaded while the processes restart.

use kehu_tests::program;
use std::{fmt::Write, process::Stdio};
use tempfile::TempDir;
use tokio::process::Child;

/// The source of its records.
pub(crate) const SOURCE: &str = "till";
/// Its orders.
const ORDERS: usize = 1_000;
/// The rows of each of them.
const ROWS: usize = 20;
/// In every so manieth order one row has a day that no calendar has.
const BAD: usize = 10;
/// Its customers.
const CUSTOMERS: usize = 100;

/// `kehu import` of the file.
pub(crate) struct Import {
    process: Child,
    file: String,
    _folder: TempDir,
}

impl Import {
    /// Starts to load it into the replicas of `urls`.
    pub(crate) fn start(urls: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (file, mapping) = (path("sales.csv"), path("mapping.toml"));
        std::fs::write(&file, rows()).unwrap();
        std::fs::write(&mapping, format!("source = \"{SOURCE}\"\n")).unwrap();
        let arguments = ["import", &file, "--mapping", &mapping, "--server", urls];
        let process = program::kehu(&arguments)
            .args(["--output", "json", "--log", "kehu_ingestion=info"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { process, file, _folder: folder }
    }

    /// Waits for its end: every order was loaded and every bad row refused once, also where its
    /// stream broke off and was resumed, which a quick machine gives no time for.
    pub(crate) async fn check(self) {
        let output = self.process.wait_with_output().await.unwrap();
        let (said, log) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "kehu import {}: {said}\n{log}", self.file);
        if !log.contains("broke off and is resumed") {
            eprintln!("the file was loaded before its stream could break off");
        }
        let loaded: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(loaded["acceptedRecords"], ORDERS, "{said}");
        assert_eq!(loaded["rejectedRecords"], ORDERS / BAD, "{said}");
        assert_eq!(loaded["unchangedRecords"], 0, "{said}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn rows() -> String {
    let mut text = "order_id,customer_id,date,product,amount\n".to_owned();
    for order in 0..ORDERS {
        let customer = order % CUSTOMERS;
        for row in 0..ROWS {
            let is_bad = order % BAD == 0 && row == 7;
            let day = if is_bad { 31 } else { order % 30 + 1 };
            writeln!(text, "T{order},C{customer},2010-11-{day:02},P{row},{}", row + 1).unwrap();
        }
    }
    text
}
