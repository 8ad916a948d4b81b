//! A coding service on a database with some customers and orders.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_analytics::{Analytics, Limits};
use kehu_coding::Coding;
use kehu_contract::coding::{
    ClassDefinition, Classification, CodeScheme, CountLeftOutRequest, CreateCodeSchemeRequest,
    CreateTaxonomyRequest, GetClassificationRequest, ListHistoryRequest, ListLeftOutRequest,
    ListMembersRequest, PublishTaxonomyRequest, ResolveCodeRequest, ResolveCodeResponse,
    StartClassificationRequest, StartCodingRequest, Taxonomy, TaxonomyDefinition,
    classification_service_server::ClassificationService, code_service_server::CodeService,
    create_taxonomy_request::Origin, taxonomy_service_server::TaxonomyService,
};
use kehu_contract::shared::Label;
use kehu_core::scorecard::{Scorer, calibrate, templates};
use kehu_core::{CustomerId, Value};
use kehu_server::{clock, convert, names};
use kehu_storage::Database;
use kehu_storage::change_log::{self, NewChange, Topic};
use kehu_storage::coding::codes;
use kehu_storage::definitions::{self, Signed};
use kehu_storage::facts::CustomerSet;
use kehu_storage::ingestion::{Entry, NewOrder, Profile};
use kehu_storage::run::{self, Cut, Kind, Lease, NewRun, Run};
use kehu_storage::scoring::{scorecards::Calibrated, scores::Evaluated};
use kehu_tests::background::{self, Then};
use kehu_tests::{
    TestDatabase, date, day,
    shop::{self, reference},
};
use sea_orm::ConnectionTrait;
use tonic::{Request, Status};

pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) coding: Coding,
}

/// The fields that a request was refused for, with what is wrong.
pub(crate) fn violations(status: &Status) -> Vec<(String, String)> {
    use tonic_types::StatusExt;
    let details = status.get_details_bad_request();
    let found = details.unwrap_or_else(|| panic!("{status:?}")).field_violations;
    found.into_iter().map(|violation| (violation.field, violation.description)).collect()
}

impl World {
    /// An empty one.
    pub(crate) fn new(test: &TestDatabase) -> Self {
        Self::on(test.database.clone())
    }

    /// The service on one more set of connections, as in another replica.
    pub(crate) fn on(db: Database) -> Self {
        let analytics = Analytics::new(db.clone(), Limits::of_memory(1 << 30));
        Self { coding: Coding::new(db.clone(), shop::settings(), analytics), db }
    }

    /// With twelve customers, `customers/1` to `customers/12`: number n has n orders, the last
    /// one n days before 2011-12-10. The even ones are in the United Kingdom, 3 and 9 in France,
    /// of the others the country is not known.
    pub(crate) async fn with_orders(test: &TestDatabase) -> Self {
        let world = Self::new(test);
        let mut orders = Vec::new();
        for customer in 1..=12_i64 {
            let last = day("2011-12-10") - chrono::TimeDelta::days(customer);
            for order in 0..customer {
                let on = last - chrono::TimeDelta::days(order);
                orders.push(sale(customer, &format!("o{customer}-{order}"), on, 10 * customer));
            }
        }
        world.ingest("first", orders).await;
        let transaction = world.db.begin().await.unwrap();
        for sql in [
            "UPDATE customer SET region_code = 'GB' WHERE customer_id % 2 = 0",
            "UPDATE customer SET region_code = 'FR' WHERE customer_id IN (3, 9)",
            // Customers since 2008, so that they can be classified for dates before their orders.
            "UPDATE customer SET registered_on = 14000",
        ] {
            transaction.execute_unprepared(sql).await.unwrap();
        }
        transaction.commit().await.unwrap();
        world
    }

    /// Stores orders as one batch.
    pub(crate) async fn ingest(&self, stream: &str, orders: Vec<NewOrder>) {
        let entries = orders.into_iter().map(Entry::Order).collect();
        shop::ingest(&self.db, stream, entries, clock::now()).await;
    }

    /// Stores that a customer lives in a city, as its source changed it at noon of a day.
    pub(crate) async fn lives_in(&self, customer: i64, city: &str, from: &str) {
        let profile = Profile { city: Some(city.to_owned()), ..Profile::default() };
        let entry = Entry::Customer {
            external_id: key(customer),
            profile,
            codes: Vec::new(),
            source_updated_at: Some(day(from).and_hms_opt(12, 0, 0).unwrap().and_utc()),
        };
        let stream = format!("{customer} {city} {from} {}", clock::now());
        shop::ingest(&self.db, &stream, vec![entry], clock::now()).await;
    }

