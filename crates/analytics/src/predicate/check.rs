//! What a predicate may say: known columns, a few operators and functions, numbers with numbers
//! and text with text. Whatever is not named here is refused, with its place.

mod functions;

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Ident, Spanned, TrimWhereField, UnaryOperator, Value,
};
use rust_decimal::Decimal;

use super::PredicateError;
use crate::error::hint;
use crate::schema::nearest;
use crate::{ColumnKind, Schema};

/// Deepest nesting of operators, counting each further AND or OR of a chain.
const DEEPEST: usize = 150;

/// The columns that a predicate reads, by name.
pub(super) type Columns = Vec<(String, ColumnKind)>;

/// What an expression yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Text,
    Boolean,
    /// `NULL`, which goes with anything.
    Null,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "text",
            Self::Boolean => "true or false",
            Self::Null => "null",
        }
    }

    /// What both can be taken as.
    fn with(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Null, any) | (any, Self::Null) => Some(any),
            (one, another) => (one == another).then_some(one),
        }
    }
}

/// Checks the tree and returns it, its numbers in plain notation, with the columns it reads.
pub(super) fn check(mut tree: Expr, schema: &Schema) -> Result<(Expr, Columns), PredicateError> {
    let mut checker = Checker { schema, columns: BTreeMap::new(), depth: 0 };
    let class = checker.class(&mut tree)?;
    if class != Class::Boolean {
        let message = format!("must be true or false, but is {}", class.name());
        return Err(at(&tree, message));
    }
    Ok((tree, checker.columns.into_iter().collect()))
}

struct Checker<'a> {
    schema: &'a Schema,
    columns: BTreeMap<String, ColumnKind>,
    depth: usize,
}

