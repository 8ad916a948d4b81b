//! `kehu.ingestion.v1.MatchService`.

use kehu_contract::ingestion::{
    GetMatchCandidateRequest, GetMatchCandidateResponse, ListMatchCandidatesRequest,
    ListMatchCandidatesResponse, ReviewMatchRequest, ReviewMatchResponse, StartMatchingRequest,
    StartMatchingResponse, match_service_server::MatchService,
};
use kehu_server::{Fault, Violations, auth, clock, convert as values, freshness, names, page};
use kehu_storage::ingestion::Hand;
use kehu_storage::ingestion::matching::{
    self as store, CandidateFilter, CandidateKey, Decision, MatchState,
};
use kehu_storage::{PageRequest, document, run::NewRun};
use tonic::{Request, Response, Status};

use crate::Ingestion;
use crate::convert::matching::{candidate, parse_matching, parse_state};
use crate::matching_job::{KIND, PARTITION};
use crate::merges::{self, ATTEMPTS, Once};

const REVIEW: &str = "kehu.ingestion.v1.MatchService/ReviewMatch";

impl Ingestion {
    async fn start_matching(
        &self,
        request: Request<StartMatchingRequest>,
    ) -> Result<StartMatchingResponse, Fault> {
        let caller = auth::caller(request.extensions());
        let request = request.into_inner();
        let attributes = self.attributes.current().await?;
        let mut violations = Violations::new();
        let request_id = values::parse_request_id(&request.request_id, &mut violations);
        let asked = parse_matching(&request, &attributes, &mut violations);
        violations.finish()?;
        let new = NewRun {
            kind: KIND,
            request: document::write(&asked),
            as_of: None,
            partition_size: Some(PARTITION),
            request_id,
            caller,
        };
        let run = kehu_runs::start(&self.db, &new, self.max_waiting).await?;
        Ok(StartMatchingResponse { run: Some(run) })
    }

    async fn match_candidates(
        &self,
        request: ListMatchCandidatesRequest,
    ) -> Result<ListMatchCandidatesResponse, Fault> {
        let mut violations = Violations::new();
        let state = parse_state("state", request.state, &mut violations);
        let state = state.unwrap_or(MatchState::Open);
        let customer = Some(request.customer.as_str()).filter(|name| !name.is_empty());
        let customer =
            customer.and_then(|name| names::parse_customer("customer", name, &mut violations));
        let filters = [request.customer.clone(), request.state.to_string()];
        let filters = filters.each_ref().map(String::as_str);
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        let after = page.after.as_deref().and_then(parse_key);
        if page.after.is_some() && after.is_none() {
            violations.add("page_token", "is not a token of this list");
        }
        violations.finish()?;
        let filter = CandidateFilter { state, customer };
        let page = PageRequest { limit: page.size, after };
        let found = store::list_candidates(&self.db, &filter, &page).await?;
        let next = found.next.map(|key| page::token(&token_key(key), &filters));
        Ok(ListMatchCandidatesResponse {
            candidates: found.items.into_iter().map(candidate).collect(),
            next_page_token: next.unwrap_or_default(),
        })
    }

    async fn match_candidate(
        &self,
        request: GetMatchCandidateRequest,
    ) -> Result<GetMatchCandidateResponse, Fault> {
        let mut violations = Violations::new();
        let id = names::parse_match_candidate("name", &request.name, &mut violations);
        violations.finish()?;
        let found = store::find_candidate(self.db.reader(), id.unwrap_or_default()).await?;
        let mut customers = Vec::with_capacity(found.found.customers.len());
        for id in found.found.customers {
            customers.push(self.customer(Some(id), names::customer(id)).await?);
        }
        Ok(GetMatchCandidateResponse { candidate: Some(candidate(found)), customers })
    }

