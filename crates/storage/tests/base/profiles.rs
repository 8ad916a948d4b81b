use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use kehu_core::CustomerId;
use kehu_storage::change_log::{self, Change, Position, Topic};
use kehu_storage::facts::{self, CustomerSet};
use kehu_storage::ingestion::{
    COUNTRY_AS_GIVEN, Customer, Entry, Field, Mask, Profile, Upsert, Upserted, announce,
    get_customer, list_values, upsert_customer,
};
use kehu_storage::{Database, PageRequest, business_date};
use kehu_tests::{TestDatabase, at, day, each_database, shop};
use sea_orm::{ConnectionTrait, Statement};

/// Noon.
fn on(date: &str) -> DateTime<Utc> {
    day(date).and_hms_opt(12, 0, 0).unwrap().and_utc()
}

fn city(name: &str) -> Profile {
    Profile { city: Some(name.to_owned()), ..Profile::default() }
}

fn record(customer: &str, profile: Profile, updated: Option<&str>) -> Entry {
    let source_updated_at = updated.map(on);
    let (external_id, codes) = (customer.to_owned(), Vec::new());
    Entry::Customer { external_id, profile, codes, source_updated_at }
}

async fn customer(db: &Database, id: i64) -> Customer {
    get_customer(db, CustomerId(id)).await.unwrap().unwrap()
}

/// The cities of a customer, the one said last at its source first, and whether each holds.
async fn cities(db: &Database, id: i64) -> Vec<(Option<String>, DateTime<Utc>, bool)> {
    let page = PageRequest::first(100);
    let listed = list_values(db, CustomerId(id), Some("city"), false, &page).await.unwrap();
    let of = |value: &kehu_storage::ingestion::FieldValue| {
        (value.value.clone(), value.said_at, value.superseded_at.is_none())
    };
    listed.items.iter().map(of).collect()
}

/// What features see of the cities of all customers on some days.
async fn seen(db: &Database, days: &[&str]) -> Vec<Vec<Option<String>>> {
    let mut seen = Vec::new();
    for date in days {
        let found = facts::customers(db, &CustomerSet::All, day(date)).await.unwrap();
        seen.push(found.city);
    }
    seen
}

fn named(names: &[&str]) -> Vec<Option<String>> {
    names.iter().map(|name| Some((*name).to_owned())).collect()
}

/// The first and the last day of every change that was told of.
async fn changes(db: &Database) -> Vec<(String, String)> {
    let changes = change_log::read(db, Topic::Facts, Position::START, 1_000).await.unwrap();
    let days = |change: &Change| (change.first_day.to_string(), change.last_day.to_string());
    changes.iter().map(days).collect()
}

/// The number of rows of values.
async fn rows(db: &Database) -> i64 {
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_string(backend, "SELECT COUNT(*) FROM profile_value");
    db.reader().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

async fn upsert(db: &Database, profile: &Profile, mask: &Mask, updated: Option<&str>) -> Upserted {
    let transaction = db.begin().await.unwrap();
    let upsert = Upsert {
        source: "crm",
        external_id: "a",
        profile,
        mask,
        source_updated_at: updated.map(on),
        version: None,
    };
    let done = upsert_customer(&transaction, &upsert, on("2026-03-01")).await.unwrap();
    if let Upserted::Done { customer, changed: Some(day), .. } = &done {
        announce(&transaction, customer.id, *day, on("2026-03-01")).await.unwrap();
    }
    transaction.commit().await.unwrap();
    done
}

/// The source of a customer said Leeds, then York, then Hull.
#[tokio::test]
async fn the_order_of_arrival_of_values_does_not_matter() {
    each_database(async |test| {
        let db = &test.database;
        let said = [("Leeds", "2026-01-05"), ("York", "2026-01-10"), ("Hull", "2026-01-15")];
        for (number, order) in
            [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2]].iter().enumerate()
        {
            for place in order {
                let (name, updated) = said[*place];
                let entry = record(&format!("c{number}"), city(name), Some(updated));
                let stream = format!("{number} {place}");
                shop::ingest(db, &stream, vec![entry], on("2026-02-01")).await;
            }
        }
        // All in one batch, the newest first.
        let all = said.iter().rev().map(|(name, day)| record("c6", city(name), Some(day)));
        shop::ingest(db, "batch", all.collect(), on("2026-02-01")).await;
        let expected: Vec<_> = said
            .iter()
            .rev()
            .map(|(name, day)| (Some((*name).to_owned()), on(day), *name == "Hull"))
            .collect();
        for id in 1..=7 {
            assert_eq!(customer(db, id).await.profile, city("Hull"), "{id}");
            assert_eq!(cities(db, id).await, expected, "{id}");
        }
        let days = ["2009-01-01", "2026-01-05", "2026-01-09", "2026-01-10", "2026-01-14"];
        let then = ["Leeds", "Leeds", "Leeds", "York", "York"].map(|name| named(&[name; 7]));
        assert_eq!(seen(db, &days).await, then);
        assert_eq!(
            seen(db, &["2026-01-15", "2026-05-01"]).await,
            [named(&["Hull"; 7]), named(&["Hull"; 7])]
        );
        let (held, told) = (rows(db).await, changes(db).await.len());
        let again = said.iter().map(|(name, day)| record("c0", city(name), Some(day)));
        shop::ingest(db, "again", again.collect(), on("2026-02-02")).await;
        assert_eq!((rows(db).await, changes(db).await.len()), (held, told));
        assert_eq!(customer(db, 1).await.version, 3);
    })
    .await;
}

