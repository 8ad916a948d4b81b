use chrono::NaiveDate;
use kehu_core::model::Trained;

use crate::scoring::models::{self, CUSTOMER_VALUE};
use crate::{Database, Error};

/// The model of customer value that is used as of a date; `None` when none was promoted.
pub async fn value_model(db: &Database, as_of: NaiveDate) -> Result<Option<Trained>, Error> {
    let used = models::used(db, CUSTOMER_VALUE, as_of).await?;
    Ok(used.map(|version| version.definition))
}