    async fn review(
        &self,
        request: ReviewMatchRequest,
        by: &str,
    ) -> Result<ReviewMatchResponse, Fault> {
        let mut violations = Violations::new();
        let once = Once::of(REVIEW, &request.request_id, &request, &mut violations);
        let id = names::parse_match_candidate("name", &request.name, &mut violations);
        merges::check_reason(&request.reason, &mut violations);
        let decision = decision(&request, &mut violations);
        violations.finish()?;
        let (id, decision) = (id.unwrap_or_default(), decision.unwrap_or(Decision::Reject));
        let mut attempt = 1;
        loop {
            if let Some(mut answer) = self.repeated::<ReviewMatchResponse>(&once).await? {
                if answer.merge.is_some() {
                    answer.freshness_token = freshness::token(&self.db, None).await?;
                }
                return Ok(answer);
            }
            match self.try_review(id, decision, &request.reason, &once, by).await {
                Err(Fault::Conflict) if attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn try_review(
        &self,
        id: i64,
        decision: Decision,
        reason: &str,
        once: &Once,
        by: &str,
    ) -> Result<ReviewMatchResponse, Fault> {
        let hand = Hand { by, now: clock::now() };
        let transaction = self.db.begin().await?;
        if let Decision::Accept(Some(survivor)) = decision {
            let pair = store::find_candidate(&transaction, id).await?.found.customers;
            if !pair.contains(&survivor) {
                let mut violations = Violations::new();
                violations.add("survivor", "must be one of the two customers of the pair");
                violations.finish()?;
            }
        }
        let decided = store::decide(&transaction, id, decision, reason, &hand).await?;
        let (found, merged) = decided;
        let position = merged.as_ref().map(|merged| merged.position);
        let mut response = ReviewMatchResponse {
            candidate: Some(candidate(found)),
            merge: merged.map(|merged| merges::merge(merged.merge)),
            freshness_token: String::new(),
        };
        once.remember(&transaction, &response, hand.now).await?;
        transaction.commit().await?;
        if position.is_some() {
            response.freshness_token = freshness::token(&self.db, position).await?;
        }
        Ok(response)
    }
}

fn decision(request: &ReviewMatchRequest, violations: &mut Violations) -> Option<Decision> {
    let state = parse_state("decision", request.decision, violations);
    let survivor = Some(request.survivor.as_str()).filter(|name| !name.is_empty());
    let survivor = survivor.and_then(|name| names::parse_customer("survivor", name, violations));
    match state {
        Some(MatchState::Accepted) => Some(Decision::Accept(survivor)),
        Some(MatchState::Rejected) => {
            if survivor.is_some() {
                violations.add("survivor", "must be empty where a pair is rejected");
            }
            Some(Decision::Reject)
        }
        Some(MatchState::Open) | None => {
            violations.add("decision", "must be ACCEPTED or REJECTED");
            None
        }
    }
}

fn token_key(key: CandidateKey) -> String {
    format!("{} {}", key.probability, key.candidate_id)
}

fn parse_key(key: &str) -> Option<CandidateKey> {
    let (probability, candidate_id) = key.split_once(' ')?;
    let (probability, candidate_id) = (probability.parse().ok()?, candidate_id.parse().ok()?);
    Some(CandidateKey { probability, candidate_id })
}

#[tonic::async_trait]
impl MatchService for Ingestion {
    async fn start_matching(
        &self,
        request: Request<StartMatchingRequest>,
    ) -> Result<Response<StartMatchingResponse>, Status> {
        Ok(Response::new(Ingestion::start_matching(self, request).await?))
    }

    async fn list_match_candidates(
        &self,
        request: Request<ListMatchCandidatesRequest>,
    ) -> Result<Response<ListMatchCandidatesResponse>, Status> {
        Ok(Response::new(self.match_candidates(request.into_inner()).await?))
    }

    async fn get_match_candidate(
        &self,
        request: Request<GetMatchCandidateRequest>,
    ) -> Result<Response<GetMatchCandidateResponse>, Status> {
        Ok(Response::new(self.match_candidate(request.into_inner()).await?))
    }

    async fn review_match(
        &self,
        request: Request<ReviewMatchRequest>,
    ) -> Result<Response<ReviewMatchResponse>, Status> {
        let by = auth::caller(request.extensions()).unwrap_or_default();
        Ok(Response::new(self.review(request.into_inner(), &by).await?))
    }
}
