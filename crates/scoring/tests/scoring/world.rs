//! A scoring service on a database with some customers and orders.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_analytics::{Analytics, Limits};
use kehu_contract::scoring::{
    CreateScorecardRequest, ExplainScoreRequest, ExplainScoreResponse, GetScoreRequest,
    ListScoresRequest, PublishScorecardRequest, Score, Scorecard, StartScoringRequest,
    create_scorecard_request::Origin, scorecard_service_server::ScorecardService,
    scoring_service_server::ScoringService,
};
use kehu_core::{CustomerId, calendar::BusinessCalendar};
use kehu_runs::start_due;
use kehu_scoring::Scoring;
use kehu_server::{clock, convert, names};
use kehu_storage::ingestion::{Entry, NewOrder, OrderKind, find_reference};
use kehu_storage::{
    Database, PageRequest,
    run::{self, Run},
};
use kehu_tests::{TestDatabase, background, date, day, shop};
use tonic::{Request, Status};

pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) scoring: Scoring,
}

impl World {
    /// An empty one, whose business date is 2011-12-10.
    pub(crate) async fn new(test: &TestDatabase) -> Self {
        let db = test.database.clone();
        shop::fix_business_date(&db, day("2011-12-10")).await;
        Self::on(db)
    }

    /// The service on this database, as in another replica.
    pub(crate) fn on(db: Database) -> Self {
        let analytics = Analytics::new(db.clone(), Limits::of_memory(1 << 30));
        Self { scoring: Scoring::new(db.clone(), shop::settings(), analytics), db }
    }

    /// With twelve customers, `c01` to `c12`, who bought between 2011-01 and 2011-11: the higher
    /// the number the more, the more often and the later. `c12` sent most of it back.
    pub(crate) async fn with_orders(test: &TestDatabase) -> Self {
        let world = Self::new(test).await;
        let mut orders = Vec::new();
        for customer in 1..=12_i64 {
            for order in 0..customer.min(8) {
                let month = 1 + (order + customer) % 11;
                let on = format!("2011-{month:02}-{:02}", customer + order);
                let id = format!("o{customer}-{order}");
                orders.push(sale(&format!("c{customer:02}"), &id, &on, 10 * customer + order));
            }
        }
        let mut back = sale("c12", "r12", "2011-11-30", -700);
        back.kind = OrderKind::Return;
        orders.push(back);
        world.ingest("first", orders).await;
        world
    }

    /// Stores orders as one batch.
    pub(crate) async fn ingest(&self, stream: &str, orders: Vec<NewOrder>) {
        let entries = orders.into_iter().map(Entry::Order).collect();
        shop::ingest(&self.db, stream, entries, clock::now()).await;
    }

    pub(crate) async fn customer(&self, external_id: &str) -> CustomerId {
        find_reference(&self.db, shop::SOURCE, external_id).await.unwrap().unwrap()
    }

    pub(crate) async fn create(&self, origin: Origin) -> Result<Scorecard, Status> {
        let request = CreateScorecardRequest { origin: Some(origin), validate_only: false };
        let response = self.scoring.create_scorecard(Request::new(request)).await?;
        Ok(response.into_inner().scorecard.unwrap())
    }

    /// Publishes the template of this name.
    pub(crate) async fn publish(&self, template: &str, on: &str) -> Scorecard {
        self.create(Origin::Template(template.to_owned())).await.unwrap();
        self.publish_draft(template, on).await
    }

    /// Publishes the draft of a scorecard.
    pub(crate) async fn publish_draft(&self, id: &str, on: &str) -> Scorecard {
        let request = PublishScorecardRequest {
            allow_empty_population: false,
            simulation: String::new(),
            name: format!("scorecards/{id}"),
            calibration_date: date(on),
        };
        let response = self.scoring.publish_scorecard(Request::new(request)).await.unwrap();
        response.into_inner().scorecard.unwrap()
    }

    /// Scores everybody as of a date and waits for the end.
    pub(crate) async fn score(&self, scorecards: &[&str], as_of: &str) -> Run {
        let request = StartScoringRequest {
            scorecards: scorecards.iter().map(|id| (*id).to_owned()).collect(),
            as_of_date: date(as_of),
            request_id: String::new(),
        };
        let response = self.scoring.start_scoring(Request::new(request)).await.unwrap();
        let name = response.into_inner().run.unwrap().name;
        let run_id = name.strip_prefix("runs/").unwrap().parse().unwrap();
        self.carry_out(run_id).await
    }

    /// Has a worker work until the run has ended.
    pub(crate) async fn carry_out(&self, run_id: i64) -> Run {
        let runs = background::carry_out(&self.db, self.scoring.jobs(), &[run_id]).await;
        runs.into_iter().next().unwrap()
    }

    /// Lets the follower catch up with the change log.
    pub(crate) async fn follow(&self) {
        background::catch_up(&self.db, self.scoring.followers()).await;
    }

    /// Carries out the runs of the business days that are due, and returns these.
    pub(crate) async fn pass_days(&self) -> Vec<NaiveDate> {
        let calendar = BusinessCalendar::new(&shop::settings().time_zone).unwrap();
        let mut days = Vec::new();
        for daily in self.scoring.dailies() {
            while let Some(day) = start_due(&self.db, &calendar, daily.as_ref()).await.unwrap() {
                let runs = run::list(&self.db, &run::RunFilter::default(), &PageRequest::first(1))
                    .await
                    .unwrap();
                assert_eq!(runs.items[0].as_of, Some(day));
                self.carry_out(runs.items[0].run_id).await;
                days.push(day);
            }
        }
        days
    }

    /// The score of a customer true on a date as known at a time.
    pub(crate) async fn get(
        &self,
        external_id: &str,
        scorecard: &str,
        true_on: Option<&str>,
        known: Option<DateTime<Utc>>,
    ) -> Result<Score, Status> {
        let request = GetScoreRequest {
            customer: names::customer(self.customer(external_id).await),
            scorecard: scorecard.to_owned(),
            true_on_date: true_on.and_then(date),
            known_time: known.map(convert::timestamp),
            ..Default::default()
        };
        let response = self.scoring.get_score(Request::new(request)).await?;
        Ok(response.into_inner().score.unwrap())
    }

    pub(crate) async fn explain(&self, customer: &str, scorecard: &str) -> ExplainScoreResponse {
        let request = ExplainScoreRequest {
            customer: customer.to_owned(),
            scorecard: scorecard.to_owned(),
            ..Default::default()
        };
        self.scoring.explain_score(Request::new(request)).await.unwrap().into_inner()
    }

    /// Every score under a scorecard that stands, page by page.
    pub(crate) async fn list(&self, scorecard: &str) -> Vec<Score> {
        let mut scores = Vec::new();
        let mut request = ListScoresRequest {
            scorecard: scorecard.to_owned(),
            page_size: 5,
            ..Default::default()
        };
        loop {
            let response = self.scoring.list_scores(Request::new(request.clone())).await.unwrap();
            let page = response.into_inner();
            scores.extend(page.scores);
            if page.next_page_token.is_empty() {
                return scores;
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// A sale of so many pounds.
pub(crate) fn sale(customer: &str, external_id: &str, on: &str, pounds: i64) -> NewOrder {
    shop::sale(customer, external_id, day(on), pounds)
}
