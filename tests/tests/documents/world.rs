//! All services over one connection, with workers and followers at the test's command. Business days
//! are those of Shanghai, amounts are in yuan.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kehu_analytics::{Analytics, Limits};
use kehu_coding::{Coding, taxonomy_definition};
use kehu_contract::coding::{
    ClassDefinition, Classification, CreateTaxonomyRequest, GetClassificationRequest,
    ListHistoryRequest, ListMembersRequest, PublishTaxonomyRequest, StartClassificationRequest,
    TaxonomyDefinition, classification_service_client::ClassificationServiceClient,
    create_taxonomy_request::Origin, strategy_service_client::StrategyServiceClient,
    taxonomy_service_client::TaxonomyServiceClient,
};
use kehu_contract::ingestion::{
    BatchAcknowledgement, IngestRequest, IngestStart, LookupCustomerRequest, Record, RecordBatch,
    SourceReference, customer_service_client::CustomerServiceClient, ingest_request::Message,
    ingest_response, ingestion_service_client::IngestionServiceClient,
    lookup_customer_request::Key, record::Kind,
};
use kehu_contract::reporting::{
    GetReportRequest, ReportRow, reporting_service_client::ReportingServiceClient,
};
use kehu_contract::run::{ListRunsRequest, Run, run_service_client::RunServiceClient};
use kehu_contract::scoring::{
    CreateScorecardRequest, ExplainScoreRequest, ExplainScoreResponse, GetFeaturesRequest,
    PublishScorecardRequest, StartScoringRequest, create_scorecard_request,
    feature_service_client::FeatureServiceClient, scorecard_service_client::ScorecardServiceClient,
    scoring_service_client::ScoringServiceClient,
};
use kehu_contract::shared::{Label, Value, value};
use kehu_core::calendar::BusinessCalendar;
use kehu_core::scorecard::{Scorecard, templates};
use kehu_core::taxonomy::Taxonomy;
use kehu_ingestion::Ingestion;
use kehu_reporting::Reporting;
use kehu_runs::{Job, Runs};
use kehu_scoring::{Scoring, scorecard_definition};
use kehu_server::client::Client;
use kehu_storage::Database;
use kehu_storage::run::{RunError, RunState};
use kehu_storage::settings::Settings;
use kehu_tests::{Served, TestDatabase, background, date, day, shop};
use tonic::Status;

/// The source of all records.
pub(crate) const SOURCE: &str = "crm";
const TIME_ZONE: &str = "Asia/Shanghai";

pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) client: Client,
    ingestion: Ingestion,
    scoring: Scoring,
    coding: Coding,
    streams: AtomicUsize,
    _served: Served,
}

impl World {
    /// Without any record, on this business date.
    pub(crate) async fn new(test: &TestDatabase, on: &str) -> Self {
        let db = test.database.clone();
        let settings =
            || Settings { base_currency: "CNY".to_owned(), time_zone: TIME_ZONE.to_owned() };
        let analytics = Analytics::new(db.clone(), Limits::of_memory(1 << 30));
        let ingestion = Ingestion::new(db.clone(), settings());
        let scoring = Scoring::new(db.clone(), settings(), analytics.clone());
        let coding = Coding::new(db.clone(), settings(), analytics.clone());
        let reporting = Reporting::new(db.clone(), settings(), analytics);
        let served = Served::start(|routes| {
            ingestion.routes(routes);
            scoring.routes(routes);
            coding.routes(routes);
            reporting.routes(routes);
            Runs::new(db.clone()).routes(routes);
        });
        let served = served.await;
        let client = served.client.clone();
        let streams = AtomicUsize::default();
        let world = Self { db, client, ingestion, scoring, coding, streams, _served: served };
        world.today_is(on).await;
        world
    }

    /// Fixes the business date.
    pub(crate) async fn today_is(&self, on: &str) {
        shop::fix_business_date(&self.db, day(on)).await;
    }

    /// Sends records, of which none may be refused; the token of what follows from them.
    pub(crate) async fn ingest(&self, kinds: impl IntoIterator<Item = Kind>) -> String {
        self.ingest_from(SOURCE, kinds).await
    }

    /// The same of another source.
    pub(crate) async fn ingest_from(
        &self,
        source: &str,
        kinds: impl IntoIterator<Item = Kind>,
    ) -> String {
        let records = kinds.into_iter().map(|kind| Record { line_number: 0, kind: Some(kind) });
        let done = self.offer_from(source, records.collect()).await;
        assert_eq!(done.rejections, []);
        done.freshness_token
    }

    /// Sends records, of which some may be refused.
    pub(crate) async fn offer(&self, records: Vec<Record>) -> BatchAcknowledgement {
        self.offer_from(SOURCE, records).await
    }

