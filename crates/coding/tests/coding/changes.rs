//! Classes and codes that follow from changes.

use kehu_contract::coding::{CodeScheme, Recoding, create_taxonomy_request::Origin};
use kehu_core::CustomerId;
use kehu_core::taxonomy::Taxonomy;
use kehu_storage::change_log::{self, Position, Topic};
use kehu_storage::coding::classes::{View, get};
use kehu_storage::coding::pins;
use kehu_storage::definitions;
use kehu_tests::classes::known;
use kehu_tests::{date, day, each_database};
use tonic::Code;

use crate::codes::{AS_OF, STANDARD, scheme};
use crate::world::{World, class, sale, size, taxonomy};

/// Classified and coded by runs, and the followers have caught up.
async fn settled(test: &kehu_tests::TestDatabase) -> World {
    let world = World::with_orders(test).await;
    world.publish_size().await;
    world.classify(&[], AS_OF).await;
    world.create_scheme(scheme("standard", STANDARD)).await.unwrap();
    world.code("standard", AS_OF).await;
    world.follow().await;
    world
}

#[tokio::test]
async fn what_follows_is_what_a_run_gives() {
    each_database(async |test| {
        let world = settled(test).await;
        let mut orders = vec![sale(13, "n0", day("2011-12-09"), 10)];
        orders.extend((0..4).map(|order| sale(3, &format!("n3-{order}"), day("2011-12-09"), 10)));
        world.ingest("new", orders).await;
        world.scores_changed(&[3, 4, 13], AS_OF).await;
        world.follow().await;
        let moved = world.get(3, "size", None, None).await.unwrap();
        assert_eq!((moved.class_id.as_str(), moved.run.as_str()), ("middle", ""));
        assert_eq!(world.get(13, "size", None, None).await.unwrap().class_id, "small");
        let changes =
            change_log::read(&world.db, Topic::Classes, Position::START, 100).await.unwrap();
        let customers: Vec<_> =
            changes.last().unwrap().customers.iter().map(|customer| customer.0).collect();
        assert_eq!(customers, [3, 13], "the class of 4 is what it was");
        let codes = world.codes("standard").await;
        assert!(codes[&3].starts_with("FR-S000001"), "the code is permanent");
        assert!(codes[&13].starts_with("ZZ-S000002"));

        let followed = world.members("size", "").await;
        world.classify(&[], AS_OF).await;
        world.code("standard", AS_OF).await;
        assert_eq!(world.members("size", "").await, followed);
        assert_eq!(world.codes("standard").await, codes);
    })
    .await;
}

#[tokio::test]
async fn a_change_is_classified_from_its_date_on() {
    each_database(async |test| {
        let world = settled(test).await;
        world.classify(&[], "2011-12-31").await;
        world
            .ingest(
                "new",
                (0..9).map(|n| sale(1, &format!("n{n}"), day("2011-12-05"), 1)).collect(),
            )
            .await;
        world.ingest("newer", vec![sale(13, "m", day("2011-12-05"), 1)]).await;
        world.scores_changed(&[1, 13], AS_OF).await;
        world.follow().await;
        let known = world.get(1, "size", None, None).await.unwrap();
        assert_eq!((known.class_id.as_str(), known.valid_from_date), ("large", date(AS_OF)));
        let new = world.get(13, "size", None, None).await.unwrap();
        assert_eq!(new.valid_from_date, date(AS_OF));
        world.ingest("later", vec![sale(2, "l", day("2012-01-10"), 1)]).await;
        world.follow().await;
        let later = world.get(2, "size", Some("2012-01-10"), None).await.unwrap();
        assert_eq!((later.class_id.as_str(), later.valid_from_date), ("small", date(AS_OF)));
        let others = world.get(3, "size", Some("2012-01-10"), None).await.unwrap_err();
        assert!(others.message().contains("evaluated through 2011-12-31"), "{}", others.message());
    })
    .await;
}

/// Orders that turn out to be later make another class of a past day, that of the code, and leave
/// today's as it is: the code stays, for nothing that comes after would put it right.
#[tokio::test]
async fn a_restated_past_changes_no_code() {
    const PAST: &str = "2011-11-28";
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], PAST).await;
        let recoding = Recoding::OnClassChange.into();
        let scheme = CodeScheme { recoding, ..scheme("standard", STANDARD) };
        world.create_scheme(scheme).await.unwrap();
        world.code("standard", PAST).await;
        world.classify(&[], AS_OF).await;
        world.follow().await;
        let codes = world.codes("standard").await;
        assert!(codes[&12].starts_with("GB-L"), "{}", codes[&12]);
        let later = (0..4).map(|n| sale(12, &format!("o12-{n}"), day("2011-12-08"), 120));
        world.ingest("later", later.collect()).await;
        world.follow().await;
        for (on, class) in [(PAST, "middle"), (AS_OF, "large")] {
            let known = world.get(12, "size", Some(on), None).await.unwrap();
            assert_eq!(known.class_id, class, "{on}");
        }
        assert_eq!(world.codes("standard").await, codes);
    })
    .await;
}