/// A load of today gives customers of years ago their attributes on those days.
#[tokio::test]
async fn the_first_known_value_holds_before_its_time() {
    each_database(async |test| {
        let db = &test.database;
        shop::ingest(db, "one", vec![record("a", city("Leeds"), None)], on("2026-02-01")).await;
        assert_eq!(seen(db, &["2009-01-01"]).await, [named(&["Leeds"])]);
        // The same day's last word is that of the first day.
        shop::ingest(db, "two", vec![record("a", city("York"), None)], on("2026-02-01")).await;
        assert_eq!(seen(db, &["2009-01-01"]).await, [named(&["York"])]);
        shop::ingest(db, "three", vec![record("a", city("Hull"), None)], on("2026-02-03")).await;
        let days = ["2009-01-01", "2026-02-02", "2026-02-03"];
        assert_eq!(seen(db, &days).await, [named(&["York"]), named(&["York"]), named(&["Hull"])]);
        // What its source says of before is what was then.
        let late = record("a", city("Bath"), Some("2026-01-01"));
        shop::ingest(db, "four", vec![late], on("2026-02-04")).await;
        let days = ["2009-01-01", "2026-01-31", "2026-02-02", "2026-02-03"];
        let then = ["Bath", "Bath", "York", "Hull"].map(|name| named(&[name]));
        assert_eq!(seen(db, &days).await, then);
    })
    .await;
}

/// While the business date is fixed, what comes holds from that date on.
#[tokio::test]
async fn what_comes_without_a_time_holds_from_the_business_date_on() {
    each_database(async |test| {
        let db = &test.database;
        shop::ingest(db, "one", vec![record("a", city("Leeds"), None)], on("2026-02-01")).await;
        shop::fix_business_date(db, day("2011-12-10")).await;
        assert_eq!(
            business_date::current(db, &utc(), at(0)).await.unwrap().date,
            day("2011-12-10")
        );
        shop::ingest(db, "two", vec![record("a", city("York"), None)], on("2026-02-03")).await;
        assert_eq!(seen(db, &["2011-12-10", "2026-02-01"]).await, vec![named(&["York"]); 2]);
    })
    .await;
}

fn utc() -> kehu_core::calendar::BusinessCalendar {
    kehu_core::calendar::BusinessCalendar::new("UTC").unwrap()
}

#[tokio::test]
async fn a_change_says_from_which_day_on_it_can_be_seen() {
    each_database(async |test| {
        let db = &test.database;
        let days = async || {
            let changes = changes(db).await;
            let (first, last) = changes.last().unwrap().clone();
            (first, last, changes.len())
        };
        let told = |first: &str, last: &str, count| (first.to_owned(), last.to_owned(), count);
        let ingest = async |entries: Vec<Entry>| {
            let stream = format!("{}", changes(db).await.len());
            shop::ingest(db, &stream, entries, on("2026-02-01")).await;
        };
        // Somebody new was seen on no day.
        ingest(vec![record("a", city("Leeds"), Some("2026-01-10"))]).await;
        assert_eq!(days().await, told("1970-01-01", "1970-01-01", 1));
        ingest(vec![record("a", city("Hull"), Some("2026-01-20"))]).await;
        assert_eq!(days().await, told("2026-01-20", "2026-01-20", 2));
        ingest(vec![record("a", city("York"), Some("2026-01-15"))]).await;
        assert_eq!(days().await, told("2026-01-15", "2026-01-15", 3));
        // Before the first one it holds for all days.
        ingest(vec![record("a", city("Bath"), Some("2026-01-05"))]).await;
        assert_eq!(days().await, told("1900-01-01", "1970-01-01", 4));
        // A field of which nothing was known holds for all days.
        let typed = Profile { customer_type: Some("company".to_owned()), ..Profile::default() };
        ingest(vec![record("a", typed, None)]).await;
        assert_eq!(days().await, told("1900-01-01", "1970-01-01", 5));
        // No feature reads names.
        let name = Profile { display_name: Some("Acme".to_owned()), ..Profile::default() };
        ingest(vec![record("a", name, None)]).await;
        assert_eq!(days().await, told("1970-01-01", "1970-01-01", 6));
        let since = |date| Profile { registered_on: Some(day(date)), ..Profile::default() };
        ingest(vec![record("a", since("2020-05-05"), None)]).await;
        assert_eq!(days().await, told("1900-01-01", "1970-01-01", 7));
        ingest(vec![record("a", since("2020-04-04"), None)]).await;
        assert_eq!(days().await, told("2020-04-04", "2020-04-04", 8));
        // Said again, and later at its source: nobody sees anything else.
        ingest(vec![record("a", city("Hull"), Some("2026-01-25"))]).await;
        assert_eq!(changes(db).await.len(), 8);
    })
    .await;
}

