//! `kehu import`, and the loading that the quickstart shares with it.

use crate::{
    cli::Client,
    commands::rejects::{self, as_option},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    progress,
};
use clap::Args;
use kehu_contract::ingestion::{IngestStart, IngestTotals, ReusedKey};
use kehu_ingestion::client;
use kehu_tables::{self as tables, FileKind, Mapping, Profile};
use std::path::{Path, PathBuf};

/// So many reasons are told where nothing could be loaded.
const REASONS: usize = 3;

/// Load a CSV file of order lines, customers, invoices, contacts, survey answers, assessments or
/// exchange rates. The same file again loads nothing twice, and an import that
/// broke off goes on where it stopped.
#[derive(Debug, Args)]
#[command(after_help = help())]
pub(crate) struct Import {
    #[command(flatten)]
    client: Client,

    /// The file, plain or gzip
    file: PathBuf,

    /// How its columns map to records; found from its header if not given
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,

    /// Write what is refused to this file, in the columns of its own and one that says what is wrong,
    /// with the other lines of its orders: to be corrected and imported
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

/// What `--help` adds: an example that runs, and the names of columns.
fn help() -> String {
    let mut help = "Examples:
  printf 'order_id,customer_id,date,amount\\n1,c1,2024-01-05,12.50\\n' > sales.csv
  kehu import sales.csv
  kehu import sales.csv.gz --mapping sales.toml --output json
  kehu import sales.csv --rejects to-correct.csv

A line of the file is a line of an order, or a customer, an invoice with a payment, a contact, an
answer to a survey, an assessment of prospects, an exchange rate: what it is is found from its columns, or
stated as kind in the mapping. One example each:
  orders          order_id,customer_id,date,amount
  customers       客户编号,客户名称,行业,省份,城市
  invoices        invoice_no,customer_id,invoice_date,due_date,amount,paid_on,paid_amount
  interactions    customer_id,date,type,channel,note
  surveys         customer_id,date,measure,score,comment
  assessments     customer_id,date,valid_until,score,assessor,evidence
  exchange_rates  currency,start_date,rate

Of an order quantity with unit_price does as well as amount. Columns are found by the names below,
whatever their case and punctuation; those with a * are needed. A mapping names others: kehu mapping
writes one that fits the file (crates/tables/README.md has every key). Where order numbers begin anew
each year, numbers_by_year = true in the mapping makes those of each year orders of their own, such
as 2024/1001.
"
    .to_owned();
    for kind in FileKind::ALL {
        help.push_str(&format!("\n{}:\n", kind.name()));
        for column in kind.columns().filter(|column| !column.names.is_empty()) {
            let role = format!("{}{}", column.role.name(), if column.needed { "*" } else { "" });
            help.push_str(&format!("  {role:<18} {}\n", column.names.join(", ")));
        }
    }
    help
}

impl Import {
    /// Loads the file.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let mapping = self.mapping.as_deref().map(read_mapping).transpose()?.unwrap_or_default();
        let table = Table::open(&self.file, mapping)?;
        let connection = Connection::open(self.client.options()).await?;
        let again = self.rejects.as_ref().map(|_| table.table.clone());
        let loaded = table.load(&connection).await?;
        let written = match (again, &self.rejects) {
            (Some(table), Some(path)) => {
                Some(rejects::write_file(&connection, &table, path).await?)
            }
            _ => None,
        };
        match self.client.output {
            Format::Table => {
                super::quickstart::print_loaded(&loaded)?;
                if loaded.totals.rejected_count > 0 {
                    rejects::print_first(&connection, &loaded.stream_id).await?;
                }
                if let (Some(rows), Some(path)) = (written, &self.rejects) {
                    output::line(&wrote(rows, path))?;
                }
            }
            Format::Json => output::line(&loaded.to_json(written)?)?,
        }
        loaded.check()
    }
}

/// A file whose columns are known.
pub(crate) struct Table {
    table: tables::Table,
    mapping: Mapping,
    origin: String,
}

/// What became of a file.
pub(crate) struct Loaded {
    /// What the file holds.
    pub profile: Profile,
    /// Its ingest stream.
    pub stream_id: String,
    /// What the stream has done, in this call and before.
    pub totals: IngestTotals,
    /// Records that this call sent; 0 when all was there already.
    pub sent: u64,
    /// The first of the keys in this call under which another record was held.
    pub reused: Vec<ReusedKey>,
}

