//! Taking back what a run found: which kinds of runs can be, and what the run is that does it.

use kehu_contract::run::RetractRunRequest;
use kehu_server::{Fault, Violations, clock, convert, names};
use kehu_storage::{
    Database, document,
    document::Document,
    run::{self, Cut, Kind, NewRun, Run},
};
use serde::{Deserialize, Serialize};

/// Takes back a scoring run.
pub const SCORING: Kind =
    Kind { name: "scoring-retraction", cut: Cut::Ranges, after: &["scoring"] };
/// Takes back a classification run.
pub const CLASSIFICATION: Kind =
    Kind { name: "classification-retraction", cut: Cut::Ranges, after: &["classification"] };

/// What a run that takes back another one was asked to do, as kept in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetractionRequest {
    /// The run that is taken back.
    pub run_id: i64,
    /// Why.
    pub reason: String,
}

impl Document for RetractionRequest {
    const NAME: &'static str = "request of a run that takes back another one";
}

/// The kind of run that takes back runs of a kind.
fn of(kind: &str) -> Option<Kind> {
    match kind {
        "scoring" => Some(SCORING),
        "classification" => Some(CLASSIFICATION),
        _ => None,
    }
}

/// What a run takes back; `None` where it does something else, or a later release wrote it.
pub(crate) fn asked(run: &Run) -> Option<RetractionRequest> {
    let takes_back = [SCORING, CLASSIFICATION].iter().any(|kind| kind.name == run.kind);
    takes_back.then(|| document::read(&run.request).ok()).flatten()
}

/// The run that takes back the one that is asked for, of a caller of whose runs of its kind `most`
/// may wait.
pub(crate) async fn start(
    db: &Database,
    request: RetractRunRequest,
    caller: Option<String>,
    most: u32,
) -> Result<Run, Fault> {
    let mut violations = Violations::new();
    let run_id = names::parse_run("name", &request.name, &mut violations).unwrap_or_default();
    let reason = convert::parse_reason(&request.reason, &mut violations);
    let request_id = convert::parse_request_id(&request.request_id, &mut violations);
    violations.finish()?;
    let run = run::get(db, run_id).await?;
    let kind = kind(&run)?;
    let new = NewRun {
        kind,
        request: document::write(&RetractionRequest { run_id, reason }),
        as_of: run.as_of,
        partition_size: run.partition_size,
        request_id,
        caller,
    };
    // The answer to a request that is sent again does not depend on what has become of the run.
    if new.request_id.is_none() || !run::is_known(db, &new).await? {
        check(db, &run).await?;
    }
    crate::view::queue(db, &new, most, clock::now()).await
}

fn kind(run: &Run) -> Result<Kind, Fault> {
    of(&run.kind).ok_or_else(|| {
        let description = format!(
            "a run of the kind {} cannot be taken back, only one of scoring or classification",
            run.kind
        );
        refused("RUN_CAN_BE_RETRACTED", run, description)
    })
}

async fn check(db: &Database, run: &Run) -> Result<(), Fault> {
    if let Some(by) = run.retracted_by {
        let description = format!("it was taken back already, by {}", names::run(by));
        return Err(refused("RUN_STANDS", run, description));
    }
    if !run.state.is_final() {
        let description = "it has not ended: cancel it, or wait, and take it back then".to_owned();
        return Err(refused("RUN_ENDED", run, description));
    }
    let Some(day) = run.as_of else { return Ok(()) };
    if let Some(open) = run::open_on(db, &run.kind, day).await? {
        let name = names::run(open);
        let description = format!("{name} evaluates the same date: cancel it, or wait for its end");
        return Err(refused("RUNS_OF_DATE_ENDED", run, description));
    }
    Ok(())
}

fn refused(kind: &'static str, run: &Run, description: String) -> Fault {
    Fault::Precondition { kind, subject: names::run(run.run_id), description }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kehu_storage::Error;

    #[test]
    fn requests_survive_the_formats_around_theirs() {
        let own = r#"[1,1,{"run_id":7,"reason":"wrong date"}]"#;
        let request: RetractionRequest = document::read(own).unwrap();
        assert_eq!(document::write(&request), own);
        let more = own.replace("[1,1,{", "[2,1,{\"added\":[7],");
        assert_eq!(document::read::<RetractionRequest>(&more).unwrap(), request);
        let newer = document::read::<RetractionRequest>(&more.replace("[2,1,", "[2,2,"));
        assert!(matches!(newer, Err(Error::NewerFormat { needed: 2, .. })));
    }
}
