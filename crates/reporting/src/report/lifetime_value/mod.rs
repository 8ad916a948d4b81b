//! Who buys again, and what customers are still worth, by class and period.

use super::{
    Facts, Needs,
    customer_rates::{CountsByClass, counts, repurchase},
    of_class::class_cells,
    period::{self, Period, Span},
    statistics::Values,
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
use rust_decimal::Decimal;
use std::collections::{BTreeMap, btree_map::Entry};

/// What customers are worth: from the date on, and up to it.
const FEATURES: [&str; 2] = ["clv_365d", "profit_total"];

const OF_CLASS: [(&str, Kind, &str, &str); 2] =
    [("class_id", Kind::Id, "类别标识", "Class id"), ("class_label", Kind::Text, "类别", "Class")];

const FIGURES: [(&str, Kind, &str, &str); 11] = [
    ("buyer_count", Kind::Count, "购买客户数", "Buying customers"),
    ("repurchase_rate", Kind::Share, "复购率", "Repurchase rate"),
    ("before_repurchase_rate", Kind::Share, "同期复购率", "Repurchase rate before"),
    ("repurchase_rate_growth", Kind::Share, "复购率增幅", "Growth of the repurchase rate"),
    ("valued_count", Kind::Count, "有预期价值的客户数", "Customers with a lifetime value"),
    ("clv_mean", Kind::Amount, "平均客户终身价值", "Mean lifetime value"),
    ("before_clv_mean", Kind::Amount, "同期平均客户终身价值", "Mean lifetime value before"),
    ("clv_growth", Kind::Share, "客户终身价值增幅", "Growth of the lifetime value"),
    ("profit_mean", Kind::Amount, "平均历史利润", "Mean profit to date"),
    ("before_profit_mean", Kind::Amount, "同期平均历史利润", "Mean profit to date before"),
    ("currency_code", Kind::Id, "币种", "Currency"),
];

const DEFINITIONS: [(&str, &str, &str); 3] = [
    (
        "repurchase_rate",
        "期间内有两笔及以上已完成订单的客户数 ÷ 期间内有已完成订单的客户数。",
        "Customers with two or more completed orders in the period, over customers with any.",
    ),
    (
        "clv_mean",
        "期末之后 365 天预期利润的现值（指标 clv_365d），在有该值的客户中取平均；尚无启用的模型时为空。",
        "What the 365 days after the period are expected to earn, discounted to its end (feature \
         clv_365d), mean over customers who have it; null before a model is promoted.",
    ),
    (
        "profit_mean",
        "截至期末的累计利润（指标 profit_total），即历史终身价值，在成本已知的客户中取平均。",
        "Profit up to the end of the period (feature profit_total), the lifetime value that is \
         history, mean over customers whose costs are known.",
    ),
];

/// The report `lifetime-value`: for each period a row a class, and one for all who have a class.
/// Classes are those on the earlier date, when one is named, else those on the date itself.
pub(crate) struct Report;

/// The values at the ends of periods, by date.
type Worth = BTreeMap<NaiveDate, Values>;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "lifetime-value",
            label: ["复购率与客户终身价值", "Repurchase and lifetime value"],
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
        let bought = counts(reporting, question, &periods, &classes).await?;
        let worth = worth(reporting, question, &periods).await?;
        let mut rows = Vec::new();
        for (place, period) in periods.iter().enumerate() {
            let of_period = OfPeriod { place, period, bought: &bought, worth: &worth };
            for class in 0..=classes.len() {
                let of_class = match classes.get(class) {
                    Some(it) => class_cells(Some(&it.id), &classes, language),
                    None => [Cell::id("total"), Cell::text(Labels::of(language).total)],
                };
                let figures = of_period.figures(class, classes.len(), reporting.currency());
                rows.push([&period.cells(language)[..], &of_class, &figures].concat());
            }
        }
        let table = Table::new(&[&period::COLUMNS[..], &OF_CLASS, &FIGURES].concat(), rows);
        Ok(table.with_definitions(&DEFINITIONS))
    }
}

/// Reads what customers are worth at the end of each period and of the same before.
async fn worth(
    reporting: &Reporting,
    question: &Question,
    periods: &[Period],
) -> Result<Worth, Fault> {
    let features = FEATURES.map(str::to_owned).to_vec();
    let question = Question { features, ..question.clone() };
    let mut worth = Worth::new();
    for (_, last) in period::spans(periods) {
        if let Entry::Vacant(place) = worth.entry(last) {
            place.insert(Values::read_on(reporting, &question, last).await?);
        }
    }
    Ok(worth)
}

/// What is known of one period.
struct OfPeriod<'a> {
    place: usize,
    period: &'a Period,
    bought: &'a CountsByClass,
    worth: &'a Worth,
}

impl OfPeriod<'_> {
    /// The cells of [`FIGURES`] of a class, or of all when it is behind the last one.
    fn figures(&self, class: usize, classes: usize, currency: &str) -> Row {
        let [now, before] = [0, 1].map(|it| self.repurchase(2 * self.place + it, class, classes));
        let mut row = vec![Cell::Count(now.0)];
        row.extend([now.1, before.1, growth(now.1, before.1)].map(Cell::optional));
        let spans = [self.period.span, self.period.before];
        let [(valued, clv), (_, clv_before)] = spans.map(|span| self.mean(span, class, 0));
        let [(_, profit), (_, profit_before)] = spans.map(|span| self.mean(span, class, 1));
        row.push(Cell::Count(valued));
        row.extend([clv, clv_before, growth(clv, clv_before)].map(Cell::optional));
        row.extend([profit, profit_before].map(Cell::optional));
        row.push(Cell::id(currency));
        row
    }

    /// Who bought in a span, and which share of them more than once.
    fn repurchase(&self, span: usize, class: usize, classes: usize) -> (i64, Option<Decimal>) {
        let of = if class < classes { class..class + 1 } else { 0..classes };
        let found = of.filter_map(|class| self.bought.get(&(span, class)));
        let (buyers, repeaters) = found
            .map(repurchase)
            .fold((0, 0), |sum, (buyers, repeaters)| (sum.0 + buyers, sum.1 + repeaters));
        (buyers, ratio::count_share(repeaters, buyers, SHARE_SCALE))
    }

    /// How many have a value of the feature at this place at the end of a span, and its mean.
    fn mean(&self, span: Span, class: usize, feature: usize) -> (i64, Option<Decimal>) {
        let Some(values) = self.worth.get(&span.1) else { return (0, None) };
        values.mean(class, feature)
    }
}

fn growth(now: Option<Decimal>, before: Option<Decimal>) -> Option<Decimal> {
    let (now, before) = now.zip(before)?;
    ratio::share(now - before, before, SHARE_SCALE)
}
