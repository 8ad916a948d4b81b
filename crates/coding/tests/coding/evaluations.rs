//! How well a taxonomy does: measured of customers and of what is on record, kept, and put in words.

use kehu_contract::coding::{
    EvaluationFindingKind as Kind, EvaluationLevel as Level, GetTaxonomyEvaluationRequest,
    ListTaxonomyEvaluationsRequest, OverrideClassRequest, StartTaxonomyEvaluationRequest,
    TaxonomyEvaluation, classification_service_server::ClassificationService,
    taxonomy_service_server::TaxonomyService,
};
use kehu_contract::google::r#type::Decimal;
use kehu_core::calendar::BusinessCalendar;
use kehu_runs::start_due;
use kehu_storage::PageRequest;
use kehu_storage::ingestion::NewOrder;
use kehu_storage::run::{self, RunFilter, RunState};
use kehu_tests::{TestDatabase, date, day, each_database, shop};
use tonic::{Code, Request, Status};

use crate::world::{World, number, sale, violations};

const FIRST: &str = "2011-10-31";
const AS_OF: &str = "2011-12-10";

async fn start(world: &World, as_of: &str, base: &str) -> Result<i64, Status> {
    let request = StartTaxonomyEvaluationRequest {
        name: "size".to_owned(),
        as_of_date: Some(as_of).filter(|day| !day.is_empty()).and_then(date),
        base_date: Some(base).filter(|day| !day.is_empty()).and_then(date),
        request_id: String::new(),
    };
    let started = world.coding.start_taxonomy_evaluation(Request::new(request)).await?;
    Ok(number(&started.into_inner().run.unwrap().name))
}

