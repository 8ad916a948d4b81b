//! Counts and amounts by class.

pub(super) mod message;
pub(crate) mod page;

use super::{
    ByClass, ClassCell, Facts, Needs,
    table::{Cell, Kind, Row, Table},
};
use crate::{
    Reporting,
    charts::Chart,
    format::Format,
    labels::Labels,
    ratio::{self, SHARE_SCALE},
    request::Question,
    source::{self, Examples},
};
use async_trait::async_trait;
use kehu_core::label::Language;
use kehu_server::Fault;
use rust_decimal::Decimal;

/// The summary of a taxonomy's classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassSummary {
    /// One entry a class, in the order the classes were given, those without members too.
    pub classes: Vec<ClassFigures>,
    /// The sum over all classes.
    pub total: ClassFigures,
}

/// Figures of one class, or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassFigures {
    /// Customers in it.
    pub customers: i64,
    /// Its share of all customers, 0 to 1, four decimals; zero when there are none.
    pub customer_share: Decimal,
    /// Amount of its customers, net of returns.
    pub amount: Decimal,
    /// Its share of the whole amount, four decimals; `None` when the whole is not above zero.
    pub amount_share: Option<Decimal>,
    /// Completed orders of its customers.
    pub orders: i64,
    /// Mean amount of a completed order before returns; `None` without orders.
    pub mean_order: Option<Decimal>,
    /// Customers that were in it on the comparison date.
    pub earlier: i64,
    /// Customers that are in it and were not: in another class, or new.
    pub joined: i64,
    /// Customers that were in it and are not.
    pub left: i64,
    ordered: Decimal,
}

/// Sums `cells` by class, of which there are `class_count`. Customers without a class count only
/// where they were before. Without a comparison nobody was, joined or left.
pub fn class_summary(class_count: usize, cells: &[ClassCell], compared: bool) -> ClassSummary {
    let mut figures = vec![ClassFigures::default(); class_count];
    let mut total = ClassFigures::default();
    for cell in cells {
        if let Some(class) = cell.to {
            figures[class].add(cell, compared && cell.from != Some(class));
            total.add(cell, compared && cell.from.is_none());
        }
        if let Some(earlier) = cell.from.filter(|_| compared) {
            figures[earlier].add_earlier(cell, cell.to == Some(earlier));
            total.add_earlier(cell, cell.to.is_some());
        }
    }
    let (customers, amount) = (total.customers, total.amount);
    for figures in figures.iter_mut().chain([&mut total]) {
        figures.finish(customers, amount);
    }
    ClassSummary { classes: figures, total }
}

impl ClassFigures {
    fn add(&mut self, cell: &ClassCell, joined: bool) {
        self.customers += cell.customers;
        self.amount += cell.amount;
        self.orders += cell.orders;
        self.ordered += cell.ordered;
        self.joined += if joined { cell.customers } else { 0 };
    }

    fn add_earlier(&mut self, cell: &ClassCell, is_in: bool) {
        self.earlier += cell.customers;
        self.left += if is_in { 0 } else { cell.customers };
    }

    fn finish(&mut self, customers: i64, amount: Decimal) {
        let share = ratio::count_share(self.customers, customers, SHARE_SCALE);
        self.customer_share = share.unwrap_or_default();
        self.amount_share = ratio::share(self.amount, amount, SHARE_SCALE);
        self.mean_order = ratio::mean(self.ordered, self.orders);
    }
}

/// The class summary with the codes of a few members of each class.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) figures: ClassSummary,
    pub(crate) example_codes: Examples,
}

/// What is known of the classes that a question is about.
pub(crate) async fn summary(
    reporting: &Reporting,
    question: &Question,
) -> Result<ByClass<Summary>, Fault> {
    let classified = source::classified(&reporting.db, question).await?;
    let report = Summary {
        figures: class_summary(
            classified.classes.len(),
            &classified.cells,
            question.comparison.is_some(),
        ),
        example_codes: source::examples(&reporting.db, question, &classified.classes).await?,
    };
    Ok(ByClass { classified, report })
}

/// What stands for the class in the sum over all.
const TOTAL: &str = "total";

