//! Values of features of everybody, some customers at a time.

use crate::{Reporting, request::Question, source};
use kehu_core::Value;
use kehu_server::Fault;
use kehu_storage::facts::{self, CustomerSet};

/// Customers that are read at once.
const CUSTOMERS_AT_ONCE: u64 = 20_000;

/// The values of some customers.
pub(crate) struct Values {
    /// Who they are.
    pub(crate) set: CustomerSet,
    /// The ids of those who exist, ascending.
    pub(crate) customers: Vec<i64>,
    /// By feature, a value a customer.
    pub(crate) columns: Vec<Vec<Value>>,
}

/// Features of everybody, as of the date of a question.
pub(crate) async fn values(
    reporting: &Reporting,
    question: &Question,
    features: &[&str],
) -> Result<Vec<Values>, Fault> {
    let mut values = Vec::new();
    for set in facts::split(&reporting.db, &CustomerSet::All, CUSTOMERS_AT_ONCE).await? {
        let frame = reporting.analytics.features(&set, question.moment.as_of, features).await;
        let frame = frame.map_err(source::fault)?;
        let mut columns = Vec::with_capacity(features.len());
        for feature in features {
            columns.push(frame.column(feature).map_err(source::fault)?);
        }
        let customers = frame.customers().into_iter().map(|customer| customer.0).collect();
        values.push(Values { set, customers, columns });
    }
    Ok(values)
}
