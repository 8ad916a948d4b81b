//! What classes earn, and how many customers with that: one report by class, which also says where
//! less valuable customers are treated better, and one by level of service.

mod inversion;

use super::{
    Facts, Needs,
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
use inversion::{Treated, better_than};
use kehu_core::{
    label::Language,
    money::AMOUNT_SCALE,
    taxonomy::{Class, Named, Strategy},
};
use kehu_server::Fault;
use rust_decimal::Decimal;

const COLUMNS: [(&str, Kind, &str, &str); 14] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("class_id", Kind::Id, "类别标识", "Class id"),
    ("class_label", Kind::Text, "类别", "Class"),
    ("strategy_class_id", Kind::Id, "策略所属类别", "Strategy of class"),
    ("service_level", Kind::Id, "服务等级标识", "Service level id"),
    ("service_level_label", Kind::Text, "服务等级", "Service level"),
    ("discount_percent", Kind::Number, "折扣百分比", "Discount, %"),
    ("contact_every_days", Kind::Count, "联系间隔（天）", "Contact every days"),
    ("owner_role", Kind::Text, "责任角色", "Owner role"),
    ("campaign", Kind::Text, "营销活动", "Campaign"),
    ("channels", Kind::Text, "渠道", "Channels"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("customer_share", Kind::Share, "客户占比", "Share of customers"),
    ("better_than", Kind::Text, "优于更有价值的类别", "Better than more valuable classes"),
];

const LEVELS: [(&str, Kind, &str, &str); 6] = [
    ("as_of_date", Kind::Date, "截止日期", "As of"),
    ("service_level", Kind::Id, "服务等级标识", "Service level id"),
    ("service_level_label", Kind::Text, "服务等级", "Service level"),
    ("classes", Kind::Text, "类别", "Classes"),
    ("customer_count", Kind::Count, "客户数", "Customers"),
    ("customer_share", Kind::Share, "客户占比", "Share of customers"),
];

/// What stands for the taxonomy whose strategy is that of all classes without one.
const DEFAULT: &str = "default";
/// What stands for the sum over all.
const TOTAL: &str = "total";

/// The report `strategies`: a row for each class of the version in force on the date.
pub(crate) struct ByClass;

/// The report `service-levels`: a row for each level of service, the best first, one for customers
/// whose strategy says nothing of service, one for those without a strategy, and the sum.
pub(crate) struct ByLevel;

/// A class, and how many are in it.
struct Earning<'a> {
    class: &'a Class,
    /// The strategy, and the class whose it is.
    strategy: Option<(&'a Strategy, Option<&'a Class>)>,
    customers: i64,
    amount: Decimal,
}

impl Earning<'_> {
    fn strategy(&self) -> Option<&Strategy> {
        self.strategy.map(|(strategy, _)| strategy)
    }

    fn service_level(&self) -> Option<&str> {
        self.strategy()?.service_level.as_deref()
    }
}

/// The classes of the version in force, in its order.
fn earnings(classified: &Classified) -> Vec<Earning<'_>> {
    let taxonomy = &classified.taxonomy;
    let mut earnings: Vec<Earning<'_>> = Vec::with_capacity(taxonomy.classes.len());
    for (place, class) in taxonomy.classes.iter().enumerate() {
        let members = classified.cells.iter().filter(|cell| cell.to == Some(place));
        let (mut customers, mut amount) = (0, Decimal::ZERO);
        for cell in members {
            customers += cell.customers;
            amount += cell.amount;
        }
        let strategy = taxonomy.strategy(class);
        earnings.push(Earning { class, strategy, customers, amount });
    }
    earnings
}

