use kehu_core::Label;
use kehu_storage::coding::taxonomies::{get, latest_published, list, publish, save_draft};
use kehu_storage::coding::{classes, pins};
use kehu_storage::run::{self, NewRun};
use kehu_storage::{Error, PageRequest};
use kehu_tests::{at, day, each_database};

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
        assert_eq!(latest_published(db).await.unwrap(), [in_print]);
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
async fn a_run_keeps_its_versions_and_brings_them_in_force() {
    each_database(async |test| {
        let db = &test.database;
        let first = published(db, "abc").await;
        let as_of = day("2011-12-10");
        let new = NewRun {
            kind: "classification",
            request: "{}".to_owned(),
            as_of: Some(as_of),
            partition_size: None,
            request_id: None,
            caller: None,
        };
        let run = run::start(db, &new, at(1)).await.unwrap();
        let versions = std::slice::from_ref(&first);
        let pinned = pins::pin_versions(db, run.run_id, as_of, versions).await.unwrap();
        assert_eq!(pinned[0].version, first);
        let second = published(db, "abc").await;
        let again = pins::pin_versions(db, run.run_id, as_of, std::slice::from_ref(&second));
        assert_eq!(again.await.unwrap(), pinned);
        assert_eq!(pins::runs_under_way(db).await.unwrap(), [(pinned[0].clone(), as_of)]);
        let other = run::start(db, &new, at(1)).await.unwrap();
        let joined = pins::pin_versions(db, other.run_id, as_of, versions).await.unwrap();
        assert_eq!(joined, pinned, "two runs that bring in one version write one line");
        assert_eq!(classes::in_force(db.reader(), "abc").await.unwrap().last(), None);

        let transaction = db.begin().await.unwrap();
        classes::complete(&transaction, &pinned[0].line, as_of).await.unwrap();
        transaction.commit().await.unwrap();
        for run_id in [run.run_id, other.run_id] {
            run::cancel(db, run_id, at(3)).await.unwrap();
        }
        assert_eq!(pins::runs_under_way(db).await.unwrap(), []);
        let third = run::start(db, &new, at(4)).await.unwrap().run_id;
        let held = pins::pin_versions(db, third, as_of, versions).await.unwrap();
        assert_eq!(held, pinned, "what is in force is written on");
        let fourth = run::start(db, &new, at(5)).await.unwrap().run_id;
        let newer = pins::pin_versions(db, fourth, as_of, &[second]).await.unwrap();
        assert_ne!(newer[0].line.line_id, pinned[0].line.line_id);
        assert!(pins::followed_schemes(db).await.unwrap().is_empty());
    })
    .await;
}
