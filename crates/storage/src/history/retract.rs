//! Taking back what was found for a day: it is then as though nobody had looked.
//!
//! First the day no longer counts as evaluated for everybody, and a line that came in force with it
//! does so later, or not at all ([`begin_retraction`]): in one transaction, so that nobody sees half
//! of it. Then, range by range ([`retract`]), what was said before the day goes on to be true until
//! the next day that was evaluated. What was known meanwhile stays on record.

use std::collections::{BTreeMap, BTreeSet};

use kehu_core::CustomerId;
use sea_orm::ConnectionTrait;

use super::lines::NEVER;
use super::record::Rows;
use super::runs::standing;
use super::span::{leave, restate};
use super::{
    EVERYBODY, Evaluation, Guarded, Line, Place, Recorded, Scope, Spans, Subject, Writer, execute,
    lines, looked, query, timeline, under_way,
};
use crate::change_log::Position;
use crate::run::RunState;
use crate::{Error, Transaction, time};

/// Customers whose spans are read at once.
const CUSTOMERS_AT_ONCE: usize = 20_000;

/// A run that takes back another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retraction {
    /// The run that takes back.
    pub run_id: i64,
    /// The run that is taken back.
    pub retracted: i64,
    /// The day that it had evaluated.
    pub day: chrono::NaiveDate,
}

/// A line from which a day is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TakenBack {
    pub(crate) line: Line,
    pub(crate) day: i32,
}

/// What the begin of a retraction comes to.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// The days to take back, with their lines.
    pub(crate) taken: Vec<TakenBack>,
    /// By name of the definition, whose spans of another line come to be seen with that, ascending.
    pub(crate) seen: BTreeMap<String, Vec<CustomerId>>,
}

/// Takes the day of a run from the lines that it wrote, but for those on which another run has
/// evaluated it, too. A line that is not in force because of that gives its days to the one before,
/// from which they are taken as well: nobody followed them meanwhile. The same lines and days
/// however often it is called; only the first time do others come to be seen. [`Error::Conflict`]
/// while another run evaluates the day.
pub(crate) async fn begin_retraction(
    transaction: &Transaction,
    subject: Subject,
    place: Place,
    retraction: Retraction,
) -> Result<Begun, Error> {
    let day = time::days(retraction.day);
    let written = lines(transaction, retraction.retracted).await?;
    let steps = u32::try_from(written.len() * 2).unwrap_or(u32::MAX);
    let mut writer = Writer::begin(transaction, subject, Guarded::Lines, steps).await?;
    let open = under_way(transaction, subject).await?;
    let mut begun = Begun::default();
    for line in written {
        let is_line = |other: &Line| other.line_id == line.line_id;
        if open.iter().any(|(other, as_of)| is_line(other) && *as_of == retraction.day) {
            return Err(Error::Conflict("another run evaluates the day".to_owned()));
        }
        if is_of_another(transaction, line.line_id, retraction).await? {
            continue;
        }
        let run_id = retraction.run_id;
        if note(transaction, (line.line_id, day), run_id, writer.step()).await? {
            let seen = put_off(&mut writer, subject, place, (&line, day, run_id)).await?;
            begun.seen.insert(line.name, seen);
        }
    }
    begun.taken = taken_back(transaction, retraction.run_id).await?;
    Ok(begun)
}

async fn taken_back(transaction: &Transaction, run_id: i64) -> Result<Vec<TakenBack>, Error> {
    let sql = format!(
        "SELECT l.line_id, l.name, l.version_id, r.day FROM history_retraction r JOIN history_line \
         l ON l.line_id = r.line_id WHERE r.run_id = {run_id} ORDER BY l.line_id, r.day"
    );
    let mut taken = Vec::new();
    for row in query(transaction, &sql).await? {
        let line = Line {
            line_id: row.try_get_by_index(0)?,
            name: row.try_get_by_index(1)?,
            version_id: row.try_get_by_index(2)?,
        };
        taken.push(TakenBack { line, day: row.try_get_by_index(3)? });
    }
    Ok(taken)
}

