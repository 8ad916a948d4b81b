//! Models, fitted to the CDNOW sample: what is published of it, through the whole way from records to
//! classes.

use std::sync::Mutex;

use kehu_contract::google::r#type::Decimal;
use kehu_contract::scoring::{
    FitModelRequest, GetModelRequest, Model, PromoteModelRequest, VersionState,
    model_service_client::ModelServiceClient,
};
use kehu_server::client::Client;
use kehu_tests::{date, each_database};
use tonic::Code;
use tonic_types::StatusExt;

use crate::records::order;
use crate::world::World;

const SAMPLE: &str = include_str!("../../data/cdnow/cdnow_sample.csv");

/// The last day of the sample; 273 days after what the papers learn from.
const TODAY: &str = "1998-06-30";
const THROUGH: &str = "1997-09-30";
const HELD_OUT: i32 = 273;

const NAME: &str = "models/customer-value";
const OUTPUTS: [&str; 4] = ["p_alive", "expected_orders_365d", "expected_order_value", "clv_365d"];

/// An order a line. What is free counts as a purchase in the papers: here it costs a cent.
async fn ingest(world: &World) {
    let lines: Vec<&str> = SAMPLE.lines().skip(1).collect();
    for (part, lines) in lines.chunks(2_500).enumerate() {
        let record = |(place, line): (usize, &&str)| {
            let fields: Vec<&str> = line.split(',').collect();
            let amount = if fields[4] == "0.00" { "0.01" } else { fields[4] };
            order(&format!("{} o{part}-{place} {}T12:00 {amount}", fields[1], fields[2]))
        };
        world.ingest(lines.iter().enumerate().map(record)).await;
    }
}

fn models(world: &World) -> ModelServiceClient<Client> {
    ModelServiceClient::new(world.client.clone())
}

async fn model(world: &World, version: i64) -> Model {
    let request = GetModelRequest { name: NAME.to_owned(), version };
    models(world).get_model(request).await.unwrap().into_inner().model.unwrap()
}

/// Fits the model to what was before the days held out; a quarter of an amount is margin.
async fn fit(world: &World, as_of: &str, holdout_days: i32) {
    let request = FitModelRequest {
        name: NAME.to_owned(),
        as_of_date: date(as_of),
        holdout_days,
        margin: Some(Decimal { value: "0.25".to_owned() }),
        ..Default::default()
    };
    let run = models(world).fit_model(request).await.unwrap().into_inner().run.unwrap();
    assert_eq!(run.kind, "model-fitting");
    world.carry_out(&run.name).await;
}

async fn promote(world: &World, etag: &str) -> Result<Model, tonic::Status> {
    let request =
        PromoteModelRequest { name: NAME.to_owned(), etag: etag.to_owned(), ..Default::default() };
    Ok(models(world).promote_model(request).await?.into_inner().model.unwrap())
}

fn number(decimal: &Option<Decimal>) -> f64 {
    decimal.as_ref().unwrap().value.parse().unwrap()
}

/// Fader, Hardie and Lee 2005; Fader and Hardie 2013; the figures of the days held out were computed
/// with another program.
fn check_published(model: &Model) {
    let found = model.customer_value.as_ref().unwrap();
    let holdout = model.holdout.as_ref().unwrap();
    for (name, found, expected, tolerance) in [
        ("r", &found.r, 0.2426, 2e-4),
        ("alpha", &found.alpha, 4.4136, 2e-4),
        ("a", &found.a, 0.7929, 2e-4),
        ("b", &found.b, 2.4259, 2e-4),
        ("purchases", &found.purchase_log_likelihood, -9582.429, 1e-7),
        ("p", &found.p, 6.25, 2e-3),
        ("q", &found.q, 3.74, 2e-3),
        ("gamma", &found.gamma, 15.44, 2e-3),
        ("spending", &found.spending_log_likelihood, -4055.9177, 1e-7),
        ("expected", &holdout.expected_count, 1653.4, 1e-4),
        ("mean error", &holdout.mean_absolute_error, 0.7855, 1e-4),
        ("square error", &holdout.root_mean_square_error, 1.6080, 1e-4),
    ] {
        let found = number(found);
        assert!((found - expected).abs() <= tolerance * expected.abs(), "{name}: {found}");
    }
    assert_eq!((model.customer_count, model.repeater_count), (2_357, 946));
    assert_eq!((holdout.actual_count, holdout.days), (1_882, HELD_OUT));
    assert_eq!(model.data_through_date, date(THROUGH));
}

