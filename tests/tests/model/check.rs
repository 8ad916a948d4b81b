//! What must hold after each round.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::CustomerId;
use kehu_core::scorecard::Score;
use kehu_storage::coding::classes::{self, View};
use kehu_storage::coding::codes;
use kehu_storage::definitions::{self, Signed};
use kehu_storage::facts::CustomerSet;
use kehu_storage::scoring::{scorecards::Version, scores};
use kehu_storage::{Database, PageRequest};
use kehu_tests::classes::known;
use kehu_tests::{now, shop};
use sea_orm::{ConnectionTrait, Statement};

use crate::facts;
use crate::plan::{State, Work};
use crate::world::{TAXONOMIES, World};

/// Classes of a day by customer, and what the score of a customer is made of.
type Classes = BTreeMap<String, String>;
type Scores = BTreeMap<String, Score>;

/// A fresh database that was given the facts as they stand, and evaluated everybody for the days
/// that were, each under the version of that day.
pub(crate) async fn rebuild(db: Database, like: &World, state: &State) -> World {
    let rebuilt = World::new(db);
    shop::fix_business_date(&rebuilt.db, state.today).await;
    facts::ingest(&rebuilt.db, "all", state.facts.entries()).await;
    let mut days: Vec<NaiveDate> =
        state.scored.keys().chain(state.classified.keys()).copied().collect();
    days.sort_unstable();
    days.dedup();
    let (mut scorecard, mut taxonomy) = (0, 0);
    for day in days {
        if let Some(version) = state.scored.get(&day) {
            while scorecard < *version {
                scorecard += 1;
                copy_scorecard(&rebuilt.db, &like.db, scorecard).await;
            }
            rebuilt.run(Work::Scoring, day).await;
        }
        if let Some(version) = state.classified.get(&day) {
            while taxonomy < *version {
                rebuilt.publish_taxonomies(&state.taxonomies[taxonomy]).await;
                taxonomy += 1;
            }
            rebuilt.run(Work::Classification, day).await;
        }
    }
    rebuilt
}

/// A version with the thresholds that were frozen in it.
async fn copy_scorecard(to: &Database, from: &Database, version: i64) {
    let original: Version = definitions::get(from, "rfm", Some(version)).await.unwrap();
    let signed = Signed::at(now());
    let draft = definitions::save_draft(to, &original.definition, None, &signed).await.unwrap();
    let frozen = original.published.unwrap().frozen;
    definitions::publish(to, &draft, &frozen, &signed).await.unwrap();
}

/// The same scores and classes on every day for which everybody was evaluated.
pub(crate) async fn same(place: &str, world: &World, rebuilt: &World, state: &State) {
    for day in state.scored.keys() {
        let (found, expected) = (scores_of(world, *day).await, scores_of(rebuilt, *day).await);
        assert_eq!(found, expected, "{place}: scores of {day}");
    }
    for day in state.classified.keys() {
        for taxonomy in TAXONOMIES {
            let found = classes_of(world, taxonomy, *day).await;
            let expected = classes_of(rebuilt, taxonomy, *day).await;
            assert_eq!(found, expected, "{place}: {taxonomy} of {day}");
        }
    }
}

async fn scores_of(world: &World, day: NaiveDate) -> Scores {
    let view = View { true_on: Some(day), known_at: None };
    let page = PageRequest::first(1_000);
    let found = scores::list(&world.db, "rfm", view, &page).await.unwrap().items;
    let keys = keys(&world.db).await;
    let of_day = found.into_iter().filter(|record| record.as_of == day);
    of_day.map(|record| (keys[&record.customer.0].clone(), record.score)).collect()
}

async fn classes_of(world: &World, taxonomy: &str, day: NaiveDate) -> Classes {
    let view = View { true_on: Some(day), known_at: None };
    let found = classes::at(&world.db, taxonomy, &CustomerSet::All, view).await.unwrap();
    let keys = keys(&world.db).await;
    let classes = found.customers.into_iter().zip(found.classes);
    classes.map(|(customer, class)| (keys[&customer].clone(), class)).collect()
}

/// The first keys of customers by number, which differ from database to database.
async fn keys(db: &Database) -> BTreeMap<i64, String> {
    let sql = "SELECT customer_id, MIN(external_id) FROM customer_reference GROUP BY customer_id";
    let rows = query(db, sql).await;
    let key = |row: sea_orm::QueryResult| {
        (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())
    };
    rows.into_iter().map(key).collect()
}

