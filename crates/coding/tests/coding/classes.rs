//! Classification runs and what can be read of classes.

use kehu_contract::coding::{
    BatchGetClassificationsRequest, ListMembersRequest,
    classification_service_server::ClassificationService, create_taxonomy_request::Origin,
};
use kehu_contract::error::ErrorReason;
use kehu_contract::shared::{Label, value::Kind};
use kehu_core::taxonomy::Taxonomy;
use kehu_server::{clock, fault};
use kehu_storage::change_log::{self, Position, Topic};
use kehu_storage::coding::pins;
use kehu_storage::definitions;
use kehu_storage::run::{self, Cut, RunState};
use kehu_tests::classes::known;
use kehu_tests::{date, day, each_database};
use tonic::{Code, Request};

use crate::world::{World, class, sale, size, taxonomy, violations};

const AS_OF: &str = "2011-12-10";

#[tokio::test]
async fn the_first_predicate_that_holds_wins() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        let run = world.classify(&[], AS_OF).await;
        assert_eq!((run.state, run.done, run.total), (RunState::Succeeded, 12, 12));
        for (name, members) in [
            ("large", vec![10, 11, 12]),
            ("middle", vec![5, 6, 7, 8, 9]),
            ("small", vec![1, 2, 3, 4]),
            ("", (1..=12).collect()),
        ] {
            assert_eq!(world.ids("size", name).await, members, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn many_classes_are_read_together_and_members_counted() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], AS_OF).await;
        let request = BatchGetClassificationsRequest {
            taxonomy: "size".to_owned(),
            customers: ["12", "customers/99", "customers/1"].map(str::to_owned).into(),
            ..Default::default()
        };
        let found = world.coding.batch_get_classifications(Request::new(request.clone())).await;
        let found = found.unwrap().into_inner();
        let classes: Vec<_> =
            found.classifications.iter().map(|one| (&*one.customer, &*one.class_id)).collect();
        assert_eq!(classes, [("customers/12", "large"), ("customers/1", "small")]);
        assert_eq!(found.missing_customers, ["customers/99"]);
        let unknown = BatchGetClassificationsRequest { taxonomy: "none".to_owned(), ..request };
        let unknown = world.coding.batch_get_classifications(Request::new(unknown)).await;
        assert_eq!(unknown.unwrap_err().code(), Code::NotFound);

        for (class, total) in [("large", 3), ("", 12)] {
            let request = ListMembersRequest {
                taxonomy: "size".to_owned(),
                class_id: class.to_owned(),
                page_size: 1,
                show_total_size: true,
                ..Default::default()
            };
            let page = world.coding.list_members(Request::new(request)).await.unwrap().into_inner();
            assert_eq!((page.classifications.len(), page.total_size), (1, Some(total)), "{class}");
        }
    })
    .await;
}

#[tokio::test]
async fn null_does_not_hold_and_nobody_is_left_out() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let definition = taxonomy(
            "country",
            vec![
                class("british", "B", "country = 'GB'"),
                class("other", "O", "NOT (country = 'GB')"),
                class("unknown", "U", ""),
            ],
        );
        world.create(Origin::Definition(definition)).await.unwrap();
        world.publish("country").await.unwrap();
        world.classify(&["country"], AS_OF).await;
        assert_eq!(world.ids("country", "british").await, [2, 4, 6, 8, 10, 12]);
        assert_eq!(world.ids("country", "other").await, [3, 9]);
        assert_eq!(world.ids("country", "unknown").await, [1, 5, 7, 11]);
    })
    .await;
}

