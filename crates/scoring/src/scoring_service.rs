//! `kehu.scoring.v1.ScoringService`.

use std::collections::HashMap;

use kehu_contract::scoring::{
    BatchGetScoresRequest, BatchGetScoresResponse, ExplainScoreRequest, ExplainScoreResponse,
    GetScoreRequest, GetScoreResponse, ListScoresRequest, ListScoresResponse, ScoreNowRequest,
    ScoreNowResponse, StartScoringRequest, StartScoringResponse,
    scoring_service_server::ScoringService,
};
use kehu_core::CustomerId;
use kehu_core::scorecard::Scorecard;
use kehu_server::{Fault, Summaries, Violations, auth, convert, freshness, names, page};
use kehu_storage::{
    PageRequest,
    change_log::Reading,
    definitions, document,
    facts::CustomerSet,
    ingestion,
    run::NewRun,
    scoring::scores::{self, ScoreRecord, View},
};
use tonic::{Request, Response, Status};

use crate::Scoring;
use crate::convert::{contributions, score_view};
use crate::filter::Filter;
use crate::job::{KIND, ScoringRequest};

impl Scoring {
    async fn start(
        &self,
        request: Request<StartScoringRequest>,
    ) -> Result<StartScoringResponse, Fault> {
        let caller = auth::caller(request.extensions());
        let request = request.into_inner();
        let mut violations = Violations::new();
        let ids = &request.scorecards;
        let ids = names::parse_resources("scorecards", names::SCORECARDS, ids, &mut violations);
        let as_of = convert::parse_date("as_of_date", request.as_of_date, &mut violations);
        let request_id = convert::parse_request_id(&request.request_id, &mut violations);
        let today = self.business_date().await?;
        let limit = "the business date";
        kehu_runs::check_not_later("as_of_date", as_of, today, limit, &mut violations);
        violations.finish()?;
        self.check_in_force(&ids).await?;
        let asked = ScoringRequest { scorecards: ids };
        let new = NewRun {
            kind: KIND,
            request: document::write(&asked),
            as_of: Some(as_of.unwrap_or(today)),
            partition_size: None,
            request_id,
            caller,
        };
        let run = kehu_runs::start(&self.db, &new, self.max_waiting).await?;
        Ok(StartScoringResponse { run: Some(run) })
    }

    /// Refuses scorecards that do not exist or are not published, and a run without any.
    async fn check_in_force(&self, ids: &[String]) -> Result<(), Fault> {
        let in_force = definitions::in_force::<Scorecard>(&self.db, ids).await?;
        let missing = ids.iter().find(|id| !in_force.iter().any(|one| one.definition.id == **id));
        let subject = match missing {
            None if !in_force.is_empty() => return Ok(()),
            None => "scorecards".to_owned(),
            Some(id) => {
                definitions::get::<Scorecard>(&self.db, id, None).await?;
                names::resource(names::SCORECARDS, id)
            }
        };
        Err(Fault::Precondition {
            kind: "SCORECARD_PUBLISHED",
            subject,
            description: "no version is published: publish one first".to_owned(),
        })
    }

    /// The view with the date that it has, or the business date.
    async fn dated(&self, view: View) -> Result<View, Fault> {
        let true_on = match view.true_on {
            Some(true_on) => true_on,
            None => self.business_date().await?,
        };
        Ok(View { true_on: Some(true_on), ..view })
    }

    /// The score that is asked for, with the freshness of the answer.
    async fn find(&self, asked: ExplainScoreRequest) -> Result<(ScoreRecord, String), Fault> {
        let mut violations = Violations::new();
        let view = convert::parse_view(asked.true_on_date, &asked.known_time, &mut violations);
        let fresh =
            freshness::parse("at_least_as_fresh", &asked.at_least_as_fresh, &mut violations);
        let (customer, scorecard) = (&asked.customer, &asked.scorecard);
        let id = names::parse_customer("customer", customer, &mut violations);
        let card =
            names::parse_resource("scorecard", names::SCORECARDS, scorecard, &mut violations);
        violations.finish()?;
        let (id, card) = (id.unwrap_or(CustomerId(0)), card.unwrap_or_default());
        let freshness_token = fresh.wait(&self.db, Reading::Scores).await?;
        let view = self.dated(view).await?;
        let mut found = scores::find(&self.db, &card, id, view).await?;
        if found.is_none()
            && let Some(survivor) = ingestion::survivor(&self.db, id, view.known_at).await?
        {
            found = scores::find(&self.db, &card, survivor, view).await?;
        }
        if let Some(found) = found {
            return Ok((found, freshness_token));
        }
        definitions::get::<Scorecard>(&self.db, &card, None).await?;
        let name =
            format!("{} under {}", names::customer(id), names::resource(names::SCORECARDS, &card));
        Err(Fault::NotFound { kind: "score", name })
    }

    async fn get_one(&self, request: GetScoreRequest) -> Result<GetScoreResponse, Fault> {
        let GetScoreRequest { customer, scorecard, true_on_date, known_time, at_least_as_fresh } =
            request;
        let asked = ExplainScoreRequest {
            customer,
            scorecard,
            true_on_date,
            known_time,
            at_least_as_fresh,
        };
        let (found, freshness_token) = self.find(asked).await?;
        Ok(GetScoreResponse { score: Some(score_view(&found)), freshness_token })
    }

