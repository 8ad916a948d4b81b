//! RFM bins.

use crate::request::Moment;
use kehu_core::{CustomerId, Value, scorecard::Scorecard};
use kehu_server::Fault;
use kehu_storage::{
    Database, definitions,
    facts::CustomerSet,
    scoring::scores::{self, View},
};
use rust_decimal::prelude::ToPrimitive;
use std::collections::HashMap;

/// The scorecard that gives the bins, and its columns.
const SCORECARD: &str = "rfm";
const RECENCY: &str = "rfm_recency_bin";
const FREQUENCY: &str = "rfm_frequency_bin";

/// Bins of recency and frequency; `None` where a customer has none.
pub(crate) type Bins = (Option<i32>, Option<i32>);

/// The bins of `customers` true on the date; empty when nobody was scored.
pub(crate) async fn rfm_bins(
    db: &Database,
    customers: &[CustomerId],
    moment: Moment,
) -> Result<HashMap<CustomerId, Bins>, Fault> {
    if definitions::in_force::<Scorecard>(db, &[SCORECARD]).await?.is_empty() {
        return Ok(HashMap::new());
    }
    let view = View { true_on: Some(moment.as_of), known_at: moment.known_at };
    let columns = scores::columns(db, &[SCORECARD], &CustomerSet::All, view).await?;
    let mut bins: HashMap<CustomerId, Bins> = HashMap::new();
    for (name, _, values) in columns.of(customers) {
        for (customer, value) in customers.iter().zip(&values) {
            let Some(bin) = bin(value) else { continue };
            match name.as_str() {
                RECENCY => bins.entry(*customer).or_default().0 = Some(bin),
                FREQUENCY => bins.entry(*customer).or_default().1 = Some(bin),
                _ => {}
            }
        }
    }
    Ok(bins)
}

fn bin(value: &Value) -> Option<i32> {
    value.number().and_then(|number| number.to_i32())
}
