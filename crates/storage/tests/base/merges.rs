use std::collections::BTreeMap;

use chrono::DateTime;
use kehu_core::CustomerId;
use kehu_storage::coding::codes;
use kehu_storage::ingestion::{
    Customer, Entry, Hand, Mask, MergeFilter, Merged, NewMerge, Profile, Undone, Upsert, Upserted,
    find_external_code, find_reference, get_customer, list_merges, list_values, merge_customers,
    survivor, timeline, undo_merge, upsert_customer,
};
use kehu_storage::{Database, Error, PageRequest};
use kehu_tests::{at, day, each_database, embedded, shop};

const HAND: Hand<'static> = Hand { by: "lan", now: DateTime::UNIX_EPOCH };

fn record(customer: &str, fields: &[(&str, &str)], codes: &[&str], second: Option<i64>) -> Entry {
    let mut profile = Profile::default();
    for (field, value) in fields {
        let value = (*value).to_owned();
        match *field {
            "city" => profile.city = Some(value),
            "name" => profile.display_name = Some(value),
            "type" => profile.customer_type = Some(value),
            other => {
                profile.attributes.insert(other.to_owned(), value);
            }
        }
    }
    Entry::Customer {
        external_id: customer.to_owned(),
        profile,
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        source_updated_at: second.map(at),
    }
}

fn sale(customer: &str, id: &str, on: &str, pounds: i64) -> Entry {
    Entry::Order(shop::sale(customer, id, day(on), pounds))
}

async fn ingest(db: &Database, stream: &str, entries: Vec<Entry>, second: i64) {
    shop::ingest(db, stream, entries, at(second)).await;
}

async fn id(db: &Database, key: &str) -> CustomerId {
    find_reference(db, shop::SOURCE, key).await.unwrap().unwrap()
}

async fn customer(db: &Database, key: &str) -> Customer {
    get_customer(db, id(db, key).await).await.unwrap().unwrap()
}

async fn try_merge(
    db: &Database,
    survivor: CustomerId,
    absorbed: CustomerId,
    second: i64,
) -> Result<Merged, Error> {
    let transaction = db.begin().await.unwrap();
    let (survivor_version, absorbed_version) = (None, None);
    let reason = "the same number";
    let new = NewMerge { survivor, absorbed, reason, survivor_version, absorbed_version };
    let merged = merge_customers(&transaction, &new, &Hand { now: at(second), ..HAND }).await?;
    transaction.commit().await.unwrap();
    Ok(merged)
}

async fn merge(db: &Database, survivor: &str, absorbed: &str, second: i64) -> Merged {
    let (survivor, absorbed) = (id(db, survivor).await, id(db, absorbed).await);
    try_merge(db, survivor, absorbed, second).await.unwrap()
}

async fn undo(db: &Database, merge_id: i64, second: i64) -> Result<Undone, Error> {
    let transaction = db.begin().await.unwrap();
    let hand = Hand { now: at(second), ..HAND };
    let undone = undo_merge(&transaction, merge_id, "two shops", &hand).await?;
    transaction.commit().await.unwrap();
    Ok(undone)
}

/// What is to be said of the customer of a key, but for its number, versions and times of writing.
#[derive(Debug, PartialEq, Eq)]
struct Picture {
    references: Vec<String>,
    codes: Vec<String>,
    profile: Profile,
    values: Vec<String>,
    events: Vec<String>,
}

async fn picture(db: &Database, key: &str) -> Picture {
    let customer = customer(db, key).await;
    let page = PageRequest::first(1_000);
    let values = list_values(db, customer.id, None, false, &page).await.unwrap().items;
    let values = values.into_iter().map(|it| {
        let holds = it.superseded_at.is_none();
        format!("{} {:?} {} {} {holds}", it.field, it.value, it.said_at, it.last_said_at)
    });
    let page = PageRequest::first(1_000);
    let events = timeline(db, customer.id, &page).await.unwrap().items;
    let events = events.into_iter().filter(|event| event.merge.is_none());
    let events = events.map(|event| format!("{} {} {}", event.on, event.kind, event.external_id));
    Picture {
        references: customer.references.into_iter().map(|it| it.external_id).collect(),
        codes: customer.codes.into_iter().map(|it| it.external_id).collect(),
        profile: customer.profile,
        values: values.collect(),
        events: events.collect(),
    }
}

