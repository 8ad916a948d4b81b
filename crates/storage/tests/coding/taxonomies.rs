use kehu_core::code_scheme::CodeScheme;
use kehu_storage::coding::{classes, pins};
use kehu_storage::definitions;
use kehu_storage::run::{self, Cut, Kind, NewRun};
use kehu_tests::{at, day, each_database};

use crate::published;

#[tokio::test]
async fn a_run_keeps_its_versions_and_brings_them_in_force() {
    each_database(async |test| {
        let db = &test.database;
        let first = published(db, "abc").await;
        let as_of = day("2011-12-10");
        let new = NewRun {
            kind: Kind { name: "classification", cut: Cut::Ranges, after: &[] },
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
        assert!(definitions::pins::following::<CodeScheme>(db).await.unwrap().is_empty());
    })
    .await;
}
