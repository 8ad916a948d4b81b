//! Where there is something to gain: which classes grow, and which customers are close to the next
//! class above theirs.

mod near;

use super::{
    Facts, Needs,
    class_growth::{self, Sales},
    of_class::class_cells,
    period::{self, Period},
    table::{Cell, Column, Kind, Row, Table},
};
use crate::{Reporting, request::Question, source};
use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use kehu_core::{CustomerId, Value, label::Language, taxonomy::Class};
use kehu_server::{Fault, names};
use kehu_storage::{
    coding::codes,
    facts::{self, CustomerSet},
};
use near::{Close, Ladder};
use rust_decimal::Decimal;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Customers in memory at once.
const CUSTOMERS_AT_ONCE: u64 = 5_000;

const RANK: [(&str, Kind, &str, &str); 3] = [
    ("growth_rank", Kind::Count, "增长排名", "Rank by growth"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
];
const WITHIN_REACH: [(&str, Kind, &str, &str); 3] = [
    ("close_customer_count", Kind::Count, "接近该类的客户数", "Customers close to it"),
    ("close_amount", Kind::Amount, "其近 365 天净销售额", "Their net sales of 365 days"),
    ("currency_code", Kind::Id, "币种", "Currency"),
];
const COLUMNS: [(&str, Kind, &str, &str); 12] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("customer", Kind::Id, "客户", "Customer"),
    ("code", Kind::Text, "客户编码", "Code"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("next_class_id", Kind::Id, "接近的类别标识", "Next class id"),
    ("next_class_label", Kind::Text, "接近的类别", "Next class"),
    ("amount_365d", Kind::Amount, "近 365 天净销售额", "Net sales of 365 days"),
    ("feature", Kind::Id, "尚缺指标", "What is missing"),
    ("value", Kind::Number, "当前值", "Value"),
    ("limit", Kind::Number, "界值", "Limit"),
    ("gap", Kind::Number, "差距", "Gap"),
];
const DEFINITIONS: [(&str, &str, &str); 2] = [
    (
        "next_class_id",
        "级别高于当前类别的类别中最近的一个：其规则尚不成立，但把各数值界限放宽 10 %（整数至少放宽 1）即成立。",
        "Of the classes that stand higher the nearest whose rule does not hold, but would with its \
         limits on numbers a tenth wider, those on whole numbers by one at least.",
    ),
    (
        "gap",
        "当前值距界值还差多少；为 0 时须越过界值。",
        "How much the value lacks to the limit; of zero, that it has to pass it.",
    ),
];
const REACH: [(&str, &str, &str); 2] = [
    (
        "growth_rank",
        "各期间内按净销售额增长率从高到低排名；无增长率者最后。",
        "In each period by growth of net sales, the greatest first; without growth last.",
    ),
    (
        "close_customer_count",
        "级别低于该类、规则的数值界限放宽 10 %（整数至少放宽 1）即可升入该类的客户数。",
        "Customers of lower classes who would come into this one with its limits on numbers a tenth \
         wider, those on whole numbers by one at least.",
    ),
];

/// The report `class-opportunities`: for each period the classes by growth of their sales, with how many
/// customers are close to each.
pub(crate) struct ByClass;

/// The report `close-customers`: who is close to the next class above its own, a row for each bound that
/// is short.
pub(crate) struct ByCustomer;

#[async_trait]
impl super::Report for ByClass {
    fn facts(&self) -> Facts {
        Facts {
            id: "class-opportunities",
            label: ["增长机会", "Opportunities by class"],
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
        let classes = &classified.classes;
        let periods = Period::up_to(question.moment.as_of);
        let sales = class_growth::sales(reporting, question, &periods, classes).await?;
        let ladder = Ladder::read(reporting, classified.taxonomy).await?;
        let close = count(reporting, question, &ladder).await?;
        let mut rows = Vec::new();
        for (place, period) in periods.iter().enumerate() {
            for (rank, (class, found)) in (1..).zip(by_growth(&sales, place, classes.len())) {
                let mut row = period.cells(language).to_vec();
                row.push(Cell::Count(rank));
                row.extend(class_cells(Some(&classes[class].id), classes, language));
                row.extend(class_growth::cells(found));
                let (count, amount) = close.get(&class).copied().unwrap_or_default();
                row.extend([Cell::Count(count), Cell::Number(amount)]);
                row.push(Cell::id(reporting.currency()));
                rows.push(row);
            }
        }
        let figures = class_growth::FIGURES;
        let columns = [&period::COLUMNS[..], &RANK, &figures, &WITHIN_REACH].concat();
        Ok(Table::new(&columns, rows).with_definitions(&REACH))
    }
}

/// The classes of a period with their sales then and before, the greatest growth first.
fn by_growth(
    sales: &class_growth::SalesByClass,
    period: usize,
    classes: usize,
) -> Vec<(usize, [Sales; 2])> {
    let of_class = |class: usize| {
        [2 * period, 2 * period + 1]
            .map(|span| sales.get(&(span, class)).copied().unwrap_or_default())
    };
    let mut found: Vec<_> = (0..classes).map(|class| (class, of_class(class))).collect();
    // Stable: of equals the one that stands first in the taxonomy.
    found.sort_by_key(|(_, sales)| std::cmp::Reverse(class_growth::growth(*sales)));
    found
}

/// By the place of the class, how many are close to it, and what they bring.
async fn count(
    reporting: &Reporting,
    question: &Question,
    ladder: &Ladder,
) -> Result<BTreeMap<usize, (i64, Decimal)>, Fault> {
    let mut counts: BTreeMap<usize, (i64, Decimal)> = BTreeMap::new();
    for set in facts::split(&reporting.db, &CustomerSet::All, CUSTOMERS_AT_ONCE).await? {
        for close in ladder.close(reporting, question, &set).await? {
            let (count, amount) = counts.entry(close.next).or_default();
            *count += 1;
            *amount = amount.saturating_add(close.amount.unwrap_or_default());
        }
    }
    Ok(counts)
}

#[async_trait]
impl super::Report for ByCustomer {
    fn facts(&self) -> Facts {
        Facts {
            id: "close-customers",
            label: ["接近上一级的客户", "Customers close to the next class"],
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
        let list = Arc::new(List {
            reporting: reporting.clone(),
            question: question.clone(),
            classes: classified.classes,
            ladder: Ladder::read(reporting, classified.taxonomy).await?,
            scheme: source::scheme_of(&reporting.db, &question.taxonomy).await?,
            language,
        });
        let sets = facts::split(&reporting.db, &CustomerSet::All, CUSTOMERS_AT_ONCE).await?;
        let parts = stream::iter(sets).then(move |set| {
            let list = Arc::clone(&list);
            async move { list.rows(&set).await }
        });
        let columns: Vec<Column> = COLUMNS.map(Column::new).into();
        let table = Table { columns, parts: parts.boxed() };
        Ok(table.with_definitions(&DEFINITIONS))
    }
}

/// What is the same for every customer.
struct List {
    reporting: Reporting,
    question: Question,
    classes: Vec<Class>,
    ladder: Ladder,
    scheme: Option<String>,
    language: Language,
}

impl List {
    async fn rows(&self, set: &CustomerSet) -> Result<Vec<Row>, Fault> {
        let close = self.ladder.close(&self.reporting, &self.question, set).await?;
        let wanted = CustomerSet::Ids(close.iter().map(|close| close.customer).collect());
        let codes = match &self.scheme {
            None => codes::CodeColumns::default(),
            Some(scheme) => codes::current_of(&self.reporting.db, scheme, &wanted).await?,
        };
        let codes: HashMap<i64, String> = codes.customers.into_iter().zip(codes.codes).collect();
        Ok(close.iter().flat_map(|close| self.of_customer(close, &codes)).collect())
    }

    fn of_customer(&self, close: &Close, codes: &HashMap<i64, String>) -> Vec<Row> {
        let class = |place: usize| {
            let id = self.classes.get(place).map(|class| class.id.as_str());
            class_cells(id, &self.classes, self.language)
        };
        let code = codes.get(&close.customer).map_or(Cell::Null, |code| Cell::text(code));
        let customer = Cell::Id(names::customer(CustomerId(close.customer)));
        let mut head = vec![Cell::Date(self.question.moment.as_of), customer, code];
        head.extend(class(close.class));
        head.extend(class(close.next));
        head.push(Cell::optional(close.amount));
        let row = |(bound, value, gap): &(kehu_analytics::Bound, Value, Decimal)| {
            let value = Cell::optional(value.number());
            let last =
                [Cell::id(&bound.column), value, Cell::Number(bound.limit), Cell::Number(*gap)];
            [&head[..], &last].concat()
        };
        close.lacks.iter().map(row).collect()
    }
}
