//! `kehu runs`: long work, under way and done.

use crate::{
    cli::Client,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
    runs,
};
use clap::{Args, Subcommand};
use kehu_contract::run::{
    CancelRunRequest, GetRunRequest, ListRunsRequest, RetractRunRequest, Run, RunState,
};

/// List runs, show one, follow it to its end, cancel it, take it back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu runs list\n  kehu runs list --kind scoring --all\n  \
    kehu runs list --state failed,cancelled\n  \
    kehu runs show runs/7\n  kehu runs watch 7\n  kehu runs cancel 7\n  \
    kehu runs retract 7 --reason 'the year was wrong'")]
pub(crate) struct Runs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List runs, newest first
    List(List),
    /// Show one run: what it was for, who asked, how it went
    Show(One),
    /// Follow a run to its end; exit code 1 when it fails or is cancelled
    Watch(One),
    /// Ask a run to stop; what it finished stays
    Cancel(One),
    /// Take back what a scoring or classification run found for its date, and follow that to its end
    Retract(Retract),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    client: Client,

    /// Only runs of this kind: scoring, classification, coding
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,

    /// Only runs in one of these states: queued, running, succeeded, failed, cancelling, cancelled
    #[arg(long, value_parser = parse_state, value_delimiter = ',', value_name = "STATE,…")]
    state: Vec<RunState>,

    /// List the oldest first
    #[arg(long)]
    oldest_first: bool,

    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Args)]
struct One {
    #[command(flatten)]
    client: Client,

    /// The run: runs/7, or its number
    #[arg(value_name = "RUN")]
    run: String,
}

#[derive(Debug, Args)]
struct Retract {
    #[command(flatten)]
    one: One,

    /// Why; it stays on record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Runs {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::List(list) => list.run().await,
            Action::Show(one) => {
                let (connection, name) = one.open().await?;
                let answer = connection.runs().get_run(GetRunRequest { name }).await?;
                one.show(answer.into_inner().run)
            }
            Action::Watch(one) => {
                let (connection, name) = one.open().await?;
                let answer = connection.runs().get_run(GetRunRequest { name }).await?;
                let run = answer.into_inner().run;
                let label = run.as_ref().map(|run| run.kind.clone()).unwrap_or_default();
                one.show(Some(runs::follow(&connection, &label, run).await?))
            }
            Action::Cancel(one) => {
                let (connection, name) = one.open().await?;
                let answer = connection.runs().cancel_run(CancelRunRequest { name }).await?;
                one.show(answer.into_inner().run)
            }
            Action::Retract(Retract { one, reason }) => {
                let (connection, name) = one.open().await?;
                let request = RetractRunRequest { name, reason, request_id: String::new() };
                let answer = connection.runs().retract_run(request).await?;
                let run = answer.into_inner().run;
                one.show(Some(runs::follow(&connection, "retraction", run).await?))
            }
        }
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let kind = self.kind.clone().unwrap_or_default();
        let fetch = |page_size, page_token| {
            let order_by = if self.oldest_first { "create_time" } else { "" }.to_owned();
            let states = self.state.iter().map(|state| (*state).into()).collect();
            let request =
                ListRunsRequest { page_size, page_token, kind: kind.clone(), states, order_by };
            let mut client = connection.runs();
            async move {
                let page = client.list_runs(request).await?.into_inner();
                Ok((page.runs, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |runs| self.show(runs)).await
    }

    fn show(&self, runs: &[Run]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return runs.iter().try_for_each(output::json_line);
        }
        if runs.is_empty() {
            return output::line("There are no such runs.");
        }
        let header = ["run", "kind", "state", "as of", "done", "changed", "asked for", "by"];
        let rows = runs.iter().map(row).collect();
        output::line(&output::table(&header, &["done", "changed"], rows))
    }
}

fn row(run: &Run) -> Vec<String> {
    vec![
        run.name.clone(),
        run.kind.clone(),
        state(run),
        output::date(run.as_of_date.as_ref()),
        done(run),
        run.changed_count.to_string(),
        output::time(run.create_time.as_ref()),
        run.caller.clone(),
    ]
}

fn parse_state(text: &str) -> Result<RunState, String> {
    let state = RunState::from_str_name(&format!("RUN_STATE_{}", text.to_ascii_uppercase()));
    state
        .filter(|state| *state != RunState::Unspecified)
        .ok_or_else(|| "use queued, running, succeeded, failed, cancelling or cancelled".to_owned())
}

/// `running`.
fn state(run: &Run) -> String {
    if !run.retracted_by.is_empty() {
        return format!("taken back by {}", run.retracted_by);
    }
    run.state().as_str_name().trim_start_matches("RUN_STATE_").to_ascii_lowercase()
}

fn done(run: &Run) -> String {
    match run.total_count {
        0 => run.done_count.to_string(),
        total => format!("{} of {total}", run.done_count),
    }
}

impl One {
    /// The connection, and the name of the run.
    async fn open(&self) -> Result<(Connection, String), Failure> {
        let name = match self.run.parse::<u64>() {
            Ok(number) => format!("runs/{number}"),
            Err(_) => self.run.clone(),
        };
        Ok((Connection::open(self.client.options()).await?, name))
    }

    fn show(&self, run: Option<Run>) -> Result<(), Failure> {
        let run = run.ok_or_else(|| Failure::internal("the server named no run"))?;
        if self.client.output == Format::Json {
            return output::json(&run);
        }
        let definitions = run.definitions.iter().map(|definition| match definition.version {
            0 => definition.name.clone(),
            version => format!("{} version {version}", definition.name),
        });
        let phase =
            if run.state() == RunState::Running { run.phase.clone() } else { String::new() };
        let error = run.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
        let rows = [
            ("kind", run.kind.clone()),
            ("state", state(&run)),
            ("at", phase),
            ("as of", output::date(run.as_of_date.as_ref())),
            ("works with", definitions.collect::<Vec<_>>().join(", ")),
            ("done", done(&run)),
            ("changed", run.changed_count.to_string()),
            ("asked for", output::time(run.create_time.as_ref())),
            ("by", run.caller.clone()),
            ("takes back", run.retracts.clone()),
            ("because", run.reason.clone()),
            ("taken back by", run.retracted_by.clone()),
            ("began", output::time(run.start_time.as_ref())),
            ("ended", output::time(run.end_time.as_ref())),
            ("attempts", run.attempt_count.to_string()),
            ("error", error),
        ];
        let told = rows.into_iter().filter(|(_, text)| !text.is_empty());
        let rows = told.map(|(name, text)| vec![name.to_owned(), text]).collect();
        output::line(&output::table(&[run.name.as_str(), ""], &[], rows))
    }
}
