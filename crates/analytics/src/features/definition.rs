//! A feature as a file: a comment that says in YAML what it is, then the SQL that computes it.
//!
//! ```sql
//! /*
//! id: orders_30d
//! zh: 近 30 天订单数
//! en: Orders, last 30 days
//! group: frequency
//! type: integer
//! unit: "1"
//! window: 30d
//! missing: "0"
//! description: Completed orders in the 30 days that end on the date. 0 without any.
//! */
//! SELECT customer_id, count(*) FILTER (WHERE is_purchase AND days_ago < 30) AS orders_30d
//! FROM orders
//! GROUP BY customer_id
//! ```
//!
//! The query gives `customer_id` and one column named as the feature, with at most one row for a
//! customer, from the tables of [`facts`](crate::facts). Where it gives a customer no row or null,
//! the value is that of the expression `missing` over `customers`, or null without one. Features
//! that read the same rows in the same groups are computed together. A feature of an attribute
//! names it in `attribute`: it cannot be used where that attribute may not be processed. `family` is
//! that of its group unless it says otherwise.

use datafusion::sql::parser::Statement as AnyStatement;
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{Expr, Query, Select, SelectItem, SetExpr, Statement};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;
use kehu_core::Label;
use kehu_core::attribute::Family;
use serde::Deserialize;

use super::Feature;
use crate::ColumnKind;
use crate::facts::{CUSTOMERS, Table, TableNames};
use crate::frame::CUSTOMER_ID;

/// Why a text is not a feature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct FeatureError(String);

/// The comment at the head.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    id: String,
    zh: String,
    en: String,
    group: String,
    #[serde(rename = "type")]
    kind: ColumnKind,
    #[serde(default)]
    unit: String,
    window: Option<String>,
    missing: Option<String>,
    family: Option<Family>,
    attribute: Option<String>,
    description: String,
}

/// How a value is computed: an expression over the rows of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The query up to its first column, `customer_id`, and from after its last one on. Sources
    /// that have both in common are computed together.
    pub(super) rows: (String, String),
    /// What it gives besides.
    pub(super) value: String,
}

impl Source {
    /// The value of a query that gives `customer` and nothing else.
    fn new(customer: &str, query: &str, value: String) -> Result<Self, FeatureError> {
        let head = format!("SELECT {customer}");
        let tail = query.strip_prefix(&head);
        let tail = tail.ok_or_else(|| fail("is a SELECT of customer_id and a value"))?.to_owned();
        Ok(Self { rows: (head, tail), value })
    }
}

impl Feature {
    /// Reads a feature over these tables.
    pub(crate) fn parse(text: &str, tables: &[Table]) -> Result<Self, FeatureError> {
        let (head, sql) = split(text)?;
        let head: Head = serde_yaml_ng::from_str(head).map_err(|error| fail(error.to_string()))?;
        check_id(&head.id)?;
        check_window(head.window.as_deref())?;
        let query = parse(sql)?;
        let missing = head.missing.map(|missing| missing_source(&missing)).transpose()?;
        let mut names = table_names(&query, tables)?;
        names.insert(CUSTOMERS);
        Ok(Self {
            source: value_source(query, &head.id)?,
            missing,
            tables: names,
            id: head.id,
            label: Label::new(&head.zh, &head.en),
            family: head.family.unwrap_or_else(|| family(&head.group)),
            attribute: head.attribute,
            group: head.group,
            kind: head.kind,
            unit: head.unit,
            window: head.window,
            description: head.description,
        })
    }
}

/// What the features of a group tell of a customer, unless one says otherwise.
fn family(group: &str) -> Family {
    match group {
        "attributes" => Family::Social,
        "monetary" | "profit" | "quantity" | "growth" | "credit" | "prospects" => Family::Value,
        _ => Family::Behaviour,
    }
}

fn fail(message: impl Into<String>) -> FeatureError {
    FeatureError(message.into())
}

/// The head and the SQL.
fn split(text: &str) -> Result<(&str, &str), FeatureError> {
    let head = text.trim_start().strip_prefix("/*");
    head.and_then(|text| text.split_once("*/"))
        .ok_or_else(|| fail("starts with a comment /* … */ that says what the feature is"))
}

/// A name that SQL takes without quotes.
fn check_id(id: &str) -> Result<(), FeatureError> {
    let plain = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_');
    match id.starts_with(|first: char| first.is_ascii_lowercase()) && id.chars().all(plain) {
        true => Ok(()),
        false => Err(fail(format!("id {id}: is a letter, then letters, digits and _, all small"))),
    }
}