impl Checker<'_> {
    fn class(&mut self, tree: &mut Expr) -> Result<Class, PredicateError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = "is nested too deeply, use IN (…) or fewer AND and OR";
            return Err(at(tree, message));
        }
        let class = self.class_of_node(tree);
        self.depth -= 1;
        class
    }

    fn class_of_node(&mut self, tree: &mut Expr) -> Result<Class, PredicateError> {
        match tree {
            Expr::Identifier(name) => self.column(name),
            Expr::Nested(inner) => self.class(inner),
            Expr::Value(value) => match &mut value.value {
                Value::Number(text, false) => number(text)
                    .ok_or_else(|| at(tree, "is not a number that can be kept: at most 28 digits")),
                Value::SingleQuotedString(_) => Ok(Class::Text),
                Value::Boolean(_) => Ok(Class::Boolean),
                Value::Null => Ok(Class::Null),
                _ => Err(refused(tree)),
            },
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                self.class(inner)?;
                Ok(Class::Boolean)
            }
            Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner) => self.needs(inner, Class::Boolean),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.needs(expr, Class::Boolean),
            Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => {
                self.needs(expr, Class::Number)
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.alike([left.as_mut(), right.as_mut()])?;
                Ok(Class::Boolean)
            }
            Expr::BinaryOp { .. } => self.binary(tree),
            Expr::Between { expr, low, high, .. } => {
                self.alike([expr.as_mut(), low.as_mut(), high.as_mut()])?;
                Ok(Class::Boolean)
            }
            Expr::InList { expr, list, .. } => {
                self.alike(std::iter::once(expr.as_mut()).chain(list))?;
                Ok(Class::Boolean)
            }
            Expr::Like { any: false, expr, pattern, escape_char: None, .. }
            | Expr::ILike { any: false, expr, pattern, escape_char: None, .. } => {
                self.needs(expr, Class::Text)?;
                self.needs(pattern, Class::Text)?;
                Ok(Class::Boolean)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref_mut(), conditions, else_result.as_deref_mut())
            }
            Expr::Trim {
                trim_where: None | Some(TrimWhereField::Both),
                trim_what: None,
                expr,
                trim_characters: None,
            } => self.needs(expr, Class::Text),
            Expr::Ceil { .. } | Expr::Floor { .. } | Expr::Function(_) => self.function(tree),
            _ => Err(refused(tree)),
        }
    }

    fn column(&mut self, ident: &Ident) -> Result<Class, PredicateError> {
        let name = match ident.quote_style {
            Some(_) => ident.value.clone(),
            None => ident.value.to_ascii_lowercase(),
        };
        let start = ident.span.start;
        let Some(kind) = self.schema.kind(&name) else {
            let message = self.missing(&name);
            return Err(PredicateError::new(Some((start.line, start.column)), message));
        };
        self.columns.insert(name, kind);
        Ok(match kind {
            ColumnKind::Integer | ColumnKind::Decimal | ColumnKind::Ratio => Class::Number,
            ColumnKind::Text => Class::Text,
            ColumnKind::Boolean => Class::Boolean,
        })
    }

    /// Why a predicate cannot read this column.
    fn missing(&self, name: &str) -> String {
        if let Some(reason) = self.schema.blocked(name) {
            return format!("column {name} cannot be used: {reason}");
        }
        let near = nearest(name, self.schema.names());
        let hint = match near.is_empty() {
            true => "; text is written in single quotes, 'like this'".to_owned(),
            false => hint(&near),
        };
        format!("there is no column {name}{hint}")
    }

    fn binary(&mut self, tree: &mut Expr) -> Result<Class, PredicateError> {
        use BinaryOperator as Op;
        let Expr::BinaryOp { left, op, right } = tree else { return Err(refused(tree)) };
        let class = match op {
            Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq => {
                self.alike([left.as_mut(), right.as_mut()])?;
                return Ok(Class::Boolean);
            }
            Op::And | Op::Or => Class::Boolean,
            Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo => Class::Number,
            Op::StringConcat => Class::Text,
            other => {
                let message = format!("{other} cannot be used here");
                return Err(at(tree, message));
            }
        };
        self.needs(left, class)?;
        self.needs(right, class)
    }

    fn case(
        &mut self,
        operand: Option<&mut Expr>,
        branches: &mut [CaseWhen],
        otherwise: Option<&mut Expr>,
    ) -> Result<Class, PredicateError> {
        let tested = match operand {
            Some(operand) => self.class(operand)?,
            None => Class::Boolean,
        };
        let mut class = Class::Null;
        for branch in branches {
            self.agrees(&mut branch.condition, tested)?;
            class = self.agrees(&mut branch.result, class)?;
        }
        match otherwise {
            Some(otherwise) => self.agrees(otherwise, class),
            None => Ok(class),
        }
    }

    /// All of one class, which is returned.
    fn alike<'t>(
        &mut self,
        trees: impl IntoIterator<Item = &'t mut Expr>,
    ) -> Result<Class, PredicateError> {
        let mut class = Class::Null;
        for tree in trees {
            class = self.agrees(tree, class)?;
        }
        Ok(class)
    }

    /// The class of the tree, if it goes with `class`.
    fn agrees(&mut self, tree: &mut Expr, class: Class) -> Result<Class, PredicateError> {
        let found = self.class(tree)?;
        found.with(class).ok_or_else(|| {
            let (found, wanted) = (found.name(), class.name());
            at(tree, format!("this is {found}, which cannot stand beside {wanted}"))
        })
    }

    /// `class`, if the tree is of it.
    fn needs(&mut self, tree: &mut Expr, class: Class) -> Result<Class, PredicateError> {
        let found = self.class(tree)?;
        match found.with(class) {
            Some(_) => Ok(class),
            None => {
                let (found, wanted) = (found.name(), class.name());
                Err(at(tree, format!("this is {found}, but must be {wanted}")))
            }
        }
    }
}

/// Brings a number to plain notation (no exponent, no superfluous zeros).
fn number(text: &mut String) -> Option<Class> {
    let exact = match text.contains(['e', 'E']) {
        true => Decimal::from_scientific(text),
        false => Decimal::from_str_exact(text),
    };
    *text = exact.ok()?.normalize().to_string();
    Some(Class::Number)
}

fn refused(tree: &Expr) -> PredicateError {
    let text: String = tree.to_string().chars().take(40).collect();
    at(tree, format!("{text} cannot be used in a predicate"))
}

/// An error at the start of the tree.
fn at(tree: &Expr, message: impl Into<String>) -> PredicateError {
    let start = tree.span().start;
    let position = (start.line > 0).then_some((start.line, start.column));
    PredicateError::new(position, message)
}
