//! How many records have the same value of a field.

use std::collections::HashMap;

use super::block::hash;
use super::comparison::{Prepared, ratio};
use super::{Field, Record};

/// The values of the fields of all records, as they are gathered.
#[derive(Debug)]
pub struct Terms {
    /// Of each field the hashes of its values; `None` where it does not matter how many have one.
    fields: Vec<Option<Vec<u64>>>,
}

/// How many records have each value that several have.
#[derive(Debug, Default)]
pub struct Frequencies {
    fields: Vec<Option<Counts>>,
}

#[derive(Debug)]
struct Counts {
    /// Of values that more than one record has.
    several: HashMap<u64, u32>,
    all: usize,
}

impl Terms {
    /// Of no record yet.
    pub fn new(fields: &[Field]) -> Self {
        let fields = fields.iter().map(|field| field.comparison.has_frequencies().then(Vec::new));
        Self { fields: fields.collect() }
    }

    /// Takes in a record.
    pub fn add(&mut self, record: &Record) {
        for (terms, value) in self.fields.iter_mut().zip(&record.values) {
            if let (Some(terms), Some(value)) = (terms, value) {
                terms.push(hash([value.key.as_str()]));
            }
        }
    }

    /// What came of it.
    pub fn count(self) -> Frequencies {
        let fields = self.fields.into_iter().map(|terms| {
            let mut terms = terms?;
            terms.sort_unstable();
            let blocks = terms.chunk_by(|one, other| one == other).filter(|block| block.len() > 1);
            let count = |block: &[u64]| u32::try_from(block.len()).unwrap_or(u32::MAX);
            let several = blocks.map(|block| (block[0], count(block))).collect();
            Some(Counts { several, all: terms.len() })
        });
        Frequencies { fields: fields.collect() }
    }
}

impl Frequencies {
    /// The share of records with a value of the field that have this one; `None` where that does not
    /// matter.
    pub(super) fn share(&self, field: usize, value: &Prepared) -> Option<f64> {
        let counts = self.fields.get(field)?.as_ref()?;
        let of_value = counts.several.get(&hash([value.key.as_str()])).copied().unwrap_or(1);
        Some(ratio(of_value as usize, counts.all.max(1)))
    }
}