#[tokio::test]
async fn a_class_names_what_it_rests_on() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let amounts = [(1, 800), (2, 150), (3, 50)];
        world.score_abc(&amounts, AS_OF).await;
        let mut definition = taxonomy(
            "key",
            vec![
                class("key", "K", "abc_grade = 'A' AND orders_total > 0"),
                class("ordinary", "O", ""),
            ],
        );
        definition.classes[0].tags = vec![Label { zh: "重点".to_owned(), en: "Key".to_owned() }];
        world.create(Origin::Definition(definition.clone())).await.unwrap();
        world.publish("key").await.unwrap();
        let run = world.classify(&["key"], AS_OF).await;
        let key = world.get(1, "key", None, None).await.unwrap();
        assert_eq!((key.taxonomy.as_str(), key.version), ("taxonomies/key", 1));
        assert_eq!(key.class_id, "key");
        assert_eq!(key.label, definition.classes[0].label);
        assert_eq!(key.tags, definition.classes[0].tags);
        assert_eq!(key.predicate, definition.classes[0].predicate);
        assert_eq!(key.run, format!("runs/{}", run.run_id));
        assert_eq!((key.valid_from_date, key.valid_to_date), (date(AS_OF), None));
        let columns: Vec<_> = key.evidence.keys().map(String::as_str).collect();
        assert_eq!(columns, ["abc_grade", "orders_total"]);
        assert_eq!(key.evidence["abc_grade"].kind, Some(Kind::Text("A".to_owned())));
        let without_score = world.get(4, "key", None, None).await.unwrap();
        assert_eq!(
            (without_score.class_id.as_str(), without_score.predicate.as_str()),
            ("ordinary", "")
        );
        assert_eq!(without_score.evidence["abc_grade"].kind, None);
        let missing = world.get(13, "key", None, None).await.unwrap_err();
        assert_eq!(missing.code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn scores_are_those_true_on_the_date() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.score_abc(&[(1, 800), (2, 190), (3, 10)], "2011-11-30").await;
        world.create(Origin::Template("abc".to_owned())).await.unwrap();
        world.publish("abc").await.unwrap();
        let early = world.start_classification(&["abc"], "2011-11-29", "").await.unwrap_err();
        assert_eq!(fault::reason(&early), Some(ErrorReason::Precondition));
        world.score_abc(&[(1, 10), (2, 190), (3, 900)], "2011-12-09").await;
        for (as_of, best) in [("2011-12-08", 1), (AS_OF, 3)] {
            world.classify(&["abc"], as_of).await;
            assert_eq!(world.ids("abc", "a").await, [best], "{as_of}");
        }
        let before = world.get(1, "abc", Some("2011-12-08"), None).await.unwrap();
        assert_eq!((before.class_id.as_str(), before.valid_to_date), ("a", date(AS_OF)));
    })
    .await;
}

#[tokio::test]
async fn a_repeated_run_writes_nothing() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], AS_OF).await;
        let members = world.members("size", "").await;
        let changes =
            change_log::read(&world.db, Topic::Classes, Position::START, 100).await.unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].customers.len(), 12);
        assert_eq!(changes[0].as_of, Some(day(AS_OF)));
        let run = world.classify(&[], AS_OF).await;
        assert_eq!((run.state, run.done), (RunState::Succeeded, 12));
        assert_eq!(world.members("size", "").await, members);
        let again =
            change_log::read(&world.db, Topic::Classes, Position::START, 100).await.unwrap();
        assert_eq!(again, changes);
    })
    .await;
}

#[tokio::test]
async fn a_restated_past_is_known_from_then_on() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], "2011-11-30").await;
        world.classify(&[], AS_OF).await;
        let before = known(&world.db).await.unwrap();
        // Nine orders of November that arrive late.
        let late = (0..9).map(|order| sale(1, &format!("late-{order}"), day("2011-11-20"), 5));
        world.ingest("late", late.collect()).await;
        world.classify(&[], "2011-11-30").await;
        for (true_on, known, name) in [
            ("2011-11-30", Some(before), "small"),
            ("2011-11-30", None, "middle"),
            (AS_OF, None, "small"),
        ] {
            let found = world.get(1, "size", Some(true_on), known).await.unwrap();
            assert_eq!(found.class_id, name, "true on {true_on}, known at {known:?}");
        }
        world.classify(&[], AS_OF).await;
        let history = world.history(1).await;
        let seen: Vec<_> = history
            .iter()
            .map(|row| (row.class_id.as_str(), row.valid_from_date, row.supersede_time.is_some()))
            .collect();
        assert_eq!(
            seen,
            [
                ("large", date(AS_OF), false),
                ("small", date(AS_OF), true),
                ("middle", date("2011-11-30"), false),
                ("small", date("2011-11-30"), true),
            ]
        );
        assert_eq!(history[2].valid_to_date, date(AS_OF));
    })
    .await;
}