/// Values of the first customers: the expected amounts are those that Lifetimes prints.
async fn check_values(world: &World) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for (key, amount) in [("0001", 24.658_619), ("0003", 35.170_981), ("0006", 71.462_843)] {
        let values = world.features(key, THROUGH, &OUTPUTS).await;
        let [alive, orders, value, clv] = [0, 1, 2, 3].map(|it| values[it].parse::<f64>().unwrap());
        assert!((value - amount).abs() < 2e-3 * amount, "{key}: {value}");
        assert!(alive > 0.0 && alive <= 1.0, "{key}: {alive}");
        let undiscounted = 0.25 * orders * value;
        assert!(clv < undiscounted && clv > undiscounted / 1.1, "{key}: {clv} {undiscounted}");
        all.push(values);
    }
    // One that has not come back is alive, as the model has it.
    assert_eq!(all[1][0], "1");
    all
}

#[tokio::test]
async fn req_3_6_lifetime_value_by_models_whose_parameters_are_published() {
    let seen: Mutex<Option<Vec<Vec<String>>>> = Mutex::new(None);
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        ingest(&world).await;
        let missing = GetModelRequest { name: NAME.to_owned(), version: 0 };
        let status = models(&world).get_model(missing).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);

        fit(&world, TODAY, HELD_OUT).await;
        let draft = model(&world, 0).await;
        check_published(&draft);
        // A draft scores nobody.
        assert_eq!((draft.state(), draft.version), (VersionState::Draft, 1));
        assert_eq!(world.features("0001", THROUGH, &OUTPUTS).await, ["null"; 4]);

        assert_eq!(promote(&world, "0-0").await.unwrap_err().code(), Code::Aborted);
        let promoted = promote(&world, &draft.etag).await.unwrap();
        assert_eq!((promoted.state(), promoted.effective_date), (VersionState::Published, None));
        assert!(promoted.promote_time.is_some());
        let again = promote(&world, "").await.unwrap_err();
        assert_eq!(again.code(), Code::FailedPrecondition);

        let mut values = check_values(&world).await;
        values.push(vec![format!("{:?}", model(&world, 1).await.customer_value)]);
        assert_eq!(*seen.lock().unwrap().get_or_insert_with(|| values.clone()), values);

        // What a model says is a feature like any other.
        let classes = [("asleep", "p_alive < 0.5"), ("awake", "clv_365d > 0"), ("rest", "")];
        world.taxonomy("sleep", &classes).await;
        world.classify(TODAY).await;
        let asleep = world.chosen("sleep", "asleep", "p_alive >= 0.5").await;
        assert_eq!(asleep, Vec::<String>::new());
        assert!(!world.members("sleep", "asleep", TODAY).await.is_empty());
    })
    .await;
}

