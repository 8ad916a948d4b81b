//! Credit ageing: what is still to be paid of invoices, by the days since it was due. One report by
//! class, one by customer.

use super::{
    Facts, Needs,
    of_class::{class_cells, order},
    table::{Cell, Kind, Row, Table},
};
use crate::{Reporting, labels::Labels, request::Question, source};
use async_trait::async_trait;
use kehu_core::{CustomerId, label::Language};
use kehu_server::{Fault, names};
use kehu_storage::{
    bulk::ColumnType::{self, I64, OptText},
    reports::Rows,
};
use rust_decimal::Decimal;

/// The spans of days past due, in order, as the queries name them.
const SPANS: [&str; 5] = ["not_due", "days_30", "days_60", "days_90", "later"];

/// The amounts of one row.
type Spans = [Decimal; 5];

/// The columns of the queries that both have.
const SUMS: [(&str, ColumnType); 11] = [
    ("invoices", I64),
    ("not_due_high", I64),
    ("not_due_low", I64),
    ("days_30_high", I64),
    ("days_30_low", I64),
    ("days_60_high", I64),
    ("days_60_low", I64),
    ("days_90_high", I64),
    ("days_90_low", I64),
    ("later_high", I64),
    ("later_low", I64),
];

/// The first columns of the table by class.
const OF_CLASS: [(&str, Kind, &str, &str); 4] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
];

/// The first columns of the table by customer.
const OF_CUSTOMER: [(&str, Kind, &str, &str); 4] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("customer", Kind::Id, "客户", "Customer"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
];

/// The last columns of both tables.
const AMOUNTS: [(&str, Kind, &str, &str); 8] = [
    ("invoice_count", Kind::Count, "未结发票", "Open invoices"),
    ("not_due_amount", Kind::Amount, "未到期", "Not due"),
    ("overdue_1_30_amount", Kind::Amount, "逾期 1–30 天", "1–30 days overdue"),
    ("overdue_31_60_amount", Kind::Amount, "逾期 31–60 天", "31–60 days overdue"),
    ("overdue_61_90_amount", Kind::Amount, "逾期 61–90 天", "61–90 days overdue"),
    ("overdue_over_90_amount", Kind::Amount, "逾期 90 天以上", "Over 90 days overdue"),
    ("open_amount", Kind::Amount, "未付合计", "Open in all"),
    ("currency_code", Kind::Id, "币种", "Currency"),
];

/// The report `credit-ageing`: a row for each class with open invoices, one for customers without a
/// class if they have any, and the sum.
pub(crate) struct ByClass;

/// The report `credit-ageing-customers`: a row for each customer with open invoices.
pub(crate) struct ByCustomer;

#[async_trait]
impl super::Report for ByClass {
    fn facts(&self) -> Facts {
        Facts {
            id: "credit-ageing",
            label: ["账龄分析", "Credit ageing"],
            needs: Needs::Taxonomy,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let classes = source::classified(&reporting.db, question).await?.classes;
        let columns = [&[("class_id", OptText), ("customers", I64)][..], &SUMS[..]].concat();
        let query = include_str!("by_class.sql");
        let found = source::basis(question).rows(&reporting.db, query, &columns).await?;
        let mut rows = Vec::new();
        let (mut all, mut customers, mut invoices) = (Spans::default(), 0, 0);
        for place in order(&found, &classes)? {
            let spans = spans(&found, place)?;
            for (sum, amount) in all.iter_mut().zip(spans) {
                *sum += amount;
            }
            let class = found.text("class_id", place)?;
            let of_row = found.whole("customers", place)?;
            let mut row = vec![Cell::Date(question.moment.as_of)];
            row.extend(class_cells(class, &classes, language));
            row.push(Cell::Count(of_row));
            let count = found.whole("invoices", place)?;
            row.extend(amounts(count, spans, reporting.currency()));
            rows.push(row);
            customers += of_row;
            invoices += count;
        }
        let mut total = vec![Cell::Date(question.moment.as_of), Cell::id("total")];
        total.push(Cell::text(Labels::of(language).total));
        total.push(Cell::Count(customers));
        total.extend(amounts(invoices, all, reporting.currency()));
        rows.push(total);
        Ok(Table::new(&[&OF_CLASS[..], &AMOUNTS[..]].concat(), rows))
    }
}

#[async_trait]
impl super::Report for ByCustomer {
    fn facts(&self) -> Facts {
        Facts {
            id: "credit-ageing-customers",
            label: ["客户账龄", "Credit ageing by customer"],
            needs: Needs::Taxonomy,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let classes = source::classified(&reporting.db, question).await?.classes;
        let columns = [&[("customer_id", I64), ("class_id", OptText)][..], &SUMS[..]].concat();
        let query = include_str!("by_customer.sql");
        let found = source::basis(question).rows(&reporting.db, query, &columns).await?;
        let mut rows = Vec::with_capacity(found.len());
        for place in 0..found.len() {
            let customer = CustomerId(found.whole("customer_id", place)?);
            let mut row = vec![Cell::Date(question.moment.as_of)];
            row.push(Cell::Id(names::customer(customer)));
            row.extend(class_cells(found.text("class_id", place)?, &classes, language));
            let count = found.whole("invoices", place)?;
            row.extend(amounts(count, spans(&found, place)?, reporting.currency()));
            rows.push(row);
        }
        Ok(Table::new(&[&OF_CUSTOMER[..], &AMOUNTS[..]].concat(), rows))
    }
}

fn spans(found: &Rows, place: usize) -> Result<Spans, Fault> {
    let mut amounts = Spans::default();
    for (amount, name) in amounts.iter_mut().zip(SPANS) {
        *amount = found.amount(name, place)?;
    }
    Ok(amounts)
}

fn amounts(count: i64, spans: Spans, currency: &str) -> Row {
    let mut row = vec![Cell::Count(count)];
    row.extend(spans.map(Cell::Number));
    row.push(Cell::Number(spans.into_iter().sum()));
    row.push(Cell::id(currency));
    row
}
