//! Scorecards, their versions, and the runs that are pinned to them.

use kehu_core::Label;
use kehu_storage::run::{self, NewRun};
use kehu_storage::scoring::{pins, scorecards as store};
use kehu_storage::{Error, PageRequest};
use kehu_tests::{at, day, each_database};

use crate::{calibration, published, template};

#[tokio::test]
async fn a_published_version_never_changes() {
    each_database(async |test| {
        let db = &test.database;
        let first = published(db, "rfm").await;
        assert_eq!((first.version, first.published.is_some()), (1, true));
        assert_eq!(store::get(db, "rfm", None).await.unwrap(), first);

        let mut card = template("rfm");
        card.label = Label::new("新", "New");
        let draft = store::save_draft(db, &card, at(2)).await.unwrap();
        assert_eq!((draft.version, draft.published.is_some()), (2, false));
        card.label = Label::new("更新", "Newer");
        let replaced = store::save_draft(db, &card, at(3)).await.unwrap();
        assert_eq!((replaced.version, replaced.version_id), (2, draft.version_id));
        assert_eq!(store::get(db, "rfm", Some(1)).await.unwrap(), first);
        assert_eq!(store::get(db, "rfm", None).await.unwrap(), replaced);
        let in_force = store::in_force(db, &["rfm", "abc"]).await.unwrap();
        assert_eq!(in_force, std::slice::from_ref(&first));

        let frozen = calibration(&card);
        let stale = store::publish(db, &draft, &frozen, day("2011-12-02"), at(4)).await;
        assert!(matches!(stale, Err(Error::Conflict(_))), "the draft was replaced");
        let second =
            store::publish(db, &replaced, &frozen, day("2011-12-02"), at(4)).await.unwrap();
        assert_eq!(store::get(db, "rfm", Some(2)).await.unwrap(), second);
        assert_eq!(store::in_force::<&str>(db, &[]).await.unwrap(), std::slice::from_ref(&second));
        let again = store::publish(db, &replaced, &frozen, day("2011-12-02"), at(5)).await;
        assert!(matches!(again, Err(Error::Conflict(_))), "it is published already");
        let missing = store::get(db, "rfm", Some(3)).await;
        assert!(matches!(missing, Err(Error::NotFound { .. })));
    })
    .await;
}

#[tokio::test]
async fn the_latest_versions_are_listed_by_id() {
    each_database(async |test| {
        let db = &test.database;
        for id in ["value", "rfm", "abc"] {
            published(db, id).await;
        }
        store::save_draft(db, &template("rfm"), at(9)).await.unwrap();
        let mut seen = Vec::new();
        let mut page = PageRequest::first(2);
        loop {
            let found = store::list_latest(db, &page).await.unwrap();
            seen.extend(found.items.into_iter().map(|one| (one.definition.id, one.version)));
            let Some(next) = found.next else { break };
            page.after = Some(next);
        }
        assert_eq!(seen, [("abc".into(), 1), ("rfm".into(), 2), ("value".into(), 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_run_keeps_its_versions() {
    each_database(async |test| {
        let db = &test.database;
        assert_eq!(pins::followed(db).await.unwrap(), []);
        let first = published(db, "rfm").await;
        let scoring = |as_of: &str| NewRun {
            kind: "scoring",
            request: String::new(),
            as_of: Some(day(as_of)),
            partition_size: None,
            request_id: None,
            caller: None,
        };
        let run = run::start(db, &scoring("2011-12-10"), at(5)).await.unwrap();
        let versions = [first.clone()];
        let pinned = pins::pin(db, run.run_id, &versions).await.unwrap();
        assert_eq!(pinned, versions);

        let second = published(db, "rfm").await;
        assert_eq!(second.version, 2);
        let again = pins::pin(db, run.run_id, std::slice::from_ref(&second)).await.unwrap();
        assert_eq!(again, versions, "a version published meanwhile does not mix in");
        let followed = pins::followed(db).await.unwrap();
        assert_eq!((&followed[0].version, followed[0].as_of), (&first, day("2011-12-10")));

        let check = async |followed: &[pins::Followed]| {
            let transaction = db.begin().await.unwrap();
            pins::check_followed(&transaction, followed).await
        };
        check(&followed).await.unwrap();

        let earlier = run::start(db, &scoring("2011-11-10"), at(6)).await.unwrap();
        pins::pin(db, earlier.run_id, std::slice::from_ref(&second)).await.unwrap();
        let followed = pins::followed(db).await.unwrap();
        assert_eq!(followed[0].as_of, day("2011-12-10"), "the latest date counts");
        check(&followed).await.unwrap();
        run::cancel(db, run.run_id, at(7)).await.unwrap();
        // Who loaded the version before must not write what it gave.
        assert!(matches!(check(&followed).await, Err(Error::Conflict(_))));
        let followed = pins::followed(db).await.unwrap();
        assert_eq!((&followed[0].version, followed[0].as_of), (&second, day("2011-11-10")));
    })
    .await;
}
