//! Writing classes, and what they rest on.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use kehu_core::{CustomerId, Value};

use super::super::evidence;
use super::line::{ClassLine, LEFT_OUT, PLACE};
use crate::bulk::{self, Column, ColumnType, OnConflict};
use crate::change_log::Position;
pub use crate::history::Scope;
use crate::history::{self, Held, Inserted, Origin, Place, Span, Spans, Writer};
use crate::{Error, Transaction, time};

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

    /// Puts a class that a person has set in place of what the rules say.
    pub fn set(&mut self, class: &str) {
        evidence::take_reason(&mut self.evidence);
        class.clone_into(&mut self.class);
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
    let line = evaluation.line;
    let mut found = Vec::with_capacity(results.len());
    for result in results {
        found.push((result.customer.0, line.number(&result.class)?));
    }
    let looked = history::Evaluation {
        line_id: line.line_id,
        day: time::days(evaluation.day),
        position: evaluation.position,
        run_id: evaluation.run_id,
        scope: evaluation.scope,
    };
    let recorded = history::record(writer, &ClassSpans, looked, found).await?;
    let seen = results.iter().map(|result| (result.customer.0, result)).collect();
    let mut notes = Notes { line_id: line.line_id, rows: Vec::new() };
    notes.take(writer.transaction(), &recorded.inserted, &seen).await?;
    notes.write(writer.transaction(), recorded.known).await?;
    Ok(recorded.changed)
}

/// Lets the classes of a range of customers that were true before a day be true until the next day
/// that was evaluated; returns for whom something was written. The writer guards the range; this is
/// one step of it. `run_id` is the run that takes the day back.
pub async fn retract(
    writer: &mut Writer<'_>,
    line: &ClassLine,
    (day, run_id): (NaiveDate, i64),
    range: (i64, i64),
) -> Result<Vec<CustomerId>, Error> {
    let place = (line.line_id, time::days(day));
    let recorded = history::retract(writer, &ClassSpans, place, run_id, range).await?;
    let mut notes = Notes { line_id: line.line_id, rows: Vec::new() };
    notes.take(writer.transaction(), &recorded.inserted, &HashMap::new()).await?;
    notes.write(writer.transaction(), recorded.known).await?;
    Ok(recorded.changed)
}

/// Stays in classes, by number.
struct ClassSpans;

impl Spans for ClassSpans {
    type Content = i32;

    const PLACE: Place = PLACE;

    async fn read(&self, transaction: &Transaction, condition: &str) -> Result<Held<i32>, Error> {
        let sql = format!(
            "SELECT customer_id, valid_from, valid_to, class_no FROM class_span WHERE {condition}"
        );
        let types = [
            ("customer_id", ColumnType::I64),
            ("valid_from", ColumnType::I32),
            ("valid_to", ColumnType::OptI32),
            ("class_no", ColumnType::I32),
        ];
        let read = bulk::read(transaction, &sql, Vec::new(), &types).await?;
        let read: [Column; 4] = read.try_into().expect("four columns were asked for");
        let [Column::I64(customers), Column::I32(from), Column::OptI32(to), Column::I32(class)] =
            read
        else {
            return Err(Error::Corrupt("classes are of other types".to_owned()));
        };
        let days = from.into_iter().zip(to).zip(class);
        let spans = days.map(|((from, to), content)| Span { from, to, content });
        Ok(customers.into_iter().zip(spans).collect())
    }

    fn columns(&self, inserted: &[Inserted<i32>]) -> Vec<(&'static str, Column)> {
        let classes = inserted.iter().map(|inserted| inserted.span.content);
        vec![("class_no", Column::I32(classes.collect()))]
    }
}

/// What new stays rest on.
struct Notes {
    line_id: i32,
    /// Customer, first day, what was seen, how many values were asked for, and were there.
    rows: Vec<(i64, i32, String, (i32, i32))>,
}

impl Notes {
    async fn take(
        &mut self,
        transaction: &Transaction,
        inserted: &[Inserted<i32>],
        results: &HashMap<i64, &NewClass>,
    ) -> Result<(), Error> {
        for Inserted { customer, span, origin } in inserted {
            let seen = match origin {
                Origin::Evaluated => {
                    let seen = results.get(customer).map(|result| &result.evidence);
                    seen.map(|seen| (evidence::encode(seen), evidence::inputs(seen)))
                }
                Origin::RestOf(from) => self.noted(transaction, *customer, *from).await?,
                Origin::Kept => None,
            };
            self.rows.extend(seen.map(|(seen, inputs)| (*customer, span.from, seen, inputs)));
        }
        Ok(())
    }

    /// What the stay that began on the day rests on.
    async fn noted(
        &self,
        transaction: &Transaction,
        customer: i64,
        from: i32,
    ) -> Result<Option<(String, (i32, i32))>, Error> {
        let sql = format!(
            "SELECT evidence FROM class_evidence WHERE line_id = {} AND customer_id = \
             {customer} AND valid_from = {from} ORDER BY known_from DESC LIMIT 1",
            self.line_id
        );
        let rows = history::query(transaction, &sql).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let seen: String = row.try_get_by_index(0)?;
        let inputs = evidence::inputs(&evidence::decode(&seen)?);
        Ok(Some((seen, inputs)))
    }

    async fn write(mut self, transaction: &Transaction, known: i64) -> Result<(), Error> {
        let rows = self.rows.len();
        let columns = [
            ("customer_id", Column::I64(self.rows.iter().map(|row| row.0).collect())),
            ("known_from", Column::I64(vec![known; rows])),
            ("valid_from", Column::I32(self.rows.iter().map(|row| row.1).collect())),
            ("line_id", Column::I32(vec![self.line_id; rows])),
            ("inputs", Column::OptI32(self.rows.iter().map(|row| Some(row.3.0)).collect())),
            ("present", Column::OptI32(self.rows.iter().map(|row| Some(row.3.1)).collect())),
            ("evidence", Column::Text(self.rows.drain(..).map(|row| row.2).collect())),
        ];
        bulk::insert(transaction, "class_evidence", &columns, OnConflict::Fail).await?;
        Ok(())
    }
}
