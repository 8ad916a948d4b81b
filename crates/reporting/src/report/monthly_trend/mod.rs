//! Orders, amounts and customers month by month, and their totals.

pub(super) mod message;
pub(crate) mod page;

use super::{
    Dated, Facts, Needs,
    table::{Cell, Kind, Table},
};
use crate::{
    Reporting,
    charts::Chart,
    format::Format,
    labels::Labels,
    request::{Moment, Question},
    source,
};
use async_trait::async_trait;
use chrono::{Months, NaiveDate};
use kehu_core::{calendar, label::Language};
use kehu_server::Fault;
use kehu_storage::{
    Database,
    bulk::ColumnType::{I32, I64},
    reports::Basis,
};
use rust_decimal::Decimal;

/// Sums over the orders up to a date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Completed orders: sales with an amount above zero.
    pub orders: i64,
    /// Customers with a completed order.
    pub customers: i64,
    /// Amount of completed orders, before returns.
    pub ordered: Decimal,
    /// Amount of sales and adjustments.
    pub sales: Decimal,
    /// Amount that came back, above zero.
    pub returns: Decimal,
}

/// Figures of one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthFigures {
    /// First day of the month.
    pub month: NaiveDate,
    /// Sums over its orders.
    pub totals: Totals,
    /// Customers whose first completed order is in it.
    pub new_customers: i64,
}

impl Totals {
    /// Sales less returns.
    pub fn net(&self) -> Decimal {
        self.sales - self.returns
    }
}

/// Months of the table.
const MONTHS: u32 = 13;

/// The months up to that of a moment; the last is cut at the date.
pub(crate) async fn trend(
    reporting: &Reporting,
    moment: Moment,
    month_count: u32,
) -> Result<Dated<Vec<MonthFigures>>, Fault> {
    source::check_classified(&reporting.db, None, moment).await?;
    let as_of = moment.as_of;
    let report = months(&reporting.db, as_of, month_count).await?;
    Ok(Dated { as_of, report })
}

/// The last `month_count` months (at least 1) from the earliest on, those without orders too; the
/// last is that of the date, and is cut there.
pub(crate) async fn months(
    db: &Database,
    as_of: NaiveDate,
    month_count: u32,
) -> Result<Vec<MonthFigures>, Fault> {
    let mut periods = Vec::new();
    for back in (0..month_count.max(1)).rev() {
        let month = calendar::month_start(as_of).checked_sub_months(Months::new(back));
        periods.extend(month.map(|month| (month, calendar::month_end(month).min(as_of))));
    }
    let basis = Basis { periods, ..Basis::of(as_of) };
    let totals = sums(db, &basis).await?;
    let mut months: Vec<_> = basis
        .periods
        .iter()
        .zip(totals)
        .map(|((month, _), totals)| MonthFigures { month: *month, totals, new_customers: 0 })
        .collect();
    let columns = [("period", I32), ("customers", I64)];
    let rows = basis.rows(db, include_str!("new_customers.sql"), &columns).await?;
    for row in 0..rows.len() {
        months[place(rows.whole("period", row)?)?].new_customers = rows.whole("customers", row)?;
    }
    Ok(months)
}

/// Sums over all orders up to each date.
pub(crate) async fn totals(db: &Database, dates: &[NaiveDate]) -> Result<Vec<Totals>, Fault> {
    let Some(last) = dates.iter().max() else { return Ok(Vec::new()) };
    let periods = dates.iter().map(|date| (FIRST_DAY, *date)).collect();
    sums(db, &Basis { periods, ..Basis::of(*last) }).await
}

/// Before every order.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("it exists");

/// Sums over the orders of each period.
async fn sums(db: &Database, basis: &Basis) -> Result<Vec<Totals>, Fault> {
    let columns = [
        ("period", I32),
        ("orders", I64),
        ("customers", I64),
        ("ordered_high", I64),
        ("ordered_low", I64),
        ("sales_high", I64),
        ("sales_low", I64),
        ("returns_high", I64),
        ("returns_low", I64),
    ];
    let rows = basis.rows(db, include_str!("periods.sql"), &columns).await?;
    let mut sums = vec![Totals::default(); basis.periods.len()];
    for row in 0..rows.len() {
        sums[place(rows.whole("period", row)?)?] = Totals {
            orders: rows.whole("orders", row)?,
            customers: rows.whole("customers", row)?,
            ordered: rows.amount("ordered", row)?,
            sales: rows.amount("sales", row)?,
            returns: Decimal::ZERO - rows.amount("returns", row)?,
        };
    }
    Ok(sums)
}

fn place(period: i64) -> Result<usize, Fault> {
    usize::try_from(period).map_err(Fault::internal)
}

const COLUMNS: [(&str, Kind, &str, &str); 9] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("month", Kind::Date, "月份", "Month"),
    ("order_count", Kind::Count, "订单数", "Orders"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("new_customer_count", Kind::Count, "新客户", "New customers"),
    ("sales_amount", Kind::Amount, "销售额", "Sales"),
    ("return_amount", Kind::Amount, "退货额", "Returns"),
    ("net_amount", Kind::Amount, "净销售额", "Net sales"),
    ("currency_code", Kind::Id, "币种", "Currency"),
];

/// The report `monthly-trend`.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "monthly-trend",
            label: ["月度趋势", "Month by month"],
            needs: Needs::Time,
            charted: true,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        _: Language,
    ) -> Result<Table, Fault> {
        let answer = trend(reporting, question.moment, MONTHS).await?;
        let mut rows = Vec::with_capacity(answer.report.len());
        for month in &answer.report {
            rows.push(vec![
                Cell::Date(answer.as_of),
                Cell::Date(month.month),
                Cell::Count(month.totals.orders),
                Cell::Count(month.totals.customers),
                Cell::Count(month.new_customers),
                Cell::Number(month.totals.sales),
                Cell::Number(month.totals.returns),
                Cell::Number(month.totals.net()),
                Cell::id(reporting.currency()),
            ]);
        }
        Ok(Table::new(&COLUMNS, rows))
    }

    async fn charts(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Vec<Chart>, Fault> {
        let (labels, format) = (Labels::of(language), Format::new(language, reporting.currency()));
        let as_of = question.moment.as_of;
        let answer = trend(reporting, question.moment, MONTHS).await?;
        let cut = (as_of < calendar::month_end(as_of)).then_some(as_of);
        Ok(page::charts(&answer.report, cut, labels, &format).into())
    }
}
