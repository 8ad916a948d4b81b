//! The services on one database.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use futures::future::join_all;
use kehu_analytics::{Analytics, Limits as Memory};
use kehu_coding::{Coding, standard_scheme};
use kehu_contract::coding::{
    ClassDefinition, CodeScheme, CreateCodeSchemeRequest, CreateTaxonomyRequest,
    PublishTaxonomyRequest, Recoding, TaxonomyDefinition, code_service_server::CodeService,
    create_taxonomy_request::Origin, taxonomy_service_server::TaxonomyService,
};
use kehu_contract::run::{RetractRunRequest, run_service_server::RunService};
use kehu_contract::scoring::{
    CreateScorecardRequest, PublishScorecardRequest, create_scorecard_request,
    scorecard_service_server::ScorecardService,
};
use kehu_contract::shared::Label;
use kehu_runs::{Job, Runs, Worker};
use kehu_scoring::Scoring;
use kehu_storage::ingestion::{Hand, NewMerge, find_reference, merge_customers, undo_merge};
use kehu_storage::run::{self, Cut, Kind, NewRun, RunFilter};
use kehu_storage::{Database, PageRequest, change_log};
use kehu_tests::{background, date, now, shop};
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;
use tonic::Request;

use crate::facts::{self, Fact};
use crate::plan::{Limits, Step, Work};

/// The taxonomies: over features alone, and over scores.
pub(crate) const TAXONOMIES: [&str; 2] = ["size", "worth"];

pub(crate) struct World {
    pub(crate) db: Database,
    scoring: Scoring,
    coding: Coding,
    streams: AtomicUsize,
    /// The numbers of merges that hold, by who is absorbed.
    merges: Mutex<BTreeMap<usize, i64>>,
}

impl World {
    pub(crate) fn new(db: Database) -> Self {
        let analytics = Analytics::new(db.clone(), Memory::of_memory(1 << 28));
        let scoring = Scoring::new(db.clone(), shop::settings(), analytics.clone());
        let coding = Coding::new(db.clone(), shop::settings(), analytics);
        let (streams, merges) = (AtomicUsize::default(), Mutex::default());
        Self { db, scoring, coding, streams, merges }
    }

    pub(crate) async fn play(&self, step: &Step) {
        match step {
            Step::Ingest(facts) => self.ingest(facts).await,
            Step::Day(day) => shop::fix_business_date(&self.db, *day).await,
            Step::PublishScorecard(day) => self.publish_scorecard(*day).await,
            Step::PublishTaxonomies(limits) => self.publish_taxonomies(limits).await,
            Step::Run(work, day, None) => self.run(*work, *day).await,
            Step::Run(work, day, Some(turns)) => {
                self.start(*work, *day).await;
                self.work_and_die(*turns).await;
            }
            Step::Follow(None) => self.follow().await,
            Step::Follow(Some(turns)) => drop_after(self.follow(), *turns).await,
            Step::Merge(absorbed, survivor) => self.merge(*absorbed, *survivor).await,
            Step::Undo(absorbed) => self.undo(*absorbed).await,
            Step::Retract(day) => self.retract(*day).await,
        }
    }

    /// Takes back the classes of a day, and then the scores that they rest on.
    async fn retract(&self, day: NaiveDate) {
        self.carry_out_what_is_left().await;
        let page = PageRequest::first(1_000);
        for kind in ["classification", "scoring"] {
            let filter = RunFilter { kind: Some(kind), ..RunFilter::default() };
            let runs = run::list(&self.db, &filter, &page).await.unwrap().items.into_iter();
            for run in runs.filter(|run| run.as_of == Some(day) && run.retracted_by.is_none()) {
                let request = RetractRunRequest {
                    name: format!("runs/{}", run.run_id),
                    reason: "test".to_owned(),
                    request_id: String::new(),
                };
                let service = Runs::new(self.db.clone());
                service.retract_run(Request::new(request)).await.unwrap();
                self.carry_out_what_is_left().await;
            }
        }
    }

