//! `kehu health`: for probes and people.

use crate::{
    broken::{self, Broken},
    cli::Client,
    commands::rejects,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::coding::{CountLeftOutRequest, LeftOutCount};
use kehu_contract::ingestion::ListRejectsRequest;
use kehu_contract::run::GetBusinessDateRequest;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

/// Ask a process whether it is ready; exit code 0 if it is, 69 if it is not or does not answer. Of
/// one that is, tells what is broken, and how many customers are left without a class or a code.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kehu health\n  kehu health --server http://127.0.0.1:7401 --service liveness"
)]
pub(crate) struct Health {
    #[command(flatten)]
    client: Client,

    /// Ask about one service, by its full name, or about `liveness`
    #[arg(long, value_name = "NAME", default_value = "")]
    service: String,
}

impl Health {
    /// Asks.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let connection = Connection::open(self.client.options()).await?;
        let all = self.service.is_empty();
        let request = HealthCheckRequest { service: self.service };
        let answer = connection.health().check(request).await?.into_inner();
        let status = answer.status().as_str_name();
        if answer.status() != ServingStatus::Serving {
            let why = why(&connection).await.map(|why| format!(": {why}")).unwrap_or_default();
            return Err(Failure::Unavailable(format!("the server is {status}{why}")));
        }
        let aside = if all { Aside::ask(&connection).await } else { Aside::default() };
        match self.client.output {
            Format::Table => {
                output::line(status)?;
                aside.lines().iter().try_for_each(|line| output::line(line))
            }
            Format::Json => {
                let mut answer = aside.json();
                answer.insert("status".to_owned(), status.into());
                output::line(&serde_json::Value::from(answer).to_string())
            }
        }
    }
}

/// What is set aside, each where it is known: it does not decide whether the server is ready.
#[derive(Debug)]
struct Aside {
    broken: Result<Vec<Broken>, String>,
    damaged: Result<i64, String>,
    left_out: Result<Option<Vec<LeftOutCount>>, String>,
}

impl Default for Aside {
    /// Nothing.
    fn default() -> Self {
        Self { broken: Ok(Vec::new()), damaged: Ok(0), left_out: Ok(None) }
    }
}

impl Aside {
    async fn ask(connection: &Connection) -> Self {
        Self {
            broken: broken(connection).await,
            damaged: damaged(connection).await,
            left_out: left_out(connection).await,
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = match &self.broken {
            Ok(broken) => broken.iter().map(Broken::to_string).collect(),
            Err(why) => vec![why.clone()],
        };
        match &self.damaged {
            Ok(0) => {}
            Ok(count) => lines.push(rejects::damaged(*count)),
            Err(why) => lines.push(why.clone()),
        }
        match &self.left_out {
            Ok(counts) => lines.extend(told(counts)),
            Err(why) => lines.push(why.clone()),
        }
        lines
    }

    fn json(&self) -> serde_json::Map<String, serde_json::Value> {
        let mut answer = serde_json::Map::new();
        let mut put = |key: &str, value: serde_json::Value| answer.insert(key.to_owned(), value);
        match &self.left_out {
            Ok(None) => None,
            Ok(Some(counts)) => put("leftOut", counts.iter().map(json).collect()),
            Err(why) => put("leftOutUnknown", why.as_str().into()),
        };
        match &self.broken {
            Ok(broken) if broken.is_empty() => None,
            Ok(broken) => put("broken", serde_json::json!(broken)),
            Err(why) => put("brokenUnknown", why.as_str().into()),
        };
        match &self.damaged {
            Ok(0) => None,
            Ok(count) => put("damagedRejects", (*count).into()),
            Err(why) => put("damagedRejectsUnknown", why.as_str().into()),
        };
        answer
    }
}

/// `None` where that is not told: by a listener for probes, a process of another role, or to who may
/// not read.
async fn left_out(connection: &Connection) -> Result<Option<Vec<LeftOutCount>>, String> {
    match connection.codes().count_left_out(CountLeftOutRequest::default()).await {
        Ok(answer) => Ok(Some(answer.into_inner().counts)),
        Err(status) => match status.code() {
            Code::Unimplemented | Code::Unauthenticated | Code::PermissionDenied => Ok(None),
            _ => Err(format!("Who is left out could not be counted: {}", status.message())),
        },
    }
}

async fn broken(connection: &Connection) -> Result<Vec<Broken>, String> {
    let unknown = |status: Status| format!("What is broken is not known: {}", status.message());
    broken::all(connection).await.map_err(unknown)
}

/// How many rejects cannot be read whole; none where that is not told.
async fn damaged(connection: &Connection) -> Result<i64, String> {
    let request = ListRejectsRequest { page_size: 1, ..Default::default() };
    match connection.ingestion().list_rejects(request).await {
        Ok(answer) => Ok(answer.into_inner().damaged_count),
        Err(status) => match status.code() {
            Code::Unimplemented | Code::Unauthenticated | Code::PermissionDenied => Ok(0),
            _ => Err(format!("Whether rejects are damaged is not known: {}", status.message())),
        },
    }
}

fn json(count: &LeftOutCount) -> serde_json::Value {
    serde_json::json!({ "leftOutBy": count.left_out_by, "customers": count.customers })
}

/// A line for each taxonomy and scheme that leaves customers out.
fn told(counts: &Option<Vec<LeftOutCount>>) -> Vec<String> {
    let line = |count: &LeftOutCount| {
        let LeftOutCount { customers, left_out_by } = count;
        let (noun, verb) = if *customers == 1 { ("customer", "is") } else { ("customers", "are") };
        format!("{customers} {noun} {verb} left out by {left_out_by}: kehu left-out says why")
    };
    counts.iter().flatten().map(line).collect()
}

/// Why the server is not ready, where it says so: one that has not got that far answers every call
/// with it.
async fn why(connection: &Connection) -> Option<String> {
    let request = GetBusinessDateRequest::default();
    let answer = connection.business_dates().get_business_date(request).await.err()?;
    (answer.code() == Code::Unavailable).then(|| answer.message().to_owned())
}
