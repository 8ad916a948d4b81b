//! The values of features of the members of classes.

use super::describe::{billionths, number};
use crate::{Reporting, request::Question, source};
use chrono::NaiveDate;
use kehu_core::{Value, taxonomy::Class};
use kehu_server::Fault;
use kehu_storage::{
    coding::classes::{self, View},
    facts::{self, CustomerSet},
};
use rust_decimal::Decimal;

/// Customers that are read at once.
const CUSTOMERS_AT_ONCE: u64 = 20_000;

/// Stands for no value, or one too large to be added up.
const NOTHING: i128 = i128::MIN;

/// The values of everybody who has a class, in billionths.
pub(in crate::report) struct Values {
    /// The classes.
    pub(super) classes: Vec<Class>,
    /// How many features there are.
    features: usize,
    /// By class the features of its members, one member after the other.
    members: Vec<Vec<i128>>,
}

impl Values {
    /// Reads the features of a question.
    pub(super) async fn read(reporting: &Reporting, question: &Question) -> Result<Self, Fault> {
        Self::read_on(reporting, question, question.moment.as_of).await
    }

    /// Reads them as of another date, of the members on the date of the question.
    pub(in crate::report) async fn read_on(
        reporting: &Reporting,
        question: &Question,
        on: NaiveDate,
    ) -> Result<Self, Fault> {
        let classes = source::classified(&reporting.db, question).await?.classes;
        let members = vec![Vec::new(); classes.len()];
        let mut values = Self { classes, features: question.features.len(), members };
        for set in facts::split(&reporting.db, &CustomerSet::All, CUSTOMERS_AT_ONCE).await? {
            values.add(reporting, question, on, &set).await?;
        }
        Ok(values)
    }

    async fn add(
        &mut self,
        reporting: &Reporting,
        question: &Question,
        on: NaiveDate,
        set: &CustomerSet,
    ) -> Result<(), Fault> {
        let moment = question.moment;
        let view = View { true_on: Some(moment.as_of), known_at: moment.known_at };
        let classes = classes::at(&reporting.db, &question.taxonomy, set, view).await?;
        let names: Vec<&str> = question.features.iter().map(String::as_str).collect();
        let frame = reporting.analytics.features(set, on, &names).await;
        let frame = frame.map_err(source::fault)?;
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            columns.push(frame.column(name).map_err(source::fault)?);
        }
        // Both come by customer.
        let mut classes = classes.customers.iter().zip(&classes.classes).peekable();
        for (row, customer) in frame.customers().iter().enumerate() {
            while classes.next_if(|(member, _)| **member < customer.0).is_some() {}
            let class = classes.next_if(|(member, _)| **member == customer.0);
            let Some((_, class)) = class else { continue };
            let members = &mut self.members[source::place(&self.classes, class)?];
            let value = |value: &Value| value.number().and_then(billionths).unwrap_or(NOTHING);
            members.extend(columns.iter().map(|column| value(&column[row])));
        }
        Ok(())
    }

    /// How many are in a class; behind the last one, in all.
    pub(super) fn customers(&self, class: usize) -> usize {
        self.of(class).map(|members| members.len() / self.features).sum()
    }

    /// The values that the members of a class have of a feature, ascending; behind the last class, those
    /// of all.
    pub(super) fn sorted(&self, class: usize, feature: usize) -> Vec<i128> {
        let mut values = Vec::new();
        for members in self.of(class) {
            let members = members.chunks_exact(self.features);
            values.extend(members.map(|member| member[feature]).filter(|it| *it != NOTHING));
        }
        values.sort_unstable();
        values
    }

    /// How many members of a class have a value of a feature, and its mean; behind the last class, of
    /// all.
    pub(in crate::report) fn mean(&self, class: usize, feature: usize) -> (i64, Option<Decimal>) {
        let values = self.sorted(class, feature);
        let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
        let sum = values.iter().try_fold(0_i128, |sum, value| sum.checked_add(*value));
        let mean = sum.and_then(|sum| sum.checked_div(count.into())).and_then(number);
        (count, mean)
    }

    /// The values of two features of the members that have both.
    pub(super) fn pairs(&self, class: usize, [one, two]: [usize; 2]) -> Vec<(i128, i128)> {
        let mut pairs = Vec::new();
        for members in self.of(class) {
            let members = members.chunks_exact(self.features);
            let found = members.map(|member| (member[one], member[two]));
            pairs.extend(found.filter(|pair| pair.0 != NOTHING && pair.1 != NOTHING));
        }
        pairs
    }

    fn of(&self, class: usize) -> impl Iterator<Item = &[i128]> {
        let members = match self.members.get(class) {
            Some(_) => &self.members[class..=class],
            None => &self.members[..],
        };
        members.iter().map(Vec::as_slice)
    }
}
