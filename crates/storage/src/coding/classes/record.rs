//! Writing classes: what moved is written, what did not is noted as looked at.
//!
//! Two writers may evaluate the same customers for the same day, one of them from facts that
//! are older. Each notes how far the change log had come before it read anything; here, with
//! the customers guarded, the one that has seen less yields, customer by customer.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use kehu_core::{CustomerId, Value};

use super::super::customers::ROWS_AT_ONCE;
use super::super::evidence;
use super::line::{ClassLine, LEFT_OUT};
use super::read::{chosen, list};
use super::restate::{Origin, Restated, Span, leave, restate};
use crate::bulk::{self, Column, ColumnType, OnConflict};
use crate::change_log::Position;
use crate::facts::CustomerSet;
use crate::history::{self, Looked, Writer};
use crate::{Error, Transaction, time};

/// Who was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Everyone with an id from the first to the last.
    Range(i64, i64),
    /// These customers, ascending.
    Customers(&'a [i64]),
}

/// What results have in common.
#[derive(Debug)]
pub struct Evaluation<'a> {
    /// Whose version gave them.
    pub line: &'a ClassLine,
    /// The day they are true on.
    pub day: NaiveDate,
    /// Up to where the change log was seen before anything was read, see
    /// [`crate::change_log::seen`].
    pub position: Position,
    /// The run; `None` when they follow from a change.
    pub run_id: Option<i64>,
    /// Who was looked at. Whoever has no result is no customer on the day, or not any more.
    pub scope: Scope<'a>,
}

/// A class to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClass {
    /// Whose class it is.
    pub customer: CustomerId,
    /// The id of the class; [`LEFT_OUT`] for a customer whom the taxonomy leaves out.
    pub class: String,
    /// The columns that the taxonomy's predicates read, with the customer's values.
    pub evidence: BTreeMap<String, Value>,
}

impl NewClass {
    /// A customer whom the taxonomy leaves out, with the reason for people.
    pub fn left_out(
        customer: CustomerId,
        reason: &str,
        mut evidence: BTreeMap<String, Value>,
    ) -> Self {
        evidence::set_reason(&mut evidence, reason);
        Self { customer, class: LEFT_OUT.to_owned(), evidence }
    }

    /// Whether the taxonomy leaves the customer out.
    pub fn is_left_out(&self) -> bool {
        self.class == LEFT_OUT
    }
}

/// Records results, each customer once, ascending, and returns the customers for whom something
/// was written. The day counts as evaluated for everyone in the scope from then on. The writer
/// guards the customers; this is one step of it.
pub async fn record(
    writer: &mut Writer<'_>,
    evaluation: &Evaluation<'_>,
    results: &[NewClass],
) -> Result<Vec<CustomerId>, Error> {
    let known = writer.step();
    let transaction = writer.transaction();
    let (line_id, day) = (evaluation.line.line_id, time::days(evaluation.day));
    let mut customers: Vec<i64> = results.iter().map(|result| result.customer.0).collect();
    let mut absent = absent(transaction, evaluation, &customers).await?;
    customers.extend(&absent);
    let seen = history::positions(transaction, line_id, day, &customers).await?;
    absent.retain(|customer| seen.get(customer).is_none_or(|seen| *seen <= evaluation.position));
    let looked = Looked { line_id, day, position: evaluation.position, known };
    let current: Vec<&NewClass> = results
        .iter()
        .filter(|result| {
            seen.get(&result.customer.0).is_none_or(|seen| *seen <= evaluation.position)
        })
        .collect();
    let mut rows = compare(transaction, evaluation, known, &current).await?;
    rows.leave(transaction, &absent).await?;
    let changed = rows.write(transaction).await?;
    match evaluation.scope {
        Scope::Range(first, last) => history::pass(transaction, looked, first, last).await?,
        Scope::Customers(_) => {
            let mut customers: Vec<i64> = current.iter().map(|result| result.customer.0).collect();
            customers.extend(&absent);
            customers.sort_unstable();
            history::look(transaction, looked, &customers).await?;
        }
    }
    Ok(changed)
}

