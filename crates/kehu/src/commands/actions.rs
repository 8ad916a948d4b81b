//! `kehu actions`: what there is to do for customers because of their classes.

use crate::{
    cli::{Client, parse_date},
    commands::explain,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
    pages::Limit,
};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use kehu_contract::coding::{
    Action, ActionCompletion, ClassChange, CompleteActionRequest, ListActionsRequest,
    ListClassChangesRequest,
};
use kehu_contract::shared::CustomerSummary;
use kehu_server::convert;

/// List what there is to do for customers by the strategies of their classes, tick it off, see who
/// entered or left a class.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu actions list loyalty --owner-role marketing\n  \
    kehu actions list accounts --class key --due-by 2026-12-31 --all\n  \
    kehu actions list loyalty --completed\n  \
    kehu actions complete actions/loyalty.17.high.2026-01-03.campaign.-.2026-01-03 \
    --note 'sent by post'\n  \
    kehu actions changes loyalty --output json")]
pub(crate) struct Actions {
    #[command(subcommand)]
    action: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List what is due, or what was ticked off
    List(List),
    /// Tick an action off; once more changes nothing
    Complete(Complete),
    /// List who entered or left a class, oldest first
    Changes(Changes),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    client: Client,

    /// Id of the taxonomy
    #[arg(value_name = "TAXONOMY")]
    taxonomy: String,

    /// Only for this customer: customers/17, a key of a source as SOURCE/KEY or KEY, or a code
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,

    /// Only for members of this class
    #[arg(long, value_name = "ID")]
    class: Option<String>,

    /// Only what this role has to do
    #[arg(long, value_name = "ID")]
    owner_role: Option<String>,

    /// Only what is bound to this channel
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,

    /// Only what is due by this date; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    due_by: Option<NaiveDate>,

    /// List what was ticked off instead
    #[arg(long, conflicts_with_all = ["class", "owner_role", "channel", "due_by"])]
    completed: bool,

    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Args)]
struct Complete {
    #[command(flatten)]
    client: Client,

    /// Name of the action, as `list` prints it
    #[arg(value_name = "ACTION")]
    name: String,

    /// Date on which it was done; the business date if not given
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    on: Option<NaiveDate>,

    /// Who did it; the caller if not given
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    by: String,

    /// What is worth knowing of it
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    note: String,
}

#[derive(Debug, Args)]
struct Changes {
    #[command(flatten)]
    client: Client,

    /// Id of the taxonomy; all if not given
    #[arg(value_name = "TAXONOMY")]
    taxonomy: Option<String>,

    #[command(flatten)]
    limit: Limit,
}

impl Actions {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.action {
            What::List(list) => list.run().await,
            What::Complete(complete) => complete.run().await,
            What::Changes(changes) => changes.run().await,
        }
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let customer = match &self.customer {
            Some(customer) => explain::find(&connection, customer).await?.name,
            None => String::new(),
        };
        let wanted = ListActionsRequest {
            taxonomy: self.taxonomy.clone(),
            customer,
            class_id: self.class.clone().unwrap_or_default(),
            owner_role: self.owner_role.clone().unwrap_or_default(),
            channel: self.channel.clone().unwrap_or_default(),
            due_by_date: self.due_by.map(convert::date),
            completed: self.completed,
            ..Default::default()
        };
        let fetch = |page_size, page_token| {
            let request = ListActionsRequest { page_size, page_token, ..wanted.clone() };
            let mut client = connection.strategies();
            async move {
                let page = client.list_actions(request).await?.into_inner();
                Ok((page.actions, page.next_page_token))
            }
        };
        self.limit.pages(fetch, |actions| self.show(actions)).await
    }

    fn show(&self, actions: &[Action]) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return actions.iter().try_for_each(output::json_line);
        }
        if actions.is_empty() {
            let none = if self.completed { "Nothing was ticked off." } else { "Nothing is due." };
            return output::line(none);
        }
        let (header, rows) = if self.completed {
            let header = ["done", "by", "customer", "name", "reason", "note", "action"];
            (header.to_vec(), actions.iter().map(done_row).collect())
        } else {
            let header = ["due", "customer", "name", "city", "role", "channel", "reason", "action"];
            (header.to_vec(), actions.iter().map(due_row).collect())
        };
        output::line(&output::table(&header, &[], rows))
    }
}

