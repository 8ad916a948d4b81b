//! Writing what was found: what moved is written, what did not is noted as looked at.
//!
//! Two writers may evaluate the same customers for the same day, one of them from facts that
//! are older. Each notes how far the change log had come before it read anything; here, with
//! the customers guarded, the one that has seen less yields, customer by customer.

use std::collections::{HashMap, HashSet};
use std::future::Future;

use kehu_core::CustomerId;

use super::customers::{ROWS_AT_ONCE, chosen, list};
use super::span::{Origin, Restated, Span, leave, restate};
use super::{Looked, Writer, execute, is_retracted, look, looked, pass, positions};
use crate::bulk::{self, Column, ColumnType, OnConflict};
use crate::change_log::Position;
use crate::facts::CustomerSet;
use crate::{Error, Transaction};

/// Who was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Everyone with an id from the first to the last.
    Range(i64, i64),
    /// These customers, ascending.
    Customers(&'a [i64]),
}

/// What findings have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evaluation<'a> {
    pub(crate) line_id: i32,
    /// The day they are true on, in days since 1970-01-01.
    pub(crate) day: i32,
    /// Up to where the change log was seen before anything was read.
    pub(crate) position: Position,
    /// The run; `None` when they follow from a change.
    pub(crate) run_id: Option<i64>,
    /// Who was looked at. Of whom nothing was found is no customer on the day, or not any more.
    pub(crate) scope: Scope<'a>,
}

/// Where spans are kept: a table with the columns `customer_id`, `line_id`, `valid_from`,
/// `valid_to`, `known_from`, `known_to`, `closed_known` and `run_id`, and those of the content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
}

/// Customers and their spans.
pub(crate) type Held<C> = Vec<(i64, Span<C>)>;

/// The spans of a line, as their owner keeps them.
pub(crate) trait Spans {
    /// What is the same on each day of a span.
    type Content: Clone + Eq;
    /// Where they are.
    const PLACE: Place;

    /// The customers and spans of the rows that meet a condition, in the order of its end.
    fn read(
        &self,
        transaction: &Transaction,
        condition: &str,
    ) -> impl Future<Output = Result<Held<Self::Content>, Error>> + Send;

    /// The columns of the content, for rows to insert.
    fn columns(&self, inserted: &[Inserted<Self::Content>]) -> Vec<(&'static str, Column)>;
}

/// A span that was written.
#[derive(Debug)]
pub(crate) struct Inserted<C> {
    pub(crate) customer: i64,
    pub(crate) span: Span<C>,
    pub(crate) origin: Origin,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Recorded<C> {
    /// When it is known.
    pub(crate) known: i64,
    /// For whom, ascending.
    pub(crate) changed: Vec<CustomerId>,
    pub(crate) inserted: Vec<Inserted<C>>,
}

/// Records what was found, each customer once, ascending. The day counts as evaluated for
/// everyone in the scope from then on. The writer guards the customers; this is one step of it.
pub(crate) async fn record<S: Spans>(
    writer: &mut Writer<'_>,
    spans: &S,
    evaluation: Evaluation<'_>,
    found: Vec<(i64, S::Content)>,
) -> Result<Recorded<S::Content>, Error> {
    let known = writer.step();
    let transaction = writer.transaction();
    let Evaluation { line_id, day, position, scope, .. } = evaluation;
    let mut customers: Vec<i64> = found.iter().map(|(customer, _)| *customer).collect();
    let mut absent = absent::<S>(transaction, evaluation, &customers).await?;
    customers.extend(&absent);
    customers.sort_unstable();
    let seen = positions(transaction, line_id, day, &customers).await?;
    // A follower that has read before the day was taken back must not bring it back.
    let gone = evaluation.run_id.is_none() && is_retracted(transaction, line_id, day).await?;
    let is_newest = |customer: &i64| match seen.get(customer) {
        Some(seen) => *seen <= position,
        None => !gone,
    };
    absent.retain(is_newest);
    let mut found = found;
    found.retain(|(customer, _)| is_newest(customer));
    let mut rows = Rows::new(spans, evaluation, known);
    rows.compare(transaction, &found).await?;
    rows.leave(transaction, &absent).await?;
    let recorded = rows.write(transaction).await?;
    let looked = Looked { line_id, day, position, known };
    match scope {
        Scope::Range(first, last) => pass(transaction, looked, first, last).await?,
        Scope::Customers(_) => {
            let mut customers: Vec<i64> = found.iter().map(|(customer, _)| *customer).collect();
            customers.extend(&absent);
            customers.sort_unstable();
            look(transaction, looked, &customers).await?;
        }
    }
    Ok(recorded)
}

/// Who was looked at and of whom nothing was found; of a range, those whom it concerns: who have
/// a span on the day.
async fn absent<S: Spans>(
    transaction: &Transaction,
    evaluation: Evaluation<'_>,
    found: &[i64],
) -> Result<Vec<i64>, Error> {
    let found: HashSet<i64> = found.iter().copied().collect();
    let (first, last) = match evaluation.scope {
        Scope::Range(first, last) => (first, last),
        Scope::Customers(all) => {
            return Ok(all.iter().copied().filter(|customer| !found.contains(customer)).collect());
        }
    };
    let (line_id, day, table) = (evaluation.line_id, evaluation.day, S::PLACE.table);
    let sql = format!(
        "SELECT DISTINCT customer_id FROM {table} WHERE line_id = {line_id} AND known_to IS \
         NULL AND valid_from <= {day} AND (valid_to IS NULL OR valid_to > {day}) AND \
         customer_id BETWEEN {first} AND {last} ORDER BY customer_id"
    );
    let types = [("customer_id", ColumnType::I64)];
    let mut standing = bulk::read(transaction, &sql, Vec::new(), &types).await?;
    let Some(Column::I64(mut standing)) = standing.pop() else {
        return Err(Error::Corrupt(format!("{table} is of other types")));
    };
    standing.retain(|customer| !found.contains(customer));
    Ok(standing)
}

/// What is to be written on one line for one day.
pub(super) struct Rows<'a, S: Spans> {
    spans: &'a S,
    evaluation: Evaluation<'a>,
    known: i64,
    changed: Vec<CustomerId>,
    /// Customers whose open span ends.
    closed: Vec<i64>,
    /// Spans that no longer stand: customer and first day.
    superseded: Vec<(i64, i32)>,
    inserted: Vec<Inserted<S::Content>>,
}

impl<'a, S: Spans> Rows<'a, S> {
    pub(super) fn new(spans: &'a S, evaluation: Evaluation<'a>, known: i64) -> Self {
        Self {
            spans,
            evaluation,
            known,
            changed: Vec::new(),
            closed: Vec::new(),
            superseded: Vec::new(),
            inserted: Vec::new(),
        }
    }