    async fn merge(&self, absorbed: usize, survivor: usize) {
        let id = async |customer: usize| {
            let key = facts::key(customer);
            find_reference(&self.db, shop::SOURCE, &key).await.unwrap().unwrap()
        };
        let new = NewMerge {
            survivor: id(survivor).await,
            absorbed: id(absorbed).await,
            reason: "test",
            survivor_version: None,
            absorbed_version: None,
        };
        let transaction = self.db.begin().await.unwrap();
        let hand = Hand { by: "test", now: now() };
        let merged = merge_customers(&transaction, &new, &hand).await.unwrap();
        transaction.commit().await.unwrap();
        self.merges.lock().unwrap().insert(absorbed, merged.merge.merge_id);
    }

    async fn undo(&self, absorbed: usize) {
        let merge_id = self.merges.lock().unwrap().remove(&absorbed).unwrap();
        let transaction = self.db.begin().await.unwrap();
        let hand = Hand { by: "test", now: now() };
        undo_merge(&transaction, merge_id, "test", &hand).await.unwrap();
        transaction.commit().await.unwrap();
    }

    async fn ingest(&self, facts: &[Fact]) {
        let stream = format!("stream {}", self.streams.fetch_add(1, Ordering::Relaxed));
        facts::ingest(&self.db, &stream, facts.iter().map(facts::entry).collect()).await;
    }

    async fn publish_scorecard(&self, day: NaiveDate) {
        let origin = Some(create_scorecard_request::Origin::Template("rfm".to_owned()));
        let request = CreateScorecardRequest { origin, ..Default::default() };
        self.scoring.create_scorecard(Request::new(request)).await.unwrap();
        let request = PublishScorecardRequest {
            name: "scorecards/rfm".to_owned(),
            calibration_date: date(&day.to_string()),
            allow_empty_population: false,
            simulation: String::new(),
        };
        self.scoring.publish_scorecard(Request::new(request)).await.unwrap();
    }

    pub(crate) async fn publish_taxonomies(&self, limits: &Limits) {
        for (id, predicates) in [
            (
                "size",
                [
                    format!("orders_total >= {}", limits.orders),
                    format!("recency_days <= {} OR city LIKE 'north%'", limits.days),
                ],
            ),
            (
                "worth",
                [
                    format!("rfm_score >= {}", limits.score),
                    "amount_total >= 100 OR city LIKE 'south%'".to_owned(),
                ],
            ),
        ] {
            let [first, second] = predicates;
            let classes = vec![class("a", first), class("b", second), class("c", String::new())];
            let definition = TaxonomyDefinition {
                id: id.to_owned(),
                label: Some(Label { zh: id.to_owned(), en: id.to_owned() }),
                purpose: Some(Label { zh: String::new(), en: "To test".to_owned() }),
                owner: Some(Label { zh: String::new(), en: "Testers".to_owned() }),
                default_class: "c".to_owned(),
                classes,
                ..Default::default()
            };
            let origin = Some(Origin::Definition(definition));
            let request = CreateTaxonomyRequest { origin, ..Default::default() };
            self.coding.create_taxonomy(Request::new(request)).await.unwrap();
            let request =
                PublishTaxonomyRequest { name: format!("taxonomies/{id}"), ..Default::default() };
            self.coding.publish_taxonomy(Request::new(request)).await.unwrap();
        }
    }

