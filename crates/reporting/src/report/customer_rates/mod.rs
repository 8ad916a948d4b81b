//! Who buys again, who is won back, and how satisfied they are, by class and period.

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
    bulk::ColumnType::{I32, I64, OptText},
    reports::Basis,
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What the queries count, each in the order of its columns.
const OF_ORDERS: [&str; 4] = ["buyers", "repeaters", "lost", "won_back"];
const OF_ANSWERS: [&str; 5] = ["csat_count", "csat_points", "nps_count", "promoters", "detractors"];

/// The counts of both queries, one after the other.
pub(super) type Counts = [i64; OF_ORDERS.len() + OF_ANSWERS.len()];

/// By the place of the span, two a period, and that of the class.
pub(super) type CountsByClass = BTreeMap<(usize, usize), Counts>;

const OF_CLASS: [(&str, Kind, &str, &str); 2] =
    [("class_id", Kind::Id, "类别标识", "Class id"), ("class_label", Kind::Text, "类别", "Class")];

const FIGURES: [(&str, Kind, &str, &str); 15] = [
    ("buyer_count", Kind::Count, "购买客户数", "Buying customers"),
    ("repurchase_rate", Kind::Share, "复购率", "Repurchase rate"),
    ("before_repurchase_rate", Kind::Share, "同期复购率", "Repurchase rate before"),
    ("repurchase_rate_growth", Kind::Share, "复购率增幅", "Growth of the repurchase rate"),
    ("lost_count", Kind::Count, "期初流失客户数", "Lost before the period"),
    ("win_back_rate", Kind::Share, "挽回率", "Win-back rate"),
    ("before_win_back_rate", Kind::Share, "同期挽回率", "Win-back rate before"),
    ("win_back_rate_growth", Kind::Share, "挽回率增幅", "Growth of the win-back rate"),
    ("csat_count", Kind::Count, "满意度回答数", "CSAT answers"),
    ("csat_mean", Kind::Number, "平均满意度", "Mean CSAT"),
    ("before_csat_mean", Kind::Number, "同期平均满意度", "Mean CSAT before"),
    ("csat_mean_growth", Kind::Share, "满意度增幅", "Growth of the mean CSAT"),
    ("nps_count", Kind::Count, "推荐意愿回答数", "NPS answers"),
    ("nps", Kind::Number, "净推荐值", "NPS"),
    ("before_nps", Kind::Number, "同期净推荐值", "NPS before"),
];

/// What the rates mean.
const DEFINITIONS: [(&str, &str, &str); 6] = [
    (
        "repurchase_rate",
        "期间内有两笔及以上已完成订单的客户数 ÷ 期间内有已完成订单的客户数。",
        "Customers with two or more completed orders in the period, over customers with any.",
    ),
    (
        "lost_count",
        "期间开始前一日，距最后一笔已完成订单超过 270 天的客户数。",
        "Customers whose last completed order was more than 270 days before the eve of the period.",
    ),
    (
        "win_back_rate",
        "期初流失客户中，期间内有已完成订单者所占比例。",
        "Of the customers lost before the period, the share with a completed order in it.",
    ),
    (
        "csat_mean",
        "期间内满意度回答换算为 0–100 分的平均值，100 为最满意。",
        "Mean of the satisfaction answers of the period in points from 0 to 100, the best.",
    ),
    (
        "nps",
        "推荐者（9–10 分）占比减去贬损者（0–6 分）占比，乘以 100。",
        "The share of promoters (9 and 10) less that of detractors (0 to 6), times 100.",
    ),
    (
        "repurchase_rate_growth",
        "（本期 − 同期）÷ 同期。各增幅均按此计算。",
        "The period less the same period before, over the latter; so for every growth.",
    ),
];