const COLUMNS: [(&str, Kind, &str, &str); 16] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("comparison_date", Kind::Date, "对比日期", "Compared with"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("label", Kind::Text, "类别", "Class"),
    ("strategy_summary", Kind::Text, "策略", "Strategy"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("customer_share", Kind::Share, "客户占比", "Share of customers"),
    ("amount", Kind::Amount, "净销售额", "Net sales"),
    ("amount_share", Kind::Share, "净销售额占比", "Share of net sales"),
    ("currency_code", Kind::Id, "币种", "Currency"),
    ("order_count", Kind::Count, "订单数", "Orders"),
    ("mean_order_amount", Kind::Amount, "平均订单金额", "Mean order"),
    ("earlier_customer_count", Kind::Count, "此前客户数", "Before"),
    ("joined_count", Kind::Count, "转入", "Joined"),
    ("left_count", Kind::Count, "转出", "Left"),
    ("example_codes", Kind::Text, "编码示例", "Example codes"),
];

/// The report `class-summary`.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "class-summary",
            label: ["类别汇总", "Class summary"],
            needs: Needs::Taxonomy,
            charted: true,
            ..Facts::NONE
        }
    }

    async fn table(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Table, Fault> {
        let answer = summary(reporting, question).await?;
        let currency = reporting.currency();
        let Summary { figures, example_codes } = &answer.report;
        let comparison = Cell::optional_date(question.comparison);
        let dates = [Cell::Date(answer.classified.as_of), comparison];
        let mut rows = Vec::new();
        for (place, class) in answer.classified.classes.iter().enumerate() {
            let mut row = dates.to_vec();
            row.push(Cell::id(&class.id));
            row.push(Cell::text(class.label.get(language)));
            row.push(Cell::text(class.strategy_summary.get(language)));
            row.extend(cells(&figures.classes[place], currency));
            row.push(Cell::text(&example_codes[place].join("; ")));
            rows.push(row);
        }
        let mut total = dates.to_vec();
        let label = Labels::of(language).total;
        total.extend([Cell::id(TOTAL), Cell::text(label), Cell::Null]);
        total.extend(cells(&figures.total, currency));
        total.push(Cell::Null);
        rows.push(total);
        Ok(Table::new(&COLUMNS, rows))
    }

    async fn charts(
        &self,
        reporting: &Reporting,
        question: &Question,
        language: Language,
    ) -> Result<Vec<Chart>, Fault> {
        let (labels, format) = (Labels::of(language), Format::new(language, reporting.currency()));
        let answer = summary(reporting, question).await?;
        let classes = &answer.classified.classes;
        let names: Vec<&str> = classes.iter().map(|class| class.label.get(language)).collect();
        Ok(vec![page::chart(&answer.report.figures, &names, labels, &format)])
    }
}

fn cells(figures: &ClassFigures, currency: &str) -> Row {
    vec![
        Cell::Count(figures.customers),
        Cell::Number(figures.customer_share),
        Cell::Number(figures.amount),
        Cell::optional(figures.amount_share),
        Cell::id(currency),
        Cell::Count(figures.orders),
        Cell::optional(figures.mean_order),
        Cell::Count(figures.earlier),
        Cell::Count(figures.joined),
        Cell::Count(figures.left),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::migration_matrix::tests::cell;
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn sums_by_class() {
        let cells = [
            cell(Some(0), Some(0), "60", "70", 2),
            cell(Some(0), Some(1), "30", "30", 1),
            cell(Some(1), None, "10.01", "10.01", 1),
            cell(Some(1), Some(1), "-0.01", "0", 0),
            cell(None, Some(1), "0", "0", 0),
        ];
        let summary = class_summary(3, &cells, true);

        let a = &summary.classes[0];
        assert_eq!((a.customers, a.orders, a.amount), (2, 3, decimal("90")));
        assert_eq!(a.customer_share, decimal("0.5"));
        assert_eq!(a.amount_share, Some(decimal("0.9")));
        assert_eq!(a.mean_order, Some(decimal("33.3333")));
        assert_eq!((a.earlier, a.joined, a.left), (1, 1, 0));

        let b = &summary.classes[1];
        assert_eq!((b.customers, b.amount), (2, decimal("10")));
        assert_eq!((b.earlier, b.joined, b.left), (3, 1, 2));

        let c = &summary.classes[2];
        assert_eq!((c.customers, c.amount_share), (0, Some(decimal("0"))));
        assert_eq!(c.mean_order, None);

        let total = &summary.total;
        assert_eq!((total.customers, total.amount), (4, decimal("100")));
        assert_eq!((total.customer_share, total.amount_share), (decimal("1"), Some(decimal("1"))));
        assert_eq!((total.earlier, total.joined, total.left), (4, 1, 1));
        for it in summary.classes.iter().chain([total]) {
            assert_eq!(it.customers, it.earlier + it.joined - it.left);
        }
    }

    #[test]
    fn nobody_and_nothing() {
        let none = class_summary(1, &[], false);
        assert_eq!(none.total.customer_share, Decimal::ZERO);
        assert_eq!(none.total.amount_share, None);

        let lost = class_summary(1, &[cell(Some(0), None, "-5", "0", 0)], false);
        assert_eq!((lost.total.joined, lost.classes[0].joined), (0, 0));
        assert_eq!(lost.classes[0].amount_share, None);
        assert_eq!(lost.classes[0].customer_share, Decimal::ONE);
    }
}