#[tokio::test]
async fn nothing_follows_before_the_first_run() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.scores_changed(&[1, 2], AS_OF).await;
        world.follow().await;
        assert_eq!(world.members("size", "").await, []);
        for (consumer, topic) in [("coding", Topic::Scores), ("coding-facts", Topic::Facts)] {
            let changes = change_log::read(&world.db, topic, Position::START, 9).await.unwrap();
            let cursor = change_log::cursor(&world.db, consumer).await.unwrap();
            assert_eq!(cursor, changes.last().unwrap().position);
        }
        world.create_scheme(scheme("standard", STANDARD)).await.unwrap();
        world.classify(&[], AS_OF).await;
        world.follow().await;
        assert!(world.codes("standard").await.is_empty());
    })
    .await;
}

/// The first run of one taxonomy is queued: the others follow on, and what changes meanwhile is
/// in the classes that its end brings to light.
#[tokio::test]
async fn changes_do_not_wait_for_a_first_run() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], AS_OF).await;
        let busy = vec![class("busy", "B", "orders_total >= 2"), class("calm", "C", "")];
        world.create(Origin::Definition(taxonomy("pace", busy))).await.unwrap();
        world.publish("pace").await.unwrap();
        let run_id = world.queue("classification", "\"taxonomies\":[\"pace\"]", AS_OF).await;
        let mut versions =
            definitions::in_force::<Taxonomy>(&world.db, &[] as &[&str]).await.unwrap();
        versions.retain(|version| version.definition.id == "pace");
        pins::pin_versions(&world.db, run_id, day(AS_OF), &versions).await.unwrap();
        let orders = (0..4).map(|n| sale(1, &format!("n{n}"), day("2011-12-05"), 1));
        world.ingest("meanwhile", orders.collect()).await;
        world.follow().await;
        assert_eq!(world.get(1, "size", None, None).await.unwrap().class_id, "middle");
        let unseen = world.get(1, "pace", None, None).await.unwrap_err();
        assert_eq!(unseen.code(), Code::NotFound);
        world.carry_out(run_id).await;
        assert_eq!(world.ids("pace", "busy").await, (1..=12).collect::<Vec<_>>());
    })
    .await;
}

/// Without a scorecard nothing but the facts themselves leads to a taxonomy over features.
#[tokio::test]
async fn a_taxonomy_over_features_follows_facts() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], AS_OF).await;
        world.follow().await;
        let orders = (0..4).map(|n| sale(1, &format!("n{n}"), day("2011-12-09"), 1));
        world.ingest("new", orders.collect()).await;
        world.follow().await;
        let moved = world.get(1, "size", None, None).await.unwrap();
        assert_eq!((moved.class_id.as_str(), moved.run.as_str()), ("middle", ""));
        assert_eq!(moved.valid_from_date, date(AS_OF));
    })
    .await;
}

/// A scheme without a taxonomy has no class to follow: who appears gets a code all the same.
#[tokio::test]
async fn a_scheme_without_a_taxonomy_follows_facts() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let mut plain = scheme("plain", "C{seq:4}");
        plain.taxonomy = String::new();
        world.create_scheme(plain).await.unwrap();
        world.follow().await;
        assert!(world.codes("plain").await.is_empty(), "nothing follows before the first run");
        world.code("plain", AS_OF).await;
        world.ingest("new", vec![sale(13, "n13", day("2011-12-09"), 1)]).await;
        world.follow().await;
        let codes = world.codes("plain").await;
        assert_eq!((codes.len(), codes[&13].as_str()), (13, "C0013"));
        world.code("plain", AS_OF).await;
        assert_eq!(world.codes("plain").await, codes, "what follows is what a run gives");
    })
    .await;
}

/// Facts of the past that arrive late: every day evaluated since is evaluated again for the
/// customer, under the version in force on it, and what was known is kept.
#[tokio::test]
async fn a_late_correction_restates_the_past() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        for as_of in ["2011-12-01", "2011-12-04", "2011-12-07"] {
            world.classify(&[], as_of).await;
        }
        let mut definition = size();
        definition.classes[1].predicate = "orders_total >= 50".to_owned();
        world.create(Origin::Definition(definition)).await.unwrap();
        world.publish("size").await.unwrap();
        world.classify(&[], AS_OF).await;
        world.follow().await;
        let before = known(&world.db).await.unwrap();
        let orders = (0..5).map(|n| sale(1, &format!("n{n}"), day("2011-12-03"), 1));
        world.ingest("late", orders.collect()).await;
        world.follow().await;
        for (true_on, now, then) in [
            ("2011-12-01", "small", "small"),
            ("2011-12-03", "small", "small"),
            ("2011-12-04", "middle", "small"),
            ("2011-12-07", "middle", "small"),
            (AS_OF, "small", "small"),
        ] {
            for (known_at, expected) in [(None, now), (Some(before), then)] {
                let found = world.get(1, "size", Some(true_on), known_at).await.unwrap();
                assert_eq!(found.class_id, expected, "{true_on}, known at {known_at:?}");
            }
        }
        let followed = world.history(1).await;
        for as_of in ["2011-12-01", "2011-12-04", "2011-12-07", AS_OF] {
            world.classify(&[], as_of).await;
        }
        assert_eq!(world.history(1).await, followed, "what follows is what runs give");
    })
    .await;
}

