use kehu_core::Label;
use kehu_storage::coding::pins::{self, Following};
use kehu_storage::coding::taxonomies::{get, in_force, list, publish, save_draft};
use kehu_storage::run::{self, Cut, Kind, NewRun};
use kehu_storage::{Error, PageRequest};
use kehu_tests::{at, each_database};

use crate::{published, template};

#[tokio::test]
async fn a_draft_is_replaced_and_a_published_version_stays() {
    each_database(async |test| {
        let db = &test.database;
        let mut abc = template("abc");
        let first = save_draft(db, &abc, at(1)).await.unwrap();
        abc.label = Label::new("甲", "renamed");
        let second = save_draft(db, &abc, at(2)).await.unwrap();
        assert_eq!(
            (first.version_id, second.version, second.created_at),
            (second.version_id, 1, at(2))
        );
        assert!(matches!(publish(db, &first, at(3)).await, Err(Error::Conflict(_))));
        let in_print = publish(db, &second, at(3)).await.unwrap();
        assert!(matches!(publish(db, &second, at(4)).await, Err(Error::Conflict(_))));
        let third = save_draft(db, &template("abc"), at(5)).await.unwrap();
        assert_eq!((third.version, third.published_at), (2, None));
        assert_eq!(get(db, "abc", Some(1)).await.unwrap(), in_print);
        assert_eq!(get(db, "abc", None).await.unwrap(), third);
        assert_eq!(in_force(db).await.unwrap(), [in_print]);
        assert!(matches!(get(db, "abc", Some(3)).await, Err(Error::NotFound { .. })));
        assert!(matches!(get(db, "none", None).await, Err(Error::NotFound { .. })));
    })
    .await;
}

#[tokio::test]
async fn the_latest_versions_are_listed_by_id() {
    each_database(async |test| {
        let db = &test.database;
        for id in ["rfm-8", "abc", "rfm-11"] {
            published(db, id).await;
        }
        save_draft(db, &template("abc"), at(5)).await.unwrap();
        let first = list(db, &PageRequest::first(2)).await.unwrap();
        let ids = |page: &kehu_storage::Page<
            kehu_storage::coding::taxonomies::TaxonomyVersion,
            String,
        >| {
            let named = page.items.iter().map(|item| (item.definition.id.clone(), item.version));
            named.collect::<Vec<_>>()
        };
        assert_eq!(ids(&first), [("abc".to_owned(), 2), ("rfm-11".to_owned(), 1)]);
        let second = list(db, &PageRequest { limit: 2, after: first.next }).await.unwrap();
        assert_eq!(ids(&second), [("rfm-8".to_owned(), 1)]);
        assert_eq!(second.next, None);
    })
    .await;
}

#[tokio::test]
async fn a_run_keeps_its_versions_and_makes_them_followed() {
    each_database(async |test| {
        let db = &test.database;
        let first = published(db, "abc").await;
        let new = NewRun {
            kind: "classification",
            request: "{}".to_owned(),
            as_of: None,
            partition_size: None,
            request_id: None,
            caller: None,
        };
        let run = run::start(db, &new, at(1)).await.unwrap();
        let pinned =
            pins::pin_versions(db, run.run_id, std::slice::from_ref(&first)).await.unwrap();
        assert_eq!(pinned, std::slice::from_ref(&first));
        let second = published(db, "abc").await;
        let again = pins::pin_versions(db, run.run_id, &[second]).await.unwrap();
        assert_eq!(again, [first]);
        let followed = pins::followed_taxonomies(db).await.unwrap();
        assert_eq!(followed.get("abc"), Some(&Following::Starting));
        let lease = std::time::Duration::from_secs(10);
        let kind = Kind { name: "classification", cut: Cut::Ranges, after: &[] };
        let leased = run::lease(db, run.run_id, &kind, "me", at(2), lease).await.unwrap();
        run::cut(db, &leased.unwrap().1, kind.cut, 1).await.unwrap();
        let transaction = db.begin().await.unwrap();
        assert!(run::succeed(&transaction, run.run_id, at(3)).await.unwrap());
        transaction.commit().await.unwrap();
        let followed = pins::followed_taxonomies(db).await.unwrap();
        assert_eq!(followed.get("abc"), Some(&Following::Active));
        assert!(pins::followed_schemes(db).await.unwrap().is_empty());
    })
    .await;
}
