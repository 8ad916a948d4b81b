//! `kehu.run.v1.RunService`: the same for every kind of run, on every role.

use crate::{MAX_WAITING, retraction, view::views};
use futures::stream::{BoxStream, StreamExt};
use kehu_contract::run::{
    self as contract, CancelRunRequest, CancelRunResponse, GetRunRequest, GetRunResponse,
    ListRunsRequest, ListRunsResponse, RetractRunRequest, RetractRunResponse, WatchRunRequest,
    WatchRunResponse,
    run_service_server::{RunService, RunServiceServer},
};
use kehu_server::{
    Fault, Violations, auth, clock, freshness, names,
    page::{self, Order},
};
use kehu_storage::{
    Database, PageRequest,
    run::{self, Run, RunFilter, RunState},
};
use std::{collections::BTreeSet, time::Duration};
use tonic::{Request, Response, Status, service::RoutesBuilder};

/// How often a watched run is read.
const POLL: Duration = Duration::from_millis(200);

/// The service.
#[derive(Clone)]
pub struct Runs {
    db: Database,
    max_waiting: u32,
}

impl Runs {
    /// Answers from `db`.
    pub fn new(db: Database) -> Self {
        Self { db, max_waiting: MAX_WAITING }
    }

    /// How many runs of a kind may wait that one caller has asked for.
    #[must_use]
    pub fn max_waiting(self, max_waiting: u32) -> Self {
        Self { max_waiting, ..self }
    }

    /// Mounts the service.
    pub fn routes(&self, routes: &mut RoutesBuilder) {
        routes.add_service(RunServiceServer::new(self.clone()));
    }

    async fn read(&self, name: &str) -> Result<contract::Run, Fault> {
        let run = run::get(&self.db, run_id(name)?).await?;
        view(&self.db, run).await
    }

    async fn cancel(&self, name: &str) -> Result<contract::Run, Fault> {
        let run = run::cancel(&self.db, run_id(name)?, clock::now()).await?;
        view(&self.db, run).await
    }

    async fn list(&self, request: ListRunsRequest) -> Result<ListRunsResponse, Fault> {
        let mut violations = Violations::new();
        let kind = parse_kind(&request.kind, &mut violations);
        let (states, to_be_cancelled) = parse_states(&request.states, &mut violations);
        let order = &request.order_by;
        let order = page::parse_order(order, "create_time", Order::Descending, &mut violations);
        let chosen = format!("{:?} {order:?}", request.states);
        let filters = ["runs", request.kind.as_str(), chosen.as_str()];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let after = page.after.and_then(|key| key.parse().ok());
        let oldest_first = order == Order::Ascending;
        let filter = RunFilter { kind, states: &states, to_be_cancelled, oldest_first };
        let found = run::list(&self.db, &filter, &PageRequest { limit: page.size, after }).await?;
        let now = clock::now();
        Ok(ListRunsResponse {
            runs: views(&self.db, &found.items, now).await?,
            next_page_token: found
                .next
                .map(|key| page::token(&key.to_string(), &filters))
                .unwrap_or_default(),
        })
    }
}

#[tonic::async_trait]
impl RunService for Runs {
    type WatchRunStream = BoxStream<'static, Result<WatchRunResponse, Status>>;

    async fn get_run(
        &self,
        request: Request<GetRunRequest>,
    ) -> Result<Response<GetRunResponse>, Status> {
        let run = self.read(&request.get_ref().name).await?;
        let freshness_token = freshness::token(&self.db, None).await?;
        Ok(Response::new(GetRunResponse { run: Some(run), freshness_token }))
    }

    async fn list_runs(
        &self,
        request: Request<ListRunsRequest>,
    ) -> Result<Response<ListRunsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn watch_run(
        &self,
        request: Request<WatchRunRequest>,
    ) -> Result<Response<Self::WatchRunStream>, Status> {
        let run_id = run_id(&request.get_ref().name)?;
        run::get(&self.db, run_id).await.map_err(Fault::from)?;
        Ok(Response::new(watch(self.db.clone(), run_id)))
    }

    async fn cancel_run(
        &self,
        request: Request<CancelRunRequest>,
    ) -> Result<Response<CancelRunResponse>, Status> {
        let run = self.cancel(&request.get_ref().name).await?;
        let freshness_token = freshness::token(&self.db, None).await?;
        Ok(Response::new(CancelRunResponse { run: Some(run), freshness_token }))
    }

