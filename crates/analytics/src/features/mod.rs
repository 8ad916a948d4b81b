//! Features: what is measured of a customer as of a date.
//!
//! To add one: a column in the SQL of its group (or a new file, as a [`Query`]), a line in the
//! catalogue, a line in the table of expected values of the tests.

mod catalogue;
mod query;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::SessionContext;
use kehu_core::CustomerId;
use kehu_storage::Database;
use kehu_storage::facts::{self, CustomerSet};

use crate::frame::{CUSTOMER_ID, NamedArray};
use crate::tables::{Facts, Tables};
use crate::{Error, Frame, engine, schema};

pub use catalogue::{Feature, catalogue, find};
use query::Query;

/// Customers whose facts are in memory at once.
const CUSTOMERS_AT_ONCE: u64 = 20_000;

/// Rows from which on a query is worth more than one thread.
const ROWS_FOR_THREADS: usize = 200_000;

/// Computes features of customers from the facts up to and including `as_of`.
///
/// The frame has one row for each customer of the set that exists, ascending by id, and the
/// columns in the order of `features` (each once). A customer's values do not depend on the
/// other customers of the set. Only the facts that the features need are read.
/// [`Error::UnknownFeature`] names the first that does not exist.
pub async fn compute(
    db: &Database,
    customers: &CustomerSet,
    as_of: NaiveDate,
    features: &[&str],
) -> Result<Frame, Error> {
    let plan = Plan::new(features)?;
    let sets = facts::split(db, customers, CUSTOMERS_AT_ONCE).await?;
    // The prices of all customers: read once when more than one set needs them.
    let prices = match plan.tables().prices && sets.len() > 1 {
        true => Some(facts::prices(db, None, as_of).await?),
        false => None,
    };
    let wanted = Tables { prices: plan.tables().prices && prices.is_none(), ..plan.tables() };
    let mut frames = Vec::with_capacity(sets.len());
    for set in sets {
        let mut facts = Facts::read(db, &set, as_of, wanted).await?;
        if let Some(prices) = &prices {
            facts.prices = prices.clone();
        }
        let threads = if facts.rows() < ROWS_FOR_THREADS { 1 } else { engine::threads() };
        let plan = plan.clone();
        frames.push(engine::run(async move { plan.run(facts, as_of, threads).await }).await?);
    }
    match Frame::concat(&frames)? {
        Some(frame) => Ok(frame),
        None => plan.run(Facts::default(), as_of, 1).await,
    }
}

/// What to compute: features, each once, in the order of the frame.
#[derive(Debug, Clone)]
struct Plan {
    features: Vec<&'static Feature>,
}

impl Plan {
    fn new(names: &[&str]) -> Result<Self, Error> {
        let mut features: Vec<&'static Feature> = Vec::with_capacity(names.len());
        for name in names {
            let feature = find(name).ok_or_else(|| unknown(name))?;
            if !features.iter().any(|known| known.id == feature.id) {
                features.push(feature);
            }
        }
        Ok(Self { features })
    }

    fn tables(&self) -> Tables {
        let mut tables = Tables::default();
        for feature in &self.features {
            feature.query.add_tables(&mut tables);
        }
        tables
    }

    /// The frame of the customers in `facts`.
    async fn run(&self, facts: Facts, as_of: NaiveDate, threads: usize) -> Result<Frame, Error> {
        let mut customers = facts.customers.customer_id.clone();
        customers.sort_unstable();
        let context = engine::session(threads);
        facts.register(&context, as_of)?;
        let customers: Vec<CustomerId> = customers.into_iter().map(CustomerId).collect();
        let columns = self.columns(&context, &customers).await?;
        Frame::new(&customers).with_arrays(columns)
    }

    /// The column of each feature, by running each query that one of them needs once.
    async fn columns(
        &self,
        context: &SessionContext,
        customers: &[CustomerId],
    ) -> Result<Vec<NamedArray>, Error> {
        let mut columns = Vec::with_capacity(self.features.len());
        for query in Query::ALL {
            let wanted: Vec<_> = self
                .features
                .iter()
                .copied()
                .enumerate()
                .filter(|(_, feature)| feature.query == query)
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let names: Vec<&str> = wanted.iter().map(|(_, feature)| feature.id).collect();
            let rows = select(context, query, &names).await?;
            check_rows(&rows, customers)?;
            for ((place, feature), array) in wanted.iter().zip(&rows.columns()[1..]) {
                columns.push((*place, column(feature, array)?));
            }
        }
        columns.sort_by_key(|(place, _)| *place);
        Ok(columns.into_iter().map(|(_, column)| column).collect())
    }
}

/// The customer id and the named columns of a query, ascending by customer.
async fn select(
    context: &SessionContext,
    query: Query,
    names: &[&str],
) -> Result<RecordBatch, Error> {
    let sql = format!(
        "SELECT {CUSTOMER_ID}, {} FROM (\n{}) AS features ORDER BY {CUSTOMER_ID}",
        names.join(", "),
        query.sql()
    );
    let plan = context.sql(&sql).await?;
    let schema = Arc::clone(plan.schema().inner());
    Ok(concat_batches(&schema, &plan.collect().await?)?)
}

/// Every query has one row for every customer.
fn check_rows(rows: &RecordBatch, customers: &[CustomerId]) -> Result<(), Error> {
    let found = rows.column(0).as_primitive::<Int64Type>().values();
    if found.iter().eq(customers.iter().map(|customer| &customer.0)) {
        return Ok(());
    }
    let (name, expected, found) = (CUSTOMER_ID.to_owned(), customers.len(), found.len());
    Err(Error::Length { name, expected, found })
}

/// The column in the type of its kind. A quotient past ten million million million, which only
/// amounts at both ends of what can be kept have, becomes null: one customer's nonsense must not
/// keep all others from being computed.
fn column(feature: &Feature, array: &ArrayRef) -> Result<NamedArray, Error> {
    let array = cast(array, &feature.kind.data_type())?;
    Ok((feature.id.to_owned(), feature.kind, array))
}

fn unknown(name: &str) -> Error {
    let known = catalogue().iter().map(|feature| feature.id);
    Error::UnknownFeature { name: name.to_owned(), nearest: schema::nearest(name, known) }
}
