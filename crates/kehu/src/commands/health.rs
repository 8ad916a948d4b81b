//! `kehu health`: for probes and people.

use crate::{
    broken::{self, Broken},
    cli::Client,
    connection::Connection,
    exit::Failure,
    output::{self, Format},
};
use clap::Args;
use kehu_contract::coding::{CountLeftOutRequest, LeftOutCount};
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
        let left_out = if all { left_out(&connection).await } else { Ok(None) };
        let broken = if all { broken(&connection).await } else { Ok(Vec::new()) };
        match self.client.output {
            Format::Table => {
                output::line(status)?;
                for line in broken.map_or_else(|why| vec![why], |broken| lines(&broken)) {
                    output::line(&line)?;
                }
                for line in left_out.map_or_else(|why| vec![why], |counts| told(&counts)) {
                    output::line(&line)?;
                }
                Ok(())
            }
            Format::Json => {
                let mut answer = serde_json::json!({ "status": status });
                match left_out {
                    Ok(None) => {}
                    Ok(Some(counts)) => answer["leftOut"] = counts.iter().map(json).collect(),
                    Err(why) => answer["leftOutUnknown"] = why.into(),
                }
                match broken {
                    Ok(broken) if broken.is_empty() => {}
                    Ok(broken) => answer["broken"] = serde_json::json!(broken),
                    Err(why) => answer["brokenUnknown"] = why.into(),
                }
                output::line(&answer.to_string())
            }
        }
    }
}

/// Who is left out does not decide whether the server is ready. `None` where that is not told: by
/// a listener for probes, a process of another role, or to who may not read.
async fn left_out(connection: &Connection) -> Result<Option<Vec<LeftOutCount>>, String> {
    match connection.codes().count_left_out(CountLeftOutRequest::default()).await {
        Ok(answer) => Ok(Some(answer.into_inner().counts)),
        Err(status) => match status.code() {
            Code::Unimplemented | Code::Unauthenticated | Code::PermissionDenied => Ok(None),
            _ => Err(format!("Who is left out could not be counted: {}", status.message())),
        },
    }
}

/// What is broken does not decide whether the server is ready.
async fn broken(connection: &Connection) -> Result<Vec<Broken>, String> {
    let unknown = |status: Status| format!("What is broken is not known: {}", status.message());
    broken::all(connection).await.map_err(unknown)
}

fn lines(broken: &[Broken]) -> Vec<String> {
    broken.iter().map(Broken::to_string).collect()
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
