//! How close values are to a predicate: the bounds on numbers that it has, and the same predicate with
//! its bounds moved a little outwards.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value as Literal};
use kehu_core::Value;
use rust_decimal::Decimal;

use super::Predicate;
use super::check::Columns;
use crate::{ColumnKind, Error, Frame};

/// A predicate with what is close to it.
#[derive(Debug, Clone)]
pub struct Near {
    strict: Predicate,
    relaxed: Predicate,
    bounds: Vec<Bound>,
}

/// A bound on a column of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The column.
    pub column: String,
    /// Whether the column must be at least the limit; at most, when it need not.
    pub at_least: bool,
    /// The limit.
    pub limit: Decimal,
    /// Whether the limit itself will do.
    inclusive: bool,
    /// What is close to it.
    relaxed: Decimal,
}

impl Near {
    pub(super) fn new(strict: Predicate, relaxed: Predicate, bounds: Vec<Bound>) -> Self {
        Self { strict, relaxed, bounds }
    }

    /// The columns that it reads, each once, by name.
    pub fn columns(&self) -> &[String] {
        self.strict.columns()
    }

    /// The bounds of the predicate, in its order; none where it has none that can be moved.
    pub fn bounds(&self) -> &[Bound] {
        &self.bounds
    }

    /// Whether each customer of the frame is close: the predicate does not hold, but would if its bounds
    /// were a little wider. Errors as those of [`Predicate::evaluate`].
    pub fn close(&self, frame: &Frame) -> Result<Vec<bool>, Error> {
        let holds = self.strict.evaluate(frame)?.into_iter();
        let nearly = self.relaxed.evaluate(frame)?;
        let close = |(holds, nearly)| holds == Some(false) && nearly == Some(true);
        Ok(holds.zip(nearly).map(close).collect())
    }
}

impl Bound {
    /// How much a value lacks, above zero or, at a limit that will not do itself, zero; `None` when it
    /// lacks nothing, or is not close.
    pub fn lacks(&self, value: &Value) -> Option<Decimal> {
        let Value::Number(number) = value else { return None };
        let beyond = |limit: Decimal| match self.at_least {
            true => number.checked_sub(limit),
            false => limit.checked_sub(*number),
        };
        let (strict, relaxed) = (beyond(self.limit)?, beyond(self.relaxed)?);
        let holds = strict > Decimal::ZERO || (self.inclusive && strict.is_zero());
        (!holds && relaxed >= Decimal::ZERO).then(|| strict.abs())
    }
}

/// Moves the bounds of a checked tree outwards by a share of each limit, those of whole numbers by one
/// at least, and returns them as they were. What stands under NOT, CASE and the like stays.
pub(super) fn relax(tree: &mut Expr, columns: &Columns, share: Decimal) -> Vec<Bound> {
    let mut bounds = Vec::new();
    let mut todo = vec![tree];
    while let Some(tree) = todo.pop() {
        match tree {
            Expr::Nested(inner) => todo.push(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
                todo.push(right);
                todo.push(left);
            }
            Expr::BinaryOp { left, op, right } => {
                let Some((at_least, inclusive)) = direction(op) else { continue };
                if let Some(found) =
                    bound((&**left, &mut **right), columns, (at_least, inclusive), share)
                {
                    bounds.push(found);
                } else if let Some(found) =
                    bound((&**right, &mut **left), columns, (!at_least, inclusive), share)
                {
                    bounds.push(found);
                }
            }
            Expr::Between { expr, negated: false, low, high } => {
                bounds.extend(bound((&**expr, &mut **low), columns, (true, true), share));
                bounds.extend(bound((&**expr, &mut **high), columns, (false, true), share));
            }
            _ => {}
        }
    }
    bounds
}

/// Whether what stands to the left must be at least what stands to the right, and may be equal.
fn direction(operator: &BinaryOperator) -> Option<(bool, bool)> {
    match operator {
        BinaryOperator::GtEq => Some((true, true)),
        BinaryOperator::Gt => Some((true, false)),
        BinaryOperator::LtEq => Some((false, true)),
        BinaryOperator::Lt => Some((false, false)),
        _ => None,
    }
}

/// The bound of a column by a number, which is moved.
fn bound(
    (column, number): (&Expr, &mut Expr),
    columns: &Columns,
    (at_least, inclusive): (bool, bool),
    share: Decimal,
) -> Option<Bound> {
    let Expr::Identifier(name) = column else { return None };
    let (name, kind) = columns.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name.value))?;
    let limit = literal(number)?;
    let mut room = limit.abs().checked_mul(share)?;
    if *kind == ColumnKind::Integer {
        room = room.max(Decimal::ONE);
    }
    let relaxed = match at_least {
        true => limit.checked_sub(room)?,
        false => limit.checked_add(room)?,
    };
    *number = written(relaxed);
    Some(Bound { column: name.clone(), at_least, limit, inclusive, relaxed })
}

/// The number that a tree is.
fn literal(tree: &Expr) -> Option<Decimal> {
    match tree {
        Expr::Nested(inner) => literal(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => literal(expr).map(|number| -number),
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } => literal(expr),
        Expr::Value(value) => match &value.value {
            Literal::Number(text, false) => text.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// A number as a tree.
fn written(number: Decimal) -> Expr {
    let text = number.abs().normalize().to_string();
    let positive = Expr::value(Literal::Number(text, false));
    match number.is_sign_negative() && !number.is_zero() {
        true => Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(positive) },
        false => positive,
    }
}
