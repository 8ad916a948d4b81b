//! Definitions in versions: the rules are the same whatever is defined.

use kehu_core::code_scheme::{CodeScheme, Recoding};
use kehu_core::scorecard::{self, Scorecard, calibrate};
use kehu_core::taxonomy::{self, Taxonomy};
use kehu_core::{Label, Value};
use kehu_storage::definitions::{
    Definition, Kind, Signed, Version, approve, create, get, in_force, key, list, pins, preview,
    publish, published, retire, save_draft,
};
use kehu_storage::document::Document;
use kehu_storage::run::{self, NewRun};
use kehu_storage::scoring::scorecards::Calibrated;
use kehu_storage::{Database, Error, PageRequest};
use kehu_tests::{at, day, each_database, shop::reference};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use crate::leases::SCORING;

/// A kind whose drafts somebody else must approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Strategy {
    id: String,
    text: String,
}

impl Document for Strategy {
    const NAME: &'static str = "strategy";
}

impl Definition for Strategy {
    const KIND: Kind =
        Kind { name: "strategy", collection: "strategies", versioned: true, approval: true };

    type Frozen = ();

    fn id(&self) -> &str {
        &self.id
    }
}

/// A definition that can be told from others by a text.
trait Sample: Definition {
    fn sample(id: &str, text: &str) -> Self;
    fn frozen(&self) -> Self::Frozen;
}

impl Sample for Strategy {
    fn sample(id: &str, text: &str) -> Self {
        Self { id: id.to_owned(), text: text.to_owned() }
    }

    fn frozen(&self) {}
}

impl Sample for Scorecard {
    fn sample(id: &str, text: &str) -> Self {
        let card = scorecard::templates().into_iter().find(|card| card.id == "rfm").unwrap();
        Self { id: id.to_owned(), label: Label::new(text, text), ..card }
    }

    fn frozen(&self) -> Calibrated {
        let values = |number: i64| vec![Value::Number(number.into()); self.features().len()];
        let population: Vec<_> =
            (1..=5).map(|number| (reference(number), values(10 * number))).collect();
        let calibration = calibrate(self, &population).unwrap();
        Calibrated { calibration, calibrated_on: day("2011-12-01") }
    }
}

impl Sample for Taxonomy {
    fn sample(id: &str, text: &str) -> Self {
        let abc = taxonomy::templates().into_iter().find(|taxonomy| taxonomy.id == "abc").unwrap();
        Self { id: id.to_owned(), label: Label::new(text, text), ..abc }
    }

    fn frozen(&self) {}
}

impl Sample for CodeScheme {
    fn sample(id: &str, text: &str) -> Self {
        Self {
            id: id.to_owned(),
            label: Label::new(text, text),
            template: "K{seq:6}".to_owned(),
            taxonomy: String::new(),
            tables: Vec::new(),
            recoding: Recoding::Permanent,
        }
    }

    fn frozen(&self) {}
}

fn signed(second: i64, by: &str) -> Signed {
    Signed { at: at(second), by: Some(by.to_owned()), why: None }
}

async fn saved<D: Sample>(db: &Database, id: &str, text: &str, second: i64) -> Version<D> {
    save_draft(db, &D::sample(id, text), None, &signed(second, "anna")).await.unwrap()
}

async fn put_out<D: Sample>(db: &Database, draft: &Version<D>) -> Result<Version<D>, Error> {
    let mut draft = draft.clone();
    if D::KIND.approval {
        draft = approve(db, &draft, &signed(50, "carol")).await?;
    }
    publish(db, &draft, &draft.definition.frozen(), &signed(60, "anna")).await
}

fn is_conflict<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Conflict(_)))
}

