//! How many records came in, and what became of them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kehu_contract::ingestion::{CleanedValues, CleaningRule, ProblemReason, Record};
use kehu_server::telemetry::metrics::{
    INGESTION_CLEANED, INGESTION_DAMAGED, INGESTION_DROPPED_REJECTS, INGESTION_PROBLEMS,
    INGESTION_RECORDS,
};
use kehu_storage::ingestion::{Counts, NewReject, Tally};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;

use crate::check::{GIVEN_KINDS, given};

/// A row that its sender could not read as a record.
pub(crate) const REFUSED_ROW: &str = "refused_row";

/// A record that holds nothing.
const NO_KIND: &str = "none";

/// The kind of a record as metrics name it.
pub(crate) fn kind(record: &Record) -> &'static str {
    match &record.kind {
        Some(kind) => given(kind).map_or(REFUSED_ROW, |given| given.kind()),
        None => NO_KIND,
    }
}

/// Counts the records of a batch that was written.
pub(crate) fn count_batch(tally: &Tally, rejected: &BTreeMap<&'static str, u64>) {
    for (kind, counts) in tally.kinds() {
        count_good(kind, counts);
    }
    for (kind, records) in rejected {
        count(kind, "rejected", *records);
    }
    dropped(tally.dropped_rejects);
}

fn dropped(rejects: u64) {
    static DROPPED: LazyLock<Counter<u64>> = LazyLock::new(|| INGESTION_DROPPED_REJECTS.counter());
    if rejects > 0 {
        DROPPED.add(rejects, &[]);
    }
}

fn count_good(kind: &'static str, counts: Counts) {
    count(kind, "accepted", counts.accepted.unsigned_abs());
    count(kind, "unchanged", counts.unchanged.unsigned_abs());
}

fn count(kind: &'static str, outcome: &'static str, records: u64) {
    static RECORDS: LazyLock<Counter<u64>> = LazyLock::new(|| INGESTION_RECORDS.counter());
    if records > 0 {
        let attributes =
            [KeyValue::new("kehu.record.kind", kind), KeyValue::new("kehu.outcome", outcome)];
        RECORDS.add(records, &attributes);
    }
}

/// Counts why records were refused.
pub(crate) fn problems(rejects: &[NewReject]) {
    for problem in rejects.iter().flat_map(|reject| &reject.problems) {
        let reason = ProblemReason::try_from(problem.reason).unwrap_or_default();
        count_problems(reason, 1);
    }
}

fn count_problems(reason: ProblemReason, problems: u64) {
    static PROBLEMS: LazyLock<Counter<u64>> = LazyLock::new(|| INGESTION_PROBLEMS.counter());
    let name = reason.as_str_name().trim_start_matches("PROBLEM_REASON_");
    PROBLEMS.add(problems, &[KeyValue::new("kehu.reject.reason", name.to_ascii_lowercase())]);
}

/// Has every counter of ingestion stand at 0, so that the first that is counted is an increase.
pub fn count_from_zero() {
    let records = INGESTION_RECORDS.counter();
    for kind in GIVEN_KINDS.into_iter().chain([REFUSED_ROW, NO_KIND]) {
        for outcome in ["accepted", "unchanged", "rejected"] {
            let attributes =
                [KeyValue::new("kehu.record.kind", kind), KeyValue::new("kehu.outcome", outcome)];
            records.add(0, &attributes);
        }
    }
    let rules = (1..).map_while(|number| CleaningRule::try_from(number).ok());
    cleaned(&rules.map(|rule| CleanedValues { rule: rule.into(), count: 0 }).collect::<Vec<_>>());
    let reasons = (1..).map_while(|number| ProblemReason::try_from(number).ok());
    reasons.for_each(|reason| count_problems(reason, 0));
    for metric in [INGESTION_DAMAGED, INGESTION_DROPPED_REJECTS] {
        metric.counter().add(0, &[]);
    }
}

/// Counts the keys and texts that were cleaned.
pub(crate) fn cleaned(values: &[CleanedValues]) {
    static CLEANED: LazyLock<Counter<u64>> = LazyLock::new(|| INGESTION_CLEANED.counter());
    for value in values {
        let name = value.rule().as_str_name().trim_start_matches("CLEANING_RULE_");
        let rule = KeyValue::new("kehu.cleaning.rule", name.to_ascii_lowercase());
        CLEANED.add(value.count.unsigned_abs().into(), &[rule]);
    }
}

/// Counts rejects that were found to be damaged.
pub(crate) fn damaged(rejects: u64) {
    static DAMAGED: LazyLock<Counter<u64>> = LazyLock::new(|| INGESTION_DAMAGED.counter());
    if rejects > 0 {
        tracing::error!(rejects, "rejects cannot be read whole: kehu rejects --damaged lists them");
        DAMAGED.add(rejects, &[]);
    }
}
