//! The Pareto curve: which share of the customers brings which share of the amount.

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
    ratio::{self, SHARE_SCALE},
    request::{Moment, Question},
    source,
};
use async_trait::async_trait;
use kehu_core::{CustomerId, label::Language};
use kehu_server::Fault;
use rust_decimal::Decimal;
use std::cmp::Reverse;

/// The curve over customers with an amount above zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParetoCurve {
    /// Points from the largest customers on; the last is all customers and the whole amount.
    pub points: Vec<ParetoPoint>,
    /// Customers with an amount above zero.
    pub customers: i64,
    /// Their amount.
    pub amount: Decimal,
    /// How many the largest fifth of them are, rounded up.
    pub top_fifth_customers: i64,
    /// What the largest fifth brings.
    pub top_fifth_amount: Decimal,
    /// The least number of largest customers that bring at least 80 % of the amount.
    pub customers_for_80: i64,
}

/// The largest customers up to one count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParetoPoint {
    /// Their share of the customers, above 0 to 1, four decimals.
    pub customer_share: Decimal,
    /// Their share of the amount, above 0 to 1, four decimals.
    pub amount_share: Decimal,
}

/// The curve in at most `point_count` points: point i of n is the largest i/n of the
/// customers, rounded up to whole customers; equal points are drawn once. Which of
/// equal customers comes first makes no difference.
pub fn pareto_curve(amounts: &[(CustomerId, Decimal)], point_count: i64) -> ParetoCurve {
    let sums = running_sums(amounts);
    let customers = i64::try_from(sums.len()).expect("no more customers than i64 ids");
    let amount = sums.last().copied().unwrap_or_default();
    let top_fifth_customers = part(customers, 1, 5);
    let top_fifth_amount = sum_of_first(&sums, top_fifth_customers);
    let mut points = Vec::new();
    let mut last = 0;
    for number in 1..=point_count {
        let count = part(customers, number, point_count);
        if count > last {
            points.push(point(&sums, count, customers, amount));
        }
        last = count;
    }
    ParetoCurve {
        points,
        customers,
        amount,
        top_fifth_customers,
        top_fifth_amount,
        customers_for_80: customers_for_80(&sums, amount),
    }
}

impl ParetoCurve {
    /// Share of the amount that the largest fifth brings, four decimals; `None` when no
    /// customer has an amount above zero.
    pub fn top_fifth_share(&self) -> Option<Decimal> {
        ratio::share(self.top_fifth_amount, self.amount, SHARE_SCALE)
    }
}

/// Amounts above zero, largest first, summed up to each customer.
fn running_sums(amounts: &[(CustomerId, Decimal)]) -> Vec<Decimal> {
    let mut rows: Vec<Decimal> = amounts.iter().map(|(_, amount)| *amount).collect();
    rows.retain(|amount| *amount > Decimal::ZERO);
    rows.sort_unstable_by_key(|amount| Reverse(*amount));
    let mut sum = Decimal::ZERO;
    let mut sums = Vec::with_capacity(rows.len());
    for amount in rows {
        sum += amount;
        sums.push(sum);
    }
    sums
}

/// `number / of` of the customers, rounded up.
fn part(customers: i64, number: i64, of: i64) -> i64 {
    let part = (i128::from(customers) * i128::from(number) + i128::from(of) - 1) / i128::from(of);
    i64::try_from(part).expect("at most the number of customers")
}

fn sum_of_first(sums: &[Decimal], count: i64) -> Decimal {
    let place = usize::try_from(count - 1).ok();
    place.and_then(|place| sums.get(place)).copied().unwrap_or_default()
}

fn customers_for_80(sums: &[Decimal], amount: Decimal) -> i64 {
    let line = amount * Decimal::new(8, 1);
    let below = sums.partition_point(|sum| *sum < line);
    i64::try_from(sums.len().min(below + 1)).expect("no more customers than i64 ids")
}

