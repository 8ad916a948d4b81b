//! What scoring keeps, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod scores;

use kehu_core::scorecard::{Calibration, Scorecard, Scorer, calibrate, templates};
use kehu_core::{CustomerId, Value};
use kehu_storage::Database;
use kehu_storage::definitions::{self, Signed};
use kehu_storage::ingestion::{Batch, Entry, Opened, Profile, open_stream, write_batch};
use kehu_storage::scoring::{
    scorecards::{Calibrated, Version},
    scores::Evaluated,
};
use kehu_tests::{at, day, shop::reference};
use rust_decimal::Decimal;

fn template(id: &str) -> Scorecard {
    templates().into_iter().find(|card| card.id == id).unwrap()
}

/// Values of a customer with everything that a template reads set to the same number.
fn values(card: &Scorecard, number: i64) -> Vec<Value> {
    vec![Value::Number(Decimal::from(number)); card.features().len()]
}

/// The calibration of a card over five customers with 10, 20 … 50 in everything.
fn calibration(card: &Scorecard) -> Calibration {
    let population: Vec<_> =
        (1..=5).map(|number| (reference(number), values(card, 10 * number))).collect();
    calibrate(card, &population).unwrap()
}

async fn published(db: &Database, id: &str) -> Version {
    let card = template(id);
    let draft = definitions::save_draft(db, &card, None, &Signed::at(at(0))).await.unwrap();
    let frozen = Calibrated { calibration: calibration(&card), calibrated_on: day("2011-12-01") };
    definitions::publish(db, &draft, &frozen, &Signed::at(at(1))).await.unwrap()
}

/// The score of a customer with `number` in everything.
fn score(version: &Version, customer: i64, number: i64) -> Evaluated {
    let card = &version.definition;
    let scorer =
        Scorer::new(card, &version.published.as_ref().unwrap().frozen.calibration).unwrap();
    let (customer, values) = (CustomerId(customer), values(card, number));
    let score = scorer.score(&reference(customer.0), &values);
    Evaluated { customer, values, score }
}

/// Creates the customers 1 to `count`.
async fn customers(db: &Database, count: usize) -> Vec<i64> {
    let opened = open_stream(db, "customers", "test", "test", at(0)).await.unwrap();
    let Opened::Stream(stream) = opened else { panic!("a new stream can be opened") };
    let entry = |number| Entry::Customer {
        external_id: format!("c{number:04}"),
        profile: Profile::default(),
        codes: Vec::new(),
        source_updated_at: None,
    };
    let entries: Vec<_> = (1..=count).map(entry).collect();
    for (sequence, entries) in (1..).zip(entries.chunks(1_000)) {
        let batch = Batch { sequence, entries: entries.to_vec(), ..Batch::default() };
        write_batch(db, &stream, &batch, at(0)).await.unwrap();
    }
    kehu_storage::facts::customer_ids(db, &kehu_storage::facts::CustomerSet::All).await.unwrap()
}
