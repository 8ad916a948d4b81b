//! Values that no two customers should have in common.

use super::super::kinds::CUSTOMER;
use super::super::{Field, merges, profile};
use super::range::query;
use super::{ALL_SOURCES, Tally};
use crate::{Database, Error, dialect};
use sea_orm::{ConnectionTrait, QueryResult};

/// Pairs that nobody has decided, of customers that there are; null where nobody has looked for any.
const PROBABLE: &str = "SELECT CASE WHEN EXISTS (SELECT 1 FROM match_model) \
                        THEN COUNT(DISTINCT other_id) END AS repeated FROM match_candidate \
                        WHERE state = 0 AND one_id IN (SELECT customer_id FROM customer) \
                        AND other_id IN (SELECT customer_id FROM customer)";

/// Names, however they are written.
const NAMES: &str = "SELECT CAST(COALESCE(SUM(n - 1), 0) AS bigint) AS repeated FROM \
                     (SELECT COUNT(*) AS n FROM customer WHERE name_key IS NOT NULL \
                     GROUP BY name_key HAVING COUNT(*) > 1) AS names";

/// Keys of a source that look the same.
const KEYS: &str = "SELECT source_id, COUNT(*) AS held, \
                    COUNT(*) - COUNT(DISTINCT look) AS repeated \
                    FROM customer_reference GROUP BY source_id";

/// Counts customers that are probably another one, names, keys that look alike, and the values of the
/// attributes `identifying` that several customers have: of each value all but one.
pub async fn count_repeats(
    db: &Database,
    identifying: &[&str],
    tally: &mut Tally,
) -> Result<(), Error> {
    for (field, sql) in [("", PROBABLE), (Field::DisplayName.name(), NAMES)] {
        let rows = query(db, sql, Vec::new()).await?;
        let Some(row) = rows.first() else { continue };
        let repeated: Option<i64> = row.try_get("", "repeated")?;
        tally.at(CUSTOMER, ALL_SOURCES, field).repeated = repeated;
    }
    for row in query(db, KEYS, Vec::new()).await? {
        let (held, repeated) = (row.try_get::<i64>("", "held")?, repeated(&row)?);
        for source_id in [ALL_SOURCES, row.try_get("", "source_id")?] {
            let counts = tally.at(CUSTOMER, source_id, "external_id");
            counts.held += held;
            counts.present += held;
            counts.repeated = Some(counts.repeated.unwrap_or_default() + repeated);
        }
    }
    count_values(db, identifying, tally).await
}

async fn count_values(db: &Database, identifying: &[&str], tally: &mut Tally) -> Result<(), Error> {
    let fields: Vec<String> = identifying.iter().map(|id| profile::attribute(id)).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let backend = db.reader().get_database_backend();
    let sql = format!(
        "SELECT field, CAST(SUM(n - 1) AS bigint) AS repeated FROM \
         (SELECT field, COUNT(*) AS n FROM profile_value WHERE field {} \
         AND superseded_at IS NULL AND value IS NOT NULL AND {} GROUP BY field, value) AS shared \
         GROUP BY field",
        dialect::in_array(backend, 1),
        merges::STANDS_FOR_ITSELF
    );
    for row in query(db, &sql, vec![dialect::text_array(backend, &fields)]).await? {
        let field: String = row.try_get("", "field")?;
        tally.at(CUSTOMER, ALL_SOURCES, &field).repeated = Some(repeated(&row)?);
    }
    Ok(())
}

fn repeated(row: &QueryResult) -> Result<i64, Error> {
    Ok(row.try_get("", "repeated")?)
}
