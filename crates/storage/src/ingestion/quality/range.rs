//! What is counted of a range of customers.

use kehu_core::quality::Counts;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement, Value};

use super::super::kinds::{CUSTOMER, KINDS, Kind, Measured};
use super::super::{Field, matching, profile};
use super::{ALL_SOURCES, Since, Tally};
use crate::{Database, Error};

/// Customers that are read at once.
const AT_ONCE: u64 = 2_000;

/// The homes of the customers of a range: values of sources stay with them, whoever is merged.
const HOMES: &str = "SELECT COALESCE(absorbed_id, customer_id) FROM customer_reference \
                     WHERE customer_id >= $1 AND customer_id <= $2";

/// The records that are held of the range.
const HELD: &str = "r.customer_id >= $1 AND r.customer_id <= $2 AND r.superseded_at IS NULL";

/// Counts what is known of the customers of a range and their records, and tells how many customers
/// there are.
pub async fn count_range(
    db: &Database,
    range: (i64, i64),
    since: Since,
) -> Result<(Tally, usize), Error> {
    let mut tally = Tally::default();
    let customers = count_golden(db, range, &mut tally).await?;
    count_values(db, range, since, &mut tally).await?;
    for kind in KINDS {
        for measured in kind.measured {
            count_records(db, range, (kind, measured), &mut tally).await?;
        }
    }
    Ok((tally, customers))
}

/// What holds of customers, whatever sources it comes from.
async fn count_golden(
    db: &Database,
    (first, last): (i64, i64),
    tally: &mut Tally,
) -> Result<usize, Error> {
    let (mut after, mut count) = (first.saturating_sub(1), 0);
    loop {
        let page = matching::compared_after(db, (after, last), AT_ONCE).await?;
        let Some(end) = page.last() else { break };
        after = end.id.0;
        count += page.len();
        for customer in &page {
            let profile = &customer.profile;
            let fields = Field::ALL.iter().filter(|field| **field != Field::Attributes);
            for field in fields.map(|field| field.name()) {
                let there = i64::from(profile.get(field).is_some());
                let counts = tally.at(CUSTOMER, ALL_SOURCES, field);
                counts.held += there;
                counts.present += there;
            }
            for key in profile.attributes.keys() {
                let counts = tally.at(CUSTOMER, ALL_SOURCES, &profile::attribute(key));
                counts.held += 1;
                counts.present += 1;
            }
        }
    }
    let all = i64::try_from(count).map_err(|error| Error::Corrupt(error.to_string()))?;
    tally.at(CUSTOMER, ALL_SOURCES, "").held += all;
    Ok(count)
}

#[derive(FromQueryResult)]
struct ValueRow {
    source_id: i64,
    field: String,
    held: i64,
    recent: i64,
    latest_at: Option<i64>,
}

/// What each source says of its customers, and how old what holds is.
async fn count_values(
    db: &Database,
    range: (i64, i64),
    since: Since,
    tally: &mut Tally,
) -> Result<(), Error> {
    let keys = "SELECT source_id, COUNT(DISTINCT COALESCE(absorbed_id, customer_id)) AS held \
                FROM customer_reference WHERE customer_id >= $1 AND customer_id <= $2 \
                GROUP BY source_id";
    for row in query(db, keys, vec![range.0.into(), range.1.into()]).await? {
        tally.at(CUSTOMER, row.try_get("", "source_id")?, "").held +=
            row.try_get::<i64>("", "held")?;
    }
    let sums = "COUNT(*) AS held, MAX(last_said_at) AS latest_at, \
                CAST(SUM(CASE WHEN last_said_at >= $3 THEN 1 ELSE 0 END) AS bigint) AS recent";
    // What a source said last of a field, though another may hold.
    let said = format!(
        "SELECT source_id, field, {sums} FROM (SELECT source_id, field, value, last_said_at, \
         ROW_NUMBER() OVER (PARTITION BY customer_id, field, source_id \
         ORDER BY said_at DESC, version DESC) AS place FROM profile_value \
         WHERE customer_id IN ({HOMES})) AS said \
         WHERE place = 1 AND value IS NOT NULL GROUP BY source_id, field"
    );
    let values = || vec![range.0.into(), range.1.into(), since.recent_from.into()];
    for row in query(db, &said, values()).await? {
        let row = ValueRow::from_query_result(&row, "")?;
        tally.at(CUSTOMER, row.source_id, &row.field).add(&Counts {
            held: row.held,
            present: row.held,
            recent: Some(row.recent),
            latest_at: row.latest_at,
            ..Counts::default()
        });
    }
    let holds = format!(
        "SELECT CAST(0 AS bigint) AS source_id, field, {sums} FROM profile_value \
         WHERE customer_id IN ({HOMES}) AND superseded_at IS NULL AND value IS NOT NULL \
         GROUP BY field"
    );
    for row in query(db, &holds, values()).await? {
        let row = ValueRow::from_query_result(&row, "")?;
        let (recent, latest_at) = (Some(row.recent), row.latest_at);
        let counts = Counts { recent, latest_at, ..Counts::default() };
        tally.at(CUSTOMER, ALL_SOURCES, &row.field).add(&counts);
    }
    Ok(())
}

/// The records of a kind, and which of their fields are there.
async fn count_records(
    db: &Database,
    range: (i64, i64),
    (kind, measured): (&Kind, &Measured),
    tally: &mut Tally,
) -> Result<(), Error> {
    let mut columns = String::new();
    let mut inner = String::new();
    for (place, (_, column)) in measured.fields.iter().enumerate() {
        columns.push_str(&format!(", COUNT(f{place}) AS f{place}"));
        inner.push_str(&format!(", {column} AS f{place}"));
    }
    let (at, place) = match measured.alike {
        Some((at, alike)) => (
            at,
            format!(
                "ROW_NUMBER() OVER (PARTITION BY r.customer_id, {at}, {alike} \
                 ORDER BY r.recorded_at, r.source_id, r.external_id)"
            ),
        ),
        None => ("0", "1".to_owned()),
    };
    let sql = format!(
        "SELECT source_id, COUNT(*) AS held, MAX(at) AS latest_at, \
         CAST(SUM(CASE WHEN place > 1 THEN 1 ELSE 0 END) AS bigint) AS repeated{columns} \
         FROM (SELECT r.source_id, COALESCE(r.source_updated_at, {at}) AS at, \
         {place} AS place{inner} FROM {} WHERE {HELD}) AS records GROUP BY source_id",
        measured.from
    );
    for row in query(db, &sql, vec![range.0.into(), range.1.into()]).await? {
        let source_id: i64 = row.try_get("", "source_id")?;
        let held: i64 = row.try_get("", "held")?;
        for source_id in [ALL_SOURCES, source_id] {
            if measured.alike.is_some() {
                tally.at(kind.name, source_id, "").add(&Counts {
                    held,
                    repeated: Some(row.try_get("", "repeated")?),
                    latest_at: row.try_get("", "latest_at")?,
                    ..Counts::default()
                });
            }
            for (place, (field, _)) in measured.fields.iter().enumerate() {
                let there: i64 = row.try_get("", &format!("f{place}"))?;
                let counts =
                    Counts { held: there, present: there, expected: held, ..Counts::default() };
                tally.at(kind.name, source_id, field).add(&counts);
            }
        }
    }
    Ok(())
}

pub(super) async fn query(
    db: &Database,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, Error> {
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let _place = db.aggregate().await?;
    Ok(db.reader().query_all_raw(statement).await?)
}
