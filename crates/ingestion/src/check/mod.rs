//! Checks records, all that is wrong with each at once, and turns the good ones into what the
//! store writes. Each kind of record has a file, and a line in [`given`].

mod assessment;
mod attribute;
mod cleaned;
mod customer;
mod digest;
mod interaction;
mod invoice;
mod line;
mod order;
mod problems;
mod rate;
mod raw;
mod refused;
mod survey;
mod values;

pub(crate) use cleaned::Cleaned;
pub(crate) use customer::profile;
pub(crate) use problems::Problems;
pub(crate) use refused::Refused;
pub(crate) use values::source_time;

use kehu_contract::ingestion::{ProblemReason, Record, RecordBatch, RecordKind, record::Kind};
use kehu_core::attribute::Attributes;
use kehu_core::calendar::BusinessCalendar;
use kehu_storage::ingestion::{Entry, NewReject, RateTable};
use raw::Raw;
use std::fmt::Debug;
use std::sync::Arc;

/// A message of the contract that is a record.
pub(crate) trait Given {
    /// The name of its kind, as measurements have it.
    fn kind(&self) -> &'static str;

    /// Checks it; `None` only with problems.
    fn check(&self, checker: &Checker, problems: &mut Problems) -> Option<Checked>;

    /// Its kind and the source's key of it, as it was given; `None` where it has no key.
    fn key(&self) -> Option<(RecordKind, &str)>;

    /// What it holds, for people.
    fn raw(&self) -> Raw;

    /// What is kept of it when it is refused.
    fn rejects(&self, line_number: i64, problems: &Problems) -> Vec<NewReject> {
        vec![refused::new_reject(line_number, self.raw(), problems.all().cloned())]
    }
}

/// The record; `None` for a row that its sender could not read as one.
/// The kinds of records that are given, as telemetry names them.
pub(crate) const GIVEN_KINDS: [&str; 7] = [
    "customer",
    "order",
    "invoice",
    "interaction",
    "survey_answer",
    "prospect_assessment",
    "exchange_rate",
];

pub(crate) fn given(kind: &Kind) -> Option<&dyn Given> {
    Some(match kind {
        Kind::Customer(record) => record,
        Kind::Order(order) => order,
        Kind::Invoice(invoice) => invoice,
        Kind::Interaction(interaction) => interaction,
        Kind::SurveyAnswer(answer) => answer,
        Kind::ProspectAssessment(assessment) => assessment,
        Kind::ExchangeRate(rate) => rate,
        Kind::RefusedRow(_) => return None,
    })
}

/// A record in another currency than the base currency.
pub(crate) trait Foreign: Debug + Send {
    /// Its currency, ISO 4217.
    fn currency(&self) -> &str;

    /// The record with its amounts in the base currency too, or why it cannot have them.
    fn in_base(self: Box<Self>, rates: &RateTable) -> Result<Entry, Problems>;
}

/// The rules of an enterprise.
#[derive(Debug, Clone)]
pub(crate) struct Checker {
    /// Business dates are local dates here.
    pub(crate) calendar: BusinessCalendar,
    /// Amounts in this currency need no rate.
    pub(crate) base_currency: String,
    /// Those that customers may have.
    pub(crate) attributes: Arc<Attributes>,
}

/// A batch whose records have been checked.
#[derive(Debug)]
pub(crate) struct CheckedBatch {
    /// Its place in the stream.
    pub(crate) sequence: i64,
    /// What came of each record, in their order, and the record where it may yet be refused.
    pub(crate) records: Vec<(Checked, Option<Record>)>,
    /// What was cleaned of all of them.
    pub(crate) cleaned: Cleaned,
}

/// What came of a record.
#[derive(Debug)]
pub(crate) enum Checked {
    /// It can be written as it is.
    Good(Entry),
    /// It can be written once its amounts are in the base currency too.
    Foreign(Box<dyn Foreign>),
    /// It is kept among the rejects.
    Refused(Refused),
}

impl Checker {
    /// Checks every record of a batch.
    pub(crate) fn batch(&self, batch: RecordBatch) -> CheckedBatch {
        let mut records = Vec::with_capacity(batch.records.len());
        let mut cleaned = Cleaned::default();
        for record in batch.records {
            let checked = self.record(&record, &mut cleaned);
            let may_be_refused = matches!(checked, Checked::Foreign(_));
            records.push((checked, may_be_refused.then_some(record)));
        }
        CheckedBatch { sequence: batch.sequence, records, cleaned }
    }

    fn record(&self, record: &Record, cleaned: &mut Cleaned) -> Checked {
        let mut problems = Problems::default();
        if let Some(Kind::RefusedRow(row)) = &record.kind {
            return Checked::Refused(Refused::by_sender(record.line_number, row));
        }
        let checked = match record.kind.as_ref().and_then(given) {
            Some(given) => given.check(self, &mut problems),
            None => {
                problems.add("kind", ProblemReason::FieldMissing, "the record is empty");
                None
            }
        };
        cleaned.add(problems.cleaned());
        match checked {
            Some(checked) if problems.is_empty() => checked,
            _ => Checked::Refused(Refused::new(record, &problems)),
        }
    }
}
