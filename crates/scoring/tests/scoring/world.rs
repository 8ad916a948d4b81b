//! A scoring service on a database with some customers and orders.

use chrono::{DateTime, NaiveDate, Utc};
use kehu_contract::google::r#type as google;
use kehu_contract::scoring::{
    CreateScorecardRequest, ExplainScoreRequest, ExplainScoreResponse, GetScoreRequest,
    ListScoresRequest, PublishScorecardRequest, Score, Scorecard, StartScoringRequest,
    create_scorecard_request::Origin, scorecard_service_server::ScorecardService,
    scoring_service_server::ScoringService,
};
use kehu_core::{CustomerId, Money, Quantity};
use kehu_runs::{CursorMove, Follower, work};
use kehu_scoring::Scoring;
use kehu_server::{clock, convert, names};
use kehu_storage::ingestion::{
    Batch, Entry, LineRow, NewOrder, Opened, OrderKind, OrderStatus, find_reference, open_stream,
    write_batch,
};
use kehu_storage::run::{self, Run};
use kehu_storage::{Database, change_log, settings::Settings};
use kehu_tests::TestDatabase;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};

const SOURCE: &str = "shop";

pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) scoring: Scoring,
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn date(text: &str) -> Option<google::Date> {
    Some(convert::date(day(text)))
}

impl World {
    /// An empty one.
    pub(crate) fn new(test: &TestDatabase) -> Self {
        let settings =
            Settings { base_currency: "GBP".to_owned(), time_zone: "Europe/London".to_owned() };
        let db = test.database.clone();
        Self { scoring: Scoring::new(db.clone(), settings), db }
    }

    /// With twelve customers, `c01` to `c12`, who bought between 2011-01 and 2011-11: the higher
    /// the number the more, the more often and the later. `c12` sent most of it back.
    pub(crate) async fn with_orders(test: &TestDatabase) -> Self {
        let world = Self::new(test);
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
        let now = clock::now();
        let opened = open_stream(&self.db, stream, SOURCE, "test", now).await.unwrap();
        let Opened::Stream(opened) = opened else { panic!("a stream of this source") };
        let entries = orders.into_iter().map(Entry::Order).collect();
        let batch = Batch { sequence: 1, entries, ..Batch::default() };
        write_batch(&self.db, &opened, &batch, now).await.unwrap();
    }

    pub(crate) async fn customer(&self, external_id: &str) -> CustomerId {
        find_reference(&self.db, SOURCE, external_id).await.unwrap().unwrap()
    }

    pub(crate) async fn create(&self, origin: Origin) -> Result<Scorecard, Status> {
        let request = CreateScorecardRequest { origin: Some(origin), validate_only: false };
        let response = self.scoring.create_scorecard(Request::new(request)).await?;
        Ok(response.into_inner().scorecard.unwrap())
    }

    /// Publishes the template of this name.
    pub(crate) async fn publish(&self, template: &str, on: &str) -> Scorecard {
        self.create(Origin::Template(template.to_owned())).await.unwrap();
        let request = PublishScorecardRequest {
            name: format!("scorecards/{template}"),
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
        self.carry_out(run_id, |run| run.state.is_final()).await
    }

    /// Has a worker work until the run is as wanted.
    pub(crate) async fn carry_out(&self, run_id: i64, is_done: impl Fn(&Run) -> bool) -> Run {
        let stop = CancellationToken::new();
        let worker = work(self.db.clone(), self.scoring.jobs(), "test".to_owned(), stop.clone());
        let worker = tokio::spawn(worker);
        let run = loop {
            let run = run::get(&self.db, run_id).await.unwrap();
            if is_done(&run) {
                break run;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        stop.cancel();
        worker.await.unwrap();
        run
    }

    /// Lets the follower catch up with the change log.
    pub(crate) async fn follow(&self) {
        let follower = self.scoring.followers().pop().unwrap();
        self.follow_with(follower.as_ref()).await;
    }

    async fn follow_with(&self, follower: &dyn Follower) {
        loop {
            let from = change_log::cursor(&self.db, follower.consumer()).await.unwrap();
            let changes = change_log::read(&self.db, follower.topic(), from, 64).await.unwrap();
            let Some(last) = changes.last() else { return };
            let cursor = CursorMove { from, to: last.position };
            follower.apply(&changes, cursor).await.unwrap();
        }
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

/// A sale of `units` of the base currency.
pub(crate) fn sale(customer: &str, external_id: &str, on: &str, units: i64) -> NewOrder {
    let amount = Money(units * 10_000);
    let line = LineRow {
        line_number: 1,
        product: Some("tea".to_owned()),
        description: None,
        category: None,
        brand: None,
        quantity: Quantity(10_000),
        unit_price: amount,
        discount: None,
        amount,
        base_amount: amount,
    };
    NewOrder {
        external_id: external_id.to_owned(),
        customer: customer.to_owned(),
        kind: OrderKind::Sale,
        status: OrderStatus::Completed,
        ordered_at: day(on).and_hms_opt(12, 0, 0).unwrap().and_utc(),
        ordered_on: day(on),
        ordered_hour: 12,
        currency: "GBP".to_owned(),
        amount,
        base_amount: amount,
        channel: None,
        lines: vec![line],
        digest: format!("{customer} {on} {units}"),
    }
}
