//! Moves over a series of days, counted in one reading of the stays.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::line::{LEFT_OUT_NUMBER, names};
use super::read::name;
use super::{Move, View};
use crate::bulk::{self, Column, ColumnType};
use crate::history::{self, Subject, known};
use crate::{Database, Error, time};

/// How far apart the numbers of customers are whose stays are in memory at once.
const NUMBERS_AT_ONCE: i64 = 20_000;

/// No class.
const NONE: i32 = LEFT_OUT_NUMBER;

/// The line that is in force on a day, and who was not looked at for it.
struct Day {
    day: i32,
    line_id: i32,
    /// A condition on the customers who were; `None` when that is everybody.
    evaluated: Option<String>,
}

/// How many customers went from which class to which between each two neighbours of `days`, which
/// ascend and are 60 at most: one entry less than days, each as of [`moves`](super::moves).
pub async fn moves_through(
    db: &Database,
    taxonomy: &str,
    days: &[NaiveDate],
    known_at: Option<DateTime<Utc>>,
) -> Result<Vec<Vec<Move>>, Error> {
    let mut seen = Vec::with_capacity(days.len());
    for day in days {
        let view = View { true_on: Some(*day), known_at };
        seen.push(day_of(db, taxonomy, view).await?);
    }
    let stays = stays(&seen, known_at.map(time::micros));
    let mut counts = Counts::new(seen);
    let mut rest = numbers(db, &stays).await?;
    while let Some((first, last)) = rest {
        let end = last.min(first.saturating_add(NUMBERS_AT_ONCE - 1));
        let chosen = format!("customer_id BETWEEN {first} AND {end}");
        counts.take(db, &format!("{stays} AND {chosen} ORDER BY customer_id")).await?;
        rest = (end < last).then(|| (end + 1, last));
    }
    let names = names(db.reader(), taxonomy).await?;
    let named = |class: i32| (class != NONE).then(|| name(&names, class)).transpose();
    let mut moves = Vec::with_capacity(counts.pairs.len());
    for pairs in counts.pairs {
        let mut of_pair = Vec::with_capacity(pairs.len());
        for ((from, to), customers) in pairs {
            of_pair.push(Move { from: named(from)?, to: named(to)?, customers });
        }
        of_pair.sort();
        moves.push(of_pair);
    }
    Ok(moves)
}

/// What is seen on the day of a view; `None` when no line is in force.
async fn day_of(db: &Database, taxonomy: &str, view: View) -> Result<Option<Day>, Error> {
    let sight = history::sight(db, Subject::Classes, taxonomy, view).await?;
    let Some(sight) = sight else { return Ok(None) };
    let (day, line_id) = (sight.day.unwrap_or_default(), sight.segment.line_id);
    let evaluated = match sight.segment.to {
        Some(_) => None,
        None => history::evaluated(db.reader(), line_id, day, sight.known_at).await?,
    };
    Ok(Some(Day { day, line_id, evaluated }))
}

/// The stays of the lines as known at a time, up to the condition on the customers. In `unseen`
/// each day has a bit, which is set for customers who were not looked at for it.
fn stays(days: &[Option<Day>], known_at: Option<i64>) -> String {
    let mut unseen = "0".to_owned();
    let mut lines = BTreeSet::new();
    for (place, day) in days.iter().enumerate() {
        let Some(Day { line_id, evaluated, .. }) = day else { continue };
        lines.insert(line_id.to_string());
        if let Some(evaluated) = evaluated {
            unseen
                .push_str(&format!(" + CASE WHEN {evaluated} THEN 0 ELSE {} END", 1_i64 << place));
        }
    }
    let lines = match lines.is_empty() {
        true => "1 = 0".to_owned(),
        false => format!("line_id IN ({})", Vec::from_iter(lines).join(", ")),
    };
    let valid_to = match known_at {
        None => "valid_to".to_owned(),
        Some(known_at) => {
            format!("CASE WHEN closed_known > {known_at} THEN NULL ELSE valid_to END")
        }
    };
    format!(
        "SELECT customer_id, line_id, class_no, valid_from, {valid_to} AS valid_to, \
         CAST({unseen} AS bigint) AS unseen FROM class_span \
         WHERE {lines} AND {} AND class_no <> {LEFT_OUT_NUMBER}",
        known(known_at)
    )
}

/// The least and the greatest number of the customers of some stays; `None` without any.
async fn numbers(db: &Database, stays: &str) -> Result<Option<(i64, i64)>, Error> {
    let sql = format!("SELECT min(customer_id), max(customer_id) FROM ({stays}) AS stays");
    let mut rows = history::query(db.reader(), &sql).await?;
    let Some(row) = rows.pop() else { return Ok(None) };
    let first: Option<i64> = row.try_get_by_index(0)?;
    let last: Option<i64> = row.try_get_by_index(1)?;
    Ok(first.zip(last))
}

/// Customers by their classes on each two neighbouring days.
struct Counts {
    days: Vec<Option<Day>>,
    /// For each two neighbours, by the numbers of the classes.
    pairs: Vec<BTreeMap<(i32, i32), i64>>,
    /// The classes of one customer, day by day.
    classes: Vec<i32>,
}

impl Counts {
    fn new(days: Vec<Option<Day>>) -> Self {
        let pairs = vec![BTreeMap::new(); days.len().saturating_sub(1)];
        Self { classes: vec![NONE; days.len()], pairs, days }
    }

    /// Counts the customers of a query, whose rows come by customer.
    async fn take(&mut self, db: &Database, query: &str) -> Result<(), Error> {
        let types = [
            ("customer_id", ColumnType::I64),
            ("line_id", ColumnType::I32),
            ("class_no", ColumnType::I32),
            ("valid_from", ColumnType::I32),
            ("valid_to", ColumnType::OptI32),
            ("unseen", ColumnType::I64),
        ];
        let read = bulk::read_all(db.reader(), query, &types).await?;
        let read: [Column; 6] = read.try_into().expect("six columns were asked for");
        let [
            Column::I64(customers),
            Column::I32(lines),
            Column::I32(classes),
            Column::I32(from),
            Column::OptI32(to),
            Column::I64(unseen),
        ] = read
        else {
            return Err(Error::Corrupt("classes are of other types".to_owned()));
        };
        for (row, customer) in customers.iter().enumerate() {
            for (place, day) in self.days.iter().enumerate() {
                let Some(day) = day.as_ref().filter(|day| day.line_id == lines[row]) else {
                    continue;
                };
                let is_true = from[row] <= day.day && to[row].is_none_or(|to| day.day < to);
                if is_true && unseen[row] >> place & 1 == 0 {
                    self.classes[place] = classes[row];
                }
            }
            if customers.get(row + 1) != Some(customer) {
                self.count();
            }
        }
        Ok(())
    }

    /// Counts the customer whose classes are known, and forgets it.
    fn count(&mut self) {
        for (pair, pairs) in self.classes.windows(2).zip(&mut self.pairs) {
            if pair != [NONE, NONE] {
                *pairs.entry((pair[0], pair[1])).or_default() += 1;
            }
        }
        self.classes.fill(NONE);
    }
}
