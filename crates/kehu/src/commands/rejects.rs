//! `kehu rejects`: what was refused, and discarding what nothing is to come of.

use crate::{
    cli::Client,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::{Args, Subcommand, ValueEnum};
use kehu_contract::ingestion::{
    DiscardRejectsRequest, ListRejectsRequest, ProblemReason, Reject, RejectState,
};
use kehu_tables::{self as tables, Table};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use tonic::Code;

/// So many rejects stand in the summary of an import.
const FIRST: i32 = 3;

/// List what was refused and is still open, with reason and place; discard what nothing is to come
/// of. What is corrected and sent again closes by itself.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  kehu rejects\n  kehu rejects --reason customer-missing --all --output json\n  \
    kehu rejects --state accepted\n  kehu rejects discard rejects/17 --why 'a test order'"
)]
pub(crate) struct Rejects {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Close rejects of which nothing is to come, with the reason why
    Discard(Discard),
}

/// Which are listed.
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    client: Client,

    /// In which state
    #[arg(long, value_enum, default_value_t = State::Open)]
    state: State,

    /// Only those that cannot be read whole any more, in any state
    #[arg(long, conflicts_with = "state")]
    damaged: bool,

    /// Only rejects of this reason, such as customer-missing or date-invalid
    #[arg(long, value_parser = parse_reason, value_name = "REASON")]
    reason: Option<ProblemReason>,

    /// Only rejects of this ingest stream
    #[arg(long, value_name = "ID")]
    stream: Option<String>,

    /// Rejects to list
    #[arg(long, default_value_t = 20, conflicts_with = "all")]
    limit: usize,

    /// List all of them
    #[arg(long)]
    all: bool,
}

/// How a reject stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Nobody has seen to it
    Open,
    /// What it held was sent again, and was good
    Accepted,
    /// Somebody has discarded it
    Discarded,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu rejects discard rejects/17 rejects/18 --why 'test orders'\n  \
    kehu rejects discard --stream till-3 --reason customer-missing --why 'cash sales'"
)]
struct Discard {
    #[command(flatten)]
    client: Client,

    /// Rejects by name, such as rejects/17
    #[arg(value_name = "NAME", required_unless_present = "stream", conflicts_with = "stream")]
    names: Vec<String>,

    /// All open ones of this ingest stream
    #[arg(long, value_name = "ID")]
    stream: Option<String>,

    /// Of the stream, only those of this reason
    #[arg(long, value_parser = parse_reason, value_name = "REASON", requires = "stream")]
    reason: Option<ProblemReason>,

    /// Why, for whoever asks later
    #[arg(long, value_name = "TEXT")]
    why: String,
}

impl Rejects {
    /// Lists or discards rejects.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Some(Action::Discard(discard)) => discard.run().await,
            None => self.list.run().await,
        }
    }
}

impl Discard {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = DiscardRejectsRequest {
            names: self.names,
            stream_id: self.stream.unwrap_or_default(),
            reason: self.reason.unwrap_or_default().into(),
            discard_reason: self.why,
        };
        let answer = connection.ingestion().discard_rejects(request).await?.into_inner();
        match self.client.output {
            Format::Json => output::json_line(&answer),
            Format::Table => output::line(&format!("discarded {}", answer.discarded_count)),
        }
    }
}

impl List {
    /// Lists rejects, page by page.
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let limit = if self.all { usize::MAX } else { self.limit };
        let mut request = ListRejectsRequest {
            page_size: i32::try_from(limit.min(1_000)).unwrap_or(1_000),
            stream_id: self.stream.clone().unwrap_or_default(),
            reason: self.reason.unwrap_or_default().into(),
            state: self.state().into(),
            damaged_only: self.damaged,
            ..Default::default()
        };
        let mut listed = 0;
        loop {
            let page = connection.ingestion().list_rejects(request.clone()).await?.into_inner();
            if listed == 0 && self.client.output == Format::Table {
                summary(&page.reason_counts)?;
                if page.damaged_count > 0 && !self.damaged {
                    output::line(&damaged(page.damaged_count))?;
                }
            }
            for reject in page.rejects.iter().take(limit - listed) {
                self.print(reject)?;
            }
            listed += page.rejects.len();
            if page.next_page_token.is_empty() || listed >= limit {
                return Ok(());
            }
            request.page_token = page.next_page_token;
        }
    }

    fn state(&self) -> RejectState {
        match self.state {
            _ if self.damaged => RejectState::Unspecified,
            State::Open => RejectState::Open,
            State::Accepted => RejectState::Accepted,
            State::Discarded => RejectState::Discarded,
        }
    }

    fn print(&self, reject: &Reject) -> Result<(), Failure> {
        match self.client.output {
            Format::Json => output::json_line(reject),
            Format::Table => print(reject, ""),
        }
    }
}

