//! `kehu rejects`.

use crate::{
    cli::Client,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::ingestion::{ListRejectsRequest, ProblemReason, Reject};

/// List what was refused, with reason and place.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu rejects\n  kehu rejects --reason customer-missing --all --output json"
)]
pub(crate) struct Rejects {
    #[command(flatten)]
    client: Client,

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

impl Rejects {
    /// Lists rejects, page by page.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let limit = if self.all { usize::MAX } else { self.limit };
        let mut request = ListRejectsRequest {
            page_size: i32::try_from(limit.min(1_000)).unwrap_or(1_000),
            stream_id: self.stream.clone().unwrap_or_default(),
            reason: self.reason.unwrap_or_default().into(),
            ..Default::default()
        };
        let mut listed = 0;
        loop {
            let page = connection.ingestion().list_rejects(request.clone()).await?.into_inner();
            if listed == 0 && self.client.output == Format::Table {
                summary(&page.reason_counts)?;
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

    fn print(&self, reject: &Reject) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return output::json_line(reject);
        }
        let problems: Vec<_> = reject.problems.iter().map(problem).collect();
        let raw = reject.raw.trim_end();
        output::line(&format!(
            "{}:{}  {}",
            reject.origin,
            reject.line_number,
            problems.join("; ")
        ))?;
        output::line(&format!("    {}", shorten(raw, 160)))
    }
}

fn problem(problem: &kehu_contract::ingestion::Problem) -> String {
    format!("{}: {} ({})", problem.field, problem.description, reason_name(problem.reason()))
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