    async fn offer_from(&self, source: &str, records: Vec<Record>) -> BatchAcknowledgement {
        let batch = RecordBatch { sequence: 1, records };
        let stream = self.streams.fetch_add(1, Ordering::Relaxed);
        let start = IngestStart {
            stream_id: format!("stream {stream}"),
            source: source.to_owned(),
            origin: "test".to_owned(),
        };
        let messages = [Message::Start(start), Message::Batch(batch)];
        let requests = messages.map(|message| IngestRequest { message: Some(message) });
        let mut ingestion = IngestionServiceClient::new(self.client.clone());
        let answers = ingestion.ingest(tokio_stream::iter(requests)).await.unwrap();
        let (mut answers, mut acknowledged) = (answers.into_inner(), None);
        while let Some(answer) = answers.message().await.unwrap() {
            if let Some(ingest_response::Message::Acknowledgement(done)) = answer.message {
                acknowledged = Some(done);
            }
        }
        acknowledged.unwrap()
    }

    pub(crate) fn customers(&self) -> CustomerServiceClient<Client> {
        CustomerServiceClient::new(self.client.clone())
    }

    /// The name of a customer, `customers/17`, by its key.
    pub(crate) async fn customer(&self, key: &str) -> String {
        self.customer_of(SOURCE, key).await
    }

    /// The same by a key of another source.
    pub(crate) async fn customer_of(&self, source: &str, key: &str) -> String {
        let reference = SourceReference { source: source.to_owned(), external_id: key.to_owned() };
        let request =
            LookupCustomerRequest { key: Some(Key::Reference(reference)), ..Default::default() };
        let found = self.customers().lookup_customer(request).await.unwrap().into_inner();
        found.customer.unwrap().name
    }

    /// Features of a customer as of a date, as texts; `null` where there is nothing to measure.
    pub(crate) async fn features(&self, key: &str, as_of: &str, features: &[&str]) -> Vec<String> {
        self.features_of(&self.customer(key).await, as_of, features).await
    }

    /// The same by the name of the customer.
    pub(crate) async fn features_of(
        &self,
        customer: &str,
        as_of: &str,
        features: &[&str],
    ) -> Vec<String> {
        let request = GetFeaturesRequest {
            customer: customer.to_owned(),
            as_of_date: date(as_of),
            features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        };
        let mut service = FeatureServiceClient::new(self.client.clone());
        let values = service.get_features(request).await.unwrap().into_inner().values;
        values.into_iter().map(|value| text(value.value)).collect()
    }

    /// The latest runs of a kind, the last one first.
    pub(crate) async fn runs(&self, kind: &str) -> Vec<Run> {
        let request = ListRunsRequest { kind: kind.to_owned(), ..Default::default() };
        let mut service = RunServiceClient::new(self.client.clone());
        service.list_runs(request).await.unwrap().into_inner().runs
    }

    pub(crate) fn taxonomies(&self) -> TaxonomyServiceClient<Client> {
        TaxonomyServiceClient::new(self.client.clone())
    }

    /// Publishes a taxonomy of these classes and predicates; the last, without one, is the default.
    pub(crate) async fn taxonomy(&self, id: &str, classes: &[(&str, &str)]) {
        let classes: Vec<ClassDefinition> =
            classes.iter().zip('A'..).map(|((id, rule), code)| class(id, code, rule)).collect();
        let definition = TaxonomyDefinition {
            id: id.to_owned(),
            label: Some(label(id)),
            purpose: Some(label("to test")),
            owner: Some(label("testers")),
            default_class: classes.last().unwrap().id.clone(),
            classes,
            ..Default::default()
        };
        self.publish(id, Origin::Definition(definition)).await;
    }

    /// Offers a draft with one predicate, and a default class.
    pub(crate) async fn offer_taxonomy(&self, id: &str, predicate: &str) -> Result<(), Status> {
        let definition = TaxonomyDefinition {
            id: id.to_owned(),
            label: Some(label(id)),
            classes: vec![class("one", 'A', predicate), class("rest", 'B', "")],
            default_class: "rest".to_owned(),
            ..Default::default()
        };
        let origin = Some(Origin::Definition(definition));
        let request = CreateTaxonomyRequest { origin, validate_only: true, ..Default::default() };
        self.taxonomies().create_taxonomy(request).await.map(drop)
    }

    /// Publishes a taxonomy as people write it.
    pub(crate) async fn written(&self, text: &str) {
        let definition = taxonomy_definition(&Taxonomy::from_yaml(text).unwrap());
        let id = definition.id.clone();
        self.publish(&id, Origin::Definition(definition)).await;
    }