/// Who was looked at and has no result; of a range, those whom it concerns: who have a stay on the
/// day.
async fn absent(
    transaction: &Transaction,
    evaluation: &Evaluation<'_>,
    found: &[i64],
) -> Result<Vec<i64>, Error> {
    let found: HashSet<i64> = found.iter().copied().collect();
    let (first, last) = match evaluation.scope {
        Scope::Range(first, last) => (first, last),
        Scope::Customers(all) => {
            return Ok(all.iter().copied().filter(|customer| !found.contains(customer)).collect());
        }
    };
    let (line_id, day) = (evaluation.line.line_id, time::days(evaluation.day));
    let sql = format!(
        "SELECT DISTINCT customer_id FROM class_span WHERE line_id = {line_id} AND known_to IS \
         NULL AND valid_from <= {day} AND (valid_to IS NULL OR valid_to > {day}) AND \
         customer_id BETWEEN {first} AND {last} ORDER BY customer_id"
    );
    let types = [("customer_id", ColumnType::I64)];
    let mut standing = bulk::read(transaction, &sql, Vec::new(), &types).await?;
    let Some(Column::I64(mut standing)) = standing.pop() else {
        return Err(Error::Corrupt("classes are of other types".to_owned()));
    };
    standing.retain(|customer| !found.contains(customer));
    Ok(standing)
}

/// What has to be written for the results.
async fn compare(
    transaction: &Transaction,
    evaluation: &Evaluation<'_>,
    known: i64,
    results: &[&NewClass],
) -> Result<Rows, Error> {
    let (line_id, day) = (evaluation.line.line_id, time::days(evaluation.day));
    let mut rows = Rows::new(line_id, day, known, evaluation.run_id);
    let customers: Vec<i64> = results.iter().map(|result| result.customer.0).collect();
    let open = open_stays(transaction, line_id, evaluation.scope, &customers).await?;
    let later = history::looked(transaction, line_id, day + 1, &customers).await?;
    let mut past = Vec::new();
    for result in results {
        let class = evaluation.line.number(&result.class)?;
        let customer = result.customer.0;
        match open.get(&customer) {
            Some((from, held)) if *from < day && later.next(customer, day).is_none() => {
                if *held != class {
                    rows.move_on(result, class);
                }
            }
            _ => past.push((*result, class)),
        }
    }
    let ids: Vec<i64> = past.iter().map(|(result, _)| result.customer.0).collect();
    let stays = stays(transaction, line_id, day, &ids).await?;
    for (result, class) in past {
        let spans = stays.get(&result.customer.0).map_or(&[][..], Vec::as_slice);
        // Before its first stay it was no customer yet, whoever was looked at.
        let first = spans.first().map(|span| span.from.max(day));
        let next = first.and_then(|first| later.next(result.customer.0, first));
        if let Some(restated) = restate(spans, day, next, class) {
            rows.restate(result, restated);
        }
    }
    Ok(rows)
}

/// The open stay of each customer: its first day and the number of its class.
async fn open_stays(
    transaction: &Transaction,
    line_id: i32,
    scope: Scope<'_>,
    customers: &[i64],
) -> Result<HashMap<i64, (i32, i32)>, Error> {
    // A range is read as one where most of it is asked for.
    let set = match scope {
        Scope::Range(first, last) if customers.len() > ROWS_AT_ONCE => {
            CustomerSet::Range(first, last)
        }
        _ => CustomerSet::Ids(customers.to_vec()),
    };
    let mut open = HashMap::new();
    for chosen in chosen(&set) {
        let sql = format!(
            "SELECT customer_id, valid_from, class_no \
             FROM class_span WHERE line_id = {line_id} AND valid_to IS NULL AND known_to IS NULL\
             {chosen}"
        );
        let types = [
            ("customer_id", ColumnType::I64),
            ("valid_from", ColumnType::I32),
            ("class_no", ColumnType::I32),
        ];
        let read = bulk::read(transaction, &sql, Vec::new(), &types).await?;
        let read: [Column; 3] = read.try_into().expect("three columns were asked for");
        let [Column::I64(customers), Column::I32(from), Column::I32(class)] = read else {
            return Err(Error::Corrupt("classes are of other types".to_owned()));
        };
        open.extend(customers.into_iter().zip(from.into_iter().zip(class)));
    }
    Ok(open)
}

