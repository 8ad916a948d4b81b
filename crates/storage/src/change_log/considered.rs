//! How far what is read follows the log.
//!
//! What is made of a change is another change, which its own consumers meet later. A change says
//! which was the first that it was made of, so a place has been considered once no consumer has a
//! change before it that was made of that place or an earlier one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};

use super::{Position, Topic, consumers};
use crate::{Database, Error};

/// Who has considered what: a consumer and the topic that it follows, those first whose results the
/// next ones build on.
const CHAIN: [(&str, Topic); 5] = [
    (consumers::SCORES, Topic::Facts),
    (consumers::CLASSES_OF_FACTS, Topic::Facts),
    (consumers::CLASSES_OF_SCORES, Topic::Scores),
    (consumers::CODES_OF_FACTS, Topic::Facts),
    (consumers::CODES_OF_CLASSES, Topic::Classes),
];

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// What is computed from facts when it is asked for.
    Facts,
    /// Scores.
    Scores,
    /// Classes, and scores.
    Classes,
    /// Codes, and all before.
    Codes,
}

impl Reading {
    fn chain(self) -> &'static [(&'static str, Topic)] {
        match self {
            Reading::Facts => &[],
            Reading::Scores => &CHAIN[..1],
            Reading::Classes => &CHAIN[..3],
            Reading::Codes => &CHAIN,
        }
    }
}

/// How far what is read follows the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// Everything up to here has been considered.
    pub through: Position,
    /// The last place of the log.
    pub last: Position,
    /// The consumers that have changes before them.
    pub behind: Vec<&'static str>,
}

/// How long an answer about how far what is read follows the log is good for others, which only
/// say what they have considered at least.
const GOOD: Duration = Duration::from_millis(100);

/// How far each kind of reading had followed the log a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Lately(Mutex<[Option<(Instant, Position)>; 4]>);

impl Lately {
    fn get(&self, reading: Reading) -> Option<Position> {
        let lately = self.0.lock().unwrap_or_else(PoisonError::into_inner)[reading as usize];
        lately.filter(|(at, _)| at.elapsed() < GOOD).map(|(_, through)| through)
    }

    fn set(&self, reading: Reading, at: Instant, through: Position) {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lately[reading as usize] = Some((at, through));
    }
}

/// A place up to which what is read now has considered everything: as of a moment ago, so that
/// calls that wait for nothing do not each look.
pub async fn considered_through(db: &Database, reading: Reading) -> Result<Position, Error> {
    if let Some(through) = db.considered.get(reading) {
        return Ok(through);
    }
    Ok(considered(db, reading).await?.through)
}

/// How far what is read follows the log, as of one moment.
pub async fn considered(db: &Database, reading: Reading) -> Result<Considered, Error> {
    let (chain, asked) = (reading.chain(), Instant::now());
    let mut sql = "SELECT (SELECT max(position) FROM change_log) AS last".to_owned();
    for (consumer, topic) in chain {
        sql.push_str(&waiting(consumer, *topic));
    }
    let statement = Statement::from_string(db.reader().get_database_backend(), sql);
    let row = db.reader().query_one_raw(statement).await?;
    let row = row.ok_or_else(|| Error::Corrupt("the change log cannot be read".to_owned()))?;
    let last = row.try_get::<Option<Position>>("", "last")?.unwrap_or(Position::START);
    let mut considered = Considered { through: last, last, behind: Vec::new() };
    for (consumer, _) in chain {
        if let Some(first) = row.try_get::<Option<Position>>("", consumer)? {
            considered.through = considered.through.min(first.before());
            considered.behind.push(consumer);
        }
    }
    db.considered.set(reading, asked, considered.through);
    Ok(considered)
}

/// The column of the first place that a consumer has not considered. Facts are made of nothing, so
/// theirs is found by the index, however many there are.
fn waiting(consumer: &str, topic: Topic) -> String {
    let place = match topic {
        Topic::Facts => "position",
        Topic::Scores | Topic::Classes | Topic::Codes => "coalesce(cause, position)",
    };
    let topic = topic.number();
    format!(
        ", (SELECT min({place}) FROM change_log WHERE topic = {topic} AND position > \
         coalesce((SELECT position FROM change_cursor WHERE consumer = '{consumer}'), '')) \
         AS \"{consumer}\""
    )
}
