//! Coding runs: once for each customer, whatever happens.

use std::collections::BTreeSet;

use kehu_contract::coding::{CodeScheme, Recoding};
use kehu_contract::error::ErrorReason;
use kehu_server::{clock, fault, names};
use kehu_storage::Database;
use kehu_storage::coding::codes;
use kehu_storage::ingestion::{Entry, find_reference};
use kehu_storage::run::RunState;
use kehu_tests::{day, each_database, shop};

use crate::codes::{AS_OF, STANDARD, scheme};
use crate::world::{World, sale};

async fn classified(test: &kehu_tests::TestDatabase) -> World {
    let world = World::with_orders(test).await;
    world.publish_size().await;
    world.classify(&[], AS_OF).await;
    world
}

#[tokio::test]
async fn a_repeated_run_gives_nothing_new() {
    each_database(async |test| {
        let world = classified(test).await;
        world.create_scheme(scheme("standard", STANDARD)).await.unwrap();
        let run = world.code("standard", AS_OF).await;
        assert_eq!((run.state, run.done, run.total), (RunState::Succeeded, 12, 12));
        let codes = world.codes("standard").await;
        assert_eq!(codes.len(), 12);
        world.code("standard", AS_OF).await;
        assert_eq!(world.codes("standard").await, codes);
    })
    .await;
}

#[tokio::test]
async fn only_who_is_classified_gets_a_code() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.create_scheme(scheme("standard", STANDARD)).await.unwrap();
        let early = world.start_coding("standard", AS_OF).await.unwrap_err();
        assert_eq!(fault::reason(&early), Some(ErrorReason::Precondition));
        world.classify(&[], AS_OF).await;
        let before = world.start_coding("standard", "2011-12-09").await.unwrap_err();
        assert_eq!(fault::reason(&before), Some(ErrorReason::Precondition));
        world.ingest("new", vec![sale(13, "n1", day("2011-12-08"), 10)]).await;
        world.code("standard", AS_OF).await;
        assert_eq!(world.codes("standard").await.len(), 12);
        world.classify(&[], AS_OF).await;
        world.code("standard", AS_OF).await;
        assert!(world.codes("standard").await[&13].starts_with("ZZ-S000002"));
    })
    .await;
}

#[tokio::test]
async fn a_scheme_without_a_taxonomy_codes_everybody() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let mut plain = scheme("plain", "C{yy}{seq:4}{check:luhn}");
        plain.taxonomy = String::new();
        world.create_scheme(plain).await.unwrap();
        world.code("plain", AS_OF).await;
        let codes = world.codes("plain").await;
        assert_eq!(codes.len(), 12);
        assert!(codes[&1].starts_with("C110001") && codes[&12].starts_with("C110012"), "{codes:?}");
    })
    .await;
}

/// Nine numbers for twelve customers: nine get one, and the run names the others.
#[tokio::test]
async fn who_comes_when_the_numbers_have_run_out_is_named() {
    each_database(async |test| {
        let world = classified(test).await;
        world.create_scheme(scheme("tiny", "K{seq:1}")).await.unwrap();
        for _ in 0..2 {
            let run = world.code("tiny", AS_OF).await;
            assert_eq!((run.state, run.attempt, run.done), (RunState::Succeeded, 1, 12));
            let codes: Vec<_> = world.codes("tiny").await.into_values().collect();
            assert_eq!(codes, (1..=9).map(|number| format!("K{number}")).collect::<Vec<_>>());
            let named = world.without_code("tiny", &names::run(run.run_id)).await;
            let ids: Vec<i64> = named.iter().map(|(id, _)| *id).collect();
            assert_eq!(ids, [10, 11, 12]);
            assert!(named[0].1.contains("no number is left under K#"), "{named:?}");
        }
    })
    .await;
}