    /// Publishes the template of this name.
    pub(crate) async fn template(&self, id: &str) {
        self.publish(id, Origin::Template(id.to_owned())).await;
    }

    async fn publish(&self, id: &str, origin: Origin) {
        let request = CreateTaxonomyRequest { origin: Some(origin), ..Default::default() };
        self.taxonomies().create_taxonomy(request).await.unwrap();
        let request =
            PublishTaxonomyRequest { name: format!("taxonomies/{id}"), ..Default::default() };
        self.taxonomies().publish_taxonomy(request).await.unwrap();
    }

    /// Publishes scorecards from their templates, calibrated as of a date, and scores everybody.
    pub(crate) async fn score(&self, ids: &[&str], as_of: &str) {
        for id in ids {
            let card = templates().into_iter().find(|card| card.id == *id).unwrap();
            self.scorecard(&card, as_of).await.unwrap();
        }
        self.score_all(as_of).await;
    }

    /// Publishes a scorecard, calibrated as of a date.
    pub(crate) async fn scorecard(&self, card: &Scorecard, as_of: &str) -> Result<(), Status> {
        let mut cards = ScorecardServiceClient::new(self.client.clone());
        let origin = create_scorecard_request::Origin::Definition(scorecard_definition(card));
        let request = CreateScorecardRequest { origin: Some(origin), ..Default::default() };
        cards.create_scorecard(request).await?;
        let request = PublishScorecardRequest {
            name: format!("scorecards/{}", card.id),
            calibration_date: date(as_of),
            allow_empty_population: false,
            simulation: String::new(),
        };
        cards.publish_scorecard(request).await.map(drop)
    }

    /// Scores everybody under all scorecards as of a date.
    pub(crate) async fn score_all(&self, as_of: &str) {
        let request = StartScoringRequest { as_of_date: date(as_of), ..Default::default() };
        let started = self.scores().start_scoring(request).await.unwrap().into_inner();
        self.carry_out(&started.run.unwrap().name).await;
    }

    pub(crate) fn scores(&self) -> ScoringServiceClient<Client> {
        ScoringServiceClient::new(self.client.clone())
    }

    /// The score of a customer on a date, taken apart.
    pub(crate) async fn explain(
        &self,
        key: &str,
        scorecard: &str,
        on: &str,
    ) -> ExplainScoreResponse {
        let request = ExplainScoreRequest {
            customer: self.customer(key).await,
            scorecard: scorecard.to_owned(),
            true_on_date: date(on),
            ..Default::default()
        };
        self.scores().explain_score(request).await.unwrap().into_inner()
    }

    pub(crate) fn classes(&self) -> ClassificationServiceClient<Client> {
        ClassificationServiceClient::new(self.client.clone())
    }

    pub(crate) fn strategies(&self) -> StrategyServiceClient<Client> {
        StrategyServiceClient::new(self.client.clone())
    }

    /// Classifies everybody under all taxonomies as of a date.
    pub(crate) async fn classify(&self, as_of: &str) {
        let request = StartClassificationRequest { as_of_date: date(as_of), ..Default::default() };
        let started = self.classes().start_classification(request).await.unwrap().into_inner();
        self.carry_out(&started.run.unwrap().name).await;
    }

    /// The class of a customer on a date.
    pub(crate) async fn classification(
        &self,
        key: &str,
        taxonomy: &str,
        on: &str,
    ) -> Classification {
        let request = GetClassificationRequest {
            customer: self.customer(key).await,
            taxonomy: taxonomy.to_owned(),
            true_on_date: date(on),
            ..Default::default()
        };
        let answer = self.classes().get_classification(request).await.unwrap().into_inner();
        answer.classification.unwrap()
    }

    /// The ids of the classes of these customers on a date.
    pub(crate) async fn classes_of(&self, keys: &[&str], taxonomy: &str, on: &str) -> Vec<String> {
        let mut classes = Vec::new();
        for key in keys {
            classes.push(self.classification(key, taxonomy, on).await.class_id);
        }
        classes
    }

    /// The members of a class on a date, of all classes when it is empty.
    pub(crate) async fn members(
        &self,
        taxonomy: &str,
        class: &str,
        on: &str,
    ) -> Vec<Classification> {
        let request = ListMembersRequest {
            taxonomy: taxonomy.to_owned(),
            class_id: class.to_owned(),
            true_on_date: date(on),
            page_size: 1_000,
            ..Default::default()
        };
        self.classes().list_members(request).await.unwrap().into_inner().classifications
    }