#[tokio::test]
async fn a_field_is_emptied_on_purpose_alone() {
    each_database(async |test: &TestDatabase| {
        let db = &test.database;
        let all = Mask::Fields(BTreeSet::from(Field::ALL));
        let whole = Profile {
            city: Some("Leeds".to_owned()),
            attributes: [("tier".to_owned(), "2".to_owned())].into(),
            ..Profile::default()
        };
        upsert(db, &whole, &Mask::Given, Some("2026-01-05")).await;
        upsert(db, &Profile::default(), &Mask::Given, Some("2026-01-06")).await;
        assert_eq!(customer(db, 1).await.profile, whole);
        upsert(db, &Profile::default(), &all, Some("2026-01-04")).await;
        assert_eq!(customer(db, 1).await.profile, whole);
        let done = upsert(db, &Profile::default(), &all, Some("2026-01-10")).await;
        let Upserted::Done { customer: told, changed, .. } = done else { panic!("it has no etag") };
        assert_eq!((&told.profile, changed), (&Profile::default(), Some(day("2026-01-10"))));
        assert_eq!(customer(db, 1).await, *told);
        assert_eq!(seen(db, &["2026-01-09", "2026-01-10"]).await, [named(&["Leeds"]), vec![None]]);
        upsert(db, &city("York"), &Mask::Given, Some("2026-01-08")).await;
        assert_eq!(customer(db, 1).await.profile, Profile::default());
        assert_eq!(seen(db, &["2026-01-09", "2026-01-10"]).await, [named(&["York"]), vec![None]]);
    })
    .await;
}

#[tokio::test]
async fn a_country_with_a_code_wins_over_one_without() {
    each_database(async |test| {
        let db = &test.database;
        let unknown = Profile {
            attributes: [(COUNTRY_AS_GIVEN.to_owned(), "Unspecified".to_owned())].into(),
            ..Profile::default()
        };
        let known = Profile { region_code: Some("FR".to_owned()), ..Profile::default() };
        let sayings = [(&unknown, "2026-01-05"), (&known, "2026-01-10")];
        for (key, order) in [("a", [0, 1]), ("b", [1, 0])] {
            for place in order {
                let (profile, updated) = sayings[place];
                let entry = record(key, profile.clone(), Some(updated));
                shop::ingest(db, &format!("{key}{place}"), vec![entry], on("2026-02-01")).await;
            }
        }
        for id in [1, 2] {
            assert_eq!(customer(db, id).await.profile, known, "{id}");
        }
    })
    .await;
}

/// Enough customers that they are copied.
#[tokio::test]
async fn many_values_at_once() {
    each_database(async |test| {
        let db = &test.database;
        let load = |name: &'static str, updated: &'static str| -> Vec<Entry> {
            let one = |number| record(&format!("c{number:05}"), city(name), Some(updated));
            (0..1_500).map(one).collect()
        };
        shop::ingest(db, "one", load("York", "2026-01-10"), on("2026-02-01")).await;
        shop::ingest(db, "two", load("Leeds", "2026-01-05"), on("2026-02-02")).await;
        shop::ingest(db, "three", load("Hull", "2026-01-15"), on("2026-02-03")).await;
        shop::ingest(db, "four", load("Hull", "2026-01-20"), on("2026-02-04")).await;
        assert_eq!(rows(db).await, 4_500);
        let days = ["2026-01-09", "2026-01-10", "2026-01-15"];
        let then = ["Leeds", "York", "Hull"].map(|name| named(&vec![name; 1_500]));
        assert_eq!(seen(db, &days).await, then);
        let page = PageRequest::first(1);
        let listed = list_values(db, CustomerId(7), None, true, &page).await.unwrap();
        let held = &listed.items[0];
        assert_eq!((held.said_at, held.last_said_at), (on("2026-01-15"), on("2026-01-20")));
        assert_eq!((held.source.as_str(), &listed.next), (shop::SOURCE, &None));
        assert_eq!((held.recorded_at, held.superseded_at), (on("2026-02-03"), None));
        // Orders with nothing but a key say nothing of the profile.
        let sale = shop::sale("c00001", "o1", day("2026-01-01"), 5);
        shop::ingest(db, "orders", vec![Entry::Order(sale)], on("2026-02-05")).await;
        assert_eq!((rows(db).await, customer(db, 2).await.version), (4_500, 4));
    })
    .await;
}