async fn drafts_and_versions<D: Sample>(db: &Database) {
    let first = saved::<D>(db, "one", "a", 1).await;
    assert_eq!((first.version, first.published.is_none()), (1, true));
    assert_eq!(first.drafted, signed(1, "anna"));
    let ahead = preview(db, &D::sample("one", "b"), &signed(2, "ben")).await.unwrap();
    let second = save_draft(db, &D::sample("one", "b"), None, &signed(2, "ben")).await.unwrap();
    assert_eq!((second.version_id, second.version), (first.version_id, 1));
    assert_eq!((ahead.version, &ahead.definition), (1, &second.definition));
    assert_ne!(first.etag, second.etag);

    assert!(is_conflict(&put_out(db, &first).await), "it was replaced");
    let in_print = put_out(db, &second).await.unwrap();
    assert_eq!(in_print.definition, second.definition);
    let publication = in_print.published.as_ref().unwrap();
    assert_eq!(publication.frozen, second.definition.frozen());
    assert_eq!(publication.signed, signed(60, "anna"));
    assert!(is_conflict(&put_out(db, &second).await), "it is published already");

    assert_eq!(preview(db, &D::sample("one", "c"), &signed(3, "a")).await.unwrap().version, 2);
    let third = saved::<D>(db, "one", "c", 3).await;
    assert_eq!((third.version, third.published.is_none()), (2, true));
    assert_eq!(get::<D>(db, "one", Some(1)).await.unwrap(), in_print);
    assert_eq!(get::<D>(db, "one", None).await.unwrap(), third);
    let none: [&str; 0] = [];
    assert_eq!(in_force::<D>(db, &none).await.unwrap(), std::slice::from_ref(&in_print));
    let fourth = put_out(db, &third).await.unwrap();
    assert_eq!(in_force::<D>(db, &["one", "none"]).await.unwrap(), std::slice::from_ref(&fourth));
    assert_eq!(published::<D>(db, "one").await.unwrap(), [fourth, in_print]);
    for (id, version) in [("one", Some(3)), ("none", None)] {
        let missing = get::<D>(db, id, version).await;
        assert!(matches!(missing, Err(Error::NotFound { kind, .. }) if kind == D::KIND.name));
    }
}

#[tokio::test]
async fn a_draft_is_replaced_and_a_published_version_stays() {
    each_database(async |test| {
        let db = &test.database;
        drafts_and_versions::<Scorecard>(db).await;
        drafts_and_versions::<Taxonomy>(db).await;
        drafts_and_versions::<CodeScheme>(db).await;
        drafts_and_versions::<Strategy>(db).await;
    })
    .await;
}

async fn writers_with_etags<D: Sample>(db: &Database) {
    let by = signed(2, "ben");
    let sample = |text| D::sample("one", text);
    let new = save_draft(db, &sample("a"), Some("1-1"), &by).await;
    assert!(matches!(new, Err(Error::EtagMismatch { .. })), "there is no draft");
    let first = saved::<D>(db, "one", "a", 1).await;
    let second = save_draft(db, &sample("b"), Some(&first.etag), &by).await.unwrap();
    for etag in [first.etag.as_str(), "", "x", "1-x"] {
        let late = save_draft(db, &sample("c"), Some(etag), &by).await;
        let Err(Error::EtagMismatch { name }) = late else { panic!("{etag}: {late:?}") };
        assert_eq!(name, format!("{}/one", D::KIND.collection));
    }
    assert_eq!(get::<D>(db, "one", None).await.unwrap(), second);
    let in_print = put_out(db, &second).await.unwrap();
    let late = save_draft(db, &sample("c"), Some(&in_print.etag), &by).await;
    assert!(matches!(late, Err(Error::EtagMismatch { .. })), "it is no draft any more");
}

#[tokio::test]
async fn of_two_writers_with_one_etag_the_second_is_refused() {
    each_database(async |test| {
        writers_with_etags::<Scorecard>(&test.database).await;
        writers_with_etags::<Strategy>(&test.database).await;
    })
    .await;
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::Refused { condition, .. }) => condition,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn somebody_else_approves_what_is_published() {
    each_database(async |test| {
        let db = &test.database;
        let draft = saved::<Strategy>(db, "one", "a", 1).await;
        assert_eq!(
            refused(publish(db, &draft, &(), &signed(2, "ben")).await),
            "DEFINITION_APPROVED"
        );
        for nobody in [signed(2, "anna"), Signed::at(at(2))] {
            assert_eq!(refused(approve(db, &draft, &nobody).await), "APPROVED_BY_ANOTHER");
        }
        let approved = approve(db, &draft, &signed(3, "ben")).await.unwrap();
        assert_eq!(approved.approved, Some(signed(3, "ben")));
        // What takes its place was approved by nobody, and the approval does not count for it.
        let replaced = saved::<Strategy>(db, "one", "b", 4).await;
        assert_eq!(replaced.approved, None);
        assert!(is_conflict(&publish(db, &approved, &(), &signed(5, "ben")).await));
        assert!(is_conflict(&approve(db, &draft, &signed(5, "ben")).await));
        let approved = approve(db, &replaced, &signed(6, "ben")).await.unwrap();
        let in_print = publish(db, &approved, &(), &signed(7, "anna")).await.unwrap();
        assert_eq!(in_print.approved, Some(signed(6, "ben")));
        assert!(is_conflict(&approve(db, &in_print, &signed(8, "ben")).await));
    })
    .await;
}