    /// The members of a class for whom a predicate holds, by name.
    pub(crate) async fn chosen(&self, taxonomy: &str, class: &str, filter: &str) -> Vec<String> {
        let request = ListMembersRequest {
            taxonomy: taxonomy.to_owned(),
            class_id: class.to_owned(),
            filter: filter.to_owned(),
            ..Default::default()
        };
        let found = self.classes().list_members(request).await.unwrap().into_inner();
        assert_eq!(found.next_page_token, "");
        found.classifications.into_iter().map(|member| member.customer).collect()
    }

    /// Every class that a customer had under a taxonomy, the latest first.
    pub(crate) async fn history(&self, key: &str, taxonomy: &str) -> Vec<Classification> {
        let request = ListHistoryRequest {
            customer: self.customer(key).await,
            taxonomy: taxonomy.to_owned(),
            ..Default::default()
        };
        self.classes().list_history(request).await.unwrap().into_inner().classifications
    }

    /// A report, a text a row: the cells of these columns.
    pub(crate) async fn report(
        &self,
        report: &str,
        taxonomy: &str,
        columns: &[&str],
    ) -> Vec<String> {
        let request = GetReportRequest {
            report: report.to_owned(),
            taxonomy: taxonomy.to_owned(),
            ..Default::default()
        };
        let mut service = ReportingServiceClient::new(self.client.clone());
        let answer = service.get_report(request).await.unwrap().into_inner();
        let ids: Vec<&str> = answer.columns.iter().map(|column| column.id.as_str()).collect();
        let place = |name: &&str| ids.iter().position(|id| id == name).unwrap();
        let places: Vec<usize> = columns.iter().map(place).collect();
        let row = |row: &ReportRow| {
            let cells = places.iter().map(|place| text(Some(row.cells[*place].clone())));
            cells.collect::<Vec<_>>().join(" ")
        };
        answer.rows.iter().map(row).collect()
    }

    fn jobs(&self) -> Vec<Arc<dyn Job>> {
        [self.ingestion.jobs(), self.scoring.jobs(), self.coding.jobs()].concat()
    }

    /// Has a run, `runs/7`, carried out.
    pub(crate) async fn carry_out(&self, name: &str) {
        let run_id = name.trim_start_matches("runs/").parse().unwrap();
        let runs = background::carry_out(&self.db, self.jobs(), &[run_id]).await;
        assert_eq!(runs[0].state, RunState::Succeeded, "{:?}", runs[0]);
    }

    /// Has a run carried out that must fail; why it did.
    pub(crate) async fn fails(&self, name: &str) -> RunError {
        let run_id = name.trim_start_matches("runs/").parse().unwrap();
        let mut runs = background::carry_out(&self.db, self.jobs(), &[run_id]).await;
        assert_eq!(runs[0].state, RunState::Failed, "{:?}", runs[0]);
        runs.remove(0).error.unwrap()
    }

    /// Lets followers catch up with what changed.
    pub(crate) async fn follow(&self) {
        let followers = [self.scoring.followers(), self.coding.followers()].concat();
        background::catch_up(&self.db, followers).await;
    }

    /// Evaluates everybody for the business date, as a process does when a day begins.
    pub(crate) async fn day_begins(&self) {
        let calendar = BusinessCalendar::new(TIME_ZONE).unwrap();
        for daily in [self.scoring.dailies(), self.coding.dailies()].concat() {
            kehu_runs::start_due(&self.db, &calendar, daily.as_ref()).await.unwrap();
            let page = kehu_storage::PageRequest::first(1_000);
            let runs =
                kehu_storage::run::list(&self.db, &kehu_storage::run::RunFilter::default(), &page)
                    .await
                    .unwrap()
                    .items;
            let open = runs.iter().filter(|run| !run.state.is_final());
            let open: Vec<i64> = open.map(|run| run.run_id).collect();
            background::carry_out(&self.db, self.jobs(), &open).await;
        }
    }
}

fn label(text: &str) -> Label {
    Label { zh: text.to_owned(), en: text.to_owned() }
}

fn class(id: &str, code: char, predicate: &str) -> ClassDefinition {
    ClassDefinition {
        id: id.to_owned(),
        code: code.to_string(),
        label: Some(label(id)),
        predicate: predicate.to_owned(),
        tags: vec![label(&format!("tag {id}"))],
        strategy_summary: Some(label(&format!("how to treat {id}"))),
        ..Default::default()
    }
}

/// A value as text.
pub(crate) fn text(value: Option<Value>) -> String {
    match value.and_then(|value| value.kind) {
        Some(value::Kind::Number(number)) => number.value,
        Some(value::Kind::Text(text)) => text,
        Some(value::Kind::Boolean(truth)) => truth.to_string(),
        None => "null".to_owned(),
    }
}