/// A version that is promoted later is used from a day on, and what was before stays as it was.
#[tokio::test]
async fn a_later_version_is_used_from_a_day_on() {
    each_database(async |test| {
        let world = World::new(test, THROUGH).await;
        ingest(&world).await;
        fit(&world, THROUGH, 0).await;
        assert_eq!(model(&world, 0).await.holdout, None);
        promote(&world, "").await.unwrap();
        let before = world.features("0001", THROUGH, &OUTPUTS).await;
        fit(&world, THROUGH, 90).await;
        let draft = model(&world, 0).await;
        assert_eq!((draft.version, draft.state()), (2, VersionState::Draft));
        let promoted = promote(&world, "").await.unwrap();
        assert_eq!(promoted.effective_date, date("1997-10-01"));
        assert_eq!(world.features("0001", THROUGH, &OUTPUTS).await, before);
        let after = world.features("0001", "1997-10-01", &OUTPUTS).await;
        assert_ne!(after[2], before[2]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_fitted_is_refused() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        let request = FitModelRequest {
            name: "models/other".to_owned(),
            as_of_date: date("1999-01-01"),
            holdout_days: 731,
            discount_rate: Some(Decimal { value: "1.5".to_owned() }),
            margin: Some(Decimal { value: "-1.1".to_owned() }),
            ..Default::default()
        };
        let status = models(&world).fit_model(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let expected = ["name", "as_of_date", "holdout_days", "discount_rate", "margin"];
        let details = status.get_details_bad_request().unwrap().field_violations;
        let fields: Vec<&str> = details.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, expected);
        // Nobody came back, so there is nothing to learn.
        world.ingest([order("c1 o1 1998-01-02T10:00 5"), order("c2 o2 1998-01-03T10:00 7")]).await;
        let request = FitModelRequest { name: NAME.to_owned(), ..Default::default() };
        let run = models(&world).fit_model(request).await.unwrap().into_inner().run.unwrap();
        let error = world.fails(&run.name).await;
        assert_eq!(error.reason, "PRECONDITION");
        assert!(error.message.contains("second day"), "{}", error.message);
    })
    .await;
}

/// Orders of a customer of the sample from the first day to the last.
fn orders_between(key: &str, first: &str, last: &str) -> usize {
    let lines = SAMPLE.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    lines.filter(|it| it[1] == key && it[2] >= first && it[2] <= last).count()
}

/// Who ordered most, and everybody else: the mean value of the former is that of their features, and
/// who bought again is counted in the file.
#[tokio::test]
async fn req_1_17_repurchase_and_lifetime_value_by_class_and_period() {
    each_database(async |test| {
        let world = World::new(test, TODAY).await;
        ingest(&world).await;
        fit(&world, TODAY, HELD_OUT).await;
        promote(&world, "").await.unwrap();
        world.taxonomy("often", &[("often", "orders_total >= 30"), ("rest", "")]).await;
        world.classify(TODAY).await;
        let keys: Vec<String> = {
            let mut counts = std::collections::BTreeMap::<&str, usize>::new();
            for line in SAMPLE.lines().skip(1) {
                *counts.entry(line.split(',').nth(1).unwrap()).or_default() += 1;
            }
            let often = counts.into_iter().filter(|(_, count)| *count >= 30);
            often.map(|(key, _)| key.to_owned()).collect()
        };
        assert!(keys.len() > 2, "{keys:?}");
        assert_eq!(world.members("often", "often", TODAY).await.len(), keys.len());
        let mut sums = [0.0; 2];
        for key in &keys {
            for (sum, date) in sums.iter_mut().zip([TODAY, "1997-06-30"]) {
                let value = &world.features(key, date, &["clv_365d"]).await[0];
                *sum += value.parse::<f64>().unwrap();
            }
        }
        let rates = [("1998-04-01", TODAY), ("1997-04-01", "1997-06-30")].map(|(first, last)| {
            let counts = keys.iter().map(|key| orders_between(key, first, last));
            let counts: Vec<usize> = counts.collect();
            let again = counts.iter().filter(|count| **count > 1).count();
            again as f64 / counts.iter().filter(|count| **count > 0).count() as f64
        });
        let columns = [
            "period",
            "class_id",
            "repurchase_rate",
            "before_repurchase_rate",
            "valued_count",
            "clv_mean",
            "before_clv_mean",
        ];
        let found = world.report("lifetime-value", "often", &columns).await;
        // Four periods of two classes and all.
        assert_eq!(found.len(), 12);
        let quarter = found.iter().find(|row| row.starts_with("quarter often")).unwrap();
        let cells: Vec<&str> = quarter.split(' ').collect();
        let numbers: Vec<f64> = cells[2..].iter().map(|cell| cell.parse().unwrap()).collect();
        let count = keys.len() as f64;
        let expected = [rates[0], rates[1], count, sums[0] / count, sums[1] / count];
        for (found, expected) in numbers.iter().zip(expected) {
            assert!((found - expected).abs() < 6e-5, "{quarter}: {expected}");
        }
        assert!(found[11].starts_with("365-days total"), "{}", found[11]);
    })
    .await;
}
