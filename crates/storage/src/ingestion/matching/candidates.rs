//! The pairs that are kept.

use chrono::{DateTime, Utc};
use kehu_core::CustomerId;
use kehu_core::matching::{Evidence, Field};
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use serde::{Deserialize, Serialize};

use super::execute;
use crate::bulk::{self, Column, OnConflict};
use crate::document::{self, Document};
use crate::{Database, Error, Page, PageRequest, Transaction, time};

/// Parts of a probability.
const PARTS: i32 = 1_000_000;
const PLACES: u32 = 6;

/// What was decided of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchState {
    /// Nothing.
    Open,
    /// They are one.
    Accepted,
    /// They are two.
    Rejected,
}

impl MatchState {
    pub(super) fn number(self) -> i32 {
        match self {
            Self::Open => 0,
            Self::Accepted => 1,
            Self::Rejected => 2,
        }
    }

    fn of(number: i32) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Open),
            1 => Ok(Self::Accepted),
            2 => Ok(Self::Rejected),
            _ => Err(Error::Corrupt(format!("{number} is no state of a pair"))),
        }
    }
}

/// What the fields say of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidences {
    /// The weight before anything is compared.
    pub prior: Decimal,
    /// Each field, with what it says.
    pub fields: Vec<(Field, Evidence)>,
}

impl Document for Evidences {
    const NAME: &'static str = "evidence of a pair";
}

/// A pair as a run has found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The two, the one with the smaller number first.
    pub customers: [CustomerId; 2],
    /// Their versions.
    pub versions: [i64; 2],
    /// That they are one, from 0 to 1.
    pub probability: Decimal,
    /// Why.
    pub evidence: Evidences,
}

/// A pair as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its number.
    pub candidate_id: i64,
    /// What was found.
    pub found: Found,
    /// By which run.
    pub run_id: i64,
    /// When.
    pub found_at: DateTime<Utc>,
    /// What was decided.
    pub state: MatchState,
    /// How; `None` while it is open.
    pub decided: Option<Decided>,
}

/// How a pair was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Why.
    pub reason: String,
    /// By whom; empty where sign-on is off.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The merge that came of it.
    pub merge_id: Option<i64>,
}

/// Which pairs to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateFilter {
    /// Those of this state; of open ones only if nobody of the two is merged into another meanwhile.
    pub state: MatchState,
    /// Those of this customer.
    pub customer: Option<CustomerId>,
}

/// The place of a pair in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandidateKey {
    /// In parts of a million.
    pub probability: i32,
    /// The number.
    pub candidate_id: i64,
}

pub(super) const COLUMNS: &str = "candidate_id, one_id, other_id, one_version, other_version, \
    probability, evidence, run_id, found_at, state, decided_at, decided_by, reason, merge_id";

/// Keeps what a piece of a run has found, in its transaction; of a pair that is known what was decided
/// stays, unless one of the two has changed since. Returns how many were not known.
pub async fn keep_candidates(
    transaction: &Transaction,
    run_id: i64,
    found: &[Found],
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    if found.is_empty() {
        return Ok(0);
    }
    let ends = found.iter().map(|pair| pair.customers[0].0);
    let ends = (ends.clone().min().unwrap_or_default(), ends.max().unwrap_or_default());
    let before = count(transaction, ends).await?;
    let ids = |place: usize| found.iter().map(|pair| pair.customers[place].0).collect();
    let versions = |place: usize| found.iter().map(|pair| pair.versions[place]).collect();
    let evidence = found.iter().map(|pair| document::write(&pair.evidence)).collect();
    let probabilities = found.iter().map(|pair| parts(pair.probability)).collect();
    let columns = [
        ("one_id", Column::I64(ids(0))),
        ("other_id", Column::I64(ids(1))),
        ("one_version", Column::I64(versions(0))),
        ("other_version", Column::I64(versions(1))),
        ("probability", Column::I32(probabilities)),
        ("evidence", Column::Text(evidence)),
        ("run_id", Column::I64(vec![run_id; found.len()])),
        ("found_at", Column::I64(vec![time::micros(now); found.len()])),
    ];
    let set: Vec<&str> = columns.iter().skip(2).map(|(name, _)| *name).collect();
    let on_conflict = OnConflict::Update { key: &["one_id", "other_id"], set: &set };
    bulk::insert(transaction, "match_candidate", &columns, on_conflict).await?;
    let reopen = "UPDATE match_candidate SET state = 0, decided_at = NULL, decided_by = NULL, \
                  reason = NULL WHERE one_id >= $1 AND one_id <= $2 AND run_id = $3 AND state <> 0 \
                  AND (decided_one_version <> one_version OR decided_other_version <> other_version)";
    execute(transaction, reopen, [ends.0.into(), ends.1.into(), run_id.into()]).await?;
    Ok(count(transaction, ends).await?.saturating_sub(before))
}

/// How many pairs there are of these first customers.
async fn count(transaction: &Transaction, (first, last): (i64, i64)) -> Result<usize, Error> {
    let backend = transaction.get_database_backend();
    let sql = "SELECT COUNT(*) AS n FROM match_candidate WHERE one_id >= $1 AND one_id <= $2";
    let statement = Statement::from_sql_and_values(backend, sql, [first.into(), last.into()]);
    let row = transaction.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| Error::Corrupt("a count gave no row".to_owned()))?;
    Ok(usize::try_from(row.try_get::<i64>("", "n")?).unwrap_or_default())
}

