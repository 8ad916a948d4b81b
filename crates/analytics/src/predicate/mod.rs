//! Predicates: SQL boolean expressions over the columns of a frame, such as
//! `amount_365d >= 100000 AND orders_365d >= 12`.
//!
//! The language is a small part of SQL, so that a predicate is quick, exact, and gives the same
//! answer whenever and wherever it is evaluated:
//! - columns, numbers, text in single quotes, `TRUE`, `FALSE`, `NULL`;
//! - `AND OR NOT`, `= <> < <= > >=`, `IS [NOT] NULL`, `IS [NOT] DISTINCT FROM`, `IS [NOT] TRUE`,
//!   `[NOT] BETWEEN`, `[NOT] IN (…)`, `[NOT] LIKE`, `[NOT] ILIKE`, `CASE`, `+ - * / %`, `||`;
//! - `abs ceil floor round coalesce nullif greatest least lower upper trim ltrim rtrim concat
//!   starts_with ends_with contains`.
//!
//! Numbers are exact decimals. `a / b` is never cut to a whole number and has at least eight
//! decimals; `a / b` and `a % b` are null when `b` is zero. A number is compared with numbers
//! only and text with text only. A predicate that is null for a customer does not hold for it.

mod check;
mod compile;
mod near;
mod parse;
#[cfg(test)]
mod template_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::context::SessionState;
use datafusion::physical_plan::PhysicalExpr;

use rust_decimal::Decimal;

use crate::{Error, Frame, Schema};

pub use near::{Bound, Near};

/// Why a text is not a predicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredicateError {
    /// Line and column of the mistake, both from 1, where they are known.
    pub position: Option<(u64, u64)>,
    /// What is wrong and what to do.
    pub message: String,
}

impl PredicateError {
    fn new(position: Option<(u64, u64)>, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }
}

impl std::fmt::Display for PredicateError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            Some((line, column)) => {
                write!(formatter, "line {line}, column {column}: {}", self.message)
            }
            None => formatter.write_str(&self.message),
        }
    }
}

impl std::error::Error for PredicateError {}

/// A compiled predicate. Cheap to clone; may be used from many threads.
#[derive(Debug, Clone)]
pub struct Predicate {
    columns: Vec<String>,
    schema: SchemaRef,
    expression: Arc<dyn PhysicalExpr>,
}

/// Compiles a predicate over the columns of `schema`. It takes some milliseconds and reads
/// nothing.
pub(crate) fn compile(
    sql: &str,
    schema: &Schema,
    state: &SessionState,
) -> Result<Predicate, PredicateError> {
    let (expression, columns) = parse::on_its_own_thread(sql, |parsed| {
        let (checked, columns) = check::check(parsed, schema)?;
        Ok((compile::compile(checked, &columns, state)?, columns))
    })?;
    let predicate = Predicate {
        schema: compile::arrow_schema(&columns),
        columns: columns.into_iter().map(|(name, _)| name).collect(),
        expression,
    };
    predicate.try_out()?;
    Ok(predicate)
}

/// Compiles a predicate with what is close to it: by a share of each limit, and in whole numbers by one
/// at least.
pub(crate) fn compile_near(
    sql: &str,
    schema: &Schema,
    share: Decimal,
    state: &SessionState,
) -> Result<Near, PredicateError> {
    let strict = compile(sql, schema, state)?;
    let (relaxed, bounds) = parse::on_its_own_thread(sql, |parsed| {
        let (mut checked, columns) = check::check(parsed, schema)?;
        let bounds = near::relax(&mut checked, &columns, share);
        Ok((compile::compile(checked, &columns, state)?, bounds))
    })?;
    let relaxed = Predicate { expression: relaxed, ..strict.clone() };
    Ok(Near::new(strict, relaxed, bounds))
}

impl Predicate {
    /// The columns that it reads, each once, by name.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether it holds, for each customer of the frame; null counts as no. `None` for a customer
    /// of whom it cannot be told, because a number grows past 38 digits on the way: that is so of
    /// this customer alone. [`Error::UnknownColumn`] when the frame lacks one of the columns.
    pub fn evaluate(&self, frame: &Frame) -> Result<Vec<Option<bool>>, Error> {
        let mut arrays = Vec::with_capacity(self.columns.len());
        for name in &self.columns {
            arrays.push(Arc::clone(frame.array(name)?));
        }
        let mut holds = vec![None; frame.len()];
        self.evaluate_each(&arrays, &mut holds)?;
        Ok(holds)
    }

    /// Evaluates all rows at once; where that fails, each half of them by itself, down to the rows
    /// that it fails for.
    fn evaluate_each(&self, arrays: &[ArrayRef], holds: &mut [Option<bool>]) -> Result<(), Error> {
        let rows = holds.len();
        match self.evaluate_arrays(arrays.to_vec(), rows) {
            Ok(found) => {
                for (holds, found) in holds.iter_mut().zip(found) {
                    *holds = Some(found);
                }
                Ok(())
            }
            Err(Error::Engine(_)) if rows == 1 => Ok(()),
            Err(Error::Engine(_)) if rows > 1 => {
                let (first, second) = holds.split_at_mut(rows / 2);
                let part = |from: usize, length: usize| {
                    arrays.iter().map(|array| array.slice(from, length)).collect::<Vec<_>>()
                };
                self.evaluate_each(&part(0, first.len()), first)?;
                self.evaluate_each(&part(first.len(), second.len()), second)
            }
            Err(error) => Err(error),
        }
    }

    fn evaluate_arrays(&self, arrays: Vec<ArrayRef>, rows: usize) -> Result<Vec<bool>, Error> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&self.schema);
        let batch = RecordBatch::try_new_with_options(schema, arrays, &options)?;
        let array = self.expression.evaluate(&batch)?.into_array(rows)?;
        let holds = array.as_boolean_opt().map(|array| array.iter());
        Ok(match holds {
            Some(holds) => holds.map(|holds| holds == Some(true)).collect(),
            // The expression is nothing but null.
            None => vec![false; rows],
        })
    }

    /// Evaluates it on no row and on one of nulls: some mistakes show only then.
    fn try_out(&self) -> Result<(), PredicateError> {
        for rows in [0, 1] {
            let nulls = compile::null_arrays(&self.schema, rows);
            self.evaluate_arrays(nulls, rows).map_err(|error| {
                PredicateError::new(None, format!("cannot be evaluated: {error}"))
            })?;
        }
        Ok(())
    }
}
