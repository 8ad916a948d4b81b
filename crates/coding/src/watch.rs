//! Watching what changes of classes, codes and actions.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use kehu_contract::coding::{
    CustomerChange, WatchChangesRequest, WatchChangesResponse, customer_change::Change,
};
use kehu_core::code_scheme::CodeScheme;
use kehu_core::taxonomy::Taxonomy;
use kehu_server::{Fault, Violations, names, page};
use kehu_storage::{
    Changes, Database, PageRequest,
    coding::{
        taxonomies,
        watch::{self, Changed, More, WatchKey},
    },
    definitions, identity,
};
use tonic::Status;

use crate::Coding;
use crate::convert::code;
use crate::strategy_service::{class_change, shown};

/// Changes in one message.
const AT_ONCE: usize = 200;
/// How often to look without a wake-up, and to say where the log has come to.
const POLL: Duration = Duration::from_secs(30);
/// How long to wait for a writer that is open beside changes that are committed.
const OPEN_WRITER: Duration = Duration::from_millis(50);
/// Schemes that are looked at for the taxonomy of a code.
const MOST_SCHEMES: u64 = 1_000;
/// For the tokens: a place is the same whatever is watched.
const FILTERS: [&str; 1] = ["watch"];

/// What a stream of changes answers.
pub(crate) type Watching = BoxStream<'static, Result<WatchChangesResponse, Status>>;

impl Coding {
    /// The changes after the cursor, and then whatever comes. The next ones are read when the caller
    /// has made room for them, so that one who is slow takes nothing but its stream.
    pub(crate) async fn watch_changes(
        &self,
        request: WatchChangesRequest,
    ) -> Result<Watching, Fault> {
        let mut violations = Violations::new();
        let taxonomy = &request.taxonomy;
        let taxonomy =
            names::parse_optional("taxonomy", names::TAXONOMIES, taxonomy, &mut violations);
        let identity = identity::get(&self.db).await?.to_owned();
        let after = parse(&request.cursor, &identity, &mut violations);
        violations.finish()?;
        if let Some(taxonomy) = &taxonomy {
            definitions::get::<Taxonomy>(&self.db, taxonomy, None).await?;
        }
        let signal = self.db.changed();
        let after = match after {
            Some(after) => after,
            None => watch::now(&self.db).await?,
        };
        let begun = Watcher {
            db: self.db.clone(),
            signal,
            identity,
            taxonomy,
            schemes: BTreeMap::new(),
            after,
            told: false,
        };
        begun.check_kept().await?;
        Ok(futures::stream::unfold(Some(begun), next).boxed())
    }
}

/// One stream of changes.
struct Watcher {
    db: Database,
    signal: Changes,
    identity: String,
    taxonomy: Option<String>,
    /// The taxonomy of each code scheme that was met.
    schemes: BTreeMap<String, String>,
    after: WatchKey,
    /// Whether the caller has been told that nothing more had been committed.
    told: bool,
}

/// The next message; after a fault there is none.
async fn next(
    watcher: Option<Watcher>,
) -> Option<(Result<WatchChangesResponse, Status>, Option<Watcher>)> {
    let mut watcher = watcher?;
    match watcher.message().await {
        Ok(message) => Some((Ok(message), Some(watcher))),
        Err(fault) => Some((Err(fault.into()), None)),
    }
}