/// The pairs of this run whose first customer is in a range, from a probability on, that may be merged
/// without a person: nobody has decided, and no merge of the two was undone. In their order.
pub async fn to_merge(
    db: &Database,
    run_id: i64,
    (first, last): (i64, i64),
    probability: Decimal,
) -> Result<Vec<i64>, Error> {
    let sql = "SELECT candidate_id FROM match_candidate WHERE one_id >= $1 AND one_id <= $2 \
               AND run_id = $3 AND probability >= $4 AND state = 0 \
               AND decided_one_version IS NULL AND NOT EXISTS (SELECT 1 FROM customer_merge \
               WHERE undone_at IS NOT NULL \
               AND ((absorbed_id = one_id AND survivor_id = other_id) \
               OR (absorbed_id = other_id AND survivor_id = one_id))) ORDER BY one_id, other_id";
    let values = [first.into(), last.into(), run_id.into(), parts(probability).into()];
    let backend = db.reader().get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let mut found = Vec::new();
    for row in db.reader().query_all_raw(statement).await? {
        found.push(row.try_get("", "candidate_id")?);
    }
    Ok(found)
}

/// Forgets the open pairs that this run has not found, with the parameters of runs before it.
pub async fn drop_unfound_candidates(transaction: &Transaction, run_id: i64) -> Result<(), Error> {
    let sql = "DELETE FROM match_candidate WHERE state = 0 AND run_id < $1";
    execute(transaction, sql, [run_id.into()]).await?;
    execute(transaction, "DELETE FROM match_model WHERE run_id < $1", [run_id.into()]).await
}

/// A page of pairs, the most probable first.
pub async fn list_candidates(
    db: &Database,
    filter: &CandidateFilter,
    page: &PageRequest<CandidateKey>,
) -> Result<Page<Candidate, CandidateKey>, Error> {
    let mut values: Vec<Value> = vec![filter.state.number().into()];
    let mut sql = format!("SELECT {COLUMNS} FROM match_candidate WHERE state = $1");
    if filter.state == MatchState::Open {
        for id in ["one_id", "other_id"] {
            sql.push_str(&format!(" AND {id} IN (SELECT customer_id FROM customer)"));
        }
    }
    if let Some(customer) = filter.customer {
        values.push(customer.0.into());
        sql.push_str(" AND (one_id = $2 OR other_id = $2)");
    }
    if let Some(after) = page.after {
        let (one, other) = (values.len() + 1, values.len() + 2);
        values.extend([after.probability.into(), after.candidate_id.into()]);
        sql.push_str(&format!(
            " AND (probability < ${one} OR (probability = ${one} AND candidate_id > ${other}))"
        ));
    }
    sql.push_str(&format!(" ORDER BY probability DESC, candidate_id LIMIT {}", page.fetch()));
    let backend = db.reader().get_database_backend();
    let rows = db.reader().query_all_raw(Statement::from_sql_and_values(backend, sql, values));
    let candidates = rows.await?.iter().map(decode).collect::<Result<Vec<Candidate>, Error>>()?;
    Ok(Page::of(page, candidates, |candidate| CandidateKey {
        probability: parts(candidate.found.probability),
        candidate_id: candidate.candidate_id,
    }))
}

/// The pair of this number; [`Error::NotFound`] when there is none.
pub async fn find_candidate(
    connection: &impl ConnectionTrait,
    candidate_id: i64,
) -> Result<Candidate, Error> {
    let backend = connection.get_database_backend();
    let sql = format!("SELECT {COLUMNS} FROM match_candidate WHERE candidate_id = $1");
    let statement = Statement::from_sql_and_values(backend, sql, [candidate_id.into()]);
    let row = connection.query_one_raw(statement).await?;
    let name = format!("matchCandidates/{candidate_id}");
    decode(&row.ok_or_else(|| Error::not_found("pair", name))?)
}

fn parts(probability: Decimal) -> i32 {
    let parts = (probability * Decimal::from(PARTS)).trunc();
    i32::try_from(parts).unwrap_or(PARTS).clamp(0, PARTS)
}

pub(super) fn decode(row: &QueryResult) -> Result<Candidate, Error> {
    let number = |name: &str| row.try_get::<i64>("", name);
    let evidence: String = row.try_get("", "evidence")?;
    let parts: i32 = row.try_get("", "probability")?;
    let decided = match row.try_get::<Option<i64>>("", "decided_at")? {
        None => None,
        Some(at) => Some(Decided {
            reason: row.try_get::<Option<String>>("", "reason")?.unwrap_or_default(),
            by: row.try_get::<Option<String>>("", "decided_by")?.unwrap_or_default(),
            at: time::instant(at)?,
            merge_id: row.try_get("", "merge_id")?,
        }),
    };
    Ok(Candidate {
        candidate_id: number("candidate_id")?,
        found: Found {
            customers: [CustomerId(number("one_id")?), CustomerId(number("other_id")?)],
            versions: [number("one_version")?, number("other_version")?],
            probability: Decimal::new(parts.into(), PLACES).normalize(),
            evidence: document::read(&evidence)?,
        },
        run_id: number("run_id")?,
        found_at: time::instant(number("found_at")?)?,
        state: MatchState::of(row.try_get("", "state")?)?,
        decided,
    })
}
