//! How loyal the members of each class are, month by month: the mean of the scorecard `loyalty-index`.

mod months;

use super::{
    Facts, Needs,
    of_class::{class_cells, place_of},
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
use kehu_core::{label::Language, scorecard::Scorecard};
use kehu_server::Fault;
use kehu_storage::definitions;
use months::{Indices, Month};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// The scorecard that is the index.
const SCORECARD: &str = "loyalty-index";

const COLUMNS: [(&str, Kind, &str, &str); 12] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("month_end", Kind::Date, "月末", "End of the month"),
    ("customer_count", Kind::Count, "有指数的客户数", "Customers with an index"),
    ("loyalty_index", Kind::Number, "平均忠诚度指数", "Mean loyalty index"),
    ("month_change", Kind::Number, "较上月", "Against the month before"),
    ("year_change", Kind::Number, "较去年同月", "Against the year before"),
    ("high_count", Kind::Count, "高忠诚度客户", "Highly loyal"),
    ("medium_count", Kind::Count, "中等忠诚度客户", "Fairly loyal"),
    ("low_count", Kind::Count, "低忠诚度客户", "Hardly loyal"),
    ("high_share", Kind::Share, "高忠诚度占比", "Share of the highly loyal"),
];

const DEFINITIONS: [(&str, &str, &str); 4] = [
    (
        "month_end",
        "当月最后一天；最后一个月为截止日期。类别为当天的类别。尚未评价的月份没有行。",
        "The last day of the month; of the last one the date. Classes are those of that day. A month \
         that was not evaluated has no rows.",
    ),
    (
        "loyalty_index",
        "评分卡 loyalty-index 的平均分，0 至 100：最近购买、合作年限、有购买的月数、复购与推荐意愿按权重相加。\
         没有购买过的客户没有指数。",
        "The mean score of the scorecard loyalty-index, 0 to 100: recency, tenure, months with orders, \
         repeat orders and recommendation by their weights. Who never bought has none.",
    ),
    (
        "month_change",
        "平均指数较上月月末的变化（分）；上月没有指数时为空。",
        "By how many points the mean differs from that of the month before; empty without one.",
    ),
    (
        "high_count",
        "等级为 H 的客户：指数 70 及以上；M 为 40 及以上，其余为 L。",
        "Customers of grade H, an index of 70 and above; M is 40 and above, L the rest.",
    ),
];

/// The report `loyalty-trend`: for each class a row a month, then those of all classes together.
pub(crate) struct Report;

#[async_trait]
impl super::Report for Report {
    fn facts(&self) -> Facts {
        Facts {
            id: "loyalty-trend",
            label: ["忠诚度趋势", "Trend of loyalty"],
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
        let as_of = question.moment.as_of;
        source::check_classified(&reporting.db, Some(&question.taxonomy), question.moment).await?;
        if definitions::in_force::<Scorecard>(&reporting.db, &[SCORECARD]).await?.is_empty() {
            return Err(not_scored(as_of));
        }
        let months = months::read(reporting, question).await?;
        let named: BTreeSet<&str> =
            months.iter().flat_map(|month| month.classes.keys()).map(String::as_str).collect();
        if named.is_empty() {
            return Err(not_scored(as_of));
        }
        let dates: Vec<NaiveDate> = months.iter().map(|month| month.end).collect();
        let classes = source::classes_of(&reporting.db, question, &dates, &named).await?;
        let mut ordered: Vec<&str> = named.into_iter().collect();
        ordered.sort_by_key(|class| place_of(Some(class), &classes));
        let mut rows = Vec::new();
        for class in ordered {
            let cells = class_cells(Some(class), &classes, language);
            add_rows(as_of, &cells, &months, |month| month.classes.get(class), &mut rows);
        }
        let total = [Cell::id("total"), Cell::text(Labels::of(language).total)];
        add_rows(as_of, &total, &months, |month| Some(&month.all), &mut rows);
        Ok(Table::new(&COLUMNS, rows).with_definitions(&DEFINITIONS))
    }
}

fn not_scored(as_of: NaiveDate) -> Fault {
    Fault::Precondition {
        kind: "SCORED",
        subject: format!("scorecards/{SCORECARD}"),
        description: format!(
            "no customer has a loyalty index and a class in the twelve months before {as_of}: publish \
             {SCORECARD} and start a scoring under it"
        ),
    }
}

/// Adds the rows of a class, the earliest month first.
fn add_rows<'m>(
    as_of: NaiveDate,
    class: &[Cell; 2],
    months: &'m [Month],
    of: impl Fn(&'m Month) -> Option<&'m Indices>,
    rows: &mut Vec<Row>,
) {
    let indices: Vec<Option<&Indices>> = months.iter().map(of).collect();
    let mean = |place: Option<usize>| place.and_then(|place| (*indices.get(place)?)?.mean());
    for (place, month) in months.iter().enumerate() {
        let Some(found) = indices[place].filter(|indices| indices.customers > 0) else { continue };
        let change = |back: usize| Some(mean(Some(place))? - mean(place.checked_sub(back))?);
        let mut row = vec![Cell::Date(as_of)];
        row.extend(class.iter().cloned());
        row.extend([Cell::Date(month.end), Cell::Count(found.customers)]);
        row.extend([mean(Some(place)), change(1), change(12)].map(Cell::optional));
        row.extend([found.high, found.medium, found.low].map(Cell::Count));
        let share = ratio::count_share(found.high, found.customers, SHARE_SCALE);
        row.push(Cell::optional(share));
        rows.push(row);
    }
}

impl Indices {
    fn mean(&self) -> Option<Decimal> {
        ratio::mean(self.sum, self.customers)
    }
}