/// Prints the first open rejects of a stream, unless the caller may not read them.
pub(crate) async fn print_first(connection: &Connection, stream: &str) -> Result<(), Failure> {
    let stream_id = stream.to_owned();
    let request = ListRejectsRequest { page_size: FIRST, stream_id, ..Default::default() };
    let page = match connection.ingestion().list_rejects(request).await {
        Ok(page) => page.into_inner(),
        Err(status) if status.code() == Code::PermissionDenied => return Ok(()),
        Err(status) => return Err(status.into()),
    };
    page.rejects.iter().try_for_each(|reject| print(reject, "  "))
}

/// Writes the open rejects of a file to another one, to be corrected; how many rows. None is written
/// where nothing is open.
pub(crate) async fn write_file(
    connection: &Connection,
    table: &Table,
    path: &Path,
) -> Result<u64, Failure> {
    let output = |source| Failure::Output { path: path.display().to_string(), source };
    let stream_id = table.stream_id().to_owned();
    let mut request = ListRejectsRequest { page_size: 1_000, stream_id, ..Default::default() };
    let mut refused = BTreeMap::new();
    loop {
        let page = connection.ingestion().list_rejects(request.clone()).await?.into_inner();
        for reject in &page.rejects {
            let problems: Vec<_> = reject.problems.iter().map(problem).collect();
            let line = u64::try_from(reject.line_number).unwrap_or_default();
            refused.insert(line, problems.join("; "));
        }
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    if refused.is_empty() {
        return Ok(0);
    }
    // Beside it first: it may be the very file that is read.
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let mut file = BufWriter::new(File::create(&beside).map_err(output)?);
    let failure = |error: tables::Error| match error {
        tables::Error::Write(source) => output(source),
        error => Failure::Data(error.to_string()),
    };
    let rows = table.write_refused(&refused, &mut file).map_err(failure)?;
    file.into_inner().map_err(|error| output(error.into_error()))?.sync_all().map_err(output)?;
    fs::rename(&beside, path).map_err(output)?;
    Ok(rows)
}

fn print(reject: &Reject, indent: &str) -> Result<(), Failure> {
    let problems: Vec<_> = reject.problems.iter().map(problem).collect();
    let Reject { origin, line_number, name, .. } = reject;
    let problems = problems.join("; ");
    output::line(&format!("{indent}{origin}:{line_number}  {problems}  [{name}]"))?;
    if !reject.discard_reason.is_empty() {
        output::line(&format!("{indent}    discarded: {}", reject.discard_reason))?;
    }
    output::line(&format!("{indent}    {}", shorten(reject.raw.trim_end(), 160)))
}

fn problem(problem: &kehu_contract::ingestion::Problem) -> String {
    format!("{}: {} ({})", problem.field, problem.description, reason_name(problem.reason()))
}

/// Says that so many cannot be read whole.
pub(crate) fn damaged(count: i64) -> String {
    let noun = if count == 1 { "reject" } else { "rejects" };
    format!("{count} {noun} cannot be read whole any more: kehu rejects --damaged lists them")
}

fn summary(counts: &[kehu_contract::ingestion::ReasonCount]) -> Result<(), Failure> {
    if counts.is_empty() {
        return output::line("Nothing of the kind was refused.");
    }
    let rows =
        counts.iter().map(|count| vec![reason_name(count.reason()), count.count.to_string()]);
    output::line(&output::table(&["reason", "rejects"], &["rejects"], rows.collect()))
}

/// `customer-missing`.
pub(crate) fn reason_name(reason: ProblemReason) -> String {
    as_option(reason.as_str_name().trim_start_matches("PROBLEM_REASON_"))
}

/// A reason's name as it is written on the command line: `CUSTOMER_MISSING` as `customer-missing`.
pub(crate) fn as_option(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn parse_reason(text: &str) -> Result<ProblemReason, String> {
    let name = format!("PROBLEM_REASON_{}", text.to_ascii_uppercase().replace('-', "_"));
    ProblemReason::from_str_name(&name)
        .filter(|reason| *reason != ProblemReason::Unspecified)
        .ok_or_else(|| {
            "use a reason such as customer-missing, date-invalid or number-invalid".to_owned()
        })
}

fn shorten(text: &str, limit: usize) -> String {
    let mut short: String =
        text.chars().take(limit).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(limit).is_some() {
        short.push('…');
    }
    short
}
