//! The functions that a predicate may call: exact, without side effects, the same every time.

use datafusion::sql::sqlparser::ast::{
    CeilFloorKind, DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
};

use super::{Checker, Class, at, refused};
use crate::error::hint;
use crate::predicate::PredicateError;
use crate::schema::nearest;

/// What a function takes and gives.
#[derive(Clone, Copy)]
enum Takes {
    /// Numbers, and gives a number.
    Numbers,
    /// Text, and gives text.
    Text,
    /// Text, and gives true or false.
    TextTest,
    /// Anything of one kind, and gives that kind.
    Alike,
}

/// Name, what it takes, the fewest and the most arguments.
const FUNCTIONS: [(&str, Takes, usize, usize); 17] = [
    ("abs", Takes::Numbers, 1, 1),
    ("ceil", Takes::Numbers, 1, 1),
    ("floor", Takes::Numbers, 1, 1),
    ("round", Takes::Numbers, 1, 2),
    ("coalesce", Takes::Alike, 1, 100),
    ("nullif", Takes::Alike, 2, 2),
    ("greatest", Takes::Alike, 1, 100),
    ("least", Takes::Alike, 1, 100),
    ("lower", Takes::Text, 1, 1),
    ("upper", Takes::Text, 1, 1),
    ("trim", Takes::Text, 1, 1),
    ("ltrim", Takes::Text, 1, 1),
    ("rtrim", Takes::Text, 1, 1),
    ("concat", Takes::Text, 1, 100),
    ("starts_with", Takes::TextTest, 2, 2),
    ("ends_with", Takes::TextTest, 2, 2),
    ("contains", Takes::TextTest, 2, 2),
];

impl Checker<'_> {
    pub(super) fn function(&mut self, tree: &mut Expr) -> Result<Class, PredicateError> {
        let call = match tree {
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) }
            | Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => {
                return self.needs(expr, Class::Number);
            }
            Expr::Function(call) if is_plain(call) => call,
            _ => return Err(refused(tree)),
        };
        let name = call.name.to_string().to_ascii_lowercase();
        let Some(&(_, takes, fewest, most)) = FUNCTIONS.iter().find(|known| known.0 == name) else {
            let near = hint(&nearest(&name, FUNCTIONS.iter().map(|known| known.0)));
            return Err(at(tree, format!("function {name} cannot be used in a predicate{near}")));
        };
        let arguments = arguments(call);
        let Some(arguments) = arguments.filter(|list| (fewest..=most).contains(&list.len())) else {
            let number =
                if fewest == most { format!("{most}") } else { format!("{fewest} to {most}") };
            return Err(at(tree, format!("function {name} takes {number} plain arguments")));
        };
        self.result(takes, arguments)
    }

    fn result(&mut self, takes: Takes, arguments: Vec<&mut Expr>) -> Result<Class, PredicateError> {
        let class = match takes {
            Takes::Alike => return self.alike(arguments),
            Takes::Numbers => Class::Number,
            Takes::Text | Takes::TextTest => Class::Text,
        };
        for argument in arguments {
            self.needs(argument, class)?;
        }
        Ok(if matches!(takes, Takes::TextTest) { Class::Boolean } else { class })
    }
}

/// Neither an aggregate nor a window function, and none of the rarer forms of a call.
fn is_plain(call: &Function) -> bool {
    call.over.is_none()
        && call.filter.is_none()
        && call.null_treatment.is_none()
        && call.within_group.is_empty()
        && call.parameters == FunctionArguments::None
}

/// The arguments, if they are plain expressions.
fn arguments(call: &mut Function) -> Option<Vec<&mut Expr>> {
    let FunctionArguments::List(list) = &mut call.args else { return None };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return None;
    }
    let mut arguments = Vec::with_capacity(list.args.len());
    for argument in &mut list.args {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument else { return None };
        arguments.push(argument);
    }
    Some(arguments)
}
