//! The tables as DataFusion plans over them: the rows come with the task that runs a plan, so
//! that one plan serves any facts.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{internal_datafusion_err, project_schema};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
};

use super::{Facts, Table};

/// Rows of one batch: what DataFusion works on at a time.
const BATCH_ROWS: usize = 8_192;

/// What DataFusion knows of a table when it plans.
pub(crate) fn provider(table: &Table) -> Arc<dyn TableProvider> {
    Arc::new(FactTable(table.clone()))
}

#[derive(Debug)]
struct FactTable(Table);

#[async_trait]
impl TableProvider for FactTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(FactScan::new(&self.0, projection.cloned())?))
    }
}

/// Reads a table of the [`Facts`] of the task, in one partition.
#[derive(Debug)]
struct FactScan {
    table: &'static str,
    projection: Option<Vec<usize>>,
    properties: Arc<PlanProperties>,
}

impl FactScan {
    fn new(table: &Table, projection: Option<Vec<usize>>) -> Result<Self> {
        let schema = project_schema(&table.schema, projection.as_ref())?;
        let properties = PlanProperties::new(
            EquivalenceProperties::new_with_orderings(Arc::clone(&schema), [order(table, &schema)]),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self { table: table.name, projection, properties: Arc::new(properties) })
    }
}

/// The order of the rows as far as the columns tell: it ends where one is left out.
fn order(table: &Table, schema: &SchemaRef) -> Vec<PhysicalSortExpr> {
    let mut order = Vec::new();
    for (name, descending) in &table.sorted_by {
        let Ok(column) = Column::new_with_schema(name, schema) else { break };
        let options = SortOptions { descending: *descending, nulls_first: *descending };
        order.push(PhysicalSortExpr::new(Arc::new(column), options));
    }
    order
}

impl DisplayAs for FactScan {
    fn fmt_as(&self, _: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FactScan: {}", self.table)
    }
}

impl ExecutionPlan for FactScan {
    fn name(&self) -> &'static str {
        "FactScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let facts = context.session_config().get_extension::<Facts>();
        let facts = facts.ok_or_else(|| internal_datafusion_err!("a task without facts"))?;
        let batches = facts.table(self.table).map(batches).unwrap_or_default();
        let schema = self.schema();
        let stream = MemoryStream::try_new(batches, schema, self.projection.clone())?;
        Ok(Box::pin(stream))
    }
}

fn batches(rows: &RecordBatch) -> Vec<RecordBatch> {
    let starts = (0..rows.num_rows()).step_by(BATCH_ROWS);
    starts.map(|start| rows.slice(start, BATCH_ROWS.min(rows.num_rows() - start))).collect()
}
