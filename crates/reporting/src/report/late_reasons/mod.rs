//! Why customers pay late: the reasons of late payment in the last 365 days, by class.

use super::{
    Facts, Needs,
    of_class::{class_cells, order},
    table::{Cell, Kind, Row, Table},
};
use crate::{
    Reporting,
    labels::Labels,
    ratio::{self, SHARE_SCALE},
    request::Question,
    source,
};
use async_trait::async_trait;
use chrono::NaiveDate;
use kehu_core::label::Language;
use kehu_server::Fault;
use kehu_storage::{
    bulk::ColumnType::{self, I32, I64, OptText},
    reports::Rows,
};
use rust_decimal::Decimal;
use std::{cmp::Reverse, collections::BTreeMap};

const COLUMNS: [(&str, Kind, &str, &str); 11] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("late_reason", Kind::Text, "逾期原因", "Reason of late payment"),
    ("excused", Kind::Id, "可谅解", "Excused"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("invoice_count", Kind::Count, "逾期发票数", "Late invoices"),
    ("late_share", Kind::Share, "占逾期发票", "Share of late invoices"),
    ("due_share", Kind::Share, "占到期发票", "Share of invoices due"),
    ("days_late_mean", Kind::Number, "平均逾期天数", "Mean days late"),
    ("days_late_max", Kind::Count, "最长逾期天数", "Most days late"),
];

const DEFINITIONS: [(&str, &str, &str); 3] = [
    (
        "late_reason",
        "发票来源系统说明的逾期原因；空表示未说明。",
        "What the source of the invoice says; empty where it says nothing.",
    ),
    (
        "excused",
        "截止日期当天该原因是否可谅解；可谅解的逾期不计入按时付款率、逾期率与逾期天数。",
        "Whether the reason is excused on the date: such invoices are left out of the shares and days of \
         late payment.",
    ),
    (
        "due_share",
        "截止日期前 365 天内开具、已付清或已到期的发票中，因该原因逾期的占比。",
        "Of the invoices issued in the 365 days that end on the date and paid in full or past due on \
         it, the share that is late for the reason.",
    ),
];

const READ: [(&str, ColumnType); 8] = [
    ("class_id", OptText),
    ("late", I32),
    ("said", OptText),
    ("excuse", I32),
    ("invoices", I64),
    ("customers", I64),
    ("days", I64),
    ("longest", I32),
];

/// The report `late-reasons`: for each class with late invoices a row a reason, the most frequent first,
/// then those of customers without a class, then all together.
pub(crate) struct Report;

/// Late invoices of one reason.
#[derive(Debug, Default, Clone, Copy)]
struct Late {
    customers: i64,
    invoices: i64,
    days: i64,
    longest: i64,
}

/// The invoices of a class: those due, and those late by reason and whether it is excused.
#[derive(Debug, Default)]
struct OfClass {
    due: i64,
    late: BTreeMap<(Option<String>, bool), Late>,
}

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "late-reasons",
            label: ["逾期原因", "Reasons of late payment"],
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
        let query = include_str!("by_class.sql");
        let found = source::basis(question).rows(&reporting.db, query, &READ).await?;
        let mut all = OfClass::default();
        let mut by_class: Vec<(Option<String>, OfClass)> = Vec::new();
        for place in order(&found, &classes)? {
            let class = found.text("class_id", place)?.map(str::to_owned);
            if by_class.last().is_none_or(|(last, _)| *last != class) {
                by_class.push((class, OfClass::default()));
            }
            all.add(&found, place)?;
            if let Some((_, of_class)) = by_class.last_mut() {
                of_class.add(&found, place)?;
            }
        }
        let as_of = question.moment.as_of;
        let mut rows = Vec::new();
        for (class, of_class) in by_class {
            of_class.rows(as_of, &class_cells(class.as_deref(), &classes, language), &mut rows);
        }
        let total = [Cell::id("total"), Cell::text(Labels::of(language).total)];
        all.rows(as_of, &total, &mut rows);
        Ok(Table::new(&COLUMNS, rows).with_definitions(&DEFINITIONS))
    }
}

impl OfClass {
    fn add(&mut self, found: &Rows, place: usize) -> Result<(), Fault> {
        let invoices = found.whole("invoices", place)?;
        self.due += invoices;
        if found.whole("late", place)? == 0 {
            return Ok(());
        }
        let said = found.text("said", place)?.map(str::to_owned);
        let late = self.late.entry((said, found.whole("excuse", place)? == 1)).or_default();
        // A customer is in one class.
        late.customers += found.whole("customers", place)?;
        late.invoices += invoices;
        late.days += found.whole("days", place)?;
        late.longest = late.longest.max(found.whole("longest", place)?);
        Ok(())
    }

    /// Adds its rows, the most frequent reason first.
    fn rows(self, as_of: NaiveDate, class: &[Cell; 2], rows: &mut Vec<Row>) {
        let invoices = self.late.values().map(|late| late.invoices).sum();
        let mut reasons: Vec<_> = self.late.into_iter().collect();
        reasons.sort_by_key(|(_, late)| Reverse(late.invoices));
        for ((said, excused), late) in reasons {
            let mut row = vec![Cell::Date(as_of)];
            row.extend(class.iter().cloned());
            row.push(said.map_or(Cell::Null, Cell::Text));
            row.push(Cell::Id(excused.to_string()));
            row.extend([late.customers, late.invoices].map(Cell::Count));
            let share = |whole| ratio::count_share(late.invoices, whole, SHARE_SCALE);
            row.extend([share(invoices), share(self.due)].map(Cell::optional));
            row.push(Cell::optional(ratio::mean(Decimal::from(late.days), late.invoices)));
            row.push(Cell::Count(late.longest));
            rows.push(row);
        }
    }
}