impl Table {
    /// Reads the file through once: its columns, its digest, the ends of its orders.
    pub(crate) fn open(path: &Path, mapping: Mapping) -> Result<Self, Failure> {
        let spinner = progress::spinner("looking at the file");
        let table = tables::Table::scan(path, mapping.clone());
        spinner.finish_and_clear();
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        // A name may hold them, and is shown with every reject.
        let origin = name.replace(char::is_control, "\u{fffd}");
        Ok(Self { table: table.map_err(|error| failure(path, error))?, mapping, origin })
    }

    /// The currency that the mapping states.
    pub(crate) fn currency(&self) -> Option<String> {
        self.mapping.currency.clone()
    }

    /// The time zone that the mapping states.
    pub(crate) fn time_zone(&self) -> Option<String> {
        self.mapping.time_zone.clone()
    }

    /// Sends the records that the server does not hold yet, with a progress bar.
    pub(crate) async fn load(self, connection: &Connection) -> Result<Loaded, Failure> {
        let bar = progress::bar("import", self.table.lines());
        let start = IngestStart {
            stream_id: self.table.stream_id().to_owned(),
            source: self.mapping.source().to_owned(),
            origin: self.origin.clone(),
        };
        let path = PathBuf::from(&self.origin);
        let progress = |lines| bar.set_position(lines);
        let sent = client::send(connection.ingestion(), start, self.table, progress).await;
        bar.finish_and_clear();
        let sent = sent.map_err(|error| match error {
            client::Error::Table(error) => failure(&path, error),
            client::Error::Call(status) => Failure::Call(status),
        })?;
        Ok(Loaded {
            profile: sent.profile,
            stream_id: sent.stream_id,
            totals: sent.totals,
            sent: sent.records,
            reused: sent.reused,
        })
    }
}

impl Loaded {
    /// A failure when the file has lines and none of them could be loaded, now or before.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let profile = &self.profile;
        if !profile.read.is_empty() || profile.refused.is_empty() {
            return Ok(());
        }
        let mut reasons: Vec<_> = profile.refused.iter().collect();
        reasons.sort_by_key(|(_, lines)| std::cmp::Reverse(**lines));
        let reasons = reasons.into_iter().take(REASONS);
        let reasons: Vec<String> =
            reasons.map(|(reason, lines)| format!("{} {lines}", as_option(reason))).collect();
        Err(Failure::Data(format!(
            "none of the {} lines could be loaded: {} (kehu rejects tells for each what to do)",
            profile.lines,
            reasons.join(", ")
        )))
    }

    fn to_json(&self, rejects: Option<u64>) -> Result<String, Failure> {
        serde_json::to_string_pretty(&serde_json::json!({
            "streamId": self.stream_id,
            "sentRecords": self.sent,
            "acceptedRecords": self.totals.accepted_count,
            "unchangedRecords": self.totals.unchanged_count,
            "rejectedRecords": self.totals.rejected_count,
            "reusedRecords": self.totals.reused_count,
            "cleanedValues": self.totals.cleaned_count,
            "rowsToCorrect": rejects,
            "profile": self.profile,
        }))
        .map_err(Failure::internal)
    }
}

/// What was written of what was refused.
fn wrote(rows: u64, path: &Path) -> String {
    let path = path.display();
    match rows {
        0 => format!("Nothing of the file is open to be corrected: {path} was not written."),
        1 => format!("1 line to correct is in {path}: kehu import {path} loads it then."),
        _ => format!("{rows} lines to correct are in {path}: kehu import {path} loads them then."),
    }
}

/// The mapping that a file holds.
pub(crate) fn read_mapping(path: &Path) -> Result<Mapping, Failure> {
    let input = |source| Failure::Input { path: path.display().to_string(), source };
    let text = std::fs::read_to_string(path).map_err(input)?;
    Mapping::parse(&text).map_err(|error| failure(path, error))
}

pub(crate) fn failure(path: &Path, error: tables::Error) -> Failure {
    match error {
        tables::Error::Open { path, source } => {
            Failure::Input { path: path.display().to_string(), source }
        }
        error => Failure::Data(format!("{}: {}", path.display(), error.to_string().trim_end())),
    }
}