async fn pictures(db: &Database, keys: &[String]) -> BTreeMap<String, Picture> {
    let mut pictures = BTreeMap::new();
    for key in keys {
        pictures.insert(key.clone(), picture(db, key).await);
    }
    pictures
}

#[tokio::test]
async fn a_merge_counts_both_as_one_and_undoing_it_gives_back_both() {
    each_database(async |test| {
        let db = &test.database;
        let first = vec![
            record("a", &[("city", "Leeds"), ("tier", "1")], &["X-1"], Some(10)),
            record("b", &[("city", "York"), ("name", "B Ltd")], &["X-2"], Some(20)),
            sale("a", "1", "2011-01-01", 5),
            sale("b", "2", "2011-01-02", 7),
        ];
        ingest(db, "first", first, 100).await;
        let (a, b) = (id(db, "a").await, id(db, "b").await);
        let keys = ["a".to_owned(), "b".to_owned()];
        let before = pictures(db, &keys).await;

        let merged = merge(db, "a", "b", 200).await;
        assert_eq!((merged.merge.absorbed, merged.merge.survivor), (b, a));
        assert_eq!(id(db, "b").await, a);
        assert_eq!(find_external_code(db, None, "x2").await.unwrap(), [a]);
        assert_eq!(survivor(db, b, None).await.unwrap(), Some(a));
        assert_eq!(survivor(db, b, Some(at(199))).await.unwrap(), None);
        assert!(get_customer(db, b).await.unwrap().is_none());
        let one = picture(db, "b").await;
        assert_eq!(one.references, ["a", "b"]);
        assert_eq!(one.codes, ["X-1", "X-2"]);
        assert_eq!(one.profile.city.as_deref(), Some("York"));
        assert_eq!(one.profile.attributes["tier"], "1");
        assert_eq!(one.events, ["2011-01-02 sale 2", "2011-01-01 sale 1"]);

        // What comes now by the one's reference goes with it, an order that is corrected as well.
        let later = vec![
            record("b", &[("city", "Hull")], &["X-3"], Some(30)),
            sale("b", "3", "2011-01-03", 1),
            sale("a", "1", "2011-01-01", 9),
        ];
        ingest(db, "later", later, 300).await;
        let one = picture(db, "a").await;
        assert_eq!(one.profile.city.as_deref(), Some("Hull"));
        assert_eq!(one.events.len(), 3);

        let undone = undo(db, merged.merge.merge_id, 400).await.unwrap();
        assert_eq!((undone.customer.id, undone.restored.id), (a, b));
        assert!(undone.restored.version > merged.customer.version, "no etag comes twice");
        let after = pictures(db, &keys).await;
        assert_eq!(after["a"], before["a"]);
        assert_eq!(after["b"].profile.city.as_deref(), Some("Hull"));
        assert_eq!(after["b"].events, ["2011-01-03 sale 3", "2011-01-02 sale 2"]);
        assert_eq!(after["b"].codes, ["X-2", "X-3"]);
        assert_eq!(survivor(db, b, None).await.unwrap(), None);
        assert_eq!(survivor(db, b, Some(at(300))).await.unwrap(), Some(a), "as was known then");
        let page = PageRequest::first(10);
        let told = timeline(db, b, &page).await.unwrap().items;
        let kinds: Vec<&str> = told.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["merge_undone", "merge", "sale", "sale"]);
    })
    .await;
}