#[tokio::test]
async fn a_run_goes_on_where_a_dead_worker_stopped() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        let request = "\"taxonomies\":[\"size\"]";
        let run_id = world.queue("classification", request, AS_OF).await;
        let preparation = world.lease_for_the_dead(run_id).await;
        let versions = definitions::in_force::<Taxonomy>(&world.db, &[] as &[&str]).await.unwrap();
        pins::pin_versions(&world.db, run_id, day(AS_OF), &versions).await.unwrap();
        run::cut(&world.db, &preparation, Cut::Ranges, 9).await.unwrap();
        // A first partition that wrote nothing: whoever does it again is found out.
        let lease = world.lease_for_the_dead(run_id).await;
        let transaction = world.db.begin().await.unwrap();
        run::finish_partition(&transaction, &lease, 3, 0).await.unwrap();
        transaction.commit().await.unwrap();
        world.lease_for_the_dead(run_id).await;
        world.publish_size().await;
        let run = world.carry_out(run_id).await;
        assert_eq!((run.state, run.attempt), (RunState::Succeeded, 2));
        assert_eq!((run.done, run.total), (12, 12));
        let members = world.members("size", "").await;
        assert_eq!(members.len(), 9, "the first partition is not done again");
        assert!(members.iter().all(|row| row.taxonomy == "taxonomies/size" && row.version == 1));
    })
    .await;
}

#[tokio::test]
async fn a_run_that_cannot_work_is_refused() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let nothing = world.start_classification(&[], AS_OF, "").await.unwrap_err();
        assert_eq!(fault::reason(&nothing), Some(ErrorReason::Precondition));
        world.create(Origin::Definition(size())).await.unwrap();
        let draft = world.start_classification(&["size"], AS_OF, "").await.unwrap_err();
        assert_eq!(fault::reason(&draft), Some(ErrorReason::Precondition));
        let unknown = world.start_classification(&["none"], AS_OF, "").await.unwrap_err();
        assert_eq!(unknown.code(), Code::NotFound);
        let bad =
            world.start_classification(&["size", "size", "No"], AS_OF, "7").await.unwrap_err();
        let fields: Vec<_> = violations(&bad).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["taxonomies[1]", "taxonomies[2]", "request_id"]);
        world.publish("size").await.unwrap();
        let request_id = "6f1e2a34-0b5c-4d7e-8f90-123456789abc";
        let first = world.start_classification(&["size"], AS_OF, request_id).await.unwrap();
        let second = world.start_classification(&["size"], AS_OF, request_id).await.unwrap();
        assert_eq!(first, second);
        let other = world.start_classification(&[], AS_OF, request_id).await.unwrap_err();
        assert_eq!(fault::reason(&other), Some(ErrorReason::RequestIdReused));
    })
    .await;
}

/// A version takes effect for everybody at once, when its first run is complete; until then
/// changes are followed under both. What a cancelled run has written is seen by nobody.
#[tokio::test]
async fn a_new_version_takes_effect_for_all_at_once() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], AS_OF).await;
        let mut definition = size();
        definition.classes[1].predicate = "orders_total >= 3".to_owned();
        let middle = async |world: &World| world.ids("size", "middle").await;
        world.create(Origin::Definition(definition)).await.unwrap();
        world.publish("size").await.unwrap();
        let request = "\"taxonomies\":[\"size\"]";
        let cancelled = world.queue("classification", request, AS_OF).await;
        world.die_after_a_partition(cancelled).await;
        assert_eq!(middle(&world).await, [5, 6, 7, 8, 9]);
        run::cancel(&world.db, cancelled, clock::now()).await.unwrap();
        world.expire_lease(cancelled).await;

        let run_id = world.queue("classification", request, AS_OF).await;
        world.die_after_a_partition(run_id).await;
        // One that the run has been at, one that it has not.
        let order = |customer: i64| sale(customer, &format!("n{customer}"), day("2011-12-09"), 1);
        world.ingest("meanwhile", vec![order(2), order(4)]).await;
        world.follow().await;
        assert_eq!(middle(&world).await, [4, 5, 6, 7, 8, 9], "under the old version");
        world.expire_lease(run_id).await;
        let run = world.carry_out(run_id).await;
        assert_eq!(run.state, RunState::Succeeded);
        assert_eq!(middle(&world).await, [2, 3, 4, 5, 6, 7, 8, 9]);
        let history = world.history(2).await;
        let (first, last) = (&history[0], &history[history.len() - 1]);
        assert_eq!((first.version, first.supersede_time), (2, None));
        assert!(last.supersede_time.is_some());
        let followed = world.members("size", "").await;
        world.classify(&[], AS_OF).await;
        assert_eq!(world.members("size", "").await, followed);
    })
    .await;
}

