//! What classes bring beside what serving them takes, and how often their strategies have somebody be
//! in touch.

use super::{
    Facts, Needs,
    of_class::place_of,
    table::{Cell, Kind, Row, Table},
};
use crate::{
    Reporting,
    labels::Labels,
    ratio::{self, SHARE_SCALE},
    request::Question,
    source::{self, Classified},
};
use async_trait::async_trait;
use kehu_core::{calendar, label::Language, taxonomy::Class};
use kehu_server::Fault;
use kehu_storage::{
    bulk::ColumnType::{I64, Text},
    reports::Basis,
};
use rust_decimal::Decimal;

/// Days of the periods that contacts are expected in: a month, a quarter, a year.
const PERIODS: [i64; 3] = [30, 90, 365];

const COLUMNS: [(&str, Kind, &str, &str); 14] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("amount_365d", Kind::Amount, "近一年金额", "Amount, last 365 days"),
    ("currency_code", Kind::Id, "币种", "Currency"),
    ("amount_share", Kind::Share, "价值占比", "Share of value"),
    ("contact_count_365d", Kind::Count, "近一年服务次数", "Contacts, last 365 days"),
    ("contact_share", Kind::Share, "服务成本占比", "Share of the cost of service"),
    ("value_per_effort", Kind::Number, "价值占比 ÷ 成本占比", "Value over cost"),
    ("contact_every_days", Kind::Count, "联系间隔（天）", "Contact every days"),
    ("expected_contacts_30d", Kind::Count, "未来 30 天预计联系次数", "Contacts, next 30 days"),
    ("expected_contacts_90d", Kind::Count, "未来 90 天预计联系次数", "Contacts, next 90 days"),
    ("expected_contacts_365d", Kind::Count, "未来 365 天预计联系次数", "Contacts, next 365 days"),
];

const DEFINITIONS: [(&str, &str, &str); 3] = [
    (
        "contact_share",
        "电话、邮件、拜访和工单计为服务，每次同等；网页浏览和应用使用不计。",
        "Calls, emails, visits and tickets count as service, each the same; page views and app \
         sessions do not.",
    ),
    (
        "value_per_effort",
        "大于 1：带来的价值占比高于占用的服务；小于 1：相反。",
        "Above 1 the class brings more than its share of service, below 1 less.",
    ),
    (
        "expected_contacts_30d",
        "客户数 × 天数 ÷ 策略的联系间隔，向上取整；策略未规定联系间隔时为空。",
        "Customers times days over how often the strategy has somebody be in touch, rounded up; null \
         where it says nothing of that.",
    ),
];

/// The report `class-effort`: a row for each class of the version in force on the date, and the sum.
pub(crate) struct Report;

/// What a class comes to.
#[derive(Default, Clone, Copy)]
struct Effort {
    customers: i64,
    amount: Decimal,
    contacts: i64,
    expected: Option<[i64; PERIODS.len()]>,
}

impl Effort {
    fn add(&mut self, other: &Self) {
        self.customers += other.customers;
        self.amount += other.amount;
        self.contacts += other.contacts;
        let Some(more) = other.expected else { return };
        let sums = self.expected.get_or_insert_default();
        sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }

    /// The last cells, beside what all come to.
    fn cells(&self, all: &Self, every: Option<u32>, currency: &str) -> Row {
        let of_amount = ratio::share(self.amount, all.amount, SHARE_SCALE);
        let of_contacts = ratio::count_share(self.contacts, all.contacts, SHARE_SCALE);
        let ratio = of_amount.zip(of_contacts);
        let ratio = ratio.and_then(|(value, cost)| ratio::share(value, cost, SHARE_SCALE));
        let mut row = vec![Cell::Count(self.customers), Cell::Number(self.amount)];
        row.extend([Cell::id(currency), Cell::optional(of_amount), Cell::Count(self.contacts)]);
        row.extend([of_contacts, ratio].map(Cell::optional));
        row.push(every.map_or(Cell::Null, |days| Cell::Count(days.into())));
        match self.expected {
            Some(expected) => row.extend(expected.map(Cell::Count)),
            None => row.extend([const { Cell::Null }; PERIODS.len()]),
        }
        row
    }
}

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "class-effort",
            label: ["价值与服务成本", "Value and cost of service"],
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
        let classified = source::classified(&reporting.db, question).await?;
        let efforts = efforts(reporting, question, &classified).await?;
        let mut all = Effort::default();
        efforts.iter().for_each(|effort| all.add(effort));
        let mut rows = Vec::with_capacity(efforts.len() + 1);
        for (class, effort) in classified.taxonomy.classes.iter().zip(&efforts) {
            let mut row = vec![Cell::Date(classified.as_of), Cell::id(&class.id)];
            row.push(Cell::text(class.label.get(language)));
            row.extend(effort.cells(&all, every(&classified, class), reporting.currency()));
            rows.push(row);
        }
        let mut total = vec![Cell::Date(classified.as_of), Cell::id("total")];
        total.push(Cell::text(Labels::of(language).total));
        total.extend(all.cells(&all, None, reporting.currency()));
        rows.push(total);
        Ok(Table::new(&COLUMNS, rows).with_definitions(&DEFINITIONS))
    }
}

/// What each class of the version comes to.
async fn efforts(
    reporting: &Reporting,
    question: &Question,
    classified: &Classified,
) -> Result<Vec<Effort>, Fault> {
    let classes = &classified.taxonomy.classes;
    let mut efforts = vec![Effort::default(); classes.len()];
    let columns = [
        ("class_id", Text),
        ("customers", I64),
        ("amount_high", I64),
        ("amount_low", I64),
        ("contacts", I64),
    ];
    let last = question.moment.as_of;
    let year = (calendar::days_before(last, 364), last);
    let basis = Basis { periods: vec![year], ..source::basis(question) };
    let found = basis.rows(&reporting.db, include_str!("by_class.sql"), &columns).await?;
    for row in 0..found.len() {
        let place = place_of(found.text("class_id", row)?, classes);
        let Some(effort) = efforts.get_mut(place) else { continue };
        effort.customers = found.whole("customers", row)?;
        effort.amount = found.amount("amount", row)?;
        effort.contacts = found.whole("contacts", row)?;
    }
    for (effort, class) in efforts.iter_mut().zip(classes) {
        let customers = effort.customers;
        effort.expected = every(classified, class)
            .filter(|days| *days > 0)
            .map(|every| PERIODS.map(|days| ceiling(customers * days, every.into())));
    }
    Ok(efforts)
}

/// How often the strategy of a class has somebody be in touch, in days.
fn every(classified: &Classified, class: &Class) -> Option<u32> {
    let (strategy, _) = classified.taxonomy.strategy(class)?;
    strategy.terms.contact_every_days
}

/// A quotient of numbers that are not below zero, rounded up.
fn ceiling(number: i64, divisor: i64) -> i64 {
    number / divisor + i64::from(number % divisor != 0)
}
