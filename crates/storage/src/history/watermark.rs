//! What was looked at. That nothing moved leaves no span, yet it is an answer: a day beyond the
//! last that was looked at is *not evaluated*.
//!
//! A run passes whole ranges of customers ([`pass`]), a follower the few that changed
//! ([`look`]). Both note how far the change log had come when they began to read: of two that
//! look at the same customer for the same day the one that has seen more wins, even when it
//! found nothing to write.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::ConnectionTrait;

use super::{execute, query};
use crate::bulk::{self, Column, OnConflict};
use crate::change_log::Position;
use crate::{Error, Transaction};

/// The range of all customers, those that come to be later, too.
pub const EVERYBODY: (i64, i64) = (0, i64::MAX);

/// More customers than this are read as a range.
const FEW: usize = 500;

/// A look at a line.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    /// The line.
    pub line_id: i32,
    /// The business day, in days since 1970-01-01.
    pub day: i32,
    /// Up to where the change log was seen before anything was read, see
    /// [`crate::change_log::seen`].
    pub position: Position,
    /// When it became known, in microseconds since 1970.
    pub known: i64,
}

/// Notes that all customers with ids from `first` to `last` were looked at, those that come to
/// be later, too.
pub async fn pass(
    transaction: &Transaction,
    looked: Looked,
    first: i64,
    last: i64,
) -> Result<(), Error> {
    let Looked { line_id, day, position, known } = looked;
    let sql = format!(
        "INSERT INTO history_watermark \
         (line_id, day, first_customer, last_customer, position, known_from) \
         VALUES ({line_id}, {day}, {first}, {last}, '{position}', {known})"
    );
    execute(transaction, &sql).await?;
    Ok(())
}

/// Notes that these customers, each once, were looked at. A note of the same day stays known
/// from its first time on, with the greater of both positions.
pub async fn look(
    transaction: &Transaction,
    looked: Looked,
    customers: &[i64],
) -> Result<(), Error> {
    let rows = customers.len();
    let columns = [
        ("line_id", Column::I32(vec![looked.line_id; rows])),
        ("day", Column::I32(vec![looked.day; rows])),
        ("customer_id", Column::I64(customers.to_vec())),
        ("position", Column::Text(vec![looked.position.to_string(); rows])),
        ("known_from", Column::I64(vec![looked.known; rows])),
    ];
    let merge = OnConflict::Update { key: &["line_id", "day", "customer_id"], set: &["position"] };
    bulk::insert(transaction, "history_look", &columns, merge).await?;
    Ok(())
}

/// The greatest position noted for a day of a line, for those of the customers (ascending) that
/// were looked at.
pub(crate) async fn positions(
    connection: &impl ConnectionTrait,
    line_id: i32,
    day: i32,
    customers: &[i64],
) -> Result<HashMap<i64, Position>, Error> {
    let mut positions: HashMap<i64, Position> = HashMap::new();
    for look in looks(connection, line_id, (day, day), customers).await? {
        positions.insert(look.customer, look.position);
    }
    for pass in passes(connection, line_id, (day, day), customers).await? {
        for customer in within(customers, pass.first, pass.last) {
            let held = positions.entry(*customer).or_insert(pass.position);
            *held = pass.position.max(*held);
        }
    }
    Ok(positions)
}

/// The days for which customers were looked at.
#[derive(Debug, Default)]
pub struct LookedDays {
    /// Ranges of ids, by day.
    passes: BTreeMap<i32, Vec<(i64, i64)>>,
    /// Single customers, by day.
    looks: BTreeMap<i32, BTreeSet<i64>>,
}

impl LookedDays {
    /// The first day from `from` on for which the customer was looked at.
    pub fn next(&self, customer: i64, from: i32) -> Option<i32> {
        let within = |(first, last): &(i64, i64)| *first <= customer && customer <= *last;
        let mut passed = self.passes.range(from..);
        let passed = passed.find(|(_, ranges)| ranges.iter().any(within)).map(|(day, _)| *day);
        let mut looked = self.looks.range(from..);
        let looked = looked.find(|(_, ids)| ids.contains(&customer)).map(|(day, _)| *day);
        passed.into_iter().chain(looked).min()
    }

    /// The days, and which of the customers (ascending) were looked at for each.
    pub fn of(&self, customers: &[i64]) -> BTreeMap<i32, BTreeSet<i64>> {
        let mut days: BTreeMap<i32, BTreeSet<i64>> = BTreeMap::new();
        for (day, ranges) in &self.passes {
            for (first, last) in ranges {
                let ids = within(customers, *first, *last).iter().copied();
                days.entry(*day).or_default().extend(ids);
            }
        }
        for (day, ids) in &self.looks {
            let ids = ids.iter().filter(|id| customers.binary_search(id).is_ok());
            days.entry(*day).or_default().extend(ids);
        }
        days
    }
}

