//! Features compiled: made once for a set of features, run for any customers and any date.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, UInt64Array};
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::compute::{cast, concat_batches, is_not_null, take};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, collect};
use kehu_core::CustomerId;

use super::definition::Source;
use super::{Catalogue, Feature};
use crate::engine::Engine;
use crate::facts::{Facts, TableNames};
use crate::frame::CUSTOMER_ID;
use crate::{ColumnKind, Error, Frame};

/// Some features, each once, ready to compute.
pub(crate) struct Plan {
    features: Vec<(String, ColumnKind)>,
    queries: Vec<Query>,
    tables: TableNames,
}

/// A query that gives `customer_id`, ascending, and parts of features.
struct Query {
    plan: Arc<dyn ExecutionPlan>,
    /// What each column after the first is.
    parts: Vec<Part>,
}

/// What a column of a query is for.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// The values of the feature at this place.
    Value(usize),
    /// What stands for those that are null.
    Missing(usize),
}

/// The columns of one feature, one value a customer.
#[derive(Default, Clone)]
struct Parts {
    value: Option<ArrayRef>,
    missing: Option<ArrayRef>,
}

impl Plan {
    /// Compiles features, in the order of the frame. [`Error::UnknownFeature`].
    pub(crate) async fn compile(
        engine: &Engine,
        catalogue: &Catalogue,
        names: &[String],
    ) -> Result<Self, Error> {
        let features = catalogue.named(names)?;
        let mut tables = TableNames::new();
        let mut sources: BTreeMap<&(String, String), Vec<(Part, &str)>> = BTreeMap::new();
        for (place, feature) in features.iter().enumerate() {
            let Feature { source, missing, .. } = feature;
            sources.entry(&source.rows).or_default().push((Part::Value(place), &source.value));
            if let Some(Source { rows, value }) = missing {
                sources.entry(rows).or_default().push((Part::Missing(place), value));
            }
            tables.extend(&feature.tables);
        }
        let mut queries = Vec::with_capacity(sources.len());
        for (rows, values) in sources {
            queries.push(Query::compile(engine, rows, &values).await?);
        }
        let features = features.into_iter().map(|feature| (feature.id.clone(), feature.kind));
        Ok(Self { features: features.collect(), queries, tables })
    }

    /// The tables that the features read.
    pub(crate) fn tables(&self) -> &TableNames {
        &self.tables
    }

    /// What is executed.
    #[cfg(test)]
    pub(super) fn physical_plans(&self) -> impl Iterator<Item = &Arc<dyn ExecutionPlan>> {
        self.queries.iter().map(|query| &query.plan)
    }

    /// The frame of the customers in `facts`.
    pub(crate) async fn run(&self, engine: &Engine, facts: Facts) -> Result<Frame, Error> {
        let customers = facts.customers();
        let task = engine.task(Arc::new(facts));
        let mut parts = vec![Parts::default(); self.features.len()];
        for query in &self.queries {
            let rows = align(&query.run(&task).await?, &customers)?;
            for (part, array) in query.parts.iter().zip(rows) {
                match part {
                    Part::Value(place) => parts[*place].value = Some(array),
                    Part::Missing(place) => parts[*place].missing = Some(array),
                }
            }
        }
        let mut columns = Vec::with_capacity(parts.len());
        for ((name, kind), parts) in self.features.iter().zip(parts) {
            columns.push((name.clone(), *kind, parts.column(*kind)?));
        }
        let ids: Vec<CustomerId> = customers.values().iter().copied().map(CustomerId).collect();
        Frame::new(&ids).with_arrays(columns)
    }
}

impl Query {
    async fn compile(
        engine: &Engine,
        (head, tail): &(String, String),
        values: &[(Part, &str)],
    ) -> Result<Self, Error> {
        let columns = values.iter().enumerate();
        let columns: String =
            columns.map(|(place, (_, value))| format!(", {value} AS part_{place}")).collect();
        let sql = format!("SELECT * FROM ({head}{columns}{tail}) AS parts ORDER BY {CUSTOMER_ID}");
        let plan = engine.session().sql(&sql).await?.create_physical_plan().await?;
        Ok(Self { plan, parts: values.iter().map(|(part, _)| *part).collect() })
    }

    /// All rows. What the plan keeps from one run is not there in the next.
    async fn run(&self, task: &Arc<TaskContext>) -> Result<RecordBatch, Error> {
        let plan = reset_plan_states(Arc::clone(&self.plan))?;
        let schema = plan.schema();
        Ok(concat_batches(&schema, &collect(plan, Arc::clone(task)).await?)?)
    }
}

impl Parts {
    /// The column in the type of its kind. A quotient past ten million million million, which
    /// only amounts at both ends of what can be kept have, becomes null: one customer's nonsense
    /// must not keep all others from being computed.
    fn column(self, kind: ColumnKind) -> Result<ArrayRef, Error> {
        let typed = |array: ArrayRef| cast(&array, &kind.data_type());
        let value = self.value.map(typed).transpose()?;
        let value = value.ok_or_else(|| fault("a feature without values"))?;
        let Some(missing) = self.missing else { return Ok(value) };
        Ok(zip(&is_not_null(&value)?, &value, &typed(missing)?)?)
    }
}

/// The columns after the first, a value for each of the customers, null where there is no row.
fn align(rows: &RecordBatch, customers: &Int64Array) -> Result<Vec<ArrayRef>, Error> {
    let ids = rows.column(0).as_primitive_opt::<Int64Type>();
    let ids = ids.ok_or_else(|| fault("a query that does not say whose its rows are"))?.values();
    if ids == customers.values() {
        return Ok(rows.columns()[1..].to_vec());
    }
    if !ids.is_sorted_by(|one, next| one < next) {
        return Err(fault("a feature has more than one row for a customer"));
    }
    let places = places(ids, customers.values());
    let columns = rows.columns()[1..].iter();
    Ok(columns.map(|column| take(column, &places, None)).collect::<Result<_, _>>()?)
}

/// For each customer the place of its id, both ascending.
fn places(ids: &[i64], customers: &[i64]) -> UInt64Array {
    let mut place = 0;
    let mut places = Vec::with_capacity(customers.len());
    for customer in customers {
        while place < ids.len() && ids[place] < *customer {
            place += 1;
        }
        places.push(ids.get(place).filter(|id| *id == customer).map(|_| place as u64));
    }
    UInt64Array::from(places)
}

fn fault(message: &str) -> Error {
    Error::Engine(message.into())
}