/// One full prefix, and a class code that does not fit, hold up nobody of another.
#[tokio::test]
async fn a_full_prefix_is_of_those_under_it_alone() {
    each_database(async |test| {
        let world = classified(test).await;
        let mut orders = Vec::new();
        for id in 13..=22 {
            orders.push(sale(id, &format!("n{id}"), day("2011-12-09"), 1));
        }
        world.ingest("more", orders).await;
        world.classify(&[], AS_OF).await;
        world.create_scheme(scheme("classes", "{class:1}{seq:1}")).await.unwrap();
        world.code("classes", AS_OF).await;
        let codes = world.codes("classes").await;
        assert_eq!(codes.values().filter(|code| code.starts_with('S')).count(), 9);
        assert_eq!(codes.values().filter(|code| code.starts_with('M')).count(), 5);
        assert_eq!(codes.values().filter(|code| code.starts_with('L')).count(), 3);
        assert_eq!(world.without_code("classes", "").await.len(), 5);
        // Who moves to a prefix that has numbers gets one, and is no longer named.
        let late = world.without_code("classes", "").await[0].0;
        let orders = (0..12).map(|order| sale(late, &format!("l{order}"), day("2011-12-08"), 1));
        world.ingest("late", orders.collect()).await;
        world.follow().await;
        assert!(world.codes("classes").await[&late].starts_with('L'));
        assert_eq!(world.without_code("classes", "").await.len(), 4);
        assert_eq!(world.left_out_counts().await, [("codeSchemes/classes".to_owned(), 4)]);
    })
    .await;
}

/// Where codes follow the class and the new prefix is full, the former code stays.
#[tokio::test]
async fn who_gets_no_new_code_keeps_the_former() {
    each_database(async |test| {
        let world = classified(test).await;
        let mut changing = scheme("changing", "N{class:1}{seq:1}");
        changing.recoding = Recoding::OnClassChange.into();
        world.create_scheme(changing).await.unwrap();
        world.code("changing", AS_OF).await;
        let before = world.codes("changing").await;
        let mut orders = Vec::new();
        for id in 3..=9 {
            for order in 0..12 {
                orders.push(sale(id, &format!("m{id}-{order}"), day("2011-12-20"), 1));
            }
        }
        world.ingest("more", orders).await;
        world.classify(&[], "2011-12-31").await;
        world.code("changing", "2011-12-31").await;
        let after = world.codes("changing").await;
        assert_eq!(after.len(), 12);
        // Three were large before, six more found a number; the tenth keeps what it had.
        assert_eq!(after.values().filter(|code| code.starts_with("NL")).count(), 9);
        assert_eq!(after[&9], before[&9]);
        let named = world.without_code("changing", "").await;
        assert_eq!(named.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [9]);
    })
    .await;
}

#[tokio::test]
async fn a_class_change_gives_a_new_code_where_the_scheme_says_so() {
    each_database(async |test| {
        let world = classified(test).await;
        let mut changing = scheme("changing", "N{class:1}{seq:4}");
        changing.recoding = Recoding::OnClassChange.into();
        world.create_scheme(changing).await.unwrap();
        world.create_scheme(scheme("permanent", "P{class:1}{seq:4}")).await.unwrap();
        for id in ["changing", "permanent"] {
            world.code(id, AS_OF).await;
        }
        let orders = (0..6).map(|order| sale(4, &format!("more-{order}"), day("2011-12-20"), 5));
        world.ingest("more", orders.collect()).await;
        world.classify(&[], "2011-12-31").await;
        for id in ["changing", "permanent"] {
            world.code(id, "2011-12-31").await;
            // A run of an earlier date does not turn it back.
            world.code(id, AS_OF).await;
        }
        assert_eq!(world.codes("permanent").await[&4], "PS0004");
        assert_eq!(world.codes("changing").await[&4], "NL0004");
        assert_eq!(world.codes("changing").await[&3], "NS0003");
        let former = world.resolve("NS0004").await.unwrap();
        let code = former.code.unwrap();
        assert_eq!((code.customer.as_str(), code.current), ("customers/4", false));
        assert!(code.end_time.is_some());
        assert_eq!(former.current_code, "NL0004");
        let current = world.resolve("nl-0004").await.unwrap().code.unwrap();
        assert!(current.current && current.end_time.is_none());
    })
    .await;
}

