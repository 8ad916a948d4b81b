//! `kehu watch`.

use crate::{
    cli::Client,
    commands::resolve,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::coding::{
    Action, ClassChange, CustomerChange, WatchChangesRequest, customer_change::Change,
};
use kehu_server::client::may_resume;
use std::{fs, io::ErrorKind, path::PathBuf, time::Duration};
use tokio::time::sleep;
use tonic::Status;

/// How often in a row the stream may break off without news.
const PATIENCE: u32 = 5;
/// How long to wait after the first of these times; twice as long after the second, and so on.
const WAIT: Duration = Duration::from_millis(500);

/// Follow what changes of classes, codes and actions, until told to stop.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kehu watch\n  kehu watch value-six --output json \
    --cursor-file crm.cursor --once\n\nWith --cursor-file the next start goes on after what was printed; \
    what was printed last may come once more.")]
pub(crate) struct Watch {
    #[command(flatten)]
    client: Client,

    /// Id of a taxonomy: only its classes and actions, and codes of schemes over it; all if not given
    #[arg(value_name = "TAXONOMY")]
    taxonomy: Option<String>,

    /// Go on from the cursor in this file, and keep it there; from now on where there is no such file
    #[arg(long, value_name = "FILE")]
    cursor_file: Option<PathBuf>,

    /// End once what has changed until now is printed
    #[arg(long)]
    once: bool,
}

impl Watch {
    /// Prints each change as it comes; a stream that ends is resumed.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let mut cursor = self.kept()?;
        let mut failures = 0;
        loop {
            let broken = match self.follow(&connection, &mut cursor).await? {
                Ended::AsAsked => return Ok(()),
                Ended::After { news: true, status } => {
                    failures = 0;
                    status
                }
                Ended::After { news: false, status } => status,
            };
            failures += 1;
            if failures > PATIENCE || !may_resume(&broken) {
                return Err(broken.into());
            }
            sleep(WAIT * failures).await;
        }
    }

    async fn follow(&self, connection: &Connection, cursor: &mut String) -> Result<Ended, Failure> {
        let taxonomy = self.taxonomy.clone().unwrap_or_default();
        let request = WatchChangesRequest { cursor: cursor.clone(), taxonomy };
        let mut stream = match connection.classification().watch_changes(request).await {
            Ok(stream) => stream.into_inner(),
            Err(status) => return Ok(Ended::After { news: false, status }),
        };
        let mut news = false;
        loop {
            let message = match stream.message().await {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(Ended::AsAsked),
                Err(status) => return Ok(Ended::After { news, status }),
            };
            news = true;
            for change in &message.changes {
                self.print(change)?;
            }
            *cursor = message.cursor;
            self.keep(cursor)?;
            if self.once && message.caught_up {
                return Ok(Ended::AsAsked);
            }
        }
    }

    fn kept(&self) -> Result<String, Failure> {
        let Some(file) = &self.cursor_file else { return Ok(String::new()) };
        match fs::read_to_string(file) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(Failure::Usage(format!("cannot read {}: {error}", file.display()))),
        }
    }

    /// Another file takes the place of the one before, so that there is always a whole one.
    fn keep(&self, cursor: &str) -> Result<(), Failure> {
        let Some(file) = &self.cursor_file else { return Ok(()) };
        let mut beside = file.clone().into_os_string();
        beside.push(".new");
        let kept = fs::write(&beside, cursor).and_then(|()| fs::rename(&beside, file));
        kept.map_err(|error| Failure::Usage(format!("cannot write {}: {error}", file.display())))
    }

    fn print(&self, change: &CustomerChange) -> Result<(), Failure> {
        if self.client.output == Format::Json {
            return output::json_line(change);
        }
        match &change.change {
            Some(Change::ClassChange(change)) => output::line(&class(change)),
            Some(Change::Code(code)) => output::line(&format!(
                "{}  code {}, {}",
                code.customer,
                code.code,
                resolve::state(code)
            )),
            Some(Change::Action(action)) => output::line(&done(action)),
            None => Ok(()),
        }
    }
}

/// How a stream ended.
enum Ended {
    AsAsked,
    After { news: bool, status: Status },
}

fn class(change: &ClassChange) -> String {
    let class = |id: &str| if id.is_empty() { "–".to_owned() } else { id.to_owned() };
    format!(
        "{}  {} {} → {} since {}",
        change.customer,
        change.taxonomy.split('/').nth(1).unwrap_or_default(),
        class(&change.from_class_id),
        class(&change.to_class_id),
        output::date(change.since_date.as_ref())
    )
}

fn done(action: &Action) -> String {
    let done = action.completion.clone().unwrap_or_default();
    let reason = action.reason.clone().unwrap_or_default().en;
    let on = output::date(done.done_date.as_ref());
    format!("{}  done on {on}: {reason}", action.customer)
}
