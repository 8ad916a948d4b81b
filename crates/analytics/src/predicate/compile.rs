//! From a checked syntax tree to an expression that DataFusion evaluates.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::context::SessionState;
use datafusion::functions::core::expr_fn::nullif;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, cast, lit};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, ExprWithAlias};

use super::PredicateError;
use super::check::Columns;

/// The type in which a whole number of 64 bits is calculated with.
const WHOLE: DataType = DataType::Decimal128(20, 0);
/// The type in which it is divided: the quotient has four decimals more.
const DIVIDED: DataType = DataType::Decimal128(28, 8);

/// The columns as DataFusion knows them, all nullable.
pub(super) fn arrow_schema(columns: &Columns) -> SchemaRef {
    let field =
        |(name, kind): &(String, crate::ColumnKind)| Field::new(name, kind.data_type(), true);
    Arc::new(ArrowSchema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// One array of nulls for each column.
pub(super) fn null_arrays(schema: &SchemaRef, rows: usize) -> Vec<ArrayRef> {
    schema.fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect()
}

pub(super) fn compile(
    tree: SqlExpr,
    columns: &Columns,
    state: &SessionState,
) -> Result<Arc<dyn PhysicalExpr>, PredicateError> {
    plan(tree, columns, state).map_err(|error| {
        let start =
            error.diagnostic().and_then(|diagnostic| diagnostic.span).map(|span| span.start);
        let position = start.map(|start| (start.line, start.column));
        PredicateError::new(position, error.strip_backtrace())
    })
}

fn plan(tree: SqlExpr, columns: &Columns, state: &SessionState) -> Result<Arc<dyn PhysicalExpr>> {
    let schema: DFSchemaRef = Arc::new(DFSchema::try_from(arrow_schema(columns))?);
    let named = ExprWithAlias { expr: tree, alias: None };
    let expression = state.create_logical_expr_from_sql_expr(named, &schema)?;
    let expression = expression.transform_up(|node| calculate_exactly(node, &schema))?.data;
    let context = SimplifyContext::builder()
        .with_schema(Arc::clone(&schema))
        .with_config_options(Arc::clone(state.config_options()))
        .build();
    let simplifier = ExprSimplifier::new(context);
    // Coerced before, or a comparison of two types is not simplified; simplified before, or
    // functions such as coalesce, which exist only as what they are simplified to, fail when
    // they are evaluated.
    let expression = simplifier.simplify(simplifier.coerce(expression, &schema)?)?;
    if expression.get_type(&schema)? != DataType::Boolean
        && !expression.get_type(&schema)?.is_null()
    {
        return Err(DataFusionError::Plan("must be true or false".to_owned()));
    }
    state.create_physical_expr(expression, &schema)
}

/// Arithmetic is on decimals: whole numbers would be cut by a division and would silently start
/// again from the other end when they grow too large. A division by zero is null instead of an
/// error that would stop the evaluation for every customer.
fn calculate_exactly(node: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = node else {
        return Ok(Transformed::no(node));
    };
    let (left, right) = match op {
        Operator::Plus | Operator::Minus | Operator::Multiply => {
            (decimal(*left, WHOLE, schema)?, decimal(*right, WHOLE, schema)?)
        }
        Operator::Divide => (decimal(*left, DIVIDED, schema)?, divisor(*right, schema)?),
        Operator::Modulo => (decimal(*left, WHOLE, schema)?, divisor(*right, schema)?),
        _ => return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }))),
    };
    Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))))
}

fn divisor(expression: Expr, schema: &DFSchema) -> Result<Expr> {
    Ok(nullif(decimal(expression, WHOLE, schema)?, lit(0_i64)))
}

/// A whole number as `wanted`, anything else as it is.
fn decimal(expression: Expr, wanted: DataType, schema: &DFSchema) -> Result<Expr> {
    let is_integer = expression.get_type(schema)?.is_integer();
    Ok(if is_integer { cast(expression, wanted) } else { expression })
}
