//! Random histories against a naive model: a class for every customer and day that was evaluated.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kehu_core::CustomerId;
use kehu_storage::change_log::Position;
use kehu_storage::coding::classes::{
    Evaluation, Move, NewClass, Scope, View, at, complete, counts, get, history, moves_through,
    record,
};
use kehu_storage::coding::taxonomies::TaxonomyVersion;
use kehu_storage::facts::CustomerSet;
use kehu_storage::history::{Guarded, Subject, Writer};
use kehu_storage::{Database, PageRequest, time};
use kehu_tests::classes::{class, known, line};
use kehu_tests::each_database;

use crate::published;

const CUSTOMERS: i64 = 7;
const DAYS: i32 = 24;
const STEPS: usize = 60;
const CLASSES: [&str; 3] = ["a", "b", "c"];

/// Numbers that look random and are the same each time (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// What was evaluated: by customer the class of each day.
#[derive(Clone, Default)]
struct Model {
    days: BTreeMap<i64, BTreeMap<i32, &'static str>>,
    /// The first day on which the line is in force.
    from: Option<i32>,
    /// The last day that everybody was evaluated for.
    through: i32,
}

impl Model {
    fn class(&self, customer: i64, day: i32) -> Option<&'static str> {
        let days = self.days.get(&customer)?;
        let evaluated = self.through.max(*days.last_key_value()?.0);
        if day > evaluated || day < self.from? {
            return None;
        }
        days.range(..=day).last().map(|(_, class)| *class)
    }
}

/// One evaluation: of everybody who is a customer on the day, which then counts for all, or of
/// some of them.
async fn step(db: &Database, version: &TaxonomyVersion, model: &mut Model, dice: &mut Dice) {
    let day = i32::try_from(dice.roll(DAYS.into())).unwrap();
    let everybody = model.from.is_none() || dice.roll(3) == 0;
    let mut results: Vec<NewClass> = Vec::new();
    for customer in 1..=CUSTOMERS {
        // The number of a customer is the day of its first order, too.
        if i64::from(day) < customer || !(everybody || dice.roll(3) == 0) {
            continue;
        }
        let name = CLASSES[usize::try_from(dice.roll(3)).unwrap()];
        model.days.entry(customer).or_default().insert(day, name);
        results.push(class((customer, name, 1)));
    }
    let line = line(db, version).await.unwrap();
    let ids: Vec<i64> = results.iter().map(|result| result.customer.0).collect();
    let scope = if everybody { Scope::Range(1, CUSTOMERS) } else { Scope::Customers(&ids) };
    let on = time::date(day).unwrap();
    let evaluation =
        Evaluation { line: &line, day: on, position: Position::START, run_id: None, scope };
    let transaction = db.begin().await.unwrap();
    let guarded = Guarded::Customers(&ids);
    let mut writer = Writer::begin(&transaction, Subject::Classes, guarded, 1).await.unwrap();
    record(&mut writer, &evaluation, &results).await.unwrap();
    if everybody {
        complete(&transaction, &line, on).await.unwrap();
        model.from = Some(model.from.map_or(day, |from| from.min(day)));
        model.through = model.through.max(day);
    }
    transaction.commit().await.unwrap();
}

async fn check(db: &Database, model: &Model, known_at: Option<DateTime<Utc>>, seed: u64) {
    for day in 0..=DAYS {
        let view = View { true_on: Some(time::date(day).unwrap()), known_at };
        let expected: Vec<(i64, &str)> = (1..=CUSTOMERS)
            .filter_map(|customer| Some((customer, model.class(customer, day)?)))
            .collect();
        let found = at(db, "abc", &CustomerSet::All, view).await.unwrap();
        let classes = found.classes.iter().map(String::as_str);
        let seen: Vec<(i64, &str)> = found.customers.iter().copied().zip(classes).collect();
        assert_eq!(seen, expected, "seed {seed}, day {day}, known at {known_at:?}");
        let mut counted: BTreeMap<String, i64> = BTreeMap::new();
        for (_, class) in &expected {
            *counted.entry((*class).to_owned()).or_default() += 1;
        }
        assert_eq!(counts(db, "abc", view).await.unwrap(), counted, "seed {seed}, day {day}");
    }
    check_moves(db, model, known_at, seed).await;
    for customer in 1..=CUSTOMERS {
        let view = View { true_on: None, known_at };
        let found = get(db, CustomerId(customer), "abc", view).await.unwrap();
        let last = model.days.get(&customer).and_then(|days| days.values().last().copied());
        assert_eq!(
            found.map(|found| found.class).as_deref(),
            last.filter(|_| model.from.is_some())
        );
    }
}

async fn check_moves(db: &Database, model: &Model, known_at: Option<DateTime<Utc>>, seed: u64) {
    let days: Vec<i32> = (0..=DAYS).collect();
    let dates: Vec<_> = days.iter().map(|day| time::date(*day).unwrap()).collect();
    let mut expected = Vec::new();
    for pair in days.windows(2) {
        let mut moves: BTreeMap<[Option<&str>; 2], i64> = BTreeMap::new();
        for customer in 1..=CUSTOMERS {
            let ends = [model.class(customer, pair[0]), model.class(customer, pair[1])];
            if ends != [None; 2] {
                *moves.entry(ends).or_default() += 1;
            }
        }
        let own = |class: Option<&str>| class.map(str::to_owned);
        let moves = moves.into_iter().map(|([from, to], customers)| Move {
            from: own(from),
            to: own(to),
            customers,
        });
        expected.push(moves.collect::<Vec<_>>());
    }
    let found = moves_through(db, "abc", &dates, known_at).await.unwrap();
    assert_eq!(found, expected, "seed {seed}, known at {known_at:?}");
}

/// The stays of what is known now follow each other without gap or overlap, no two of one class.
async fn check_stays(db: &Database, seed: u64) {
    for customer in 1..=CUSTOMERS {
        let page = PageRequest::first(1_000);
        let id = CustomerId(customer);
        let mut stays = history(db, id, Some("abc"), false, &page).await.unwrap().items;
        stays.reverse();
        for pair in stays.windows(2) {
            assert_eq!(pair[0].valid_to, Some(pair[1].valid_from), "seed {seed}");
            assert_ne!(pair[0].class, pair[1].class, "seed {seed}");
        }
        assert_eq!(stays.last().and_then(|last| last.valid_to), None);
    }
}

async fn spans_equal_the_model(seed: u64) {
    each_database(async |test| {
        let db = &test.database;
        let version = published(db, "abc").await;
        let (mut dice, mut model, mut past) = (Dice(seed), Model::default(), Vec::new());
        for _ in 0..STEPS {
            step(db, &version, &mut model, &mut dice).await;
            check_stays(db, seed).await;
            past.push((known(db).await.unwrap(), model.clone()));
        }
        check(db, &model, None, seed).await;
        for place in [0, 1, 5, STEPS / 2, STEPS - 2, STEPS - 1] {
            let (known_at, model) = &past[place];
            check(db, model, Some(*known_at), seed).await;
        }
    })
    .await;
}

#[tokio::test]
async fn spans_say_what_was_evaluated_at_every_time() {
    for seed in 1..=3 {
        spans_equal_the_model(seed).await;
    }
}
