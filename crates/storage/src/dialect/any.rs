//! Conditions on many values that take one parameter: the text of the statement is the same
//! however many there are, and it is prepared once.

use sea_orm::DbBackend;
use sea_orm::sea_query::Expr;

use super::select::{array, text_array};

/// That a column of whole numbers is one of `numbers`.
pub(crate) fn is_any_number(backend: DbBackend, column: &str, numbers: &[i64]) -> Expr {
    Expr::cust_with_values(is_any(backend, column), [array(backend, numbers)])
}

/// That a column of texts is one of `texts`.
pub(crate) fn is_any_text(backend: DbBackend, column: &str, texts: &[&str]) -> Expr {
    Expr::cust_with_values(is_any(backend, column), [text_array(backend, texts)])
}

fn is_any(backend: DbBackend, column: &str) -> String {
    match backend {
        DbBackend::Postgres => format!("\"{column}\" = ANY($1)"),
        _ => format!("\"{column}\" IN (SELECT value FROM json_each(?))"),
    }
}
