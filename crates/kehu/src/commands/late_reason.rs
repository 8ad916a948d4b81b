//! `kehu late-reason`.

use crate::{
    cli::{Client, parse_date},
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use kehu_contract::ingestion::{self as contract, ListLateReasonsRequest, SetLateReasonRequest};
use kehu_server::convert;

/// List the reasons of late payment, or say which are excused. What is late for an excused reason is
/// left out of what is measured of payment in time; who has such invoices is scored again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu late-reason list --all\n  \
    kehu late-reason excuse bank_delay --reason 'Not their fault'\n  \
    kehu late-reason excuse strike --from 2026-01-01 --reason 'The strike of January'\n  \
    kehu late-reason count strike --from 2026-02-01 --reason 'It is over'")]
pub(crate) struct LateReason {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the reasons that invoices have, each with its last change
    List(List),
    /// Leave invoices that are late for a reason out of what is measured of payment in time
    Excuse(Set),
    /// Have a reason count again
    Count(Set),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    client: Client,

    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Args)]
struct Set {
    #[command(flatten)]
    client: Client,

    /// The reason of late payment, as invoices have it
    #[arg(value_name = "LATE_REASON")]
    late_reason: String,

    /// The business date from which on it holds; the one that is now if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    from: Option<NaiveDate>,

    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl LateReason {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::List(list) => list.run().await,
            Action::Excuse(set) => set.run(true).await,
            Action::Count(set) => set.run(false).await,
        }
    }
}

impl List {
    async fn run(&self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let fetch = |page_size, page_token| {
            let mut client = connection.reference_data();
            async move {
                let request = ListLateReasonsRequest { page_size, page_token };
                let page = client.list_late_reasons(request).await?.into_inner();
                Ok((page.late_reasons, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |reasons| print(reasons, self.client.output)).await
    }
}

fn print(reasons: &[contract::LateReason], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return reasons.iter().try_for_each(output::json_line);
    }
    let rows = reasons.iter().map(|it| {
        let from = output::date(it.from_date.as_ref());
        let name = it.late_reason.clone();
        vec![name, held(it.excused).to_owned(), from, it.changed_by.clone(), it.reason.clone()]
    });
    let header = ["late reason", "holds", "from", "by", "reason"];
    output::line(&output::table(&header, &[], rows.collect()))
}

fn held(excused: bool) -> &'static str {
    if excused { "excused" } else { "counts" }
}

impl Set {
    async fn run(&self, excused: bool) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let request = SetLateReasonRequest {
            late_reason: self.late_reason.clone(),
            excused,
            from_date: self.from.map(convert::date),
            reason: self.reason.clone(),
        };
        let answer = connection.reference_data().set_late_reason(request).await?.into_inner();
        if self.client.output == Format::Json {
            return output::json(&answer);
        }
        let now = answer.late_reason.unwrap_or_default();
        output::line(&format!(
            "{}: {} from {} on; {} customers are evaluated again",
            now.late_reason,
            held(now.excused),
            output::date(now.from_date.as_ref()),
            answer.customer_count
        ))
    }
}