/// The stays of the customers that end on the day or later, by day.
async fn stays(
    transaction: &Transaction,
    line_id: i32,
    day: i32,
    customers: &[i64],
) -> Result<HashMap<i64, Vec<Span>>, Error> {
    let mut stays: HashMap<i64, Vec<Span>> = HashMap::new();
    for ids in customers.chunks(ROWS_AT_ONCE) {
        let sql = format!(
            "SELECT customer_id, valid_from, valid_to, class_no FROM class_span \
             WHERE line_id = {line_id} AND known_to IS NULL AND (valid_to IS NULL OR \
             valid_to >= {day}) AND customer_id IN ({}) ORDER BY customer_id, valid_from",
            list(ids)
        );
        for row in history::query(transaction, &sql).await? {
            stays.entry(row.try_get_by_index(0)?).or_default().push(Span {
                from: row.try_get_by_index(1)?,
                to: row.try_get_by_index(2)?,
                class: row.try_get_by_index(3)?,
            });
        }
    }
    Ok(stays)
}

/// What is to be written on one line for one day.
struct Rows {
    line_id: i32,
    day: i32,
    known: i64,
    run_id: Option<i64>,
    changed: Vec<CustomerId>,
    /// Customers whose open stay ends.
    closed: Vec<i64>,
    /// Stays that no longer stand: customer and first day.
    superseded: Vec<(i64, i32)>,
    inserted: Vec<(i64, Span)>,
    /// Customer, first day, what was seen.
    evidence: Vec<(i64, i32, String)>,
    /// Customer, first day of the rest, first day of the stay that it is the rest of.
    copied: Vec<(i64, i32, i32)>,
}

impl Rows {
    fn new(line_id: i32, day: i32, known: i64, run_id: Option<i64>) -> Self {
        Self {
            line_id,
            day,
            known,
            run_id,
            changed: Vec::new(),
            closed: Vec::new(),
            superseded: Vec::new(),
            inserted: Vec::new(),
            evidence: Vec::new(),
            copied: Vec::new(),
        }
    }

    fn move_on(&mut self, result: &NewClass, class: i32) {
        let customer = result.customer.0;
        self.changed.push(result.customer);
        self.closed.push(customer);
        self.inserted.push((customer, Span { from: self.day, to: None, class }));
        self.evidence.push((customer, self.day, evidence::encode(&result.evidence)));
    }

    /// Ends the stays of who is no customer on the day.
    async fn leave(&mut self, transaction: &Transaction, absent: &[i64]) -> Result<(), Error> {
        let later = history::looked(transaction, self.line_id, self.day + 1, absent).await?;
        let stays = stays(transaction, self.line_id, self.day, absent).await?;
        for customer in absent {
            let spans = stays.get(customer).map_or(&[][..], Vec::as_slice);
            let Some(left) = leave(spans, self.day, later.next(*customer, self.day)) else {
                continue;
            };
            self.changed.push(CustomerId(*customer));
            self.superseded.extend(left.superseded.into_iter().map(|from| (*customer, from)));
            for (span, origin) in left.inserted {
                self.inserted.push((*customer, span));
                if let Origin::RestOf(from) = origin {
                    self.copied.push((*customer, span.from, from));
                }
            }
        }
        Ok(())
    }

    fn restate(&mut self, result: &NewClass, restated: Restated) {
        let customer = result.customer.0;
        self.changed.push(result.customer);
        self.superseded.extend(restated.superseded.into_iter().map(|from| (customer, from)));
        for (span, origin) in restated.inserted {
            self.inserted.push((customer, span));
            match origin {
                Origin::Evaluated => {
                    let seen = evidence::encode(&result.evidence);
                    self.evidence.push((customer, span.from, seen));
                }
                Origin::RestOf(from) => self.copied.push((customer, span.from, from)),
                Origin::Kept => {}
            }
        }
    }

