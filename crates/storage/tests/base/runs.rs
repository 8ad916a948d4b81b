//! Runs: their life from queued to ended. What workers do to each other is in `leases.rs`.

use std::time::Duration;

use kehu_storage::run::{
    Following, HeartbeatOutcome, MAX_ATTEMPTS, NewRun, Pin, Retry, Run, RunFilter, RunState,
    cancel, cancelled, fail, following, get, give_back, give_up, heartbeat, lease, list, phase,
    pin, pins, start, succeed, trim,
};
use kehu_storage::{Database, Error, PageRequest};
use kehu_tests::{at, customers, day, each_database};

use crate::leases::{
    CODING, SCORING, TTL, finish, found, leased, out_of_memory, prepare, prepared, scoring,
    succeeded, take,
};

#[tokio::test]
async fn a_run_goes_from_queued_to_succeeded() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=7).await;
        let new = NewRun { caller: Some("ann".to_owned()), ..scoring(Some(5)) };
        let queued = start(db, &new, at(0)).await.unwrap();
        assert_eq!((queued.state, queued.attempt, queued.total), (RunState::Queued, 0, 0));
        assert_eq!((queued.kind.as_str(), queued.as_of), ("scoring", new.as_of));
        assert_eq!((&queued.request, &queued.caller), (&new.request, &new.caller));
        assert_eq!((queued.created_at, queued.started_at), (at(0), None));
        let preparation = prepared(db, "w", 1).await;
        assert!(preparation.is_preparation());
        let running = get(db, queued.run_id).await.unwrap();
        assert_eq!((running.state, running.attempt, running.total), (RunState::Running, 1, 7));
        assert_eq!(running.started_at, Some(at(1)));
        for (count, changed) in [(5, 2), (2, 0)] {
            let lease = take(db, "w", 2).await.unwrap();
            phase(db, &lease, "features").await.unwrap();
            finish(db, &lease, count, changed).await.unwrap();
        }
        assert_eq!(take(db, "w", 3).await, None);
        assert!(succeeded(db, queued.run_id).await.unwrap());
        assert!(!succeeded(db, queued.run_id).await.unwrap(), "it has ended");
        let run = get(db, queued.run_id).await.unwrap();
        assert_eq!((run.state, run.finished_at), (RunState::Succeeded, Some(at(20))));
        assert_eq!((run.phase.as_str(), run.done, run.changed), ("features", 7, 2));
    })
    .await;
}

#[tokio::test]
async fn a_run_of_nobody_ends_after_its_preparation() {
    each_database(async |test| {
        let db = &test.database;
        let run_id = start(db, &scoring(None), at(0)).await.unwrap().run_id;
        assert!(!succeeded(db, run_id).await.unwrap(), "it is not prepared");
        prepared(db, "w", 1).await;
        assert_eq!(found(db, 2).await, Some((run_id, true)));
        assert!(succeeded(db, run_id).await.unwrap());
        assert_eq!(found(db, 3).await, None);
    })
    .await;
}