/// A number of days or months, such as `30d` or `12m`.
fn check_window(window: Option<&str>) -> Result<(), FeatureError> {
    let Some(window) = window else { return Ok(()) };
    let number = window.strip_suffix(['d', 'm']).and_then(|number| number.parse::<u16>().ok());
    match number {
        Some(1..) => Ok(()),
        _ => Err(fail(format!("window {window}: write days as 30d and months as 12m"))),
    }
}

pub(super) fn parse(sql: &str) -> Result<Query, FeatureError> {
    let statements = Parser::parse_sql(&GenericDialect {}, sql);
    let mut statements = statements.map_err(|error| fail(error.to_string()))?.into_iter();
    match (statements.next(), statements.next()) {
        (Some(Statement::Query(query)), None) => Ok(*query),
        _ => Err(fail("is one SELECT and nothing else")),
    }
}

/// The tables that the query reads.
fn table_names(query: &Query, tables: &[Table]) -> Result<TableNames, FeatureError> {
    let statement = Statement::Query(Box::new(query.clone()));
    let statement = AnyStatement::Statement(Box::new(statement));
    let found = resolve_table_references(&statement, true);
    let (found, _) = found.map_err(|error| fail(error.to_string()))?;
    let mut names = TableNames::new();
    for name in found {
        let name = name.to_string();
        let Some(table) = tables.iter().find(|table| table.name == name) else {
            let known: Vec<&str> = tables.iter().map(|table| table.name).collect();
            return Err(fail(format!("there is no table {name}: {} are", known.join(", "))));
        };
        names.insert(table.name);
    }
    Ok(names)
}

/// Where the value of the feature comes from.
pub(super) fn value_source(query: Query, id: &str) -> Result<Source, FeatureError> {
    let Query { with: None, order_by: None, limit_clause: None, fetch: None, .. } = &query else {
        return whole(&query, id);
    };
    let SetExpr::Select(select) = query.body.as_ref() else { return whole(&query, id) };
    let value = check_columns(select, id)?;
    // What counts rows as they come out, or names a column of the result, stands for itself.
    if select.distinct.is_some() || select.having.is_some() || select.qualify.is_some() {
        return whole(&query, id);
    }
    let (customer, value) = (select.projection[0].to_string(), value.to_string());
    let mut rows = query.clone();
    if let SetExpr::Select(select) = rows.body.as_mut() {
        select.projection.truncate(1);
    }
    Source::new(&customer, &rows.to_string(), value)
}

/// A query whose form says nothing about what it can be computed together with.
fn whole(query: &Query, id: &str) -> Result<Source, FeatureError> {
    let rows = format!("SELECT {CUSTOMER_ID} FROM ({query}) AS whole");
    Source::new(CUSTOMER_ID, &rows, id.to_owned())
}

/// The expression of the second column. The first is `customer_id`, the second has the name of
/// the feature.
fn check_columns<'a>(select: &'a Select, id: &str) -> Result<&'a Expr, FeatureError> {
    let wrong = || fail(format!("gives two columns: {CUSTOMER_ID}, and one named {id}"));
    let [customer, value] = &select.projection[..] else { return Err(wrong()) };
    if column_name(customer) != Some(CUSTOMER_ID) || column_name(value) != Some(id) {
        return Err(wrong());
    }
    match value {
        SelectItem::UnnamedExpr(value) | SelectItem::ExprWithAlias { expr: value, .. } => Ok(value),
        _ => Err(wrong()),
    }
}

fn column_name(item: &SelectItem) -> Option<&str> {
    match item {
        SelectItem::UnnamedExpr(Expr::Identifier(name))
        | SelectItem::ExprWithAlias { alias: name, .. } => Some(&name.value),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => {
            names.last().map(|name| name.value.as_str())
        }
        _ => None,
    }
}

fn missing_source(expression: &str) -> Result<Source, FeatureError> {
    let mut parser = Parser::new(&GenericDialect {})
        .try_with_sql(expression)
        .map_err(|error| fail(format!("missing: {error}")))?;
    let value = parser.parse_expr().map_err(|error| fail(format!("missing: {error}")))?;
    if parser.peek_token().token != Token::EOF {
        return Err(fail("missing: is one expression over the columns of customers"));
    }
    let rows = format!("SELECT {CUSTOMER_ID} FROM {CUSTOMERS}");
    Source::new(CUSTOMER_ID, &rows, value.to_string())
}
