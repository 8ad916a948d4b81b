//! What is kept of a refused record.

use kehu_contract::ingestion::{Problem, ProblemReason, Record, RecordKind, RefusedRow};
use kehu_core::{key, limits};
use kehu_storage::ingestion::{self as store, NewReject};

use super::raw::{self, Raw};
use super::{Problems, given};
use crate::{convert, measure};

/// Problems of one record that are told: more say nothing new.
const TOLD: usize = 100;
/// Characters of a problem's texts that are kept.
const TEXT: usize = 1_000;

/// A refused record.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The kind of the record, as measurements have it.
    pub(crate) kind: &'static str,
    /// What to answer; empty for a row that the sender refused, who knows why.
    pub(crate) answer: Vec<Problem>,
    /// What to keep: one row, or for an order one a line.
    pub(crate) rejects: Vec<NewReject>,
}

impl Refused {
    /// A record with problems.
    pub(crate) fn new(record: &Record, problems: &Problems) -> Self {
        let line_number = record.line_number;
        let given = record.kind.as_ref().and_then(given);
        let mut rejects = match given {
            Some(given) => given.rejects(line_number, problems),
            None => vec![new_reject(line_number, Raw::default(), problems.all().cloned())],
        };
        let key = given.and_then(|given| given.key()).and_then(|(kind, id)| cleaned(kind, id));
        for reject in &mut rejects {
            reject.key.clone_from(&key);
        }
        let answer = problems.all().take(TOLD).cloned().collect();
        Self { kind: measure::kind(record), answer, rejects }
    }

    /// A row that its sender could not read. One without a reason is kept all the same, and its
    /// sender told.
    pub(super) fn by_sender(line_number: i64, row: &RefusedRow) -> Self {
        let mut problems: Vec<store::Problem> = row.problems.iter().take(TOLD).map(kept).collect();
        let unspecified = i32::from(ProblemReason::Unspecified);
        let known = |problem: &Problem| {
            problem.reason != unspecified && ProblemReason::try_from(problem.reason).is_ok()
        };
        let mut answer = Vec::new();
        if problems.is_empty() || !row.problems.iter().all(known) {
            let mut missing = Problems::default();
            let text = "every problem must have a known reason, and there must be one";
            missing.add("refused_row.problems", ProblemReason::ValueUnknown, text);
            answer.extend(missing.all().cloned());
            problems.splice(0..0, answer.iter().map(kept));
        }
        let raw_length = row.raw_length.max(i64::try_from(row.raw.len()).unwrap_or(i64::MAX));
        let raw = raw::cut(row.raw.clone());
        let key = row.key.as_ref().and_then(|key| cleaned(key.kind(), &key.external_id));
        let rejects = vec![NewReject { line_number, problems, raw, raw_length, key, part: true }];
        Self { kind: measure::REFUSED_ROW, answer, rejects }
    }
}

/// A row to keep of a record.
pub(super) fn new_reject(
    line_number: i64,
    raw: Raw,
    problems: impl IntoIterator<Item = Problem>,
) -> NewReject {
    let (raw, raw_length) = raw.finish();
    let problems = problems.into_iter().take(TOLD).map(|problem| kept(&problem)).collect();
    NewReject { line_number, problems, raw, raw_length, key: None, part: false }
}

/// A key as a good record of the kind would have it; `None` where it can be that of none.
fn cleaned(kind: RecordKind, external_id: &str) -> Option<store::RecordKey> {
    let (id, _) = match kind {
        RecordKind::Unspecified => return None,
        RecordKind::Customer => key::clean_customer(external_id),
        _ => key::clean(external_id),
    };
    let good = !id.is_empty() && id.chars().count() <= limits::KEY;
    let external_id = id.into_owned();
    let holds = good && !external_id.chars().any(char::is_control);
    holds.then(|| store::RecordKey { kind: convert::record_kind(kind), external_id })
}

fn kept(problem: &Problem) -> store::Problem {
    store::Problem {
        field: short(&problem.field),
        reason: problem.reason,
        description: short(&problem.description),
    }
}

/// A text of a problem as far as it is kept, without what a database cannot hold.
fn short(text: &str) -> String {
    text.chars().take(TEXT).map(|c| if c == '\0' { ' ' } else { c }).collect()
}