async fn retiring<D: Sample>(db: &Database) {
    let by = signed(9, "ben");
    let in_print = put_out(db, &saved::<D>(db, "one", "a", 1).await).await.unwrap();
    let draft = saved::<D>(db, "one", "b", 2).await;
    let run = run::start(db, &new_run("2011-12-10"), at(3)).await.unwrap();
    pins::pin(db, run.run_id, std::slice::from_ref(&in_print)).await.unwrap();
    assert_eq!(pins::following::<D>(db).await.unwrap().len(), 1);
    retire(db, &D::KIND, "one", &by).await.unwrap();
    retire(db, &D::KIND, "one", &by).await.unwrap();
    let none: [&str; 0] = [];
    assert_eq!(in_force::<D>(db, &none).await.unwrap(), []);
    assert!(pins::following::<D>(db).await.unwrap().is_empty());
    assert_eq!(published::<D>(db, "one").await.unwrap(), std::slice::from_ref(&in_print));
    let held = pins::pin::<D>(db, run.run_id, &[]).await.unwrap();
    assert_eq!(held.len(), 1, "the run goes on");
    let more = save_draft(db, &D::sample("one", "c"), None, &by).await;
    assert_eq!(refused(more), "DEFINITION_NOT_RETIRED");
    let draft = if D::KIND.approval { approve(db, &draft, &by).await.unwrap() } else { draft };
    let late = publish(db, &draft, &draft.definition.frozen(), &by).await;
    assert_eq!(refused(late), "DEFINITION_NOT_RETIRED");
    let missing = retire(db, &D::KIND, "none", &by).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn what_is_retired_stays_readable_and_begins_nothing() {
    each_database(async |test| {
        retiring::<Scorecard>(&test.database).await;
        retiring::<Taxonomy>(&test.database).await;
        retiring::<CodeScheme>(&test.database).await;
        retiring::<Strategy>(&test.database).await;
    })
    .await;
}

#[tokio::test]
async fn the_latest_versions_are_listed_by_id() {
    each_database(async |test| {
        let db = &test.database;
        for id in ["value", "rfm", "abc"] {
            put_out(db, &saved::<Taxonomy>(db, id, "a", 1).await).await.unwrap();
            saved::<Scorecard>(db, id, "of another kind", 1).await;
        }
        saved::<Taxonomy>(db, "rfm", "b", 9).await;
        let mut seen = Vec::new();
        let mut page = PageRequest::first(2);
        loop {
            let found = list::<Taxonomy>(db, &page).await.unwrap();
            let named = found.items.into_iter().map(Result::unwrap);
            seen.extend(named.map(|one| (one.definition.id, one.version)));
            let Some(next) = found.next else { break };
            page.after = Some(next);
        }
        assert_eq!(seen, [("abc".into(), 1), ("rfm".into(), 2), ("value".into(), 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_page_of_long_definitions_is_a_short_one() {
    each_database(async |test| {
        let db = &test.database;
        let long = "长".repeat(300_000);
        for id in ["a", "b", "c", "d"] {
            saved::<Strategy>(db, id, &long, 1).await;
        }
        let mut page = PageRequest::first(50);
        for expected in [["a", "b"], ["c", "d"]] {
            let found = list::<Strategy>(db, &page).await.unwrap();
            let ids = found.items.into_iter().map(|one| one.unwrap().definition.id);
            assert_eq!(ids.collect::<Vec<_>>(), expected);
            page.after = found.next;
        }
        assert_eq!(page.after, None);
    })
    .await;
}

#[tokio::test]
async fn a_definition_is_created_once_and_has_a_number() {
    each_database(async |test| {
        let db = &test.database;
        let scheme = CodeScheme::sample("standard", "a");
        let by = signed(1, "anna");
        let created = create(db, &scheme, &(), &by).await.unwrap();
        assert_eq!((created.version, &created.published.as_ref().unwrap().signed), (1, &by));
        let again = create(db, &CodeScheme::sample("standard", "b"), &(), &by).await;
        assert!(matches!(again, Err(Error::AlreadyExists { kind: "code scheme", .. })));
        assert_eq!(get(db, "standard", None).await.unwrap(), created);

        let other = saved::<Taxonomy>(db, "standard", "a", 2).await;
        assert_ne!(created.version_id, other.version_id);
        let numbers = [
            key(db.reader(), &CodeScheme::KIND, "standard").await.unwrap(),
            key(db.reader(), &Taxonomy::KIND, "standard").await.unwrap(),
        ];
        assert_ne!(numbers[0], numbers[1]);
        let missing = key(db.reader(), &Scorecard::KIND, "standard").await;
        assert!(matches!(missing, Err(Error::NotFound { .. })));
    })
    .await;
}

/// Two drafts of a new definition at once: one is first, the other is told to repeat.
#[tokio::test]
async fn writers_of_a_new_definition_do_not_make_two_drafts() {
    each_database(async |test| {
        let db = &test.database;
        let sample = Taxonomy::sample("one", "a");
        let by = signed(1, "anna");
        let (left, right) =
            tokio::join!(save_draft(db, &sample, None, &by), save_draft(db, &sample, None, &by));
        for saved in [&left, &right] {
            assert!(saved.is_ok() || is_conflict(saved), "{saved:?}");
        }
        assert!(left.is_ok() || right.is_ok());
        let found = list::<Taxonomy>(db, &PageRequest::first(9)).await.unwrap();
        assert_eq!(found.items.len(), 1);
    })
    .await;
}

fn new_run(as_of: &str) -> NewRun {
    NewRun {
        kind: SCORING,
        request: String::new(),
        as_of: Some(day(as_of)),
        partition_size: None,
        request_id: None,
        caller: None,
    }
}

#[tokio::test]
async fn a_run_keeps_its_versions() {
    each_database(async |test| {
        let db = &test.database;
        let first = put_out(db, &saved::<Scorecard>(db, "rfm", "a", 1).await).await.unwrap();
        let run = run::start(db, &new_run("2011-12-10"), at(5)).await.unwrap();
        let versions = [first.clone()];
        let pinned = pins::pin(db, run.run_id, &versions).await.unwrap();
        assert_eq!(pinned, versions);

        let second = put_out(db, &saved::<Scorecard>(db, "rfm", "b", 2).await).await.unwrap();
        assert_eq!(second.version, 2);
        let again = pins::pin(db, run.run_id, std::slice::from_ref(&second)).await.unwrap();
        assert_eq!(again, versions, "a version published meanwhile does not mix in");
    })
    .await;
}

/// The draft of a later release is left out of lists, and asking for it says why.
#[tokio::test]
async fn a_draft_of_a_format_to_come_is_an_error_in_its_place() {
    each_database(async |test| {
        let db = &test.database;
        for id in ["a", "b", "c"] {
            put_out(db, &saved::<Taxonomy>(db, id, "a", 1).await).await.unwrap();
        }
        saved::<Taxonomy>(db, "b", "b", 2).await;
        let transaction = db.begin().await.unwrap();
        let sql = "UPDATE definition_version SET document = '[9,9,{}]' WHERE definition_id = 'b' \
                   AND version = 2";
        transaction.execute_unprepared(sql).await.unwrap();
        transaction.commit().await.unwrap();
        let found = list::<Taxonomy>(db, &PageRequest::first(9)).await.unwrap().items;
        assert_eq!(found.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        let newer = get::<Taxonomy>(db, "b", None).await.unwrap_err();
        assert_eq!(
            newer.to_string(),
            "version 2 of taxonomy b needs a program that knows format 9; this one knows 4"
        );
        let none: [&str; 0] = [];
        assert_eq!(in_force::<Taxonomy>(db, &none).await.unwrap().len(), 3);
        // A program that cannot read it can still replace it.
        saved::<Taxonomy>(db, "b", "c", 3).await;
    })
    .await;
}