fn due_row(action: &Action) -> Vec<String> {
    let role = action.terms.as_ref().and_then(|terms| terms.owner_role.as_ref());
    vec![
        output::date(action.due_date.as_ref()),
        action.customer.clone(),
        who(action).display_name,
        who(action).city,
        role.map(|role| role.id.clone()).unwrap_or_default(),
        action.channel.clone(),
        reason(action),
        action.name.clone(),
    ]
}

fn done_row(action: &Action) -> Vec<String> {
    let done = action.completion.clone().unwrap_or_default();
    vec![
        output::date(done.done_date.as_ref()),
        done.done_by,
        action.customer.clone(),
        who(action).display_name,
        reason(action),
        done.note,
        action.name.clone(),
    ]
}

fn who(action: &Action) -> CustomerSummary {
    action.customer_summary.clone().unwrap_or_default()
}

fn reason(action: &Action) -> String {
    action.reason.as_ref().map(|reason| reason.en.clone()).unwrap_or_default()
}

impl Complete {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let completion = ActionCompletion {
            done_date: self.on.map(convert::date),
            done_by: self.by,
            note: self.note,
            complete_time: None,
        };
        let request = CompleteActionRequest { name: self.name, completion: Some(completion) };
        let answer = connection.strategies().complete_action(request).await?.into_inner();
        let action = answer.action.unwrap_or_default();
        if self.client.output == Format::Json {
            return output::json(&action);
        }
        let done = action.completion.unwrap_or_default();
        let by =
            if done.done_by.is_empty() { String::new() } else { format!(" by {}", done.done_by) };
        let on = output::date(done.done_date.as_ref());
        output::line(&format!("{}: done on {on}{by}", action.name))
    }
}

impl Changes {
    async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let taxonomy = self.taxonomy.clone().unwrap_or_default();
        let fetch = |page_size, page_token: String| {
            let taxonomy = taxonomy.clone();
            let mut client = connection.strategies();
            async move {
                let request = ListClassChangesRequest { taxonomy, page_size, page_token };
                let page = client.list_class_changes(request).await?.into_inner();
                // The token is for what comes later: this list ends with what there is.
                let more =
                    if page.changes.is_empty() { String::new() } else { page.next_page_token };
                Ok((page.changes, more))
            }
        };
        let mut first = true;
        let show = |changes: &[ClassChange]| {
            let ended = !first && changes.is_empty();
            first = false;
            if ended { Ok(()) } else { print(changes, self.client.output) }
        };
        self.limit.pages(fetch, show).await
    }
}

fn print(changes: &[ClassChange], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return changes.iter().try_for_each(output::json_line);
    }
    if changes.is_empty() {
        return output::line("Nobody entered or left a class of a taxonomy with strategies.");
    }
    let class = |id: &String| if id.is_empty() { "–".to_owned() } else { id.clone() };
    let rows = changes.iter().map(|change| {
        let due: Vec<String> = change.actions.iter().map(reason_and_day).collect();
        vec![
            output::date(change.since_date.as_ref()),
            change.customer.clone(),
            change.customer_summary.clone().unwrap_or_default().display_name,
            change.taxonomy.clone(),
            class(&change.from_class_id),
            class(&change.to_class_id),
            due.join(", "),
        ]
    });
    let header = ["since", "customer", "name", "taxonomy", "from", "to", "to do"];
    output::line(&output::table(&header, &[], rows.collect()))
}

fn reason_and_day(action: &Action) -> String {
    let campaign = action.terms.as_ref().and_then(|terms| terms.campaign.as_ref());
    let what = match campaign {
        Some(campaign) if action.kind() == kehu_contract::coding::ActionKind::Campaign => {
            campaign.id.as_str()
        }
        _ => "contact",
    };
    format!("{what} on {}", output::date(action.due_date.as_ref()))
}