#[tokio::test]
async fn who_is_part_of_another_cannot_be_merged_again() {
    each_database(async |test| {
        let db = &test.database;
        let sales = ["a", "b", "c", "d"].iter().zip(1..);
        let sales = sales.map(|(key, n)| sale(key, &n.to_string(), "2011-01-01", 1)).collect();
        ingest(db, "first", sales, 100).await;
        let [a, b, c, d] = [1, 2, 3, 4].map(CustomerId);
        let inner = merge(db, "b", "c", 200).await.merge.merge_id;
        for (survivor, absorbed) in [(a, c), (c, a), (c, b)] {
            let error = try_merge(db, survivor, absorbed, 201).await.unwrap_err();
            assert!(matches!(error, Error::Refused { .. }), "{error:?}");
            assert!(error.to_string().contains("name customers/2"), "{error}");
        }
        let error = try_merge(db, a, CustomerId(99), 202).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
        // A chain, undone from the middle: what was merged into the one goes with it.
        let outer = merge(db, "a", "b", 300).await.merge.merge_id;
        merge(db, "a", "d", 301).await;
        assert_eq!(customer(db, "c").await.references.len(), 4);
        undo(db, outer, 400).await.unwrap();
        assert_eq!([id(db, "b").await, id(db, "c").await, id(db, "d").await], [b, b, a]);
        undo(db, inner, 401).await.unwrap();
        assert_eq!([id(db, "b").await, id(db, "c").await], [b, c]);
        let error = undo(db, inner, 402).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
        let error = undo(db, 99, 403).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
        let page = PageRequest::first(10);
        let all = MergeFilter { customer: Some(b), undone: true };
        assert_eq!(list_merges(db, &all, &page).await.unwrap().items.len(), 2);
        let holding = MergeFilter::default();
        let holding = list_merges(db, &holding, &page).await.unwrap().items;
        assert_eq!(holding.iter().map(|merge| merge.absorbed).collect::<Vec<_>>(), [d]);
    })
    .await;
}

/// What is said without a time is said last, of whichever of the two; and each keeps its own.
#[tokio::test]
async fn the_last_word_holds_of_those_that_are_merged() {
    each_database(async |test| {
        let db = &test.database;
        let said = |key: &str, city: &str| vec![record(key, &[("city", city)], &[], None)];
        ingest(db, "1", said("a", "Leeds"), 100).await;
        ingest(db, "2", said("b", "York"), 200).await;
        let merged = merge(db, "a", "b", 300).await;
        assert_eq!(customer(db, "a").await.profile.city.as_deref(), Some("York"));
        ingest(db, "3", said("a", "Leeds"), 400).await;
        assert_eq!(customer(db, "a").await.profile.city.as_deref(), Some("Leeds"));
        ingest(db, "4", said("a", "Leeds"), 500).await;
        let transaction = db.begin().await.unwrap();
        let profile = Profile { city: Some("Hull".to_owned()), ..Profile::default() };
        let upsert = Upsert {
            source: shop::SOURCE,
            external_id: "b",
            profile: &profile,
            mask: &Mask::Given,
            source_updated_at: None,
            version: None,
        };
        let done = upsert_customer(&transaction, &upsert, at(600)).await.unwrap();
        transaction.commit().await.unwrap();
        let Upserted::Done { customer: told, .. } = done else { panic!("it takes any version") };
        assert_eq!((told.id, told.profile.city.as_deref()), (CustomerId(1), Some("Hull")));
        let one = picture(db, "a").await;
        let said: Vec<bool> = one.values.iter().map(|value| value.ends_with("true")).collect();
        assert_eq!(said, [true, false, false, false], "{:?}", one.values);
        undo(db, merged.merge.merge_id, 700).await.unwrap();
        assert_eq!(customer(db, "a").await.profile.city.as_deref(), Some("Leeds"));
        assert_eq!(customer(db, "b").await.profile.city.as_deref(), Some("Hull"));
    })
    .await;
}