#[tokio::test]
async fn the_same_request_id_starts_one_run() {
    each_database(async |test| {
        let db = &test.database;
        let with_id = |id: &str| NewRun { request_id: Some(id.to_owned()), ..scoring(None) };
        let again = with_id("r1");
        let (first, second) = tokio::join!(start(db, &again, at(0)), start(db, &again, at(1)));
        let first = first.unwrap();
        assert_eq!(second.unwrap(), first);
        let other = NewRun { kind: CODING, ..with_id("r1") };
        let refused = start(db, &other, at(2)).await;
        assert!(matches!(refused, Err(Error::AlreadyExists { .. })), "{refused:?}");
        assert_ne!(start(db, &scoring(None), at(3)).await.unwrap().run_id, first.run_id);
        assert_ne!(start(db, &with_id("r2"), at(4)).await.unwrap().run_id, first.run_id);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_run_is_not_found() {
    each_database(async |test| {
        let answers = [get(&test.database, 17).await, cancel(&test.database, 17, at(0)).await];
        for answer in answers {
            assert!(matches!(&answer, Err(Error::NotFound { kind: "run", name }) if name == "17"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_queued_run_is_cancelled_at_once_and_a_running_one_by_its_workers() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=4).await;
        let queued = start(db, &scoring(None), at(0)).await.unwrap();
        let run = cancel(db, queued.run_id, at(3)).await.unwrap();
        assert_eq!((run.state, run.finished_at), (RunState::Cancelled, Some(at(3))));
        assert_eq!(take(db, "w", 4).await, None);

        let run_id = start(db, &scoring(Some(2)), at(0)).await.unwrap().run_id;
        prepared(db, "w", 4).await;
        let first = take(db, "w", 4).await.unwrap();
        let second = take(db, "v", 4).await.unwrap();
        let run = cancel(db, run_id, at(5)).await.unwrap();
        assert_eq!((run.state, run.cancel_requested), (RunState::Running, true));
        let heard = heartbeat(db, &first, at(6), TTL).await.unwrap();
        assert_eq!(heard, HeartbeatOutcome::CancelRequested);
        finish(db, &first, 1, 1).await.unwrap();
        assert_eq!(found(db, 6).await, None, "the other is at it");
        cancelled(db, &first, at(7)).await.unwrap();
        assert_eq!(get(db, run_id).await.unwrap().state, RunState::Running);
        cancelled(db, &second, at(8)).await.unwrap();
        let run = get(db, run_id).await.unwrap();
        assert_eq!((run.state, run.finished_at), (RunState::Cancelled, Some(at(8))));
        assert_eq!(cancel(db, run_id, at(9)).await.unwrap(), run, "final stays final");
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_run_whose_worker_died_is_not_tried_again() {
    each_database(async |test| {
        let db = &test.database;
        let dead = leased(db, "w").await;
        cancel(db, dead.run_id, at(5)).await.unwrap();
        assert_eq!(found(db, 29).await, None, "it may be alive");
        assert_eq!(take(db, "v", 40).await, None);
        assert_eq!(get(db, dead.run_id).await.unwrap().state, RunState::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_failed_attempt_waits_for_the_next_until_none_is_left() {
    each_database(async |test| {
        let db = &test.database;
        let mut held = leased(db, "w").await;
        let mut now = 0;
        for attempt in 1..=MAX_ATTEMPTS {
            let retry = Retry::After(Duration::from_secs(10));
            let run = fail(db, &held, &out_of_memory(), retry, at(now)).await.unwrap();
            assert_eq!((run.attempt, run.error), (attempt, Some(out_of_memory())));
            if attempt == MAX_ATTEMPTS {
                assert_eq!((run.state, run.finished_at), (RunState::Failed, Some(at(now))));
                continue;
            }
            assert_eq!((run.state, run.finished_at), (RunState::Queued, None));
            assert_eq!(take(db, "w", now + 9).await, None);
            now += 10;
            held = take(db, "w", now).await.unwrap();
        }
        assert_eq!(take(db, "w", now + 999).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_hopeless_run_fails_at_once_and_a_later_success_clears_the_error() {
    each_database(async |test| {
        let db = &test.database;
        let hopeless = leased(db, "w").await;
        let run = fail(db, &hopeless, &out_of_memory(), Retry::Never, at(4)).await.unwrap();
        assert_eq!((run.state, run.attempt), (RunState::Failed, 1));

        let first = leased(db, "w").await;
        let retry = Retry::After(Duration::ZERO);
        fail(db, &first, &out_of_memory(), retry, at(0)).await.unwrap();
        prepared(db, "w", 10).await;
        succeeded(db, first.run_id).await.unwrap();
        let run = get(db, first.run_id).await.unwrap();
        assert_eq!((run.state, run.error), (RunState::Succeeded, None));

        let run_id = start(db, &scoring(None), at(0)).await.unwrap().run_id;
        prepared(db, "w", 11).await;
        give_up(db, run_id, &out_of_memory(), at(12)).await.unwrap();
        let run = get(db, run_id).await.unwrap();
        assert_eq!((run.state, run.error), (RunState::Failed, Some(out_of_memory())));
    })
    .await;
}

#[tokio::test]
async fn what_is_given_back_does_not_count() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=2).await;
        let run_id = start(db, &scoring(None), at(0)).await.unwrap().run_id;
        prepared(db, "w", 1).await;
        for _ in 0..5 {
            let lease = take(db, "w", 2).await.unwrap();
            give_back(db, &lease, at(3)).await.unwrap();
            assert_eq!(get(db, run_id).await.unwrap().state, RunState::Queued);
            assert!(matches!(finish(db, &lease, 2, 0).await, Err(Error::LeaseLost { .. })));
        }
        let last = take(db, "w", 4).await.unwrap();
        finish(db, &last, 2, 0).await.unwrap();
        // The process stops just before it can end the run.
        give_back(db, &last, at(5)).await.unwrap();
        assert_eq!(found(db, 6).await, Some((run_id, true)));
        assert!(succeeded(db, run_id).await.unwrap());
        assert_eq!(get(db, run_id).await.unwrap().attempt, 1);
    })
    .await;
}

#[tokio::test]
async fn runs_are_listed_by_kind_and_page_the_newest_first() {
    each_database(async |test| {
        let db = &test.database;
        for kind in [SCORING, CODING, SCORING, SCORING] {
            start(db, &NewRun { kind, ..scoring(None) }, at(0)).await.unwrap();
        }
        let of_kind = RunFilter { kind: Some("scoring"), ..RunFilter::default() };
        let mut page = PageRequest::first(2);
        let first = list(db, &of_kind, &page).await.unwrap();
        page.after = first.next;
        start(db, &scoring(None), at(1)).await.unwrap();
        let second = list(db, &of_kind, &page).await.unwrap();
        let ids = |runs: &[Run]| runs.iter().map(|run| run.run_id).collect::<Vec<_>>();
        assert_eq!((ids(&first.items), first.next), (vec![4, 3], Some(3)));
        assert_eq!((ids(&second.items), second.next), (vec![1], None));
        let every = RunFilter::default();
        let all = list(db, &every, &PageRequest::first(50)).await.unwrap();
        assert_eq!((ids(&all.items), all.next), (vec![5, 4, 3, 2, 1], None));
        let oldest_first = RunFilter { oldest_first: true, ..of_kind };
        let page = PageRequest { limit: 2, after: Some(1) };
        let oldest = list(db, &oldest_first, &page).await.unwrap();
        assert_eq!((ids(&oldest.items), oldest.next), (vec![3, 4], Some(4)));

        lease(db, 5, &SCORING, "w", at(2), TTL).await.unwrap().unwrap();
        cancel(db, 5, at(3)).await.unwrap();
        cancel(db, 4, at(3)).await.unwrap();
        let states = [RunState::Running];
        for (to_be_cancelled, found) in
            [(None, vec![5]), (Some(true), vec![5]), (Some(false), vec![])]
        {
            let filter = RunFilter { states: &states, to_be_cancelled, ..every };
            let running = list(db, &filter, &PageRequest::first(50)).await.unwrap();
            assert_eq!(ids(&running.items), found, "{to_be_cancelled:?}");
        }
        let ended = RunFilter { states: &[RunState::Cancelled, RunState::Failed], ..every };
        let ended = list(db, &ended, &PageRequest::first(50)).await.unwrap();
        assert_eq!(ids(&ended.items), [4]);
    })
    .await;
}

fn rfm(version: i64) -> Pin {
    Pin { kind: "scorecards".to_owned(), id: "rfm".to_owned(), version: Some(version) }
}

/// A succeeded run of nobody as of a date, with this version, that ended at second 20.
async fn ended(db: &Database, as_of: &str, version: i64) -> i64 {
    let new = NewRun { as_of: Some(day(as_of)), ..scoring(None) };
    let run_id = start(db, &new, at(0)).await.unwrap().run_id;
    pin(db, run_id, &[rfm(version)]).await.unwrap();
    prepare(db, run_id).await;
    assert!(succeeded(db, run_id).await.unwrap());
    run_id
}

#[tokio::test]
async fn what_a_run_works_with_is_pinned_once() {
    each_database(async |test| {
        let db = &test.database;
        let run_id = start(db, &scoring(None), at(0)).await.unwrap().run_id;
        assert!(pins(db, &[run_id]).await.unwrap().is_empty());
        let both = [rfm(1), Pin { id: "abc".to_owned(), version: None, ..rfm(1) }];
        let sorted = [both[1].clone(), both[0].clone()];
        assert_eq!(pin(db, run_id, &both).await.unwrap(), sorted);
        assert_eq!(pin(db, run_id, &[rfm(2)]).await.unwrap(), sorted);
        assert_eq!(pins(db, &[run_id, 99]).await.unwrap(), [(run_id, sorted.to_vec())].into());
        assert_eq!(following(db, "scorecards").await.unwrap()["rfm"], Following::Starting);
        ended(db, "2011-12-11", 2).await;
        ended(db, "2011-11-30", 3).await;
        assert_eq!(following(db, "scorecards").await.unwrap()["rfm"], Following::Active);
        assert!(following(db, "taxonomies").await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn old_runs_are_forgotten_but_for_those_that_say_what_is_followed() {
    each_database(async |test| {
        let db = &test.database;
        customers(db, 1..=3).await;
        let open = start(db, &scoring(Some(1)), at(0)).await.unwrap().run_id;
        prepared(db, "w", 1).await;
        cancel(db, start(db, &scoring(None), at(0)).await.unwrap().run_id, at(3)).await.unwrap();
        let hopeless = start(db, &scoring(None), at(0)).await.unwrap().run_id;
        let (_, lease) = lease(db, hopeless, &SCORING, "w", at(1), TTL).await.unwrap().unwrap();
        fail(db, &lease, &out_of_memory(), Retry::Never, at(20)).await.unwrap();
        assert_eq!(trim(db, at(20)).await.unwrap(), 1, "the cancelled one");
        assert_eq!(trim(db, at(21)).await.unwrap(), 1, "the failed one");
        assert!(matches!(get(db, hopeless).await, Err(Error::NotFound { .. })));
        assert_eq!(get(db, open).await.unwrap().state, RunState::Running);
    })
    .await;
}

#[tokio::test]
async fn the_run_of_the_latest_date_says_what_is_followed() {
    each_database(async |test| {
        let db = &test.database;
        let first = ended(db, "2011-12-10", 1).await;
        let latest_run = ended(db, "2011-12-11", 2).await;
        let earlier_date = ended(db, "2011-12-09", 3).await;
        assert_eq!(trim(db, at(21)).await.unwrap(), 2);
        for gone in [first, earlier_date] {
            assert!(matches!(get(db, gone).await, Err(Error::NotFound { .. })));
        }
        assert_eq!(following(db, "scorecards").await.unwrap()["rfm"], Following::Active);
        assert_eq!(get(db, latest_run).await.unwrap().state, RunState::Succeeded);
        assert_eq!(trim(db, at(99)).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_rolled_back_end_leaves_the_run_open() {
    each_database(async |test| {
        let db = &test.database;
        let run_id = start(db, &scoring(None), at(0)).await.unwrap().run_id;
        prepared(db, "w", 1).await;
        let transaction = db.begin().await.unwrap();
        assert!(succeed(&transaction, run_id, at(2)).await.unwrap());
        transaction.rollback().await.unwrap();
        assert_eq!(get(db, run_id).await.unwrap().state, RunState::Running);
        assert!(succeeded(db, run_id).await.unwrap());
    })
    .await;
}