    async fn retract_run(
        &self,
        request: Request<RetractRunRequest>,
    ) -> Result<Response<RetractRunResponse>, Status> {
        let caller = auth::caller(request.extensions());
        let request = request.into_inner();
        let run = retraction::start(&self.db, request, caller, self.max_waiting).await?;
        let run = view(&self.db, run).await?;
        Ok(Response::new(RetractRunResponse { run: Some(run) }))
    }
}

/// What has been sent on a watching stream.
enum Watched {
    Nothing,
    Sent(Box<Run>),
    End,
}

/// The run at once, then after each change, to its end.
fn watch(db: Database, run_id: i64) -> BoxStream<'static, Result<WatchRunResponse, Status>> {
    let next = move |sent: Watched| {
        let db = db.clone();
        async move { next_change(&db, run_id, sent).await }
    };
    futures::stream::unfold(Watched::Nothing, next).boxed()
}

async fn next_change(
    db: &Database,
    run_id: i64,
    sent: Watched,
) -> Option<(Result<WatchRunResponse, Status>, Watched)> {
    let before = match sent {
        Watched::Nothing => None,
        Watched::Sent(run) if run.state.is_final() => return None,
        Watched::Sent(run) => Some(*run),
        Watched::End => return None,
    };
    loop {
        match changed(db, run_id, before.as_ref()).await {
            Ok(Some((run, response))) => {
                return Some((Ok(response), Watched::Sent(Box::new(run))));
            }
            Ok(None) => {}
            Err(fault) => return Some((Err(fault.into()), Watched::End)),
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The run, if it is not as it was before, with what callers are told of it.
async fn changed(
    db: &Database,
    run_id: i64,
    before: Option<&Run>,
) -> Result<Option<(Run, WatchRunResponse)>, Fault> {
    let run = run::get(db, run_id).await?;
    if before == Some(&run) {
        return Ok(None);
    }
    let view = view(db, run.clone()).await?;
    let freshness_token = freshness::token(db, None).await?;
    Ok(Some((run, WatchRunResponse { run: Some(view), freshness_token })))
}

async fn view(db: &Database, run: Run) -> Result<contract::Run, Fault> {
    Ok(views(db, &[run], clock::now()).await?.remove(0))
}

fn run_id(name: &str) -> Result<i64, Fault> {
    let mut violations = Violations::new();
    let run_id = names::parse_run("name", name, &mut violations);
    violations.finish()?;
    Ok(run_id.unwrap_or_default())
}

/// The states that are asked for, and whether running ones must be to be cancelled.
fn parse_states(numbers: &[i32], violations: &mut Violations) -> (Vec<RunState>, Option<bool>) {
    let mut states = BTreeSet::new();
    for (index, number) in numbers.iter().take(names::LISTED).enumerate() {
        match contract::RunState::try_from(*number) {
            Ok(contract::RunState::Unspecified) | Err(_) => {
                violations.add(format!("states[{index}]"), "must be a state of a run");
            }
            Ok(state) => {
                states.insert(state);
            }
        }
    }
    let has = |state| states.contains(&state);
    let (running, cancelling) =
        (has(contract::RunState::Running), has(contract::RunState::Cancelling));
    let to_be_cancelled = (running != cancelling).then_some(cancelling);
    let mut kept: Vec<RunState> = states.into_iter().filter_map(stored).collect();
    kept.dedup();
    (kept, to_be_cancelled)
}

/// The state as it is kept, where running and to be cancelled are one.
fn stored(state: contract::RunState) -> Option<RunState> {
    match state {
        contract::RunState::Unspecified => None,
        contract::RunState::Queued => Some(RunState::Queued),
        contract::RunState::Running | contract::RunState::Cancelling => Some(RunState::Running),
        contract::RunState::Succeeded => Some(RunState::Succeeded),
        contract::RunState::Failed => Some(RunState::Failed),
        contract::RunState::Cancelled => Some(RunState::Cancelled),
    }
}

/// The kind, if one is named. Which kinds there are is not asked: a process knows its own.
fn parse_kind<'a>(kind: &'a str, violations: &mut Violations) -> Option<&'a str> {
    if kind.is_empty() {
        return None;
    }
    if !names::is_id(kind) {
        violations.add("kind", "must be a kind of run such as scoring, or empty for all");
    }
    Some(kind)
}
