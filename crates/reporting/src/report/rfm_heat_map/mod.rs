//! Customers by recency and frequency bin.

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
use kehu_core::{CustomerId, label::Language};
use kehu_server::Fault;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// One scored customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Recency bin, 5 the most recent; `None` without a completed order.
    pub recency: Option<i32>,
    /// Frequency bin, 5 the most orders.
    pub frequency: Option<i32>,
    /// Amount up to the date, net of returns.
    pub amount: Decimal,
}

/// The cells that have customers, by recency, then frequency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeatMap {
    /// The cells.
    pub cells: Vec<HeatMapCell>,
}

/// Customers with one pair of bins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatMapCell {
    /// Recency bin, 1 the longest ago.
    pub recency: i32,
    /// Frequency bin, 1 the fewest orders.
    pub frequency: i32,
    /// How many customers.
    pub customers: i64,
    /// Their amount.
    pub amount: Decimal,
}

/// Counts customers by the pair of their bins; those without one of the two are left out.
pub fn heat_map(rows: &[Scored]) -> HeatMap {
    let mut cells: BTreeMap<(i32, i32), (i64, Decimal)> = BTreeMap::new();
    for row in rows {
        let (Some(recency), Some(frequency)) = (row.recency, row.frequency) else { continue };
        let (customers, amount) = cells.entry((recency, frequency)).or_default();
        *customers += 1;
        *amount += row.amount;
    }
    let cell = |((recency, frequency), (customers, amount))| HeatMapCell {
        recency,
        frequency,
        customers,
        amount,
    };
    HeatMap { cells: cells.into_iter().map(cell).collect() }
}

impl HeatMap {
    /// The cell of a pair of bins, or `None` when it has no customers.
    pub fn cell(&self, recency: i32, frequency: i32) -> Option<&HeatMapCell> {
        self.cells.iter().find(|cell| (cell.recency, cell.frequency) == (recency, frequency))
    }
}

/// The heat map at a moment. [`Fault::Precondition`] when nobody was scored.
pub(crate) async fn map(reporting: &Reporting, moment: Moment) -> Result<Dated<HeatMap>, Fault> {
    let as_of = moment.as_of;
    let amounts = source::amounts(&reporting.db, as_of).await?;
    let report = map_of(reporting, &amounts, moment).await?;
    if report.cells.is_empty() {
        return Err(Fault::Precondition {
            kind: "SCORED",
            subject: "scorecards/rfm".to_owned(),
            description: format!(
                "no customer has RFM bins true on {as_of} as known then: start a scoring \
                 under rfm as of {as_of}, or ask for a later date or time"
            ),
        });
    }
    Ok(Dated { as_of, report })
}

/// The heat map of customers and their amounts; without cells when nobody was scored.
pub(crate) async fn map_of(
    reporting: &Reporting,
    amounts: &[(CustomerId, Decimal)],
    moment: Moment,
) -> Result<HeatMap, Fault> {
    let customers: Vec<_> = amounts.iter().map(|(customer, _)| *customer).collect();
    let bins = source::rfm_bins(&reporting.db, &customers, moment).await?;
    let mut scored = Vec::with_capacity(amounts.len());
    for (customer, amount) in amounts {
        let (recency, frequency) = bins.get(customer).copied().unwrap_or_default();
        scored.push(Scored { recency, frequency, amount: *amount });
    }
    Ok(heat_map(&scored))
}

const COLUMNS: [(&str, Kind, &str, &str); 6] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("recency_bin", Kind::Count, "最近购买", "Recency"),
    ("frequency_bin", Kind::Count, "购买频率", "Frequency"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("amount", Kind::Amount, "净销售额", "Net sales"),
    ("currency_code", Kind::Id, "币种", "Currency"),
];

/// The report `rfm-heat-map`.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "rfm-heat-map",
            label: ["最近购买与购买频率", "Recency and frequency"],
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
        let answer = map(reporting, question.moment).await?;
        let mut rows = Vec::with_capacity(answer.report.cells.len());
        for cell in &answer.report.cells {
            rows.push(vec![
                Cell::Date(answer.as_of),
                Cell::Count(cell.recency.into()),
                Cell::Count(cell.frequency.into()),
                Cell::Count(cell.customers),
                Cell::Number(cell.amount),
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
        let answer = map(reporting, question.moment).await?;
        Ok(page::charts(&answer.report, labels, &format).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(recency: Option<i32>, frequency: Option<i32>, amount: i64) -> Scored {
        Scored { recency, frequency, amount: Decimal::from(amount) }
    }

    #[test]
    fn counts_pairs_of_bins() {
        let map = heat_map(&[
            scored(Some(5), Some(1), 3),
            scored(Some(1), Some(2), 4),
            scored(Some(5), Some(1), -1),
            scored(None, Some(1), 100),
            scored(Some(2), None, 100),
        ]);
        let cells: Vec<_> = map.cells.iter().map(|it| (it.recency, it.frequency)).collect();
        assert_eq!(cells, [(1, 2), (5, 1)]);
        let best = map.cell(5, 1).unwrap();
        assert_eq!((best.customers, best.amount), (2, Decimal::from(2)));
        assert_eq!(map.cell(5, 5), None);
    }
}