/// The evaluations of a run, or of all, the latest first, one on a page.
async fn list(world: &World, run: &str) -> Vec<TaxonomyEvaluation> {
    let mut request = ListTaxonomyEvaluationsRequest {
        taxonomy: "size".to_owned(),
        run: run.to_owned(),
        page_size: 1,
        page_token: String::new(),
    };
    let mut found = Vec::new();
    loop {
        let asked = Request::new(request.clone());
        let page = world.coding.list_taxonomy_evaluations(asked).await.unwrap().into_inner();
        found.extend(page.evaluations);
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

async fn get(world: &World, name: &str) -> Result<TaxonomyEvaluation, Status> {
    let request = Request::new(GetTaxonomyEvaluationRequest { name: name.to_owned() });
    let response = world.coding.get_taxonomy_evaluation(request).await?;
    Ok(response.into_inner().evaluation.unwrap())
}

async fn evaluate(world: &World) -> TaxonomyEvaluation {
    let run = start(world, AS_OF, "").await.unwrap();
    let ended = world.carry_out(run).await;
    assert_eq!(ended.state, RunState::Succeeded, "{ended:?}");
    let made = list(world, &run.to_string()).await;
    assert_eq!(made.len(), 1);
    get(world, &made[0].name).await.unwrap()
}

/// Thirty customers, of numbers 1 to 30: ten with twelve orders, ten with six, ten with one, for so
/// many pounds each and a few more, in the summer of 2011.
async fn world(test: &TestDatabase, pounds: [i64; 3]) -> World {
    let world = World::new(test);
    shop::fix_business_date(&world.db, day(AS_OF)).await;
    let mut orders = Vec::new();
    for customer in 1..=30_i64 {
        let (count, pounds) = match customer {
            1..=10 => (12, pounds[0]),
            11..=20 => (6, pounds[1]),
            _ => (1, pounds[2]),
        };
        orders.extend(bought(customer, "2011-06-01", count, pounds + customer));
    }
    world.ingest("first", orders).await;
    world.publish_size().await;
    world.classify(&["size"], FIRST).await;
    world
}

fn bought(customer: i64, on: &str, count: i64, pounds: i64) -> Vec<NewOrder> {
    let order = |order| sale(customer, &format!("{on} {customer}-{order}"), day(on), pounds);
    (0..count).map(order).collect()
}

async fn set_class(world: &World, customer: i64, class: &str) {
    let request = OverrideClassRequest {
        customer: customer.to_string(),
        taxonomy: "size".to_owned(),
        class_id: class.to_owned(),
        reason: "known better".to_owned(),
        reviewer: "Li".to_owned(),
        expire_date: date("2012-06-01"),
    };
    ClassificationService::override_class(&world.coding, Request::new(request)).await.unwrap();
}

fn value(number: Option<&Decimal>) -> f64 {
    number.unwrap().value.parse().unwrap()
}

fn kinds(made: &TaxonomyEvaluation) -> Vec<(Kind, Level, &str)> {
    made.findings.iter().map(|it| (it.kind(), it.level(), it.feature.as_str())).collect()
}

#[tokio::test]
async fn req_2_3_separation_stability_and_agreement_with_persons() {
    each_database(async |test| {
        let world = world(test, [100, 50, 20]).await;
        // One of thirty moves, in November.
        world.ingest("more", bought(30, "2011-11-15", 5, 1)).await;
        world.classify(&["size"], "2011-11-30").await;
        world.classify(&["size"], AS_OF).await;
        set_class(&world, 1, "large").await;
        set_class(&world, 11, "large").await;
        let made = evaluate(&world).await;

        assert_eq!((made.customer_count, made.sampled_count, made.version), (30, 30, 1));
        assert_eq!((made.as_of_date, made.base_date), (date(AS_OF), date(FIRST)));
        let amount = &made.separations[0];
        assert_eq!((amount.feature.as_str(), amount.customers), ("amount_365d", 30));
        let medians: Vec<_> = amount
            .medians
            .iter()
            .map(|it| (it.class_id.as_str(), it.customers, value(it.median.as_ref())))
            .collect();
        // Of 12 (100 + n), of 6 (50 + n), among them the one with 50 + 5, of 20 + n.
        assert_eq!(medians, [("large", 10, 1266.0), ("middle", 11, 390.0), ("small", 9, 45.0)]);
        // By hand: the ranks are 21 to 30, 11 to 20 with 10, and 1 to 9; the one who moved has 55 pounds,
        // the tenth from below. H = 12/(30·31)·(255²/10 + 165²/11 + 45²/9) − 93 = 25.7419.
        assert!((value(amount.epsilon_squared.as_ref()) - 25.741_935 / 29.0).abs() < 1e-6);
        assert!(value(amount.eta_squared.as_ref()) > 0.9);
        // No costs are known, so there is no margin.
        let margin = &made.separations[1];
        assert_eq!((margin.customers, &margin.epsilon_squared), (0, &None));

        let months: Vec<_> = made.months.iter().map(|it| (it.customers, it.stayed_count)).collect();
        assert_eq!(months, [(30, 29), (30, 30)]);
        assert_eq!(made.months[0].last_date, date("2011-11-30"));
        assert!((value(made.stayed_share.as_ref()) - 59.0 / 60.0).abs() < 1e-4);
        // Persons say large twice, the rules once: half agree, as half would by chance.
        assert_eq!((made.override_count, made.disagreement_count), (2, 1));
        assert_eq!(value(made.kappa.as_ref()), 0.0);
        assert_eq!((made.level(), kinds(&made)), (Level::Good, vec![]));
        assert!(made.verdict.unwrap().en.contains("does well"));
        // It is what it was, whatever comes after.
        world.ingest("much", bought(25, "2011-11-20", 50, 900)).await;
        assert_eq!(get(&world, &made.name).await.unwrap().separations, made.separations);
    })
    .await;
}

#[tokio::test]
async fn req_3_13_drift_raises_an_alarm_and_proposes_limits() {
    each_database(async |test| {
        let world = world(test, [100, 50, 20]).await;
        // Fifteen who had bought once or six times order twenty times more.
        let grown = (16..=30).flat_map(|customer| bought(customer, "2011-11-15", 20, 100));
        world.ingest("growth", grown.collect()).await;
        world.classify(&["size"], AS_OF).await;
        let made = evaluate(&world).await;
        let found = kinds(&made);
        assert!(found.contains(&(Kind::ClassDrift, Level::Alarm, "")), "{found:?}");
        assert!(found.contains(&(Kind::InputDrift, Level::Alarm, "orders_total")), "{found:?}");
        // By hand: ten of thirty in each class before, now 25, 5 and nobody, who counts as half a one.
        let [large, middle, small] = [25.0, 5.0, 0.5].map(|count: f64| count / 30.0);
        let third = 1.0 / 3.0;
        let term = |now: f64| (now - third) * (now / third).ln();
        let psi = term(large) + term(middle) + term(small);
        assert!((value(made.class_drift.as_ref().unwrap().psi.as_ref()) - psi).abs() < 1e-5);

        let input = made.inputs.iter().find(|it| it.feature == "orders_total").unwrap();
        let limits: Vec<_> = input
            .limits
            .iter()
            .map(|it| {
                (it.class_id.as_str(), value(it.limit.as_ref()), value(it.proposed_limit.as_ref()))
            })
            .collect();
        // A third had ten orders or more: now the ten with most have 21 at least. Two thirds had five.
        assert_eq!(limits, [("large", 10.0, 21.0), ("middle", 5.0, 12.0)]);
        let drifted = made.findings.iter().find(|it| it.feature == "orders_total").unwrap();
        let said = drifted.text.as_ref().unwrap();
        assert!(said.en.contains("large 10 → 21, middle 5 → 12"), "{said:?}");
        assert!(said.zh.contains("建议调整界限"), "{said:?}");
        assert_eq!(made.level(), Level::Alarm);

        // Against a population of later on nothing has moved.
        let run = start(&world, AS_OF, "2011-12-01").await.unwrap();
        world.carry_out(run).await;
        let later = &list(&world, &run.to_string()).await[0];
        let later = get(&world, &later.name).await.unwrap();
        let drift = later.inputs.iter().find(|it| it.feature == "orders_total").unwrap();
        assert!(value(drift.drift.as_ref().unwrap().psi.as_ref()).abs() < 1e-6, "{drift:?}");
    })
    .await;
}

#[tokio::test]
async fn a_class_above_another_that_is_worth_more_is_named_with_the_measure() {
    each_database(async |test| {
        let world = world(test, [1, 500, 20]).await;
        world.classify(&["size"], AS_OF).await;
        let made = evaluate(&world).await;
        let inversion = &made.findings[0];
        assert_eq!((inversion.kind(), inversion.level()), (Kind::Inversion, Level::Alarm));
        let classes = (inversion.class_id.as_str(), inversion.other_class_id.as_str());
        assert_eq!((classes, inversion.feature.as_str()), (("large", "middle"), "amount_365d"));
        let verdict = made.verdict.unwrap();
        assert!(
            verdict.en.contains("amount_365d") && verdict.zh.contains("近一年金额"),
            "{verdict:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn req_3_12_each_quarter_is_evaluated_once_and_kept() {
    each_database(async |test| {
        let world = world(test, [100, 50, 20]).await;
        let calendar = BusinessCalendar::new("Europe/London").unwrap();
        let mut dailies = world.coding.dailies();
        dailies.retain(|daily| daily.name() == "evaluation");
        let due = async || start_due(&world.db, &calendar, dailies[0].as_ref()).await.unwrap();
        let open = async || {
            let filter = RunFilter { kind: Some("evaluation"), ..RunFilter::default() };
            let runs = run::list(&world.db, &filter, &PageRequest::first(100)).await.unwrap().items;
            let open = runs.iter().filter(|run| !run.state.is_final());
            open.map(|run| run.run_id).collect::<Vec<_>>()
        };
        for (today, is_due) in [
            ("2011-12-31", false),
            ("2012-01-01", true),
            ("2012-02-15", false),
            ("2012-04-01", true),
        ] {
            shop::fix_business_date(&world.db, day(today)).await;
            // Classes come first.
            assert_eq!(due().await, None, "{today}");
            world.classify(&["size"], today).await;
            // Two replicas start one run.
            let expected = is_due.then(|| day(today));
            assert_eq!((due().await, due().await), (expected, expected), "{today}");
            assert_eq!(open().await.len(), usize::from(is_due), "{today}");
            world.carry_out_all(&open().await).await;
            assert_eq!(due().await, None, "{today}");
        }
        let made = list(&world, "").await;
        let dates: Vec<_> = made.iter().map(|it| it.as_of_date).collect();
        assert_eq!(dates, [date("2012-04-01"), date("2012-01-01")]);
        for one in &made {
            assert!(one.separations[0].epsilon_squared.is_some() && one.stayed_share.is_some());
            assert!(one.verdict.is_some() && one.inputs.is_empty() && one.months.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_evaluated_is_refused() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        shop::fix_business_date(&world.db, day(AS_OF)).await;
        assert_eq!(start(&world, "", "").await.unwrap_err().code(), Code::NotFound);
        world.publish_size().await;
        assert_eq!(start(&world, "", "").await.unwrap_err().code(), Code::FailedPrecondition);
        world.classify(&["size"], AS_OF).await;
        let later = start(&world, "2011-12-11", AS_OF).await.unwrap_err();
        assert_eq!(violations(&later)[0].0, "as_of_date");
        let base = start(&world, AS_OF, AS_OF).await.unwrap_err();
        assert_eq!(violations(&base)[0].0, "base_date");
        // Nobody was classified on that day.
        let run = start(&world, "2011-12-01", "").await.unwrap();
        let failed = world.carry_out(run).await;
        assert_eq!(failed.state, RunState::Failed, "{failed:?}");
        assert!(failed.error.unwrap().message.contains("nobody is classified on 2011-12-01"));
        assert_eq!(get(&world, "taxonomyEvaluations/9").await.unwrap_err().code(), Code::NotFound);
        let wrong = get(&world, "evaluations/x").await.unwrap_err();
        assert_eq!(violations(&wrong)[0].0, "name");
    })
    .await;
}