/// The code of who is absorbed leads to the survivor, as a former one, and comes back as it was.
#[tokio::test]
async fn codes_lead_to_the_survivor_and_come_back() {
    each_database(async |test| {
        let db = &test.database;
        let sales = vec![sale("a", "1", "2011-01-01", 1), sale("b", "2", "2011-01-01", 1)];
        ingest(db, "first", sales, 100).await;
        let transaction = db.begin().await.unwrap();
        let code = |customer: i64| codes::NewCode {
            code: format!("K-{customer}"),
            normal: format!("K{customer}"),
            customer: CustomerId(customer),
            class_code: String::new(),
            prefix: "K".to_owned(),
            number: customer,
        };
        let both = [code(1), code(2)];
        let given = codes::Given { as_of: day("2011-01-01"), run_id: None, now: at(150) };
        codes::give(&transaction, "s", &both, given).await.unwrap();
        transaction.commit().await.unwrap();
        let before = codes::resolve(db, "K2").await.unwrap().unwrap();
        let merged = merge(db, "a", "b", 200).await;
        let led = codes::resolve(db, "K2").await.unwrap().unwrap();
        assert_eq!(
            (led.customer, led.current, led.ended_at),
            (CustomerId(1), false, Some(at(200)))
        );
        let all = codes::of_customer(db, CustomerId(1)).await.unwrap();
        let all: Vec<(&str, bool)> = all.iter().map(|row| (&*row.code, row.current)).collect();
        assert_eq!(all, [("K-1", true), ("K-2", false)]);
        let page = PageRequest::first(10);
        let current = codes::beginning_with(db, "K", None, true, &page).await.unwrap().items;
        assert_eq!(current.len(), 1);
        undo(db, merged.merge.merge_id, 300).await.unwrap();
        assert_eq!(codes::resolve(db, "K2").await.unwrap().unwrap(), before);
    })
    .await;
}

/// Random merges, ends of them and records in between come to what the records alone say and the
/// merges that hold; without any they come to what there would be had nobody been merged.
#[tokio::test]
async fn whatever_came_in_between_an_undone_merge_leaves_no_trace() {
    const CUSTOMERS: usize = 6;
    let keys: Vec<String> = (0..CUSTOMERS).map(|number| format!("c{number}")).collect();
    for seed in 0..6 {
        each_database(async |test| {
            let db = &test.database;
            let mut dice = fastrand::Rng::with_seed(seed);
            let mut merges: Vec<(i64, String, String)> = Vec::new();
            let mut told = Vec::new();
            for step in 0..40 {
                let second = 10 * step;
                let roots = keys.iter().filter(|key| {
                    step > 5 && !merges.iter().any(|(_, absorbed, _)| absorbed == *key)
                });
                let roots: Vec<String> = roots.cloned().collect();
                match dice.u32(..5) {
                    0 if roots.len() > 1 => {
                        let pair = dice.choose_multiple(&roots, 2);
                        let merge = merge(db, pair[1], pair[0], second).await.merge.merge_id;
                        merges.push((merge, pair[0].clone(), pair[1].clone()));
                    }
                    1 if !merges.is_empty() => {
                        let place = dice.usize(..merges.len());
                        undo(db, merges.remove(place).0, second).await.unwrap();
                    }
                    _ => {
                        let key = &keys[if step < 6 { step as usize } else { dice.usize(..6) }];
                        let entries = some_records(&mut dice, key, step);
                        ingest(db, &format!("s{step}"), entries.clone(), second).await;
                        told.push((step, entries));
                    }
                }
            }
            let rebuilt = embedded().await;
            for (step, entries) in &told {
                ingest(&rebuilt.database, &format!("s{step}"), entries.clone(), 10 * step).await;
            }
            let alone = pictures(&rebuilt.database, &keys).await;
            for (_, absorbed, survivor) in &merges {
                let (to, from) = (id(&rebuilt.database, survivor), id(&rebuilt.database, absorbed));
                try_merge(&rebuilt.database, to.await, from.await, 1_000).await.unwrap();
            }
            let (found, expected) =
                (pictures(db, &keys).await, pictures(&rebuilt.database, &keys).await);
            assert_eq!(found, expected, "seed {seed} on {}", test.kind);
            while !merges.is_empty() {
                let place = dice.usize(..merges.len());
                undo(db, merges.remove(place).0, 2_000).await.unwrap();
            }
            assert_eq!(pictures(db, &keys).await, alone, "seed {seed} on {}", test.kind);
        })
        .await;
    }
}

