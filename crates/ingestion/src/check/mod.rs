//! Checks records, all that is wrong with each at once, and turns the good ones into what the
//! store writes.

mod customer;
mod digest;
mod line;
mod order;
mod problems;
mod rate;
mod raw;
mod refused;

pub(crate) use customer::profile;
pub(crate) use order::to_base;
pub(crate) use problems::Problems;
pub(crate) use refused::Refused;

use kehu_contract::ingestion::{ProblemReason, Record, RecordBatch, record::Kind};
use kehu_core::Rate;
use kehu_core::calendar::BusinessCalendar;
use kehu_storage::ingestion::{Entry, NewOrder};

/// The rules of an enterprise.
#[derive(Debug, Clone)]
pub(crate) struct Checker {
    /// Business dates are local dates here.
    pub(crate) calendar: BusinessCalendar,
    /// Amounts in this currency need no rate.
    pub(crate) base_currency: String,
}

/// A batch whose records have been checked.
#[derive(Debug)]
pub(crate) struct CheckedBatch {
    /// Its place in the stream.
    pub(crate) sequence: i64,
    /// What came of each record, in their order.
    pub(crate) records: Vec<(Record, Checked)>,
}

/// What came of a record.
#[derive(Debug)]
pub(crate) enum Checked {
    /// It can be written as it is.
    Good(Entry),
    /// An order that can be written once its amounts are in the base currency too.
    Foreign(NewOrder),
    /// It is kept among the rejects.
    Refused(Refused),
}

impl Checker {
    /// Checks every record of a batch.
    pub(crate) fn batch(&self, batch: RecordBatch) -> CheckedBatch {
        let mut records = Vec::with_capacity(batch.records.len());
        for record in batch.records {
            let checked = self.record(&record);
            records.push((record, checked));
        }
        CheckedBatch { sequence: batch.sequence, records }
    }

    fn record(&self, record: &Record) -> Checked {
        let mut problems = Problems::default();
        let checked = match &record.kind {
            Some(Kind::Customer(given)) => {
                customer::record(given, &mut problems).map(Checked::Good)
            }
            Some(Kind::Order(given)) => self.order(given, &mut problems),
            Some(Kind::ExchangeRate(given)) => self.rate(given, &mut problems).map(Checked::Good),
            Some(Kind::RefusedRow(row)) => {
                return Checked::Refused(Refused::by_sender(record.line_number, row));
            }
            None => {
                problems.add("kind", ProblemReason::FieldMissing, "the record is empty");
                None
            }
        };
        match checked {
            Some(checked) if problems.is_empty() => checked,
            _ => Checked::Refused(Refused::new(record, problems)),
        }
    }

    /// An order, converted already when it is in the base currency.
    fn order(
        &self,
        given: &kehu_contract::ingestion::Order,
        problems: &mut Problems,
    ) -> Option<Checked> {
        let mut order = order::check(given, &self.calendar, problems)?;
        if order.currency != self.base_currency {
            return Some(Checked::Foreign(order));
        }
        // One for one every amount fits.
        to_base(&mut order, Rate::ONE).ok()?;
        Some(Checked::Good(Entry::Order(order)))
    }
}