    async fn explain(&self, request: ExplainScoreRequest) -> Result<ExplainScoreResponse, Fault> {
        let (found, freshness_token) = self.find(request).await?;
        let contributions = contributions(&found.version.definition, &found.score);
        let score = Some(score_view(&found));
        Ok(ExplainScoreResponse { score, contributions, freshness_token })
    }

    async fn batch_get(
        &self,
        request: BatchGetScoresRequest,
    ) -> Result<BatchGetScoresResponse, Fault> {
        let mut violations = Violations::new();
        let card = &request.scorecard;
        let card = names::parse_resource("scorecard", names::SCORECARDS, card, &mut violations);
        let customers = names::parse_customers("customers", &request.customers, &mut violations);
        let view = convert::parse_view(request.true_on_date, &request.known_time, &mut violations);
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        violations.finish()?;
        let card = card.unwrap_or_default();
        let freshness_token = fresh.wait(&self.db, Reading::Scores).await?;
        let view = self.dated(view).await?;
        let standing = ingestion::standing(&self.db, &customers, view.known_at).await?;
        let set = CustomerSet::Ids(standing.values().map(|customer| customer.0).collect());
        let records = scores::of_customers(&self.db, &card, view, &set).await?;
        if records.is_empty() {
            definitions::get::<Scorecard>(&self.db, &card, None).await?;
        }
        let found: HashMap<CustomerId, &ScoreRecord> =
            records.iter().map(|record| (record.customer, record)).collect();
        let mut response = BatchGetScoresResponse { freshness_token, ..Default::default() };
        for customer in customers {
            match standing.get(&customer).and_then(|customer| found.get(customer)) {
                Some(record) => response.scores.push(score_view(record)),
                None => response.missing_customers.push(names::customer(customer)),
            }
        }
        Ok(response)
    }

    async fn list_page(
        &self,
        request: Request<ListScoresRequest>,
    ) -> Result<ListScoresResponse, Fault> {
        let (_, extensions, request) = request.into_parts();
        let mut violations = Violations::new();
        let card = &request.scorecard;
        let card = names::parse_resource("scorecard", names::SCORECARDS, card, &mut violations);
        let card = card.unwrap_or_default();
        let view = convert::parse_view(request.true_on_date, &request.known_time, &mut violations);
        let fresh =
            freshness::parse("at_least_as_fresh", &request.at_least_as_fresh, &mut violations);
        if request.known_time.is_some() && !request.filter.is_empty() {
            violations
                .add("filter", "must be empty with known_time: facts are read as they are now");
        }
        let as_of = match view.true_on {
            Some(date) => date,
            None => self.business_date().await?,
        };
        let filter =
            Filter::parse(&self.analytics, &request.filter, as_of, &mut violations).await?;
        let dates = format!("{view:?}");
        let filters = ["scores", card.as_str(), dates.as_str(), request.filter.as_str()];
        let page = page::parse(request.page_size, &request.page_token, &filters, &mut violations);
        violations.finish()?;
        let after = page.after.and_then(|key| key.parse().ok());
        let page = PageRequest { limit: page.size, after };
        let freshness_token = fresh.wait(&self.db, Reading::Scores).await?;
        let view = View { true_on: Some(as_of), ..view };
        let found = match &filter {
            Some(filter) => self.chosen_scores(filter, (&card, view), &page).await?,
            None => scores::list(&self.db, &card, view, &page).await?,
        };
        if found.items.is_empty() {
            definitions::get::<Scorecard>(&self.db, &card, None).await?;
        }
        let token = |key: i64| page::token(&key.to_string(), &filters);
        let mut listed: Vec<_> = found.items.iter().map(score_view).collect();
        let customers = listed.iter().map(|score| score.customer.as_str());
        let summaries = Summaries::read(&self.db, &extensions, customers).await?;
        for score in &mut listed {
            score.customer_summary = summaries.of(&score.customer);
        }
        Ok(ListScoresResponse {
            scores: listed,
            next_page_token: found.next.map(token).unwrap_or_default(),
            freshness_token,
        })
    }
}

#[tonic::async_trait]
impl ScoringService for Scoring {
    async fn start_scoring(
        &self,
        request: Request<StartScoringRequest>,
    ) -> Result<Response<StartScoringResponse>, Status> {
        Ok(Response::new(self.start(request).await?))
    }

    async fn get_score(
        &self,
        request: Request<GetScoreRequest>,
    ) -> Result<Response<GetScoreResponse>, Status> {
        Ok(Response::new(self.get_one(request.into_inner()).await?))
    }

    async fn batch_get_scores(
        &self,
        request: Request<BatchGetScoresRequest>,
    ) -> Result<Response<BatchGetScoresResponse>, Status> {
        Ok(Response::new(self.batch_get(request.into_inner()).await?))
    }

    async fn list_scores(
        &self,
        request: Request<ListScoresRequest>,
    ) -> Result<Response<ListScoresResponse>, Status> {
        Ok(Response::new(self.list_page(request).await?))
    }

    async fn explain_score(
        &self,
        request: Request<ExplainScoreRequest>,
    ) -> Result<Response<ExplainScoreResponse>, Status> {
        Ok(Response::new(self.explain(request.into_inner()).await?))
    }

    async fn score_now(
        &self,
        request: Request<ScoreNowRequest>,
    ) -> Result<Response<ScoreNowResponse>, Status> {
        Ok(Response::new(Scoring::score_now(self, request.into_inner()).await?))
    }
}