    /// What has to be written for what was found.
    async fn compare(
        &mut self,
        transaction: &Transaction,
        found: &[(i64, S::Content)],
    ) -> Result<(), Error> {
        let Evaluation { line_id, day, .. } = self.evaluation;
        let customers: Vec<i64> = found.iter().map(|(customer, _)| *customer).collect();
        let open = self.open(transaction, &customers).await?;
        let later = looked(transaction, line_id, day + 1, &customers).await?;
        let mut past = Vec::new();
        for (customer, content) in found {
            match open.get(customer) {
                Some(held) if held.from < day && later.next(*customer, day).is_none() => {
                    if held.content != *content {
                        self.move_on(*customer, content.clone());
                    }
                }
                _ => past.push((*customer, content)),
            }
        }
        let ids: Vec<i64> = past.iter().map(|(customer, _)| *customer).collect();
        let spans = self.ending_from(transaction, &ids).await?;
        for (customer, content) in past {
            let spans = spans.get(&customer).map_or(&[][..], Vec::as_slice);
            // Before its first span it was no customer yet, whoever was looked at.
            let first = spans.first().map(|span| span.from.max(day));
            let next = first.and_then(|first| later.next(customer, first));
            if let Some(restated) = restate(spans, day, next, content) {
                self.restate(customer, restated);
            }
        }
        Ok(())
    }

    /// Ends the spans of who is no customer on the day.
    async fn leave(&mut self, transaction: &Transaction, absent: &[i64]) -> Result<(), Error> {
        let Evaluation { line_id, day, .. } = self.evaluation;
        let later = looked(transaction, line_id, day + 1, absent).await?;
        let spans = self.ending_from(transaction, absent).await?;
        for customer in absent {
            let spans = spans.get(customer).map_or(&[][..], Vec::as_slice);
            if let Some(left) = leave(spans, day, later.next(*customer, day)) {
                self.restate(*customer, left);
            }
        }
        Ok(())
    }

    /// The open span of each customer.
    async fn open(
        &self,
        transaction: &Transaction,
        customers: &[i64],
    ) -> Result<HashMap<i64, Span<S::Content>>, Error> {
        let Evaluation { line_id, scope, .. } = self.evaluation;
        // A range is read as one where most of it is asked for.
        let set = match scope {
            Scope::Range(first, last) if customers.len() > ROWS_AT_ONCE => {
                CustomerSet::Range(first, last)
            }
            _ => CustomerSet::Ids(customers.to_vec()),
        };
        let mut open = HashMap::new();
        for chosen in chosen(&set) {
            let condition =
                format!("line_id = {line_id} AND valid_to IS NULL AND known_to IS NULL{chosen}");
            open.extend(self.spans.read(transaction, &condition).await?);
        }
        Ok(open)
    }