#[tokio::test]
async fn two_schemes_that_write_alike_share_no_code() {
    each_database(async |test| {
        let world = classified(test).await;
        for id in ["one", "two"] {
            world.create_scheme(scheme(id, "K{seq:2}")).await.unwrap();
            world.code(id, AS_OF).await;
        }
        let one: BTreeSet<_> = world.codes("one").await.into_values().collect();
        let two: BTreeSet<_> = world.codes("two").await.into_values().collect();
        assert_eq!((one.len(), two.len()), (12, 12));
        assert!(one.is_disjoint(&two));
        assert_eq!(codes::skipped(&world.db, "one").await.unwrap(), []);
        let skipped = codes::skipped(&world.db, "two").await.unwrap();
        let numbers: Vec<_> = skipped.iter().map(|one| (one.prefix.as_str(), one.number)).collect();
        let prefix = numbers[0].0;
        assert_eq!(numbers, (1..=12).map(|number| (prefix, number)).collect::<Vec<_>>());
        let normals: BTreeSet<_> = skipped.into_iter().map(|one| one.normal).collect();
        assert_eq!(normals, one, "what was skipped is what the other scheme had given");
    })
    .await;
}

#[tokio::test]
async fn a_run_goes_on_where_a_dead_worker_stopped() {
    each_database(async |test| {
        let world = classified(test).await;
        world.create_scheme(scheme("standard", STANDARD)).await.unwrap();
        let run_id = world.queue("coding", "\"scheme\":\"standard\"", AS_OF).await;
        world.die_after_a_partition(run_id).await;
        let run = world.carry_out(run_id).await;
        assert_eq!((run.state, run.attempt, run.done), (RunState::Succeeded, 2, 12));
        let codes = world.codes("standard").await;
        assert_eq!(codes.len(), 12);
        assert!(codes[&12].starts_with("GB-L000002") && codes[&9].starts_with("FR-M000001"));
    })
    .await;
}

/// Sixteen runs of one scheme, and followers, on four replicas at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_code_at_once_give_every_customer_one_code() {
    each_database(async |test| {
        let world = classified(test).await;
        world.create_scheme(scheme("shared", "K{seq:4}")).await.unwrap();
        let mut runs = Vec::new();
        for _ in 0..16 {
            runs.push(world.queue("coding", "\"scheme\":\"shared\"", AS_OF).await);
        }
        let mut replicas = Vec::new();
        for _ in 0..4 {
            let replica = World::on(Database::connect(&test.url).await.unwrap());
            let runs = runs.clone();
            replicas.push(tokio::spawn(async move {
                for run in replica.carry_out_all(&runs).await {
                    assert_eq!(run.state, RunState::Succeeded, "{:?}", run.error);
                }
                replica.follow().await;
            }));
        }
        for replica in replicas {
            replica.await.unwrap();
        }
        let codes: Vec<_> = world.codes("shared").await.into_values().collect();
        assert_eq!(codes, (1..=12).map(|number| format!("K{number:04}")).collect::<Vec<_>>());
    })
    .await;
}

/// Nine customers of two sources, loaded forwards and backwards, in pieces of three.
#[tokio::test]
async fn codes_are_the_same_in_whatever_order_customers_were_loaded() {
    for backwards in [false, true] {
        each_database(async |test| {
            let world = World::new(test);
            let mut parts: Vec<(&str, i64)> = (1..=5).map(|key| ("web", key)).collect();
            parts.extend((1..=4).map(|key| ("crm", key)));
            if backwards {
                parts.reverse();
            }
            for (source, key) in &parts {
                let order = Entry::Order(sale(*key, &format!("o{key}"), day("2011-12-01"), 10));
                let stream = format!("{source} {key}");
                shop::ingest_from(&world.db, source, &stream, vec![order], clock::now()).await;
            }
            let plain = CodeScheme { taxonomy: String::new(), ..scheme("plain", "K{seq:4}") };
            world.create_scheme(plain).await.unwrap();
            let run_id = world.queue("coding", r#""scheme":"plain""#, AS_OF).await;
            assert_eq!(world.carry_out(run_id).await.state, RunState::Succeeded);
            let codes = world.codes("plain").await;
            let mut found = Vec::new();
            for (source, key) in parts {
                let key = format!("c{key:02}");
                let customer = find_reference(&world.db, source, &key).await.unwrap().unwrap();
                found.push((codes[&customer.0].clone(), format!("{source}/{key}")));
            }
            found.sort_unstable();
            let coded: Vec<_> = found.iter().map(|(_, customer)| customer.as_str()).collect();
            let expected = [
                "crm/c01", "crm/c02", "crm/c03", "crm/c04", "web/c01", "web/c02", "web/c03",
                "web/c04", "web/c05",
            ];
            assert_eq!(coded, expected, "loaded backwards: {backwards}");
        })
        .await;
    }
}