/// The days from `from` on for which some of the customers (ascending) were looked at.
pub async fn looked(
    connection: &impl ConnectionTrait,
    line_id: i32,
    from: i32,
    customers: &[i64],
) -> Result<LookedDays, Error> {
    let mut days = LookedDays::default();
    for look in looks(connection, line_id, (from, i32::MAX), customers).await? {
        days.looks.entry(look.day).or_default().insert(look.customer);
    }
    for pass in passes(connection, line_id, (from, i32::MAX), customers).await? {
        days.passes.entry(pass.day).or_default().push((pass.first, pass.last));
    }
    Ok(days)
}

/// The last day for which everybody (or the customer, when one is named) was looked at on a
/// line, as known at a time in microseconds since 1970; now, when that is `None`.
pub async fn evaluated_through(
    connection: &impl ConnectionTrait,
    line_id: i32,
    customer: Option<i64>,
    known_at: Option<i64>,
) -> Result<Option<i32>, Error> {
    let (passes, looks) = (passes_known(known_at), looks_known(known_at));
    let known_at = known_at.unwrap_or(i64::MAX);
    let (first, last) = customer.map_or(EVERYBODY, |customer| (customer, customer));
    let mut sql = format!(
        "SELECT max(day) FROM {passes} WHERE line_id = {line_id} AND first_customer <= \
         {first} AND last_customer >= {last} AND known_from <= {known_at}"
    );
    let passed = day(connection, &sql).await?;
    let Some(customer) = customer else { return Ok(passed) };
    sql = format!(
        "SELECT max(day) FROM {looks} WHERE line_id = {line_id} AND customer_id = {customer} \
         AND day > {} AND known_from <= {known_at}",
        passed.unwrap_or(i32::MIN)
    );
    Ok(day(connection, &sql).await?.or(passed))
}

/// The condition on `customer_id` of those who were looked at for `day` or a later one, as known
/// at a time; `None` when that is everybody.
pub(crate) async fn evaluated(
    connection: &impl ConnectionTrait,
    line_id: i32,
    day: i32,
    known_at: Option<i64>,
) -> Result<Option<String>, Error> {
    let (passes, looks) = (passes_known(known_at), looks_known(known_at));
    let known_at = known_at.unwrap_or(i64::MAX);
    let noted = format!("line_id = {line_id} AND day >= {day} AND known_from <= {known_at}");
    let sql = format!(
        "SELECT day FROM {passes} WHERE {noted} AND first_customer = {} AND \
         last_customer = {} LIMIT 1",
        EVERYBODY.0, EVERYBODY.1
    );
    if !query(connection, &sql).await?.is_empty() {
        return Ok(None);
    }
    let sql = format!(
        "SELECT DISTINCT first_customer, last_customer FROM {passes} WHERE {noted} \
         ORDER BY first_customer"
    );
    let mut ranges = String::from("1 = 0");
    for row in query(connection, &sql).await? {
        let (first, last): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        ranges.push_str(&format!(" OR customer_id BETWEEN {first} AND {last}"));
    }
    Ok(Some(format!(
        "({ranges} OR customer_id IN (SELECT customer_id FROM {looks} WHERE {noted}))"
    )))
}

/// The last days, up to one, for which customers were looked at.
pub(crate) struct LastLooks {
    ranges: Vec<(i64, i64, i32)>,
    single: HashMap<i64, i32>,
}

impl LastLooks {
    /// Those of the customers with ids from the first to the last.
    pub(crate) async fn read(
        connection: &impl ConnectionTrait,
        line_id: i32,
        (day, known_at): (i32, i64),
        (first, last): (i64, i64),
    ) -> Result<Self, Error> {
        let (first, last) = (first.to_string(), last.to_string());
        let sql = last_looks(line_id, (day, known_at), (&first, &last));
        let mut found = Self { ranges: Vec::new(), single: HashMap::new() };
        for row in query(connection, &sql).await? {
            let (first, last) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let day: i32 = row.try_get_by_index(2)?;
            if first == last {
                let held = found.single.entry(first).or_insert(day);
                *held = day.max(*held);
            } else {
                found.ranges.push((first, last, day));
            }
        }
        Ok(found)
    }

    /// That of a customer; `None` when nobody looked.
    pub(crate) fn of(&self, customer: i64) -> Option<i32> {
        let within = |(first, last, _): &&(i64, i64, i32)| (*first..=*last).contains(&customer);
        let passed = self.ranges.iter().filter(within).map(|(_, _, day)| *day).max();
        passed.max(self.single.get(&customer).copied())
    }
}

/// A query of the last day, up to one, for which the one customer `$1` was looked at on a line.
pub(crate) fn last_look(line_id: i32, (day, known_at): (i32, i64)) -> String {
    let looks = last_looks(line_id, (day, known_at), ("$1", "$1"));
    format!("SELECT max(looks.day) FROM ({looks}) AS looks")
}

