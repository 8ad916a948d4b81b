//! What is decided of a pair.

use kehu_core::CustomerId;

use super::candidates::{Candidate, MatchState, find_candidate};
use super::execute;
use crate::ingestion::merges::{self, Hand, Merged, NewMerge, merge_customers};
use crate::{Error, Transaction, time};

/// What to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// They are one, for which this one stands; `None` for the one of the smaller number.
    Accept(Option<CustomerId>),
    /// They are two.
    Reject,
}

/// Decides of an open pair in the caller's transaction; accepting merges the customers, or who stands
/// for them now. [`Error::Refused`] for a pair that is decided.
pub async fn decide(
    transaction: &Transaction,
    candidate_id: i64,
    decision: Decision,
    reason: &str,
    hand: &Hand<'_>,
) -> Result<(Candidate, Option<Merged>), Error> {
    // Who decides at the same time waits here, and then finds it decided.
    let lock = "UPDATE match_candidate SET state = state WHERE candidate_id = $1";
    execute(transaction, lock, [candidate_id.into()]).await?;
    let candidate = find_candidate(transaction, candidate_id).await?;
    if candidate.state != MatchState::Open {
        return Err(Error::Refused {
            condition: "MATCH_OPEN",
            subject: format!("matchCandidates/{candidate_id}"),
            description: format!("matchCandidates/{candidate_id} is decided already"),
        });
    }
    let (state, merged) = match decision {
        Decision::Reject => (MatchState::Rejected, None),
        Decision::Accept(survivor) => {
            (MatchState::Accepted, merge(transaction, &candidate, survivor, reason, hand).await?)
        }
    };
    let sql = "UPDATE match_candidate SET state = $1, decided_one_version = one_version, \
               decided_other_version = other_version, decided_at = $2, decided_by = $3, \
               reason = $4, merge_id = $5 WHERE candidate_id = $6";
    let merge_id = merged.as_ref().map(|merged| merged.merge.merge_id);
    let values = [
        state.number().into(),
        time::micros(hand.now).into(),
        hand.by.into(),
        reason.into(),
        merge_id.into(),
        candidate_id.into(),
    ];
    execute(transaction, sql, values).await?;
    Ok((find_candidate(transaction, candidate_id).await?, merged))
}

/// Merges the two; `None` where they are one meanwhile.
async fn merge(
    transaction: &Transaction,
    candidate: &Candidate,
    survivor: Option<CustomerId>,
    reason: &str,
    hand: &Hand<'_>,
) -> Result<Option<Merged>, Error> {
    let [one, other] = candidate.found.customers;
    let standing = merges::survivors(transaction, &[one.0, other.0]).await?;
    let root = |id: CustomerId| CustomerId(standing.get(&id.0).map_or(id.0, |(root, _)| *root));
    let (one, other) = match survivor {
        Some(survivor) if survivor == other => (root(other), root(one)),
        _ => (root(one), root(other)),
    };
    if one == other {
        return Ok(None);
    }
    let new = NewMerge {
        survivor: one,
        absorbed: other,
        reason,
        survivor_version: None,
        absorbed_version: None,
    };
    merge_customers(transaction, &new, hand).await.map(Some)
}