    /// The spans of the customers that end on the day or later, by day.
    pub(super) async fn ending_from(
        &self,
        transaction: &Transaction,
        customers: &[i64],
    ) -> Result<HashMap<i64, Vec<Span<S::Content>>>, Error> {
        let Evaluation { line_id, day, .. } = self.evaluation;
        let mut spans: HashMap<i64, Vec<Span<S::Content>>> = HashMap::new();
        for ids in customers.chunks(ROWS_AT_ONCE) {
            let condition = format!(
                "line_id = {line_id} AND known_to IS NULL AND (valid_to IS NULL OR \
                 valid_to >= {day}) AND customer_id IN ({}) ORDER BY customer_id, valid_from",
                list(ids)
            );
            for (customer, span) in self.spans.read(transaction, &condition).await? {
                spans.entry(customer).or_default().push(span);
            }
        }
        Ok(spans)
    }

    fn move_on(&mut self, customer: i64, content: S::Content) {
        self.changed.push(CustomerId(customer));
        self.closed.push(customer);
        let span = Span { from: self.evaluation.day, to: None, content };
        self.inserted.push(Inserted { customer, span, origin: Origin::Evaluated });
    }

    pub(super) fn restate(&mut self, customer: i64, restated: Restated<S::Content>) {
        self.changed.push(CustomerId(customer));
        self.superseded.extend(restated.superseded.into_iter().map(|from| (customer, from)));
        for (span, origin) in restated.inserted {
            self.inserted.push(Inserted { customer, span, origin });
        }
    }

    pub(super) async fn write(
        mut self,
        transaction: &Transaction,
    ) -> Result<Recorded<S::Content>, Error> {
        self.close(transaction).await?;
        self.supersede(transaction).await?;
        self.insert(transaction).await?;
        self.changed.sort_unstable();
        Ok(Recorded { known: self.known, changed: self.changed, inserted: self.inserted })
    }

    async fn close(&self, transaction: &Transaction) -> Result<(), Error> {
        let Evaluation { line_id, day, .. } = self.evaluation;
        let (known, table) = (self.known, S::PLACE.table);
        for ids in self.closed.chunks(ROWS_AT_ONCE) {
            let sql = format!(
                "UPDATE {table} SET valid_to = {day}, closed_known = {known} WHERE \
                 line_id = {line_id} AND valid_to IS NULL AND known_to IS NULL AND \
                 customer_id IN ({})",
                list(ids)
            );
            expect(execute(transaction, &sql).await?, ids.len())?;
        }
        Ok(())
    }

    async fn supersede(&self, transaction: &Transaction) -> Result<(), Error> {
        let (line_id, known, table) = (self.evaluation.line_id, self.known, S::PLACE.table);
        for spans in self.superseded.chunks(ROWS_AT_ONCE) {
            let keys: Vec<String> =
                spans.iter().map(|(customer, from)| format!("({customer}, {from})")).collect();
            let sql = format!(
                "UPDATE {table} SET known_to = {known} WHERE line_id = {line_id} AND \
                 known_to IS NULL AND (customer_id, valid_from) IN (VALUES {})",
                keys.join(", ")
            );
            expect(execute(transaction, &sql).await?, spans.len())?;
        }
        Ok(())
    }

    async fn insert(&self, transaction: &Transaction) -> Result<(), Error> {
        let Evaluation { line_id, run_id, .. } = self.evaluation;
        let rows = self.inserted.len();
        let spans = || self.inserted.iter().map(|inserted| &inserted.span);
        let customers = self.inserted.iter().map(|inserted| inserted.customer).collect();
        let mut columns = vec![
            ("customer_id", Column::I64(customers)),
            ("known_from", Column::I64(vec![self.known; rows])),
            ("run_id", Column::OptI64(vec![run_id; rows])),
            ("valid_from", Column::I32(spans().map(|span| span.from).collect())),
            ("valid_to", Column::OptI32(spans().map(|span| span.to).collect())),
            ("line_id", Column::I32(vec![line_id; rows])),
        ];
        columns.extend(self.spans.columns(&self.inserted));
        bulk::insert(transaction, S::PLACE.table, &columns, OnConflict::Fail).await?;
        Ok(())
    }
}

fn expect(written: u64, rows: usize) -> Result<(), Error> {
    if usize::try_from(written) == Ok(rows) {
        return Ok(());
    }
    Err(Error::Conflict("other spans were recorded meanwhile, evaluate again".to_owned()))
}
