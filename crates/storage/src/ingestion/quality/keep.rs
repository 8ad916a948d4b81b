//! Keeping what was counted: parts of a run, and a day.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use kehu_core::quality::Counts;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::super::Field;
use super::super::kinds::CUSTOMER;
use super::{Kept, Key, Tally};
use crate::bulk::{self, Column, OnConflict};
use crate::{Database, Error, Transaction, document, time};

/// Days for which measurements are kept: three years, so that a month is seen beside those of the
/// years before.
const KEPT_DAYS: i32 = 1_100;

/// Whether a part of a run is kept already.
pub async fn has_part(db: &Database, (run_id, partition): (i64, i32)) -> Result<bool, Error> {
    let backend = db.reader().get_database_backend();
    let sql = r#"SELECT 1 AS one FROM quality_part WHERE run_id = $1 AND "partition" = $2"#;
    let values: [Value; 2] = [run_id.into(), partition.into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(db.reader().query_one_raw(statement).await?.is_some())
}

/// Keeps what a part of a run has counted; one that is kept stays.
pub async fn keep_part(
    transaction: &Transaction,
    (run_id, partition): (i64, i32),
    tally: Tally,
) -> Result<(), Error> {
    let sql = r#"INSERT INTO quality_part (run_id, "partition", tally) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING"#;
    let text = document::write(&Kept(tally.0.into_iter().collect()));
    execute(transaction, sql, [run_id.into(), partition.into(), text.into()]).await
}

/// Adds up the parts of a run and keeps them as what was measured on a day.
pub async fn finish(
    transaction: &Transaction,
    run_id: i64,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let measured_on = time::days(day);
    let sums = totals(parts(transaction, run_id).await?);
    // First the row of the day: whoever else has measured it waits, and takes its place whole.
    let sql = "INSERT INTO quality_measurement (measured_on, run_id, measured_at) \
               VALUES ($1, $2, $3) ON CONFLICT (measured_on) DO UPDATE \
               SET run_id = excluded.run_id, measured_at = excluded.measured_at";
    let at = time::micros(now);
    execute(transaction, sql, [measured_on.into(), run_id.into(), at.into()]).await?;
    let oldest = measured_on.saturating_sub(KEPT_DAYS);
    let sql = "DELETE FROM quality_line WHERE measured_on = $1 OR measured_on < $2";
    execute(transaction, sql, [measured_on.into(), oldest.into()]).await?;
    let sql = "DELETE FROM quality_measurement WHERE measured_on < $1";
    execute(transaction, sql, [oldest.into()]).await?;
    insert_lines(transaction, measured_on, &sums).await?;
    execute(transaction, "DELETE FROM quality_part WHERE run_id = $1", [run_id.into()]).await
}

async fn parts(transaction: &Transaction, run_id: i64) -> Result<Tally, Error> {
    let backend = transaction.get_database_backend();
    let sql = "SELECT tally FROM quality_part WHERE run_id = $1";
    let statement = Statement::from_sql_and_values(backend, sql, [Value::from(run_id)]);
    let mut sum = Tally::default();
    for row in transaction.query_all_raw(statement).await? {
        let text: String = row.try_get("", "tally")?;
        let part: Kept = document::read(&text)?;
        sum.add(Tally(part.0.into_iter().collect()));
    }
    Ok(sum)
}

/// With what follows from the parts together: of each field of customers how many there should be,
/// and of records as a whole what is counted of their fields.
fn totals(Tally(mut sums): Tally) -> BTreeMap<Key, Counts> {
    let whole = |key: &Key| Key { field: String::new(), ..key.clone() };
    let customers: BTreeMap<Key, i64> = sums
        .iter()
        .filter(|(key, _)| key.kind == CUSTOMER && key.field.is_empty())
        .map(|(key, counts)| (key.clone(), counts.held))
        .collect();
    let mut records: BTreeMap<Key, Counts> = BTreeMap::new();
    for (key, counts) in sums.iter_mut().filter(|(key, _)| !key.field.is_empty()) {
        if key.kind == CUSTOMER && key.field == KEY {
            counts.expected = counts.held;
            continue;
        }
        if key.kind == CUSTOMER && (counts.held > 0 || Field::is_one(&key.field)) {
            counts.expected = customers.get(&whole(key)).copied().unwrap_or(0);
        }
        if counts.expected == 0 {
            continue;
        }
        let record = records.entry(whole(key)).or_default();
        record.expected += counts.expected;
        record.present += counts.present;
        record.missing += counts.missing;
        if key.kind == CUSTOMER {
            record.latest_at = record.latest_at.max(counts.latest_at);
        }
    }
    for (key, counts) in records {
        sums.entry(key).or_default().add(&counts);
    }
    sums
}

/// The key of a customer at its source, which each has.
const KEY: &str = "external_id";

async fn insert_lines(
    transaction: &Transaction,
    measured_on: i32,
    sums: &BTreeMap<Key, Counts>,
) -> Result<(), Error> {
    let count = |of: fn(&Counts) -> i64| Column::I64(sums.values().map(of).collect());
    let optional = |of: fn(&Counts) -> Option<i64>| Column::OptI64(sums.values().map(of).collect());
    let columns = [
        ("measured_on", Column::I32(vec![measured_on; sums.len()])),
        ("source_id", Column::I64(sums.keys().map(|key| key.source_id).collect())),
        ("record_kind", Column::Text(sums.keys().map(|key| key.kind.clone()).collect())),
        ("field", Column::Text(sums.keys().map(|key| key.field.clone()).collect())),
        ("held", count(|counts| counts.held)),
        ("expected", count(|counts| counts.expected)),
        ("present", count(|counts| counts.present)),
        ("missing", count(|counts| counts.missing)),
        ("invalid", count(|counts| counts.invalid)),
        ("repeated", optional(|counts| counts.repeated)),
        ("recent", optional(|counts| counts.recent)),
        ("latest_at", optional(|counts| counts.latest_at)),
    ];
    bulk::insert(transaction, "quality_line", &columns, OnConflict::Fail).await?;
    Ok(())
}

async fn execute<const N: usize>(
    transaction: &Transaction,
    sql: &str,
    values: [Value; N],
) -> Result<(), Error> {
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}