/// No stay overlaps another or leaves a gap, no number of a code is lost, and codes are of the
/// classes that they follow.
pub(crate) async fn whole(place: &str, world: &World, state: &State) {
    let days: BTreeSet<i64> =
        state.days.iter().map(|day| i64::from(kehu_storage::time::days(*day))).collect();
    for table in ["class_span", "score_span"] {
        spans(place, &world.db, table, &days).await;
    }
    for scheme in &state.coded {
        numbers(place, &world.db, scheme).await;
    }
    if state.coded.contains(&"plain") {
        let coded = codes::current_of(&world.db, "plain", &CustomerSet::All).await.unwrap();
        assert_eq!(coded.customers.len(), state.facts.count(), "{place}: all have a code");
    }
    if state.coded.contains(&"changing") {
        let coded = codes::current_of(&world.db, "changing", &CustomerSet::All).await.unwrap();
        let letters: BTreeMap<i64, String> =
            coded.customers.into_iter().zip(coded.class_codes).collect();
        let view = View { true_on: Some(state.today), known_at: None };
        let found = classes::at(&world.db, "size", &CustomerSet::All, view).await.unwrap();
        for (customer, class) in found.customers.into_iter().zip(found.classes) {
            let letter = letters.get(&customer).map(String::as_str);
            assert_eq!(letter, Some(class.to_uppercase().as_str()), "{place}: code of {customer}");
        }
    }
}

/// Of what is known now, the spans of a customer on a line follow each other.
async fn spans(place: &str, db: &Database, table: &str, days: &BTreeSet<i64>) {
    let never = i64::from(i32::MAX);
    let sql = format!(
        "SELECT CAST(line_id AS bigint), customer_id, CAST(valid_from AS bigint), \
         CAST(COALESCE(valid_to, {never}) AS bigint) FROM {table} \
         WHERE known_to IS NULL ORDER BY 1, 2, 3"
    );
    let mut before: Option<[i64; 4]> = None;
    for row in query(db, &sql).await {
        let span = [0, 1, 2, 3].map(|place| row.try_get_by_index::<i64>(place).unwrap());
        assert!(span[2] < span[3], "{place}: {table} has an empty span: {span:?}");
        if let Some(before) = before.filter(|before| before[..2] == span[..2]) {
            // Between two stays it was no customer, as was found on a day that was evaluated.
            let gap = before[3] < span[2] && days.contains(&before[3]);
            assert!(gap || before[3] == span[2], "{place}: {table}: {before:?} before {span:?}");
        }
        before = Some(span);
    }
}

/// Every number that a counter gave out is that of a code, or was skipped.
async fn numbers(place: &str, db: &Database, scheme: &str) {
    let count = async |sql: &str| -> i64 {
        let rows = query(db, &format!("{sql} WHERE scheme_id = '{scheme}'")).await;
        rows[0].try_get_by_index(0).unwrap()
    };
    let taken = count("SELECT CAST(COALESCE(sum(last), 0) AS bigint) FROM code_sequence").await;
    let given = count("SELECT count(*) FROM code").await;
    let skipped = count("SELECT count(*) FROM code_skip").await;
    assert_eq!(taken, given + skipped, "{place}: numbers of {scheme}");
}

async fn query(db: &Database, sql: &str) -> Vec<sea_orm::QueryResult> {
    let statement = Statement::from_string(db.reader().get_database_backend(), sql);
    db.reader().query_all_raw(statement).await.unwrap()
}

/// Answers that were given once, as known at a time: they are given again for ever.
#[derive(Default)]
pub(crate) struct Promises(Vec<Promise>);

struct Promise {
    day: NaiveDate,
    known_at: DateTime<Utc>,
    classes: Vec<Option<String>>,
}

impl Promises {
    pub(crate) async fn keep(&mut self, place: &str, world: &World, state: &State) {
        for promise in &self.0 {
            let again = answers(world, promise.day, promise.known_at).await;
            let (day, known_at) = (promise.day, promise.known_at);
            assert!(
                again.starts_with(&promise.classes),
                "{place}: of {day} as known at {known_at}: {again:?}, was {:?}",
                promise.classes
            );
        }
        let known_at = known(&world.db).await.unwrap();
        for day in state.classified.keys().rev().take(2) {
            let classes = answers(world, *day, known_at).await;
            self.0.push(Promise { day: *day, known_at, classes });
        }
    }
}

/// The class of each customer; those who come later are further back.
async fn answers(world: &World, day: NaiveDate, known_at: DateTime<Utc>) -> Vec<Option<String>> {
    let view = View { true_on: Some(day), known_at: Some(known_at) };
    let mut answers = Vec::new();
    let sql = "SELECT customer_id FROM customer_reference UNION \
               SELECT absorbed_id FROM customer_reference WHERE absorbed_id IS NOT NULL ORDER BY 1";
    for row in query(&world.db, sql).await {
        let customer = row.try_get_by_index(0).unwrap();
        let found = classes::get(&world.db, CustomerId(customer), "size", view).await.unwrap();
        answers.push(found.map(|found| found.class));
    }
    answers
}