/// The report `customer-rates`: for each period a row a class, one for customers without a class if
/// there are any, and one for all. Classes are those on the earlier date, when one is named, else
/// those on the date itself.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "customer-rates",
            label: ["复购率、挽回率与满意度", "Repurchase, win-back and satisfaction"],
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
        let counts = counts(reporting, question, &periods, &classes).await?;
        let mut rows = Vec::new();
        for (place, period) in periods.iter().enumerate() {
            let spans = [2 * place, 2 * place + 1];
            let mut all = [Counts::default(); 2];
            for class in 0..=classes.len() {
                let found = spans.map(|span| counts.get(&(span, class)));
                if class == classes.len() && found.iter().all(Option::is_none) {
                    continue;
                }
                let found = found.map(|counts| counts.copied().unwrap_or_default());
                for (sums, counts) in all.iter_mut().zip(found) {
                    sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                }
                let id = classes.get(class).map(|class| class.id.as_str());
                let of_class = class_cells(id, &classes, language);
                rows.push([&period.cells(language)[..], &of_class, &cells(found)].concat());
            }
            let total = [Cell::id("total"), Cell::text(Labels::of(language).total)];
            rows.push([&period.cells(language)[..], &total, &cells(all)].concat());
        }
        let table = Table::new(&[&period::COLUMNS[..], &OF_CLASS, &FIGURES].concat(), rows);
        Ok(table.with_definitions(&DEFINITIONS))
    }
}

pub(super) async fn counts(
    reporting: &Reporting,
    question: &Question,
    periods: &[Period],
    classes: &[Class],
) -> Result<CountsByClass, Fault> {
    let earlier = question.comparison.or(Some(question.moment.as_of));
    let basis = Basis { periods: period::spans(periods), earlier, ..source::basis(question) };
    let mut counts = CountsByClass::new();
    let queries = [
        (include_str!("orders.sql"), &OF_ORDERS[..], 0),
        (include_str!("answers.sql"), &OF_ANSWERS[..], OF_ORDERS.len()),
    ];
    for (query, names, first) in queries {
        let columns = [("period", I32), ("class_id", OptText)];
        let columns = columns.into_iter().chain(names.iter().map(|name| (*name, I64)));
        let columns: Vec<_> = columns.collect();
        let found = basis.rows(&reporting.db, query, &columns).await?;
        for row in 0..found.len() {
            let span = usize::try_from(found.whole("period", row)?).map_err(Fault::internal)?;
            let class = place_of(found.text("class_id", row)?, classes);
            let counts = counts.entry((span, class)).or_default();
            for (count, name) in counts[first..].iter_mut().zip(names) {
                *count = found.whole(name, row)?;
            }
        }
    }
    Ok(counts)
}

/// Who bought in a period, and who of them more than once.
pub(super) fn repurchase(counts: &Counts) -> (i64, i64) {
    let [buyers, repeaters, ..] = *counts;
    (buyers, repeaters)
}

/// The rates that counts come to: repurchase, win-back, mean CSAT, NPS; null of nobody.
fn rates(counts: Counts) -> [Option<Decimal>; 4] {
    let [buyers, repeaters, lost, won_back, csat, csat_points, nps, promoters, detractors] = counts;
    [
        ratio::count_share(repeaters, buyers, SHARE_SCALE),
        ratio::count_share(won_back, lost, SHARE_SCALE),
        ratio::mean(Decimal::new(csat_points, 4), csat),
        ratio::mean(Decimal::from(100 * (promoters - detractors)), nps),
    ]
}

/// The cells of [`FIGURES`], of a period and of the same before.
fn cells(counts: [Counts; 2]) -> Vec<Cell> {
    let [buyers, _, lost, _, csat, _, nps, ..] = counts[0];
    let (now, before) = (rates(counts[0]), rates(counts[1]));
    let mut cells = Vec::with_capacity(FIGURES.len());
    for (place, base) in [buyers, lost, csat, nps].into_iter().enumerate() {
        let (now, before) = (now[place], before[place]);
        cells.extend([Cell::Count(base), Cell::optional(now), Cell::optional(before)]);
        let growth = now
            .zip(before)
            .and_then(|(now, before)| ratio::share(now - before, before, SHARE_SCALE));
        cells.push(Cell::optional(growth));
    }
    // The NPS goes from −100 to 100, and has no growth in percent.
    cells.pop();
    cells
}