fn treated(classified: &Classified, earnings: &[Earning<'_>]) -> Vec<Treated> {
    let levels = &classified.taxonomy.service_levels;
    let place = |id: &str| levels.iter().position(|level| level.id == id);
    let treated = earnings.iter().map(|earning| Treated {
        service: earning.service_level().and_then(place),
        discount: earning.strategy().and_then(|it| it.terms.discount_percent).unwrap_or_default(),
        mean: ratio::mean(earning.amount, earning.customers),
    });
    treated.collect()
}

#[async_trait]
impl super::Report for ByClass {
    fn facts(&self) -> Facts {
        Facts {
            id: "strategies",
            label: ["管理策略", "Strategies"],
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
        let earnings = earnings(&classified);
        let treated = treated(&classified, &earnings);
        let all = earnings.iter().map(|earning| earning.customers).sum();
        let mut rows = Vec::new();
        for (place, earning) in earnings.iter().enumerate() {
            let better: Vec<&str> = better_than(place, &treated)
                .into_iter()
                .map(|other| earnings[other].class.id.as_str())
                .collect();
            let mut row = vec![Cell::Date(classified.as_of), Cell::id(&earning.class.id)];
            row.push(Cell::text(earning.class.label.get(language)));
            row.extend(earned(&classified, earning, language));
            row.extend(counted(earning.customers, all));
            row.push(joined(&better));
            rows.push(row);
        }
        Ok(Table::new(&COLUMNS, rows))
    }
}

/// What members of the class earn.
fn earned(classified: &Classified, earning: &Earning<'_>, language: Language) -> Row {
    let Some((strategy, of)) = earning.strategy else { return vec![Cell::Null; 8] };
    let terms = &strategy.terms;
    let name = |named: &Option<Named>| {
        named.as_ref().map_or(Cell::Null, |named| Cell::text(named.label.get(language)))
    };
    let level = earning.service_level();
    let label = level.and_then(|id| classified.taxonomy.service_level(id));
    let discount = terms.discount_percent.map(|mut percent| {
        percent.rescale(AMOUNT_SCALE);
        percent
    });
    let channels: Vec<&str> = strategy.channels.iter().map(|one| one.channel.as_str()).collect();
    vec![
        Cell::id(of.map_or(DEFAULT, |class| class.id.as_str())),
        level.map_or(Cell::Null, Cell::id),
        label.map_or(Cell::Null, |level| Cell::text(level.label.get(language))),
        Cell::optional(discount),
        terms.contact_every_days.map_or(Cell::Null, |days| Cell::Count(days.into())),
        name(&terms.owner_role),
        name(&terms.campaign),
        joined(&channels),
    ]
}

fn joined(texts: &[&str]) -> Cell {
    if texts.is_empty() { Cell::Null } else { Cell::text(&texts.join("; ")) }
}

fn counted(customers: i64, all: i64) -> [Cell; 2] {
    let share = ratio::count_share(customers, all, SHARE_SCALE);
    [Cell::Count(customers), Cell::optional(share)]
}

#[async_trait]
impl super::Report for ByLevel {
    fn facts(&self) -> Facts {
        Facts {
            id: "service-levels",
            label: ["服务等级覆盖", "Coverage by service level"],
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
        let earnings = earnings(&classified);
        let all = earnings.iter().map(|earning| earning.customers).sum();
        let labels = Labels::of(language);
        let mut rows = Vec::new();
        let mut add = |id: Cell, label: &str, covered: Vec<&Earning<'_>>| {
            let classes: Vec<&str> =
                covered.iter().map(|it| it.class.label.get(language)).collect();
            let customers = covered.iter().map(|it| it.customers).sum();
            let mut row = vec![Cell::Date(classified.as_of), id, Cell::text(label)];
            row.push(joined(&classes));
            row.extend(counted(customers, all));
            rows.push(row);
        };
        for level in &classified.taxonomy.service_levels {
            let of_level = |it: &&Earning<'_>| it.service_level() == Some(level.id.as_str());
            let covered = earnings.iter().filter(of_level).collect();
            add(Cell::id(&level.id), level.label.get(language), covered);
        }
        let open = |it: &&Earning<'_>| it.strategy.is_some() && it.service_level().is_none();
        add(Cell::Null, labels.no_service_level, earnings.iter().filter(open).collect());
        let none = |it: &&Earning<'_>| it.strategy.is_none();
        add(Cell::Null, labels.no_strategy, earnings.iter().filter(none).collect());
        let mut total = vec![Cell::Date(classified.as_of), Cell::id(TOTAL)];
        total.extend([Cell::text(labels.total), Cell::Null]);
        total.extend(counted(all, all));
        rows.push(total);
        Ok(Table::new(&LEVELS, rows))
    }
}
