//! What changed of classes, codes and actions, in the order of the change log, for those who watch.
//!
//! Each change stands at the place where its transaction appended to the change log: class changes in
//! `class_change`, codes where they were given, actions where they were ticked off. What is read stops
//! below the oldest writer that is still open, so a watcher that goes on from a place misses nothing.

use std::cmp::Ordering;

use kehu_core::taxonomy::Taxonomy;

use super::actions::{self, ActionKey, Completion};
use super::changes::{self, ChangeKey, ClassChange};
use super::codes::{self, CodeRow};
use crate::change_log::{self, Position};
use crate::definitions::{self, Definition};
use crate::{Database, Error};

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// A customer entered a class, left one, or both.
    Class(ClassChange),
    /// A customer got a code; one that it had before has ended with it.
    Code(CodeRow),
    /// An action was ticked off.
    Action(Box<(ActionKey, Completion)>),
}

/// The place of a change: in the change log, and within its transaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchKey {
    /// Where its transaction is told.
    pub position: Position,
    /// Classes before codes before actions.
    kind: u8,
    /// Among those of the kind: the numbers of taxonomy and customer, or of the completion.
    numbers: [i64; 2],
    /// The normal form of the code.
    text: String,
}

const CLASS: u8 = 0;
const CODE: u8 = 1;
const ACTION: u8 = 2;
/// After all of a transaction.
const END: u8 = 3;

impl WatchKey {
    /// After everything at a place of the change log.
    pub fn after(position: Position) -> Self {
        Self { position, kind: END, numbers: [0, 0], text: String::new() }
    }

    /// As a token holds it.
    pub fn write(&self) -> String {
        let [first, second] = self.numbers;
        format!("{}/{}/{first}/{second}/{}", self.position, self.kind, self.text)
    }

    /// What [`WatchKey::write`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, '/');
        let mut next = || parts.next();
        let (position, kind) = (next()?.parse().ok()?, next()?.parse().ok()?);
        let numbers = [next()?.parse().ok()?, next()?.parse().ok()?];
        let text = next()?.to_owned();
        let has_text = !text.is_empty();
        let whole = kind <= END && has_text == (kind == CODE);
        let whole = whole && !text.chars().any(char::is_control);
        whole.then_some(Self { position, kind, numbers, text })
    }

    /// Where to go on with a kind of change: after this one, or at the first of its place.
    fn of_kind(&self, kind: u8) -> After<'_> {
        match self.kind.cmp(&kind) {
            Ordering::Less => After::From(self.position),
            Ordering::Equal => After::One(self),
            Ordering::Greater => After::Place(self.position),
        }
    }
}

enum After<'a> {
    From(Position),
    One(&'a WatchKey),
    Place(Position),
}

impl After<'_> {
    /// The condition on rows with a `position` and, among those of one, what follows in `tuple`.
    fn condition(&self, position: &str, tuple: &str, values: &str) -> String {
        match self {
            Self::From(place) => format!("{position} >= '{place}'"),
            Self::Place(place) => format!("{position} > '{place}'"),
            Self::One(key) => format!(
                "{position} >= '{place}' AND ({position}, {tuple}) > ('{place}', {values})",
                place = key.position
            ),
        }
    }
}

/// Changes after a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The changes, in order.
    pub changes: Vec<Changed>,
    /// Where to go on.
    pub next: WatchKey,
    /// Whether there may be more by now: at once, when so many were asked for, else soon, beside a
    /// writer that is open still.
    pub more: More,
}

/// Whether there are more changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// There are.
    Now,
    /// There may be, once a writer that is open has ended.
    Soon,
    /// None were committed.
    None,
}

/// The place after everything that is there now.
pub async fn now(db: &Database) -> Result<WatchKey, Error> {
    let settled = change_log::settled(db).await?;
    Ok(WatchKey::after(if is_empty(db).await? { Position::START } else { settled }))
}

/// Whether nothing was ever told: the last change of the log is never deleted. Who watches stays at the
/// start then, of which is known that nothing after it was deleted.
async fn is_empty(db: &Database) -> Result<bool, Error> {
    Ok(change_log::end(db).await? == Position::START)
}

/// Whether nothing that came after the place was deleted.
pub async fn is_kept(db: &Database, place: Position) -> Result<bool, Error> {
    let first = change_log::first(db).await?;
    Ok(first.is_none_or(|first| first <= place) || place == Position::START)
}

