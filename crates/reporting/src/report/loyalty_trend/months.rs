//! What is read for each month: of each customer its class and its index on the last day, some
//! customers at a time.

use super::SCORECARD;
use crate::{Reporting, request::Question};
use chrono::NaiveDate;
use kehu_core::{CustomerId, Value, calendar};
use kehu_server::Fault;
use kehu_storage::{
    coding::classes::{self, View},
    facts::{self, CustomerSet},
    scoring::scores,
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Months up to that of the date, so that the last has one a year before.
const MONTHS: u32 = 13;
/// Customers in memory at once.
const CUSTOMERS: u64 = 20_000;

const INDEX: &str = "loyalty_index_score";
const GRADE: &str = "loyalty_index_grade";

/// The end of a month.
#[derive(Debug)]
pub(super) struct Month {
    /// The day.
    pub(super) end: NaiveDate,
    /// By the id of the class.
    pub(super) classes: BTreeMap<String, Indices>,
    /// Of all who have a class.
    pub(super) all: Indices,
}

/// The indices of some customers.
#[derive(Debug, Default)]
pub(super) struct Indices {
    /// Who has one.
    pub(super) customers: i64,
    /// Their sum.
    pub(super) sum: Decimal,
    /// By grade.
    pub(super) high: i64,
    pub(super) medium: i64,
    pub(super) low: i64,
}

/// The months up to the date of a question, the earliest first.
pub(super) async fn read(reporting: &Reporting, question: &Question) -> Result<Vec<Month>, Fault> {
    let sets = facts::split(&reporting.db, &CustomerSet::All, CUSTOMERS).await?;
    let mut months = Vec::new();
    for end in ends(question.moment.as_of) {
        let mut month = Month { end, classes: BTreeMap::new(), all: Indices::default() };
        let view = View { true_on: Some(end), known_at: question.moment.known_at };
        for set in &sets {
            month.add(reporting, &question.taxonomy, set, view).await?;
        }
        months.push(month);
    }
    Ok(months)
}

/// The last days of the months up to a date, the earliest first; of the last month it is the date.
fn ends(as_of: NaiveDate) -> Vec<NaiveDate> {
    let end = |back: u32| match back {
        0 => as_of,
        back => calendar::month_end(calendar::months_before(calendar::month_start(as_of), back)),
    };
    (0..MONTHS).rev().map(end).collect()
}

impl Month {
    async fn add(
        &mut self,
        reporting: &Reporting,
        taxonomy: &str,
        set: &CustomerSet,
        view: View,
    ) -> Result<(), Fault> {
        let found = classes::at(&reporting.db, taxonomy, set, view).await?;
        if found.customers.is_empty() {
            return Ok(());
        }
        let customers: Vec<CustomerId> = found.customers.iter().copied().map(CustomerId).collect();
        let columns = scores::columns(&reporting.db, &[SCORECARD], set, view).await?;
        let columns = columns.of(&customers);
        let column = |name: &str| {
            let column = columns.iter().find(|(id, ..)| id == name);
            column.map_or(&[][..], |(.., values)| values.as_slice())
        };
        let (indices, grades) = (column(INDEX), column(GRADE));
        for (place, class) in found.classes.iter().enumerate() {
            let Some(index) = indices.get(place).and_then(Value::number) else { continue };
            let of_class = self.classes.entry(class.clone()).or_default();
            of_class.add(index, grades.get(place));
            self.all.add(index, grades.get(place));
        }
        Ok(())
    }
}

impl Indices {
    fn add(&mut self, index: Decimal, grade: Option<&Value>) {
        self.customers += 1;
        self.sum += index;
        let Some(Value::Text(grade)) = grade else { return };
        match grade.as_str() {
            "H" => self.high += 1,
            "M" => self.medium += 1,
            _ => self.low += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_on_their_last_days_and_with_the_date() {
        let ends = ends("2024-03-10".parse().unwrap());
        assert_eq!(ends.len(), 13);
        let shown: Vec<String> = ends.iter().map(NaiveDate::to_string).collect();
        assert_eq!(shown[..2], ["2023-03-31", "2023-04-30"]);
        assert_eq!(shown[11..], ["2024-02-29", "2024-03-10"]);
    }
}
