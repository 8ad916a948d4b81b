//! Writing scores.

use chrono::NaiveDate;
use kehu_core::scorecard::Score;
use kehu_core::{CustomerId, Value};

use super::codec::{Codec, Content};
use super::line::ScoreLine;
use crate::bulk::{self, Column, ColumnType};
use crate::change_log::Position;
pub use crate::history::Scope;
use crate::history::{self, Held, Inserted, Place, Span, Spans, Writer};
use crate::{Error, Transaction, time};

/// Where spans of scores are.
pub(super) const PLACE: Place = Place { table: "score_span" };

/// What scores have in common.
#[derive(Debug)]
pub struct Evaluation<'a> {
    /// Whose version gave them.
    pub line: &'a ScoreLine,
    /// The day they are true on.
    pub day: NaiveDate,
    /// Up to where the change log was seen before anything was read, see
    /// [`crate::change_log::seen`].
    pub position: Position,
    /// The run; `None` when they follow from a change.
    pub run_id: Option<i64>,
    /// Who was looked at. Whoever has no score is no customer on the day, or not any more.
    pub scope: Scope<'a>,
}

/// The score of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    /// Whose.
    pub customer: CustomerId,
    /// The values in the order of [`kehu_core::scorecard::Scorecard::features`].
    pub values: Vec<Value>,
    /// The score that follows from them.
    pub score: Score,
}

/// Records scores, each customer once, ascending, and returns the customers for whom something
/// was written. The day counts as evaluated for everyone in the scope from then on. The writer
/// guards the customers; this is one step of it.
pub async fn record(
    writer: &mut Writer<'_>,
    evaluation: &Evaluation<'_>,
    scores: &[Evaluated],
) -> Result<Vec<CustomerId>, Error> {
    let (codec, day) = (Codec::of(&evaluation.line.version.definition), time::days(evaluation.day));
    let found = scores.iter().map(|one| (one.customer.0, codec.content(one, day))).collect();
    let looked = history::Evaluation {
        line_id: evaluation.line.line_id,
        day,
        position: evaluation.position,
        run_id: evaluation.run_id,
        scope: evaluation.scope,
    };
    Ok(history::record(writer, &codec, looked, found).await?.changed)
}

/// Lets the scores of a range of customers that were true before a day be true until the next day
/// that was evaluated; returns for whom something was written. The writer guards the range; this is
/// one step of it. `run_id` is the run that takes the day back.
pub async fn retract(
    writer: &mut Writer<'_>,
    line: &ScoreLine,
    (day, run_id): (NaiveDate, i64),
    range: (i64, i64),
) -> Result<Vec<CustomerId>, Error> {
    let codec = Codec::of(&line.version.definition);
    let place = (line.line_id, time::days(day));
    Ok(history::retract(writer, &codec, place, run_id, range).await?.changed)
}

impl Spans for Codec {
    type Content = Content;

    const PLACE: Place = PLACE;

    async fn read(
        &self,
        transaction: &Transaction,
        condition: &str,
    ) -> Result<Held<Content>, Error> {
        let sql = format!(
            "SELECT customer_id, valid_from, valid_to, grade, bins, inputs FROM score_span WHERE \
             {condition}"
        );
        let types = [
            ("customer_id", ColumnType::I64),
            ("valid_from", ColumnType::I32),
            ("valid_to", ColumnType::OptI32),
            ("grade", ColumnType::OptText),
            ("bins", ColumnType::Text),
            ("inputs", ColumnType::Text),
        ];
        let read = bulk::read(transaction, &sql, Vec::new(), &types).await?;
        let read: [Column; 6] = read.try_into().expect("six columns were asked for");
        let [
            Column::I64(customers),
            Column::I32(from),
            Column::OptI32(to),
            Column::OptText(grades),
            Column::Text(bins),
            Column::Text(inputs),
        ] = read
        else {
            return Err(Error::Corrupt("scores are of other types".to_owned()));
        };
        let mut spans = Vec::with_capacity(customers.len());
        let days = customers.into_iter().zip(from.into_iter().zip(to));
        let kept = grades.into_iter().zip(bins).zip(inputs);
        for ((customer, (from, to)), ((grade, bins), inputs)) in days.zip(kept) {
            let content = self.decode(&inputs, grade, bins, from)?;
            spans.push((customer, Span { from, to, content }));
        }
        Ok(spans)
    }

    fn columns(&self, inserted: &[Inserted<Content>]) -> Vec<(&'static str, Column)> {
        let contents = || inserted.iter().map(|inserted| &inserted.span.content);
        let inputs = inserted.iter().map(|inserted| {
            let Span { from, content, .. } = &inserted.span;
            self.encode(content, *from)
        });
        vec![
            ("grade", Column::OptText(contents().map(|content| content.grade.clone()).collect())),
            ("bins", Column::Text(contents().map(|content| content.bins.clone()).collect())),
            ("inputs", Column::Text(inputs.collect())),
        ]
    }
}
