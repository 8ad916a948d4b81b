//! Turns a checked batch into what the store writes.

use std::collections::{BTreeMap, BTreeSet};

use kehu_contract::ingestion::{ProblemReason, Record, RecordRejection};
use kehu_storage::ingestion::{Batch, Entry, NewOrder, RateTable, load_rates};
use kehu_storage::{Database, Error};

use crate::check::{Checked, CheckedBatch, Problems, Refused, to_base};
use crate::measure;

/// A batch to write, and what to answer of the records that are refused.
#[derive(Default)]
pub(crate) struct Assembled {
    pub(crate) batch: Batch,
    pub(crate) rejections: Vec<RecordRejection>,
    /// How many records of a kind are refused.
    pub(crate) rejected: BTreeMap<&'static str, u64>,
}

/// Converts orders in foreign currencies at the rates that are held and those that came earlier
/// in the batch; an order without a rate is refused.
pub(crate) async fn assemble(db: &Database, checked: CheckedBatch) -> Result<Assembled, Error> {
    let mut rates = load_rates(db, &currencies(&checked)).await?;
    let batch = Batch { sequence: checked.sequence, ..Batch::default() };
    let mut assembled = Assembled { batch, ..Assembled::default() };
    for (index, (record, checked)) in (0..).zip(checked.records) {
        match checked {
            Checked::Good(entry) => {
                if let Entry::Rate { currency, start_on, rate } = &entry {
                    rates.insert(currency, *start_on, *rate);
                }
                assembled.batch.entries.push(entry);
            }
            Checked::Foreign(order) => match in_base(order, &rates) {
                Ok(order) => assembled.batch.entries.push(Entry::Order(order)),
                Err(problems) => {
                    assembled.refuse(index, &record, Refused::new(&record, problems));
                }
            },
            Checked::Refused(refused) => assembled.refuse(index, &record, refused),
        }
    }
    Ok(assembled)
}

impl Assembled {
    fn refuse(&mut self, record_index: i32, record: &Record, refused: Refused) {
        self.batch.rejected += 1;
        *self.rejected.entry(measure::kind(record)).or_default() += 1;
        self.batch.rejects.extend(refused.rejects);
        if !refused.answer.is_empty() {
            let problems = refused.answer;
            self.rejections.push(RecordRejection { record_index, problems });
        }
    }
}

fn currencies(checked: &CheckedBatch) -> BTreeSet<String> {
    let mut currencies = BTreeSet::new();
    for (_, checked) in &checked.records {
        if let Checked::Foreign(order) = checked {
            currencies.insert(order.currency.clone());
        }
    }
    currencies
}

fn in_base(mut order: NewOrder, rates: &RateTable) -> Result<NewOrder, Problems> {
    let mut problems = Problems::default();
    match rates.effective(&order.currency, order.ordered_on) {
        None => {
            let text = format!(
                "no rate of {} is valid on {}: send one that starts then or before",
                order.currency, order.ordered_on
            );
            problems.add("order.currency_code", ProblemReason::RateMissing, &text);
        }
        Some(rate) => {
            if to_base(&mut order, rate).is_err() {
                let text = "the amount in the base currency does not fit";
                problems.add("order.lines", ProblemReason::OutOfRange, text);
            }
        }
    }
    if problems.is_empty() { Ok(order) } else { Err(problems) }
}
