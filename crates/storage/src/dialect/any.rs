//! Conditions on many values that take one parameter: the text of the statement is the same
//! however many there are, and it is prepared once.

use sea_orm::sea_query::Expr;
use sea_orm::{DbBackend, Value};

use super::select::{array, text_array};

/// That a text column is one of `texts`.
pub(crate) fn is_any_text(backend: DbBackend, column: &str, texts: &[&str]) -> Expr {
    is_any(backend, column, text_array(backend, texts))
}

/// That a column of whole numbers is one of `numbers`.
pub(crate) fn is_any_number(backend: DbBackend, column: &str, numbers: &[i64]) -> Expr {
    is_any(backend, column, array(backend, numbers))
}

fn is_any(backend: DbBackend, column: &str, values: Value) -> Expr {
    let condition = match backend {
        DbBackend::Postgres => format!("\"{column}\" IN (SELECT unnest($1))"),
        _ => format!("\"{column}\" IN (SELECT value FROM json_each(?))"),
    };
    Expr::cust_with_values(condition, [values])
}
