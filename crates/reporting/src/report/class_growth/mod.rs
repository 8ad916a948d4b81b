//! Sales of a period by class against the same period before.

use super::{
    Facts, Needs,
    of_class::{class_cells, place_of},
    period::{self, Period},
    table::{Cell, Kind, Table},
};
use crate::{
    Reporting,
    labels::Labels,
    ratio::{self, SHARE_SCALE},
    request::Question,
    source,
};
use async_trait::async_trait;
use kehu_core::{label::Language, taxonomy::Class};
use kehu_server::Fault;
use kehu_storage::{
    bulk::ColumnType::{self, I32, I64, OptText},
    reports::Basis,
};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, ops::AddAssign};

const SALES: [(&str, ColumnType); 6] = [
    ("period", I32),
    ("class_id", OptText),
    ("customers", I64),
    ("orders", I64),
    ("amount_high", I64),
    ("amount_low", I64),
];

/// The sales of some customers in a period.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sales {
    customers: i64,
    orders: i64,
    amount: Decimal,
}

impl AddAssign for Sales {
    fn add_assign(&mut self, other: Self) {
        self.customers += other.customers;
        self.orders += other.orders;
        self.amount += other.amount;
    }
}

/// By the place of the span, two a period, and that of the class.
pub(super) type SalesByClass = BTreeMap<(usize, usize), Sales>;

const OF_CLASS: [(&str, Kind, &str, &str); 2] =
    [("class_id", Kind::Id, "类别标识", "Class id"), ("class_label", Kind::Text, "类别", "Class")];

pub(super) const FIGURES: [(&str, Kind, &str, &str); 7] = [
    ("customer_count", Kind::Count, "购买客户数", "Buying customers"),
    ("order_count", Kind::Count, "订单数", "Orders"),
    ("amount", Kind::Amount, "净销售额", "Net sales"),
    ("before_customer_count", Kind::Count, "同期购买客户数", "Buying customers before"),
    ("before_order_count", Kind::Count, "同期订单数", "Orders before"),
    ("before_amount", Kind::Amount, "同期净销售额", "Net sales before"),
    ("amount_growth", Kind::Share, "净销售额增长率", "Growth of net sales"),
];

/// The report `class-growth`: for each period a row a class, one for customers without a class if
/// some bought in it or before, and the sum. Classes are those on the earlier date, when one is
/// named, else those on the date itself.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "class-growth",
            label: ["各类别销售增长", "Growth by class"],
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
        let periods = Period::up_to(question.moment.as_of);
        let sales = sales(reporting, question, &periods, &classes).await?;
        let currency = Cell::id(reporting.currency());
        let mut rows = Vec::new();
        for (place, period) in periods.iter().enumerate() {
            let mut all = [Sales::default(); 2];
            for class in 0..=classes.len() {
                let found = [2 * place, 2 * place + 1].map(|span| sales.get(&(span, class)));
                if class == classes.len() && found.iter().all(Option::is_none) {
                    continue;
                }
                let found = found.map(|sales| sales.copied().unwrap_or_default());
                for (sum, sales) in all.iter_mut().zip(found) {
                    *sum += sales;
                }
                let id = classes.get(class).map(|class| class.id.as_str());
                let of_class = class_cells(id, &classes, language);
                rows.push([&period.cells(language)[..], &of_class, &cells(found)].concat());
            }
            let total = [Cell::id("total"), Cell::text(Labels::of(language).total)];
            rows.push([&period.cells(language)[..], &total, &cells(all)].concat());
        }
        for row in &mut rows {
            row.push(currency.clone());
        }
        let last = [("currency_code", Kind::Id, "币种", "Currency")];
        let columns = [&period::COLUMNS[..], &OF_CLASS, &FIGURES, &last].concat();
        Ok(Table::new(&columns, rows))
    }
}

pub(super) async fn sales(
    reporting: &Reporting,
    question: &Question,
    periods: &[Period],
    classes: &[Class],
) -> Result<SalesByClass, Fault> {
    let basis = source::basis(question);
    let earlier = question.comparison.or(Some(question.moment.as_of));
    let basis = Basis { periods: period::spans(periods), earlier, ..basis };
    let found = basis.rows(&reporting.db, include_str!("sales.sql"), &SALES).await?;
    let mut sales = SalesByClass::new();
    for row in 0..found.len() {
        let span = usize::try_from(found.whole("period", row)?).map_err(Fault::internal)?;
        let class = place_of(found.text("class_id", row)?, classes);
        let of_row = Sales {
            customers: found.whole("customers", row)?,
            orders: found.whole("orders", row)?,
            amount: found.amount("amount", row)?,
        };
        sales.insert((span, class), of_row);
    }
    Ok(sales)
}

/// The cells of [`FIGURES`], of the sales of a period and of the same before. What was nothing or
/// less has not grown by any share.
pub(super) fn cells([now, before]: [Sales; 2]) -> [Cell; 7] {
    [
        Cell::Count(now.customers),
        Cell::Count(now.orders),
        Cell::Number(now.amount),
        Cell::Count(before.customers),
        Cell::Count(before.orders),
        Cell::Number(before.amount),
        Cell::optional(growth([now, before])),
    ]
}

/// By which share the amount has grown.
pub(super) fn growth([now, before]: [Sales; 2]) -> Option<Decimal> {
    ratio::share(now.amount - before.amount, before.amount, SHARE_SCALE)
}
