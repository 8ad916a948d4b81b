//! Turns a checked batch into what the store writes.

use std::collections::{BTreeMap, BTreeSet};

use kehu_contract::ingestion::{CleanedValues, RecordRejection};
use kehu_storage::ingestion::{Batch, Entry, load_rates};
use kehu_storage::{Database, Error};

use crate::check::{Checked, CheckedBatch, Refused};

/// A batch to write, and what to answer of the records that are refused.
#[derive(Default)]
pub(crate) struct Assembled {
    pub(crate) batch: Batch,
    pub(crate) rejections: Vec<RecordRejection>,
    /// How many keys and texts each rule has changed.
    pub(crate) cleaned: Vec<CleanedValues>,
    /// How many records of a kind are refused.
    pub(crate) rejected: BTreeMap<&'static str, u64>,
}

/// Converts records in foreign currencies at the rates that are held and those that came earlier
/// in the batch; a record without a rate is refused. The store converts again should others be
/// held by the time it writes.
pub(crate) async fn assemble(db: &Database, checked: CheckedBatch) -> Result<Assembled, Error> {
    let foreign = currencies(&checked);
    let mut rates = load_rates(db, &foreign).await?;
    let cleaned = checked.cleaned.values().into();
    let batch = Batch { sequence: checked.sequence, foreign, cleaned, ..Batch::default() };
    let cleaned = checked.cleaned.by_rule();
    let mut assembled = Assembled { batch, cleaned, ..Assembled::default() };
    for (index, (checked, record)) in (0..).zip(checked.records) {
        match checked {
            Checked::Good(entry) => {
                if let Entry::Rate { currency, start_on, rate } = &entry {
                    rates.insert(currency, *start_on, *rate);
                }
                assembled.batch.entries.push(entry);
            }
            Checked::Foreign(foreign) => match foreign.in_base(&rates) {
                Ok(entry) => assembled.batch.entries.push(entry),
                Err(problems) => {
                    let record = record.unwrap_or_default();
                    assembled.refuse(index, Refused::new(&record, &problems));
                }
            },
            Checked::Refused(refused) => assembled.refuse(index, refused),
        }
    }
    Ok(assembled)
}

impl Assembled {
    fn refuse(&mut self, record_index: i32, refused: Refused) {
        self.batch.rejected += 1;
        *self.rejected.entry(refused.kind).or_default() += 1;
        self.batch.rejects.extend(refused.rejects);
        if !refused.answer.is_empty() {
            let problems = refused.answer;
            self.rejections.push(RecordRejection { record_index, problems });
        }
    }
}

fn currencies(checked: &CheckedBatch) -> BTreeSet<String> {
    let mut currencies = BTreeSet::new();
    for (checked, _) in &checked.records {
        if let Checked::Foreign(foreign) = checked {
            currencies.insert(foreign.currency().to_owned());
        }
    }
    currencies
}