/// Whether another run that stands has evaluated the day on the line.
async fn is_of_another(
    transaction: &Transaction,
    line_id: i32,
    retraction: Retraction,
) -> Result<bool, Error> {
    let Retraction { retracted, day, .. } = retraction;
    let (day, succeeded) = (time::days(day), RunState::Succeeded.number());
    let sql = format!(
        "SELECT 1 FROM history_run h JOIN run n ON n.run_id = h.run_id WHERE h.line_id = {line_id} \
         AND n.as_of = {day} AND n.run_id <> {retracted} AND n.state = {succeeded} AND \
         n.retracted_by IS NULL LIMIT 1"
    );
    Ok(!query(transaction, &sql).await?.is_empty())
}

/// Notes that a day was taken back, and takes the looks at ranges of customers; whether that was not
/// done before.
async fn note(
    transaction: &Transaction,
    (line_id, day): (i32, i32),
    run_id: i64,
    known: i64,
) -> Result<bool, Error> {
    let sql = format!(
        "INSERT INTO history_retraction (line_id, day, run_id, known_from) VALUES ({line_id}, \
         {day}, {run_id}, {known}) ON CONFLICT (line_id, day, run_id) DO NOTHING"
    );
    if execute(transaction, &sql).await? == 0 {
        return Ok(false);
    }
    let passes = format!("FROM history_watermark WHERE line_id = {line_id} AND day = {day}");
    let sql = format!(
        "INSERT INTO history_retracted (line_id, day, first_customer, last_customer, known_from, \
         known_to) SELECT line_id, day, first_customer, last_customer, known_from, {known} {passes}"
    );
    execute(transaction, &sql).await?;
    execute(transaction, &format!("DELETE {passes}")).await?;
    Ok(true)
}

/// Has a line that is in force from the day on come in force on the next day that was evaluated for
/// everybody; without one it is in force no more, and whose spans of the line before it come to be
/// seen is returned. The days between are taken from the lines before it.
async fn put_off(
    writer: &mut Writer<'_>,
    subject: Subject,
    place: Place,
    (line, day, run_id): (&Line, i32, i64),
) -> Result<Vec<CustomerId>, Error> {
    let (transaction, line_id) = (writer.transaction(), line.line_id);
    let held = timeline(transaction, subject, &line.name, None).await?;
    if !held.segments().iter().any(|held| held.line_id == line_id && held.from == day) {
        return Ok(Vec::new());
    }
    let next = next_day(transaction, line_id, day).await?;
    let (known, from) = (writer.step(), next.unwrap_or(NEVER));
    let sql = format!(
        "INSERT INTO history_force (line_id, known_from, from_day) VALUES ({line_id}, {known}, \
         {from})"
    );
    execute(transaction, &sql).await?;
    for before in held.segments().iter().filter(|held| held.line_id != line_id) {
        for stale in days_between(transaction, before.line_id, (day, from)).await? {
            note(transaction, (before.line_id, stale), run_id, known).await?;
        }
    }
    let held = timeline(transaction, subject, &line.name, None).await?;
    match held.last().filter(|_| next.is_none()) {
        Some(before) => standing(transaction, place, before.line_id).await,
        None => Ok(Vec::new()),
    }
}

/// The next day after one for which everybody was looked at.
async fn next_day(transaction: &Transaction, line_id: i32, day: i32) -> Result<Option<i32>, Error> {
    let sql = format!(
        "SELECT min(day) FROM history_watermark WHERE line_id = {line_id} AND day > {day} AND \
         first_customer = {} AND last_customer = {}",
        EVERYBODY.0, EVERYBODY.1
    );
    let rows = query(transaction, &sql).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}