impl Watcher {
    /// Waits for changes, and at most until it is time to say where the log has come to.
    async fn message(&mut self) -> Result<WatchChangesResponse, Fault> {
        let mut waited = false;
        loop {
            let taxonomy = self.taxonomy.as_deref();
            let found = watch::read(&self.db, &self.after, taxonomy, AT_ONCE).await?;
            // Only now, so that nothing can be deleted between the look and the read.
            self.check_kept().await?;
            self.after = found.next;
            let changes = self.messages(found.changes).await?;
            let caught_up = found.more == More::None;
            if !changes.is_empty() || waited || (caught_up && !self.told) {
                self.told = caught_up;
                let key = format!("{}/{}", self.identity, self.after.write());
                let cursor = page::token(&key, &FILTERS);
                return Ok(WatchChangesResponse { changes, cursor, caught_up });
            }
            match found.more {
                More::Now => {}
                More::Soon => tokio::time::sleep(OPEN_WRITER).await,
                More::None => {
                    let began = tokio::time::Instant::now();
                    self.signal.wait(POLL).await;
                    waited = began.elapsed() >= POLL;
                }
            }
        }
    }

    /// Refuses to go on from a place after which changes were deleted.
    async fn check_kept(&self) -> Result<(), Fault> {
        if watch::is_kept(&self.db, self.after.position).await? {
            return Ok(());
        }
        Err(Fault::Precondition {
            kind: "CHANGES_KEPT",
            subject: "cursor".to_owned(),
            description: "changes after this cursor are deleted: watch anew with an empty cursor, \
                          then read classes and codes as they are, with ListMembers and ListCodes"
                .to_owned(),
        })
    }

    /// The changes as they are sent; codes of schemes of other taxonomies are left out.
    async fn messages(&mut self, found: Vec<Changed>) -> Result<Vec<CustomerChange>, Fault> {
        let versions: HashSet<i64> = found.iter().filter_map(version).collect();
        let versions: Vec<i64> = versions.into_iter().collect();
        let versions = taxonomies::published(&self.db, &versions).await?;
        let gone = || Fault::internal("a version is gone");
        let mut messages = Vec::with_capacity(found.len());
        for changed in &found {
            let change = match changed {
                Changed::Class(change) => {
                    let of = versions.get(&change.version_id).ok_or_else(gone)?;
                    Change::ClassChange(class_change(change, of))
                }
                Changed::Code(row) => {
                    if !self.is_watched(&row.scheme).await? {
                        continue;
                    }
                    Change::Code(code(row))
                }
                Changed::Action(action) => {
                    let (key, done) = action.as_ref();
                    Change::Action(shown(key, done, versions.get(&done.version_id))?)
                }
            };
            messages.push(CustomerChange { change: Some(change) });
        }
        Ok(messages)
    }

    async fn is_watched(&mut self, scheme: &str) -> Result<bool, Fault> {
        let Some(taxonomy) = self.taxonomy.clone() else { return Ok(true) };
        if !self.schemes.contains_key(scheme) {
            let page = PageRequest::first(MOST_SCHEMES);
            let schemes = definitions::list::<CodeScheme>(&self.db, &page).await?;
            for scheme in kehu_server::aside::readable(schemes.items)? {
                self.schemes.insert(scheme.definition.id, scheme.definition.taxonomy);
            }
        }
        Ok(self.schemes.get(scheme) == Some(&taxonomy))
    }
}

fn version(changed: &Changed) -> Option<i64> {
    match changed {
        Changed::Class(change) => Some(change.version_id),
        Changed::Code(_) => None,
        Changed::Action(action) => Some(action.1.version_id),
    }
}

/// The place of a cursor; `None` of an empty one.
fn parse(cursor: &str, identity: &str, violations: &mut Violations) -> Option<WatchKey> {
    if cursor.is_empty() {
        return None;
    }
    let Some((of, key)) = page::key(cursor, &FILTERS)
        .and_then(|key| key.split_once('/').map(|(of, key)| (of.to_owned(), key.to_owned())))
    else {
        violations.add("cursor", "is not a cursor of WatchChanges: send it as it was received");
        return None;
    };
    if of != identity {
        violations.add("cursor", "was not given by this database: watch anew with an empty one");
        return None;
    }
    let place = WatchKey::read(&key);
    if place.is_none() {
        violations.add("cursor", "is not a cursor of WatchChanges: send it as it was received");
    }
    place
}
