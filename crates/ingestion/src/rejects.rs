//! What was refused: listing it, discarding it, and looking for what of it is damaged.

use kehu_contract::ingestion::{
    DiscardRejectsRequest, DiscardRejectsResponse, ListRejectsRequest, ListRejectsResponse,
    ProblemReason, ReasonCount, RejectState,
};
use kehu_server::{Fault, Violations, clock, names, page};
use kehu_storage::ingestion::{self as store, Discard, Discarded, RejectFilter};
use kehu_storage::{Database, PageRequest};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{Ingestion, convert, measure};

/// How often some rejects are looked at: a thousand each time.
const INTERVAL: Duration = Duration::from_secs(60);
/// Characters of a reason for discarding.
const REASON: usize = 500;

impl Ingestion {
    /// A page of rejects.
    pub(crate) async fn rejects(
        &self,
        request: ListRejectsRequest,
    ) -> Result<ListRejectsResponse, Fault> {
        let mut violations = Violations::new();
        let state = state(&request, &mut violations);
        let reason = reason(request.reason, &mut violations);
        let numbers = [request.reason, request.state, request.damaged_only.into()];
        let numbers = numbers.map(|number| number.to_string());
        let filters = [&request.stream_id, &numbers[0], &numbers[1], &numbers[2]];
        let filters = filters.map(String::as_str);
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        let after = convert::parse_key(&page, &mut violations);
        violations.finish()?;
        let stream_id = Some(request.stream_id.clone()).filter(|id| !id.is_empty());
        let filter = RejectFilter { stream_id, reason, state, damaged: request.damaged_only };
        let page = PageRequest { limit: page.size, after };
        let found = store::list_rejects(&self.db, &filter, &page).await?;
        let counts = store::count_rejects(&self.db, &filter).await?;
        let damaged = store::count_damaged(&self.db).await?;
        let next = found.next.map(|id| page::token(&id.to_string(), &filters));
        let count = |(reason, count)| ReasonCount { reason, count };
        Ok(ListRejectsResponse {
            rejects: found.items.into_iter().map(convert::reject).collect(),
            next_page_token: next.unwrap_or_default(),
            reason_counts: counts.into_iter().map(count).collect(),
            damaged_count: damaged.try_into().unwrap_or(i64::MAX),
        })
    }

    /// Discards rejects.
    pub(crate) async fn discard(
        &self,
        request: DiscardRejectsRequest,
        caller: &str,
    ) -> Result<DiscardRejectsResponse, Fault> {
        let which = discard(&request)?;
        let by = (request.discard_reason.trim(), caller);
        match store::discard_rejects(&self.db, &which, by, clock::now()).await? {
            Discarded::Closed(count) => {
                Ok(DiscardRejectsResponse { discarded_count: count.try_into().unwrap_or(i64::MAX) })
            }
            Discarded::NotHeld(id) => {
                Err(Fault::NotFound { kind: "reject", name: names::reject(id) })
            }
        }
    }
}

/// Open ones, unless it is asked for others.
fn state(request: &ListRejectsRequest, violations: &mut Violations) -> Option<store::RejectState> {
    match RejectState::try_from(request.state) {
        Ok(RejectState::Unspecified) if request.damaged_only => None,
        Ok(RejectState::Unspecified | RejectState::Open) => Some(store::RejectState::Open),
        Ok(RejectState::Accepted) => Some(store::RejectState::Accepted),
        Ok(RejectState::Discarded) => Some(store::RejectState::Discarded),
        Err(_) => {
            violations.add("state", "must be one of the contract's states");
            None
        }
    }
}

fn reason(given: i32, violations: &mut Violations) -> Option<i32> {
    if ProblemReason::try_from(given).is_err() {
        violations.add("reason", "must be one of the contract's reasons");
    }
    Some(given).filter(|reason| *reason != i32::from(ProblemReason::Unspecified))
}

fn discard(request: &DiscardRejectsRequest) -> Result<Discard, Fault> {
    let mut violations = Violations::new();
    let why = request.discard_reason.trim();
    if why.is_empty() || why.chars().count() > REASON || why.contains('\0') {
        let text = format!("must say why, in 1 to {REASON} characters, and no NUL among them");
        violations.add("discard_reason", text);
    }
    let reason = reason(request.reason, &mut violations);
    let ids = named(&request.names, &mut violations);
    let stream = request.stream_id.as_str();
    if ids.is_empty() == stream.is_empty() {
        violations.add("names", "must name rejects, or else stream_id a stream of them");
    }
    if stream.contains('\0') {
        violations.add("stream_id", "is no stream's id");
    }
    if !ids.is_empty() && reason.is_some() {
        violations.add("reason", "goes with stream_id: rejects that are named need no other word");
    }
    violations.finish()?;
    if ids.is_empty() {
        return Ok(Discard::Stream(stream.to_owned(), reason));
    }
    Ok(Discard::Named(ids))
}

fn named(given: &[String], violations: &mut Violations) -> Vec<i64> {
    if !names::is_short("names", given, violations) {
        return Vec::new();
    }
    let mut ids = Vec::with_capacity(given.len());
    for (index, name) in given.iter().enumerate() {
        ids.extend(names::parse_reject(&format!("names[{index}]"), name, violations));
    }
    ids
}

/// Looks at all rejects in turn, a thousand a minute, for those that cannot be read whole any more,
/// until `stop`. Every process does it; who comes second finds them marked.
pub async fn watch_rejects(db: Database, stop: CancellationToken) {
    let watch = async {
        let mut after = 0;
        loop {
            match store::check_rejects(&db, after).await {
                Ok((found, last)) => {
                    after = last;
                    measure::damaged(found);
                }
                Err(error) => tracing::warn!(%error, "the rejects cannot be looked at"),
            }
            sleep(INTERVAL).await;
        }
    };
    tokio::select! {
        () = watch => {}
        () = stop.cancelled() => {}
    }
}