/// Before the last day for which everybody was looked at nothing is of interest, which keeps
/// this short however old the line is.
fn last_looks(line_id: i32, (day, known_at): (i32, i64), (first, last): (&str, &str)) -> String {
    let known = Some(known_at).filter(|known_at| *known_at != i64::MAX);
    let (passes, looks) = (passes_known(known), looks_known(known));
    let noted = format!("line_id = {line_id} AND day <= {day} AND known_from <= {known_at}");
    let everybody = format!(
        "(SELECT coalesce(max(day), {}) FROM {passes} WHERE {noted} AND first_customer \
         = {} AND last_customer = {})",
        i32::MIN,
        EVERYBODY.0,
        EVERYBODY.1
    );
    format!(
        "SELECT first_customer, last_customer, max(day) AS day FROM {passes} WHERE \
         {noted} AND day >= {everybody} AND first_customer <= {last} AND last_customer >= {first} \
         GROUP BY first_customer, last_customer UNION ALL \
         SELECT customer_id, customer_id, max(day) FROM {looks} WHERE {noted} AND \
         day > {everybody} AND customer_id BETWEEN {first} AND {last} GROUP BY customer_id"
    )
}

/// Where it is kept which ranges were looked at; as known at a time, with those that were taken back
/// since.
fn passes_known(known_at: Option<i64>) -> String {
    let Some(known_at) = known_at else { return "history_watermark".to_owned() };
    let columns = "line_id, day, first_customer, last_customer, known_from";
    format!(
        "(SELECT {columns} FROM history_watermark UNION ALL SELECT {columns} FROM \
         history_retracted WHERE first_customer < last_customer AND known_to > {known_at}) AS passes"
    )
}

/// The same of single customers.
fn looks_known(known_at: Option<i64>) -> String {
    let Some(known_at) = known_at else { return "history_look".to_owned() };
    format!(
        "(SELECT line_id, day, customer_id, known_from FROM history_look UNION ALL SELECT line_id, \
         day, first_customer, known_from FROM history_retracted WHERE first_customer = \
         last_customer AND known_to > {known_at}) AS looks"
    )
}

struct Pass {
    day: i32,
    first: i64,
    last: i64,
    position: Position,
}

/// The passes over some of the customers (ascending) for the days from the first to the last.
async fn passes(
    connection: &impl ConnectionTrait,
    line_id: i32,
    (from, to): (i32, i32),
    customers: &[i64],
) -> Result<Vec<Pass>, Error> {
    let (Some(first), Some(last)) = (customers.first(), customers.last()) else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT day, first_customer, last_customer, max(position) FROM history_watermark WHERE \
         line_id = {line_id} AND day BETWEEN {from} AND {to} AND first_customer <= {last} AND \
         last_customer >= {first} GROUP BY day, first_customer, last_customer"
    );
    let mut passes = Vec::new();
    for row in query(connection, &sql).await? {
        passes.push(Pass {
            day: row.try_get_by_index(0)?,
            first: row.try_get_by_index(1)?,
            last: row.try_get_by_index(2)?,
            position: row.try_get_by_index(3)?,
        });
    }
    Ok(passes)
}

struct Look {
    day: i32,
    customer: i64,
    position: Position,
}

/// The looks at customers (ascending) for the days from the first to the last; of many
/// customers also those at others with ids between theirs.
async fn looks(
    connection: &impl ConnectionTrait,
    line_id: i32,
    (from, to): (i32, i32),
    customers: &[i64],
) -> Result<Vec<Look>, Error> {
    let (Some(first), Some(last)) = (customers.first(), customers.last()) else {
        return Ok(Vec::new());
    };
    let chosen = if customers.len() > FEW {
        format!("BETWEEN {first} AND {last}")
    } else {
        let ids: Vec<String> = customers.iter().map(i64::to_string).collect();
        format!("IN ({})", ids.join(", "))
    };
    let sql = format!(
        "SELECT day, customer_id, position FROM history_look WHERE line_id = {line_id} AND \
         day BETWEEN {from} AND {to} AND customer_id {chosen}"
    );
    let mut looks = Vec::new();
    for row in query(connection, &sql).await? {
        looks.push(Look {
            day: row.try_get_by_index(0)?,
            customer: row.try_get_by_index(1)?,
            position: row.try_get_by_index(2)?,
        });
    }
    Ok(looks)
}

async fn day(connection: &impl ConnectionTrait, sql: &str) -> Result<Option<i32>, Error> {
    let rows = query(connection, sql).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(row.try_get_by_index(0)?)
}

/// Those of the customers (ascending) from `first` to `last`.
fn within(customers: &[i64], first: i64, last: i64) -> &[i64] {
    let from = customers.partition_point(|customer| *customer < first);
    let to = customers.partition_point(|customer| *customer <= last);
    &customers[from..to.max(from)]
}