/// One amount of nine hundred million, cubed: that customer alone is left out of that taxonomy, in
/// runs and by changes, until the predicate can be told.
#[tokio::test]
async fn a_predicate_that_fails_for_one_customer_leaves_that_one_out() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let cube = "amount_total * amount_total * amount_total > 1e9";
        let classes = || {
            vec![
                class("many", "M", "orders_total >= 12"),
                class("high", "H", cube),
                class("low", "L", ""),
            ]
        };
        world.create(Origin::Definition(taxonomy("cube", classes()))).await.unwrap();
        world.publish("cube").await.unwrap();
        world.publish_size().await;
        world.classify(&[], AS_OF).await;
        assert!(world.left_out("cube").await.is_empty());
        assert!(world.left_out_counts().await.is_empty());
        world.follow().await;

        let large = [(1, "b1"), (12, "b12")];
        let orders = large.map(|(id, key)| sale(id, key, day("2011-12-05"), 900_000_000_000));
        world.ingest("large", Vec::from(orders)).await;
        world.ingest("small", vec![sale(2, "b2", day("2011-12-05"), 5_000)]).await;
        world.follow().await;
        // Followed and run alike; the one whom an earlier predicate holds for is not left out.
        for _ in 0..2 {
            let left_out = world.left_out("cube").await;
            assert_eq!(left_out.len(), 1, "{left_out:?}");
            assert_eq!(world.left_out_counts().await, [("taxonomies/cube".to_owned(), 1)]);
            assert_eq!(left_out[0].0, 1);
            assert!(left_out[0].1.contains("class high"), "{left_out:?}");
            assert!(!left_out[0].1.contains("900"), "{left_out:?}");
            assert_eq!(world.ids("cube", "many").await, [12]);
            assert!(world.ids("cube", "high").await.contains(&2));
            assert_eq!(world.ids("cube", "").await, (2..=12).collect::<Vec<_>>());
            assert_eq!(world.ids("size", "").await, (1..=12).collect::<Vec<_>>());
            let none = world.get(1, "cube", None, None).await.unwrap_err();
            assert_eq!(none.code(), Code::NotFound);
            assert!(none.message().contains("left out: in the predicate"), "{}", none.message());
            world.classify(&[], AS_OF).await;
        }
        let history = world.history(1).await;
        let here = history.iter().find(|one| one.taxonomy.starts_with("taxonomies/cube")).unwrap();
        assert_eq!((here.class_id.as_str(), here.left_out_reason.is_empty()), ("", false));
        assert!(here.evidence.contains_key("amount_total") && here.evidence.len() == 2);

        // Corrected, it has a class again.
        world.ingest("corrected", vec![sale(1, "b1", day("2011-12-05"), 900)]).await;
        world.follow().await;
        assert!(world.left_out("cube").await.is_empty());
        assert!(world.left_out_counts().await.is_empty());
        assert_eq!(world.get(1, "cube", None, None).await.unwrap().class_id, "low");
    })
    .await;
}

#[tokio::test]
async fn a_date_beyond_the_last_evaluation_says_so() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], AS_OF).await;
        let beyond = world.get(1, "size", Some("2011-12-11"), None).await.unwrap_err();
        assert_eq!(beyond.code(), Code::NotFound);
        assert!(beyond.message().contains("evaluated through 2011-12-10"), "{}", beyond.message());
        let request = ListMembersRequest {
            taxonomy: "size".to_owned(),
            true_on_date: date("2011-12-11"),
            ..Default::default()
        };
        let members = ClassificationService::list_members(&world.coding, Request::new(request));
        assert_eq!(members.await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}