/// So do values of a profile that come late, from the day on of which their source says them; what
/// is the first that is known of a field holds before, too.
#[tokio::test]
async fn a_late_value_of_a_profile_restates_the_past() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        let classes = vec![
            class("leeds", "L", "city = 'Leeds'"),
            class("york", "Y", "city = 'York'"),
            class("other", "O", ""),
        ];
        world.create(Origin::Definition(taxonomy("where", classes))).await.unwrap();
        world.publish("where").await.unwrap();
        world.lives_in(1, "York", "2011-12-06").await;
        let days = ["2011-12-02", "2011-12-04", "2011-12-07", AS_OF];
        for as_of in days {
            world.classify(&[], as_of).await;
        }
        world.follow().await;
        for (city, from, expected) in [
            // Nothing late yet.
            ("York", "2011-12-06", ["york", "york", "york", "york"]),
            ("Leeds", "2011-12-03", ["leeds", "leeds", "york", "york"]),
            ("Hull", "2011-12-07", ["leeds", "leeds", "other", "other"]),
            ("York", "2011-12-05", ["leeds", "leeds", "other", "other"]),
            ("Leeds", "2011-12-09", ["leeds", "leeds", "other", "leeds"]),
        ] {
            world.lives_in(1, city, from).await;
            world.follow().await;
            for (day, class) in days.into_iter().zip(expected) {
                let found = world.get(1, "where", Some(day), None).await.unwrap();
                assert_eq!(found.class_id, class, "{city} from {from}, on {day}");
            }
        }
        let followed = world.history(1).await;
        for as_of in days {
            world.classify(&[], as_of).await;
        }
        assert_eq!(world.history(1).await, followed, "what follows is what runs give");
    })
    .await;
}

/// The only order of a customer turns out to be of a later day: until then it was no customer, and
/// has no class, whether a follower finds that or a run.
#[tokio::test]
async fn who_was_no_customer_yet_has_no_class() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        let orders = |on: &str| [13, 14].map(|id| sale(id, &format!("n{id}"), day(on), 1));
        world.ingest("early", orders("2011-12-05").to_vec()).await;
        for as_of in ["2011-12-06", AS_OF] {
            world.classify(&[], as_of).await;
        }
        world.follow().await;
        let [follower, run] = orders("2011-12-08");
        world.ingest("later", vec![follower]).await;
        world.follow().await;
        world.ingest("later too", vec![run]).await;
        world.classify(&[], "2011-12-06").await;
        for customer in [13, 14] {
            for (true_on, expected) in
                [("2011-12-06", None), ("2011-12-09", None), (AS_OF, Some("small"))]
            {
                let view = View { true_on: Some(day(true_on)), known_at: None };
                let found = get(&world.db, CustomerId(customer), "size", view).await.unwrap();
                let found = found.map(|found| found.class);
                assert_eq!(found.as_deref(), expected, "{customer} on {true_on}");
            }
        }
        world.follow().await;
        assert_eq!(world.ids("size", "small").await, [1, 2, 3, 4, 13, 14]);
    })
    .await;
}

/// A prefix without numbers holds up neither the other scheme nor the cursor.
#[tokio::test]
async fn who_gets_no_code_holds_up_nobody() {
    each_database(async |test| {
        let world = World::with_orders(test).await;
        world.publish_size().await;
        world.classify(&[], AS_OF).await;
        for (id, template) in [("a-tiny", "T{class:1}{seq:1}"), ("wide", "W{class:1}{seq:4}")] {
            world.create_scheme(scheme(id, template)).await.unwrap();
            world.code(id, AS_OF).await;
        }
        world.follow().await;
        let customers: Vec<i64> = (13..=18).collect();
        let orders = customers.iter().map(|id| sale(*id, &format!("n{id}"), day("2011-12-09"), 1));
        world.ingest("new", orders.collect()).await;
        world.scores_changed(&customers, AS_OF).await;
        world.follow().await;
        // Nine of the class have a code of the tiny scheme, the others are named.
        assert_eq!(world.codes("a-tiny").await.len(), 17);
        assert_eq!(world.without_code("a-tiny", "").await.len(), 1);
        assert_eq!(world.codes("wide").await.len(), 18);
    })
    .await;
}