/// The days from one until another for which anybody was looked at.
async fn days_between(
    transaction: &Transaction,
    line_id: i32,
    (from, to): (i32, i32),
) -> Result<Vec<i32>, Error> {
    let of_line = format!("WHERE line_id = {line_id} AND day >= {from} AND day < {to}");
    let sql = format!(
        "SELECT day FROM history_watermark {of_line} UNION SELECT day FROM history_look {of_line} \
         ORDER BY 1"
    );
    let rows = query(transaction, &sql).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Whether a day was ever taken back from a line.
pub(crate) async fn is_retracted(
    connection: &impl ConnectionTrait,
    line_id: i32,
    day: i32,
) -> Result<bool, Error> {
    let sql = format!(
        "SELECT 1 FROM history_retraction WHERE line_id = {line_id} AND day = {day} LIMIT 1"
    );
    Ok(!query(connection, &sql).await?.is_empty())
}

/// Lets what was said of a range of customers before the day be true until the next one that was
/// evaluated. Nothing where the day was evaluated anew meanwhile. The writer guards the range; this
/// is one step of it.
pub(crate) async fn retract<S: Spans>(
    writer: &mut Writer<'_>,
    spans: &S,
    (line_id, day): (i32, i32),
    run_id: i64,
    (first, last): (i64, i64),
) -> Result<Recorded<S::Content>, Error> {
    let known = writer.step();
    let transaction = writer.transaction();
    let scope = Scope::Range(first, last);
    let evaluation =
        Evaluation { line_id, day, position: Position::START, run_id: Some(run_id), scope };
    let mut rows = Rows::new(spans, evaluation, known);
    if is_evaluated_anew(transaction, (line_id, day), (first, last)).await? {
        return rows.write(transaction).await;
    }
    take_looks(transaction, (line_id, day), (first, last), known).await?;
    let concerned = concerned::<S>(transaction, (line_id, day), (first, last)).await?;
    for customers in concerned.chunks(CUSTOMERS_AT_ONCE) {
        let later = looked(transaction, line_id, day + 1, customers).await?;
        let held = rows.ending_from(transaction, customers).await?;
        for customer in customers {
            let spans = held.get(customer).map_or(&[][..], Vec::as_slice);
            let next = later.next(*customer, day);
            let before = spans.iter().find(|span| span.to == Some(day));
            let restated = match before {
                Some(before) => restate(spans, day, next, &before.content.clone()),
                None => leave(spans, day, next),
            };
            if let Some(restated) = restated {
                rows.restate(*customer, restated);
            }
        }
    }
    rows.write(transaction).await
}

async fn is_evaluated_anew(
    transaction: &Transaction,
    (line_id, day): (i32, i32),
    (first, last): (i64, i64),
) -> Result<bool, Error> {
    let sql = format!(
        "SELECT 1 FROM history_watermark WHERE line_id = {line_id} AND day = {day} AND \
         first_customer <= {last} AND last_customer >= {first} LIMIT 1"
    );
    Ok(!query(transaction, &sql).await?.is_empty())
}

/// Takes the looks at single customers.
async fn take_looks(
    transaction: &Transaction,
    (line_id, day): (i32, i32),
    (first, last): (i64, i64),
    known: i64,
) -> Result<(), Error> {
    let looks = format!(
        "FROM history_look WHERE line_id = {line_id} AND day = {day} AND customer_id BETWEEN \
         {first} AND {last}"
    );
    let sql = format!(
        "INSERT INTO history_retracted (line_id, day, first_customer, last_customer, known_from, \
         known_to) SELECT line_id, day, customer_id, customer_id, known_from, {known} {looks}"
    );
    execute(transaction, &sql).await?;
    execute(transaction, &format!("DELETE {looks}")).await?;
    Ok(())
}

/// Whose span begins or ends with the day, ascending.
async fn concerned<S: Spans>(
    transaction: &Transaction,
    (line_id, day): (i32, i32),
    (first, last): (i64, i64),
) -> Result<Vec<i64>, Error> {
    let sql = format!(
        "SELECT DISTINCT customer_id FROM {} WHERE line_id = {line_id} AND known_to IS NULL AND \
         (valid_from = {day} OR valid_to = {day}) AND customer_id BETWEEN {first} AND {last}",
        S::PLACE.table
    );
    let mut customers = BTreeSet::new();
    for row in query(transaction, &sql).await? {
        customers.insert(row.try_get_by_index(0)?);
    }
    Ok(customers.into_iter().collect())
}