    /// Says that the scores of these customers changed, as scoring does.
    pub(crate) async fn scores_changed(&self, customers: &[i64], as_of: &str) {
        let change = NewChange {
            topic: Topic::Scores,
            customers: customers.iter().copied().map(CustomerId).collect(),
            first_day: day(as_of),
            last_day: day(as_of),
            as_of: Some(day(as_of)),
            recorded_at: clock::now(),
            cause: None,
        };
        let transaction = self.db.begin().await.unwrap();
        change_log::append(&transaction, &change).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// Publishes the scorecard `abc`, and scores the customers for these amounts.
    pub(crate) async fn score_abc(&self, amounts: &[(i64, i64)], as_of: &str) {
        let card = templates().into_iter().find(|card| card.id == "abc").unwrap();
        let values = |amount: i64| vec![Value::Number(amount.into()); card.features().len()];
        let population: Vec<_> =
            amounts.iter().map(|(id, amount)| (reference(*id), values(*amount))).collect();
        let calibration = calibrate(&card, &population).unwrap();
        let now = clock::now();
        let version = match definitions::in_force(&self.db, &["abc"]).await.unwrap().pop() {
            Some(version) => version,
            None => {
                let signed = Signed::at(now);
                let draft = definitions::save_draft(&self.db, &card, None, &signed).await.unwrap();
                let frozen = Calibrated { calibration, calibrated_on: day(as_of) };
                definitions::publish(&self.db, &draft, &frozen, &signed).await.unwrap()
            }
        };
        let published = version.published.as_ref().unwrap();
        let scorer = Scorer::new(&card, &published.frozen.calibration).unwrap();
        let score = |(id, amount): &(i64, i64)| {
            let values = values(*amount);
            let score = scorer.score(&reference(*id), &values);
            Evaluated { customer: CustomerId(*id), values, score }
        };
        let found: Vec<_> = amounts.iter().map(score).collect();
        kehu_tests::scores::score(&self.db, &version, (as_of, 0), &found).await.unwrap();
    }

    pub(crate) async fn create(&self, origin: Origin) -> Result<Taxonomy, Status> {
        let request = CreateTaxonomyRequest { origin: Some(origin), ..Default::default() };
        let request = Request::new(request);
        let response = TaxonomyService::create_taxonomy(&self.coding, request).await?;
        Ok(response.into_inner().taxonomy.unwrap())
    }

    pub(crate) async fn publish(&self, id: &str) -> Result<Taxonomy, Status> {
        let request = Request::new(PublishTaxonomyRequest {
            name: format!("taxonomies/{id}"),
            ..Default::default()
        });
        let response = TaxonomyService::publish_taxonomy(&self.coding, request).await?;
        Ok(response.into_inner().taxonomy.unwrap())
    }

    /// Publishes a taxonomy `size`: `large` from ten orders, `middle` from five, else `small`.
    pub(crate) async fn publish_size(&self) -> Taxonomy {
        self.create(Origin::Definition(size())).await.unwrap();
        self.publish("size").await.unwrap()
    }

    pub(crate) async fn start_classification(
        &self,
        taxonomies: &[&str],
        as_of: &str,
        request_id: &str,
    ) -> Result<i64, Status> {
        let request = StartClassificationRequest {
            taxonomies: taxonomies.iter().map(|id| (*id).to_owned()).collect(),
            as_of_date: date(as_of),
            request_id: request_id.to_owned(),
        };
        let request = Request::new(request);
        let response = ClassificationService::start_classification(&self.coding, request).await?;
        Ok(number(&response.into_inner().run.unwrap().name))
    }

    /// Classifies everybody as of a date and waits for the end.
    pub(crate) async fn classify(&self, taxonomies: &[&str], as_of: &str) -> Run {
        let run_id = self.start_classification(taxonomies, as_of, "").await.unwrap();
        self.carry_out(run_id).await
    }

    pub(crate) async fn create_scheme(&self, scheme: CodeScheme) -> Result<CodeScheme, Status> {
        let request = CreateCodeSchemeRequest { code_scheme: Some(scheme), ..Default::default() };
        let request = Request::new(request);
        let response = CodeService::create_code_scheme(&self.coding, request).await?;
        Ok(response.into_inner().code_scheme.unwrap())
    }

    pub(crate) async fn start_coding(&self, scheme: &str, as_of: &str) -> Result<i64, Status> {
        let request = StartCodingRequest {
            scheme: scheme.to_owned(),
            as_of_date: date(as_of),
            request_id: String::new(),
        };
        let response = CodeService::start_coding(&self.coding, Request::new(request)).await?;
        Ok(number(&response.into_inner().run.unwrap().name))
    }

    /// Gives codes to everybody as of a date and waits for the end.
    pub(crate) async fn code(&self, scheme: &str, as_of: &str) -> Run {
        let run_id = self.start_coding(scheme, as_of).await.unwrap();
        self.carry_out(run_id).await
    }

    /// Queues a run with partitions of three customers.
    pub(crate) async fn queue(&self, kind: &'static str, request: &str, as_of: &str) -> i64 {
        let new = NewRun {
            kind: Kind { name: kind, cut: Cut::Ranges, after: &[] },
            request: format!("[1,1,{{{request}}}]"),
            as_of: Some(day(as_of)),
            partition_size: Some(3),
            request_id: None,
            caller: None,
        };
        run::start(&self.db, &new, clock::now()).await.unwrap().run_id
    }

    /// Takes the next piece of a run for a worker that is never heard of again.
    pub(crate) async fn lease_for_the_dead(&self, run_id: i64) -> Lease {
        let (ttl, kind) =
            (Duration::from_millis(1), Kind { name: "", cut: Cut::Ranges, after: &[] });
        let leased = run::lease(&self.db, run_id, &kind, "dead", clock::now(), ttl).await.unwrap();
        leased.unwrap().1
    }

    /// Has a worker work until the run has ended.
    pub(crate) async fn carry_out(&self, run_id: i64) -> Run {
        self.carry_out_all(&[run_id]).await.pop().unwrap()
    }

    /// Has a worker work until all the runs have ended.
    pub(crate) async fn carry_out_all(&self, run_ids: &[i64]) -> Vec<Run> {
        background::carry_out(&self.db, self.coding.jobs(), run_ids).await
    }

    /// Lets another worker take over a run at once from one that dropped dead.
    pub(crate) async fn expire_lease(&self, run_id: i64) {
        let transaction = self.db.begin().await.unwrap();
        let sql = format!("UPDATE run_partition SET lease_until = 0 WHERE run_id = {run_id}");
        transaction.execute_unprepared(&sql).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// Has a worker drop dead, in the middle of whatever it does, once the first partition is
    /// done.
    pub(crate) async fn die_after_a_partition(&self, run_id: i64) {
        let jobs = self.coding.jobs();
        background::carry_out_one_partition(&self.db, jobs, run_id, Then::Die).await;
    }

    /// Lets the followers catch up with the change log, classes first.
    pub(crate) async fn follow(&self) {
        background::catch_up(&self.db, self.coding.followers()).await;
    }

    /// The class of a customer true on a date as known at a time.
    pub(crate) async fn get(
        &self,
        customer: i64,
        taxonomy: &str,
        true_on: Option<&str>,
        known: Option<DateTime<Utc>>,
    ) -> Result<Classification, Status> {
        let request = GetClassificationRequest {
            customer: names::customer(CustomerId(customer)),
            taxonomy: taxonomy.to_owned(),
            true_on_date: true_on.and_then(date),
            known_time: known.map(convert::timestamp),
            ..Default::default()
        };
        let request = Request::new(request);
        let response = ClassificationService::get_classification(&self.coding, request).await?;
        Ok(response.into_inner().classification.unwrap())
    }

    /// The members of a class, page by page.
    pub(crate) async fn members(&self, taxonomy: &str, class: &str) -> Vec<Classification> {
        let mut members = Vec::new();
        let mut request = ListMembersRequest {
            taxonomy: taxonomy.to_owned(),
            class_id: class.to_owned(),
            page_size: 5,
            ..Default::default()
        };
        loop {
            let asked = Request::new(request.clone());
            let response = ClassificationService::list_members(&self.coding, asked).await.unwrap();
            let page = response.into_inner();
            members.extend(page.classifications);
            if page.next_page_token.is_empty() {
                return members;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Whom the taxonomy leaves out, with the reason.
    pub(crate) async fn left_out(&self, taxonomy: &str) -> Vec<(i64, String)> {
        let request = ListMembersRequest {
            taxonomy: taxonomy.to_owned(),
            left_out: true,
            ..Default::default()
        };
        let asked = Request::new(request);
        let page = ClassificationService::list_members(&self.coding, asked).await.unwrap();
        let found = page.into_inner().classifications.into_iter();
        found.map(|one| (number(&one.customer), one.left_out_reason)).collect()
    }

    /// How many are left out now, by the resource name of what leaves them out.
    pub(crate) async fn left_out_counts(&self) -> Vec<(String, i64)> {
        let asked = Request::new(CountLeftOutRequest::default());
        let counted = CodeService::count_left_out(&self.coding, asked).await.unwrap().into_inner();
        counted.counts.into_iter().map(|count| (count.left_out_by, count.customers)).collect()
    }

    /// Who got no code under the scheme, in a run or by a change, with the reason.
    pub(crate) async fn without_code(&self, scheme: &str, run: &str) -> Vec<(i64, String)> {
        let request = ListLeftOutRequest {
            scheme: scheme.to_owned(),
            run: run.to_owned(),
            ..Default::default()
        };
        let asked = Request::new(request);
        let page = CodeService::list_left_out(&self.coding, asked).await.unwrap().into_inner();
        page.left_out.into_iter().map(|one| (number(&one.customer), one.reason)).collect()
    }

    /// The numbers of the members of a class.
    pub(crate) async fn ids(&self, taxonomy: &str, class: &str) -> Vec<i64> {
        let members = self.members(taxonomy, class).await;
        members.iter().map(|member| number(&member.customer)).collect()
    }

    /// Every class a customer had, with what was superseded, two on a page.
    pub(crate) async fn history(&self, customer: i64) -> Vec<Classification> {
        let mut history = Vec::new();
        let mut request = ListHistoryRequest {
            customer: names::customer(CustomerId(customer)),
            show_superseded: true,
            page_size: 2,
            ..Default::default()
        };
        loop {
            let asked = Request::new(request.clone());
            let response = ClassificationService::list_history(&self.coding, asked).await.unwrap();
            let page = response.into_inner();
            history.extend(page.classifications);
            if page.next_page_token.is_empty() {
                return history;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// The current code of every customer under a scheme.
    pub(crate) async fn codes(&self, scheme: &str) -> BTreeMap<i64, String> {
        let columns = codes::current_of(&self.db, scheme, &CustomerSet::All).await.unwrap();
        columns.customers.into_iter().zip(columns.codes).collect()
    }

    pub(crate) async fn resolve(&self, code: &str) -> Result<ResolveCodeResponse, Status> {
        let request =
            Request::new(ResolveCodeRequest { code: code.to_owned(), ..Default::default() });
        Ok(CodeService::resolve_code(&self.coding, request).await?.into_inner())
    }
}

pub(crate) fn number(name: &str) -> i64 {
    name.split_once('/').unwrap().1.parse().unwrap()
}

/// A class without parent, tags and strategy.
pub(crate) fn class(id: &str, code: &str, predicate: &str) -> ClassDefinition {
    ClassDefinition {
        id: id.to_owned(),
        code: code.to_owned(),
        label: Some(Label { zh: format!("{id}类"), en: format!("Class {id}") }),
        predicate: predicate.to_owned(),
        strategy_summary: Some(Label::default()),
        ..Default::default()
    }
}

/// A taxonomy whose last class is the default.
pub(crate) fn taxonomy(id: &str, classes: Vec<ClassDefinition>) -> TaxonomyDefinition {
    TaxonomyDefinition {
        id: id.to_owned(),
        label: Some(Label { zh: "分类".to_owned(), en: id.to_owned() }),
        purpose: Some(Label { zh: "测试".to_owned(), en: "To test".to_owned() }),
        owner: Some(Label { zh: "测试".to_owned(), en: "Testers".to_owned() }),
        default_class: classes.last().unwrap().id.clone(),
        classes,
        ..Default::default()
    }
}

pub(crate) fn size() -> TaxonomyDefinition {
    let classes = vec![
        class("large", "L", "orders_total >= 10"),
        class("middle", "M", "orders_total >= 5"),
        class("small", "S", ""),
    ];
    taxonomy("size", classes)
}

/// A sale of so many pounds to the customer of this number.
pub(crate) fn sale(customer: i64, external_id: &str, on: NaiveDate, pounds: i64) -> NewOrder {
    shop::sale(&key(customer), external_id, on, pounds)
}

/// The shop's key of the customer of this number.
fn key(customer: i64) -> String {
    format!("c{customer:02}")
}