    /// Starts a run in pieces of three customers.
    async fn start(&self, work: Work, day: NaiveDate) -> i64 {
        let (kind, request) = match work {
            Work::Scoring => ("scoring", r#"[1,1,{"scorecards":["rfm"]}]"#.to_owned()),
            Work::Classification => ("classification", r#"[1,1,{"taxonomies":[]}]"#.to_owned()),
            Work::Coding(scheme) => {
                self.create_scheme(scheme).await;
                ("coding", format!(r#"[1,1,{{"scheme":"{scheme}"}}]"#))
            }
        };
        let new = NewRun {
            kind: Kind { name: kind, cut: Cut::Ranges, after: &[] },
            request,
            as_of: Some(day),
            partition_size: Some(3),
            request_id: None,
            caller: None,
        };
        run::start(&self.db, &new, now()).await.unwrap().run_id
    }

    async fn create_scheme(&self, id: &str) {
        let (template, taxonomy, recoding) = match id {
            "changing" => ("N{class:1}{seq:4}", "size", Recoding::OnClassChange),
            // These two write alike.
            "plain" => ("K{seq:4}", "", Recoding::Permanent),
            _ => ("K{seq:4}", "worth", Recoding::Permanent),
        };
        let scheme = CodeScheme {
            id: id.to_owned(),
            template: template.to_owned(),
            taxonomy: taxonomy.to_owned(),
            tables: Vec::new(),
            recoding: recoding.into(),
            ..standard_scheme()
        };
        let request = CreateCodeSchemeRequest { code_scheme: Some(scheme), ..Default::default() };
        self.coding.create_code_scheme(Request::new(request)).await.unwrap();
    }

    pub(crate) async fn run(&self, work: Work, day: NaiveDate) {
        let run_id = self.start(work, day).await;
        let runs = background::carry_out(&self.db, self.jobs(), &[run_id]).await;
        assert_eq!(runs[0].state, run::RunState::Succeeded, "{:?}", runs[0]);
    }

    fn jobs(&self) -> Vec<Arc<dyn Job>> {
        [self.scoring.jobs(), self.coding.jobs()].concat()
    }

    /// A worker dies wherever it is after so many turns; another may take over at once.
    async fn work_and_die(&self, turns: u32) {
        let stop = CancellationToken::new();
        let workers = self.jobs().into_iter();
        let workers = workers.map(|job| Worker::new(self.db.clone(), job, "dead".to_owned()));
        drop_after(join_all(workers.map(|worker| worker.work(stop.clone()))), turns).await;
        let transaction = self.db.begin().await.unwrap();
        let sql = "UPDATE run_partition SET lease_until = 0 WHERE lease_until IS NOT NULL";
        transaction.execute_unprepared(sql).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// The followers catch up, one after the other in the order in which one leads to the next.
    async fn follow(&self) {
        let followers = [self.scoring.followers(), self.coding.followers()].concat();
        background::catch_up(&self.db, followers).await;
    }

    async fn carry_out_what_is_left(&self) {
        let page = PageRequest::first(1_000);
        let runs = run::list(&self.db, &RunFilter::default(), &page).await.unwrap().items;
        let open = runs.into_iter().filter(|run| !run.state.is_final());
        let open: Vec<i64> = open.map(|run| run.run_id).collect();
        for run in background::carry_out(&self.db, self.jobs(), &open).await {
            assert_eq!(run.state, run::RunState::Succeeded, "{run:?}");
        }
    }

    /// Carries out what is left, and follows until nothing is left to follow.
    pub(crate) async fn settle(&self) {
        self.carry_out_what_is_left().await;
        while self.waits().await {
            self.follow().await;
        }
    }

    async fn waits(&self) -> bool {
        for follower in [self.scoring.followers(), self.coding.followers()].concat() {
            let cursor = change_log::cursor(&self.db, follower.consumer()).await.unwrap();
            if change_log::waits(&self.db, follower.topic(), cursor).await.unwrap() {
                return true;
            }
        }
        false
    }
}

fn class(id: &str, predicate: String) -> ClassDefinition {
    ClassDefinition {
        id: id.to_owned(),
        code: id.to_uppercase(),
        label: Some(Label { zh: id.to_owned(), en: id.to_owned() }),
        predicate,
        strategy_summary: Some(Label::default()),
        ..Default::default()
    }
}

/// Does the work for so many turns, and drops it where it stands.
async fn drop_after(work: impl Future, turns: u32) {
    let mut work = pin!(work);
    for _ in 0..turns {
        if futures::poll!(work.as_mut()).is_ready() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_micros(300)).await;
    }
}
