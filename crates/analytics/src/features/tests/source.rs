//! Facts in memory.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_core::attribute::Attributes;
use kehu_storage::facts::CustomerSet;

use crate::facts::{FactSource, Facts, TableNames};
use crate::{Analytics, Error, Limits};

/// More than any test computes with.
const ENOUGH: Limits = Limits { memory: 1 << 30, threads: 2 };

/// The same facts whatever is asked for.
#[derive(Debug, Default)]
struct InMemory(Facts);

#[async_trait]
impl FactSource for InMemory {
    async fn split(&self, set: &CustomerSet, _: u64) -> Result<Vec<CustomerSet>, Error> {
        Ok(vec![set.clone()])
    }

    async fn read(&self, _: &CustomerSet, _: NaiveDate, _: &TableNames) -> Result<Facts, Error> {
        Ok(self.0.clone())
    }

    async fn attributes(&self) -> Result<Arc<Attributes>, Error> {
        Ok(Arc::default())
    }

    async fn freeze(&self, _: NaiveDate, _: i64, _: &TableNames) -> Result<(), Error> {
        Ok(())
    }
}

/// Without facts.
pub(super) fn analytics() -> Analytics {
    over(Facts::default(), ENOUGH.memory)
}

/// Over these facts, in so many bytes.
pub(super) fn over(facts: Facts, memory: usize) -> Analytics {
    Analytics::over(Box::new(InMemory(facts)), Limits { memory, ..ENOUGH })
}