/// At most `limit` changes after a place, those of classes and actions of one taxonomy alone when it is
/// named.
pub async fn read(
    db: &Database,
    after: &WatchKey,
    taxonomy: Option<&str>,
    limit: usize,
) -> Result<Watched, Error> {
    let settled = change_log::settled(db).await?;
    let within = Within { settled, taxonomy, limit };
    let mut found = within.classes(db, after).await?;
    found.extend(within.codes(db, after).await?);
    found.extend(within.actions(db, after).await?);
    found.sort_by(|left, right| left.0.cmp(&right.0));
    let full = found.len() >= limit;
    found.truncate(limit);
    let next = match found.last() {
        Some((key, _)) if full => key.clone(),
        None if is_empty(db).await? => after.clone(),
        _ => after.clone().max(WatchKey::after(settled)),
    };
    let more = match full {
        true => More::Now,
        false if change_log::end(db).await? > settled => More::Soon,
        false => More::None,
    };
    Ok(Watched { changes: found.into_iter().map(|(_, change)| change).collect(), next, more })
}

/// What of the changes is read.
struct Within<'a> {
    settled: Position,
    taxonomy: Option<&'a str>,
    limit: usize,
}

type Found = Vec<(WatchKey, Changed)>;

impl Within<'_> {
    async fn classes(&self, db: &Database, after: &WatchKey) -> Result<Found, Error> {
        let after = after.of_kind(CLASS);
        let values = match &after {
            After::One(key) => format!("{}, {}", key.numbers[0], key.numbers[1]),
            _ => String::new(),
        };
        let tuple = "c.taxonomy_key, c.customer_id";
        let condition = after.condition("c.position", tuple, &values);
        let found = changes::between(db, self.taxonomy, &condition, self.settled, self.limit);
        let key = |change: &ClassChange| {
            let ChangeKey { position, taxonomy_key, customer } = change.key;
            let numbers = [taxonomy_key.into(), customer.0];
            WatchKey { position, kind: CLASS, numbers, text: String::new() }
        };
        let found = found.await?.into_iter();
        Ok(found.map(|change| (key(&change), Changed::Class(change))).collect())
    }

    async fn codes(&self, db: &Database, after: &WatchKey) -> Result<Found, Error> {
        let after = after.of_kind(CODE);
        let (condition, normal) = match &after {
            After::One(key) => (after.condition("position", "normal", "$1"), key.text.as_str()),
            _ => (after.condition("position", "", ""), ""),
        };
        let found = codes::given_between(db, (&condition, normal), self.settled, self.limit);
        let mut changes = Vec::new();
        for (position, row) in found.await? {
            let text = row.normal.clone();
            let key = WatchKey { position, kind: CODE, numbers: [0, 0], text };
            changes.push((key, Changed::Code(row)));
        }
        Ok(changes)
    }

    async fn actions(&self, db: &Database, after: &WatchKey) -> Result<Found, Error> {
        let after = after.of_kind(ACTION);
        let values = match &after {
            After::One(key) => key.numbers[0].to_string(),
            _ => String::new(),
        };
        let condition = after.condition("c.position", "c.completion_id", &values);
        let found =
            actions::completed_between(db, self.taxonomy, &condition, self.settled, self.limit);
        let mut changes = Vec::new();
        for (position, completion_id, key, completion) in found.await? {
            let numbers = [completion_id, 0];
            let place = WatchKey { position, kind: ACTION, numbers, text: String::new() };
            changes.push((place, Changed::Action(Box::new((key, completion)))));
        }
        Ok(changes)
    }
}

/// The number of a taxonomy, in a condition on the column that holds it; nothing for all.
pub(super) async fn of_taxonomy(
    db: &Database,
    column: &str,
    taxonomy: Option<&str>,
) -> Result<String, Error> {
    let Some(taxonomy) = taxonomy else { return Ok(String::new()) };
    let key = definitions::key(db.reader(), &Taxonomy::KIND, taxonomy).await?;
    Ok(format!(" AND {column} = {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let position: Position = "0001.0000000004d2.0003".parse().unwrap();
        let class = WatchKey { position, kind: CLASS, numbers: [3, 17], text: String::new() };
        let code = WatchKey { position, kind: CODE, numbers: [0, 0], text: "客/GB1".to_owned() };
        let end = WatchKey::after(position);
        for key in [&class, &code, &end] {
            assert_eq!(WatchKey::read(&key.write()).as_ref(), Some(key));
        }
        assert!(class < code && code < end);
        for text in ["", "0001.0000000004d2.0003", "0001.0000000004d2.0003/9/0/0/", "x/0/0/0/"] {
            assert_eq!(WatchKey::read(text), None, "{text}");
        }
    }
}