/// A customer's fields, as of a moment that is no other's, an order, a correction of one.
fn some_records(dice: &mut fastrand::Rng, key: &str, step: i64) -> Vec<Entry> {
    let moment = Some(dice.i64(0..1_000) * 100 + step);
    let city = ["Leeds", "York", "Hull"][dice.usize(..3)];
    let tier = ["1", "2"][dice.usize(..2)];
    let fields: &[(&str, &str)] = match dice.u32(..3) {
        0 => &[("city", city)],
        1 => &[("tier", tier), ("type", tier)],
        _ => &[("city", city), ("name", tier)],
    };
    let code = format!("K{}", dice.u32(..4));
    let order = dice.u32(..8).to_string();
    vec![
        record(key, fields, &[&code], moment),
        sale(key, &order, "2011-02-03", dice.i64(1..9)),
        sale(key, &format!("{key} {step}"), "2011-01-02", step + 1),
    ]
}

#[tokio::test]
async fn versions_that_were_seen_are_those_that_are_merged() {
    each_database(async |test| {
        let db = &test.database;
        let sales = vec![sale("a", "1", "2011-01-01", 1), sale("b", "2", "2011-01-01", 1)];
        ingest(db, "first", sales, 100).await;
        let new = NewMerge {
            survivor: CustomerId(1),
            absorbed: CustomerId(2),
            reason: "seen",
            survivor_version: Some(1),
            absorbed_version: Some(2),
        };
        let transaction = db.begin().await.unwrap();
        let error = merge_customers(&transaction, &new, &HAND).await.unwrap_err();
        assert!(matches!(error, Error::EtagMismatch { .. }), "{error:?}");
        transaction.rollback().await.unwrap();
        let seen = NewMerge { absorbed_version: Some(1), ..new };
        let transaction = db.begin().await.unwrap();
        merge_customers(&transaction, &seen, &HAND).await.unwrap();
        transaction.rollback().await.unwrap();
        assert!(get_customer(db, CustomerId(2)).await.unwrap().is_some());
    })
    .await;
}

/// Who writes while two are merged writes to whom they are one with.
#[tokio::test]
async fn records_that_come_meanwhile_are_not_lost() {
    each_database(async |test| {
        let db = &test.database;
        let sales = vec![sale("a", "1", "2011-01-01", 1), sale("b", "2", "2011-01-01", 1)];
        ingest(db, "first", sales, 100).await;
        let mut writers = Vec::new();
        for number in 0..20 {
            let db = db.clone();
            writers.push(tokio::spawn(async move {
                let order = vec![sale("b", &format!("b{number}"), "2011-01-02", 1)];
                ingest(&db, &format!("w{number}"), order, 200).await;
            }));
        }
        for turn in 0..5 {
            let merged = merge(db, "a", "b", 300 + turn).await;
            if turn < 4 {
                undo(db, merged.merge.merge_id, 300 + turn).await.unwrap();
            }
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let all = picture(db, "a").await;
        assert_eq!(all.events.len(), 22, "{:?}", all.events);
        let page = PageRequest::first(10);
        let merges = list_merges(db, &MergeFilter::default(), &page).await.unwrap().items;
        undo(db, merges[0].merge_id, 500).await.unwrap();
        assert_eq!(picture(db, "a").await.events.len(), 1);
        assert_eq!(picture(db, "b").await.events.len(), 21);
    })
    .await;
}