fn point(sums: &[Decimal], count: i64, customers: i64, amount: Decimal) -> ParetoPoint {
    let of_amount = ratio::share(sum_of_first(sums, count), amount, SHARE_SCALE);
    ParetoPoint {
        customer_share: ratio::count_share(count, customers, SHARE_SCALE).unwrap_or_default(),
        amount_share: of_amount.unwrap_or_default(),
    }
}

/// The curve at a moment.
pub(crate) async fn curve(
    reporting: &Reporting,
    moment: Moment,
    point_count: i64,
) -> Result<Dated<ParetoCurve>, Fault> {
    source::check_classified(&reporting.db, None, moment).await?;
    let as_of = moment.as_of;
    let amounts = source::amounts(&reporting.db, as_of).await?;
    Ok(Dated { as_of, report: pareto_curve(&amounts, point_count) })
}

/// Points of the curve in the table.
const POINTS: i64 = 100;

const COLUMNS: [(&str, Kind, &str, &str); 3] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("customer_share", Kind::Share, "客户占比", "Share of customers"),
    ("amount_share", Kind::Share, "净销售额占比", "Share of net sales"),
];

/// The report `pareto-curve`.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "pareto-curve",
            label: ["净销售额集中度", "Concentration of net sales"],
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
        let answer = curve(reporting, question.moment, POINTS).await?;
        let row = |point: &ParetoPoint| {
            let shares = [point.customer_share, point.amount_share].map(Cell::Number);
            [vec![Cell::Date(answer.as_of)], shares.to_vec()].concat()
        };
        Ok(Table::new(&COLUMNS, answer.report.points.iter().map(row).collect()))
    }

    async fn charts(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Vec<Chart>, Fault> {
        let (labels, format) = (Labels::of(language), Format::new(language, reporting.currency()));
        let answer = curve(reporting, question.moment, POINTS).await?;
        if answer.report.customers == 0 {
            return Ok(Vec::new());
        }
        Ok(vec![page::chart(&answer.report, labels, &format)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(amounts: &[&str]) -> Vec<(CustomerId, Decimal)> {
        let ids = (1..).map(CustomerId);
        ids.zip(amounts.iter().map(|amount| amount.parse().unwrap())).collect()
    }

    fn shares(curve: &ParetoCurve) -> Vec<(String, String)> {
        let text = |it: &ParetoPoint| (it.customer_share.to_string(), it.amount_share.to_string());
        curve.points.iter().map(text).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(left, right)| ((*left).to_owned(), (*right).to_owned())).collect()
    }

    #[test]
    fn largest_first_and_only_above_zero() {
        let curve = pareto_curve(&rows(&["10", "0", "60", "-5", "20", "10"]), 2);
        assert_eq!(shares(&curve), pairs(&[("0.5000", "0.8000"), ("1.0000", "1.0000")]));
        assert_eq!((curve.customers, curve.amount), (4, Decimal::from(100)));
        assert_eq!((curve.top_fifth_customers, curve.customers_for_80), (1, 2));
        assert_eq!(curve.top_fifth_share().unwrap().to_string(), "0.6000");
    }

    #[test]
    fn no_more_points_than_customers() {
        let curve = pareto_curve(&rows(&["1", "1", "1"]), 100);
        assert_eq!(
            shares(&curve),
            pairs(&[("0.3333", "0.3333"), ("0.6667", "0.6667"), ("1.0000", "1.0000")])
        );
    }

    #[test]
    fn a_fifth_is_rounded_up() {
        let curve = pareto_curve(&rows(&["5", "4", "3", "2", "1", "1"]), 100);
        assert_eq!((curve.top_fifth_customers, curve.top_fifth_amount), (2, Decimal::from(9)));
        assert_eq!(curve.top_fifth_share().unwrap().to_string(), "0.5625");
    }

    #[test]
    fn nobody() {
        let curve = pareto_curve(&rows(&["0", "-1"]), 100);
        assert_eq!(curve, ParetoCurve::default());
        assert_eq!(curve.top_fifth_share(), None);
    }
}