    async fn write(mut self, transaction: &Transaction) -> Result<Vec<CustomerId>, Error> {
        self.close(transaction).await?;
        self.supersede(transaction).await?;
        self.insert(transaction).await?;
        self.note(transaction).await?;
        self.changed.sort_unstable();
        Ok(self.changed)
    }

    async fn close(&self, transaction: &Transaction) -> Result<(), Error> {
        let Self { line_id, day, known, .. } = self;
        for ids in self.closed.chunks(ROWS_AT_ONCE) {
            let sql = format!(
                "UPDATE class_span SET valid_to = {day}, closed_known = {known} WHERE \
                 line_id = {line_id} AND valid_to IS NULL AND known_to IS NULL AND \
                 customer_id IN ({})",
                list(ids)
            );
            expect(history::execute(transaction, &sql).await?, ids.len())?;
        }
        Ok(())
    }

    async fn supersede(&self, transaction: &Transaction) -> Result<(), Error> {
        let Self { line_id, known, .. } = self;
        for stays in self.superseded.chunks(ROWS_AT_ONCE) {
            let keys: Vec<String> =
                stays.iter().map(|(customer, from)| format!("({customer}, {from})")).collect();
            let sql = format!(
                "UPDATE class_span SET known_to = {known} WHERE line_id = {line_id} AND \
                 known_to IS NULL AND (customer_id, valid_from) IN (VALUES {})",
                keys.join(", ")
            );
            expect(history::execute(transaction, &sql).await?, stays.len())?;
        }
        Ok(())
    }

    async fn insert(&self, transaction: &Transaction) -> Result<(), Error> {
        let rows = self.inserted.len();
        let spans = || self.inserted.iter().map(|(_, span)| span);
        let customers = self.inserted.iter().map(|(customer, _)| *customer).collect();
        let columns = [
            ("customer_id", Column::I64(customers)),
            ("known_from", Column::I64(vec![self.known; rows])),
            ("run_id", Column::OptI64(vec![self.run_id; rows])),
            ("valid_from", Column::I32(spans().map(|span| span.from).collect())),
            ("valid_to", Column::OptI32(spans().map(|span| span.to).collect())),
            ("line_id", Column::I32(vec![self.line_id; rows])),
            ("class_no", Column::I32(spans().map(|span| span.class).collect())),
        ];
        bulk::insert(transaction, "class_span", &columns, OnConflict::Fail).await?;
        Ok(())
    }

    /// Notes what the new stays rest on.
    async fn note(&mut self, transaction: &Transaction) -> Result<(), Error> {
        self.copy(transaction).await?;
        let rows = self.evidence.len();
        let columns = [
            ("customer_id", Column::I64(self.evidence.iter().map(|row| row.0).collect())),
            ("known_from", Column::I64(vec![self.known; rows])),
            ("valid_from", Column::I32(self.evidence.iter().map(|row| row.1).collect())),
            ("line_id", Column::I32(vec![self.line_id; rows])),
            ("evidence", Column::Text(self.evidence.drain(..).map(|row| row.2).collect())),
        ];
        bulk::insert(transaction, "class_evidence", &columns, OnConflict::Fail).await?;
        Ok(())
    }

    /// Reads what the rests of stays rest on.
    async fn copy(&mut self, transaction: &Transaction) -> Result<(), Error> {
        for (customer, day, from) in std::mem::take(&mut self.copied) {
            let sql = format!(
                "SELECT evidence FROM class_evidence WHERE line_id = {} AND customer_id = \
                 {customer} AND valid_from = {from} ORDER BY known_from DESC LIMIT 1",
                self.line_id
            );
            if let Some(row) = history::query(transaction, &sql).await?.first() {
                self.evidence.push((customer, day, row.try_get_by_index(0)?));
            }
        }
        Ok(())
    }
}

fn expect(written: u64, rows: usize) -> Result<(), Error> {
    if usize::try_from(written) == Ok(rows) {
        return Ok(());
    }
    Err(Error::Conflict("other classes were recorded meanwhile, evaluate again".to_owned()))
}
