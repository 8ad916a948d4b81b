//! The page from made-up figures: well-formed, in one language, the same every time. Writes
//! what it drew to the test folder of the target, to be looked at.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chrono::{Datelike, NaiveDate};
use kehu_core::{CustomerId, Label, label::Language, taxonomy::Class};
use kehu_reporting::{
    page::{Comparison, Figures, render},
    report::{
        ClassCell, MemberMonth, MonthFigures, MonthlyMembers, Scored, Totals, class_summary,
        heat_map, migration_matrix, pareto_curve,
    },
};
use kehu_tests::day;
use rust_decimal::Decimal;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// A small generator of its own, so that the same page comes out everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn classes() -> Vec<Class> {
    let texts = [
        (
            "high-value",
            "高价值客户",
            "High value",
            "专属客户经理，每月回访，优先供货。",
            "Own account manager, a call each month, first call on stock.",
        ),
        (
            "active",
            "活跃客户",
            "Active",
            "保持节奏，推荐相关品类。",
            "Keep the rhythm, recommend related lines.",
        ),
        (
            "potential",
            "潜力客户",
            "Potential",
            "提高客单价，提供满额优惠。",
            "Raise the basket with an offer from a minimum order.",
        ),
        (
            "low-value",
            "低价值客户",
            "Low value",
            "自助服务，控制成本。",
            "Self service, keep the cost low.",
        ),
        (
            "dormant",
            "沉寂客户",
            "Dormant",
            "发送唤醒优惠券，限期三十天。",
            "Send a win-back coupon that ends in thirty days.",
        ),
        (
            "churned",
            "流失客户",
            "Churned",
            "一次问卷，了解离开的原因。",
            "One survey, to learn why they left.",
        ),
    ];
    let class = |(id, zh, en, strategy_zh, strategy_en): (&str, &str, &str, &str, &str)| Class {
        id: id.to_owned(),
        code: id[..1].to_uppercase(),
        label: Label::new(zh, en),
        strategy_summary: Label::new(strategy_zh, strategy_en),
        ..Class::default()
    };
    texts.into_iter().map(class).collect()
}

/// An order; one that came back has an amount below zero.
#[derive(Clone)]
struct Order {
    customer: i64,
    on: NaiveDate,
    amount: Decimal,
}

/// 900 customers whose amounts fall off as they do in life, a year of orders.
fn orders(dice: &mut Dice) -> Vec<Order> {
    let first = day("2010-12-01");
    let mut orders = Vec::new();
    for customer in 1..=900_u64 {
        let size = 4_000 / (customer + 45) + 1;
        let joined = dice.roll(300);
        for _ in 0..=(size / 12 + dice.roll(3)).min(60) {
            let on = joined + dice.roll(374 - joined);
            let cents = (dice.roll(60) + 10) * 100 * (1 + size / 8) + dice.roll(100);
            let sale = Order {
                customer: customer.cast_signed(),
                on: first + chrono::Days::new(on),
                amount: Decimal::new(cents.cast_signed(), 2),
            };
            if dice.roll(14) == 0 {
                orders.push(Order { amount: -sale.amount / Decimal::TWO, ..sale.clone() });
            }
            orders.push(sale);
        }
    }
    orders
}

/// Sums over the orders from one day to another.
fn totals(orders: &[Order], first: NaiveDate, last: NaiveDate) -> Totals {
    let (mut totals, mut customers) = (Totals::default(), BTreeSet::new());
    for order in orders.iter().filter(|order| (first..=last).contains(&order.on)) {
        if order.amount < Decimal::ZERO {
            totals.returns -= order.amount;
            continue;
        }
        customers.insert(order.customer);
        totals.orders += 1;
        totals.sales += order.amount;
        totals.ordered += order.amount;
    }
    totals.customers = i64::try_from(customers.len()).unwrap();
    totals
}

/// The thirteen months up to a date.
fn months(orders: &[Order], as_of: NaiveDate) -> Vec<MonthFigures> {
    let mut firsts: BTreeMap<i64, NaiveDate> = BTreeMap::new();
    for order in orders.iter().filter(|order| order.amount > Decimal::ZERO) {
        let first = firsts.entry(order.customer).or_insert(order.on);
        *first = order.on.min(*first);
    }
    let mut months = Vec::new();
    for back in (0..13).rev() {
        let month = as_of.with_day(1).unwrap() - chrono::Months::new(back);
        let last = (month + chrono::Months::new(1)).pred_opt().unwrap().min(as_of);
        let new = firsts.values().filter(|first| (month..=last).contains(first)).count();
        months.push(MonthFigures {
            month,
            totals: totals(orders, month, last),
            new_customers: i64::try_from(new).unwrap(),
        });
    }
    months
}

/// Two years of months, in each of which the customers move as between the two dates.
fn members(classes: &[Class], cells: &[ClassCell], as_of: NaiveDate) -> MonthlyMembers {
    let moved: Vec<_> = cells.iter().map(|cell| (cell.from, cell.to, cell.customers)).collect();
    let month = |back: u32| {
        let fewer = moved.len() - usize::try_from(back).unwrap() * 20;
        let month = as_of.with_day(1).unwrap() - chrono::Months::new(back);
        let ranks: Vec<usize> = (0..classes.len()).collect();
        MemberMonth::new(month, &ranks, &moved[..fewer])
    };
    MonthlyMembers { classes: classes.to_vec(), months: (0..25).rev().map(month).collect() }
}

fn figures() -> Figures {
    let mut dice = Dice(17);
    let orders = orders(&mut dice);
    let as_of = day("2011-12-10");
    let earlier = day("2011-09-10");
    let mut cells = Vec::new();
    let mut amounts = Vec::new();
    let mut scored = Vec::new();
    for customer in 1..=900 {
        let own: Vec<_> = orders.iter().filter(|it| it.customer == customer).collect();
        let amount: Decimal = own.iter().map(|it| it.amount).sum();
        let sales: Vec<_> = own.iter().filter(|it| it.amount > Decimal::ZERO).collect();
        let place = usize::try_from((customer - 1) / 60).unwrap();
        let class = [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5][place];
        let moved = usize::try_from(dice.roll(6)).unwrap();
        let was = [class, class, class, class, (class + 1) % 6, moved][moved];
        let is_new = sales.iter().all(|it| it.on > earlier);
        amounts.push((CustomerId(customer), amount));
        cells.push(ClassCell {
            from: (!is_new).then_some(was),
            to: Some(class),
            customers: 1,
            amount,
            ordered: sales.iter().map(|it| it.amount).sum(),
            orders: i64::try_from(sales.len()).unwrap(),
        });
        let last = sales.iter().map(|it| (as_of - it.on).num_days()).min().unwrap();
        scored.push(Scored {
            recency: Some(5 - i32::try_from(last / 45).unwrap().min(4)),
            frequency: Some(i32::try_from(sales.len() / 2).unwrap().clamp(1, 5)),
            amount,
        });
    }
    let classes = classes();
    Figures {
        taxonomy: Label::new("六类价值分类", "Six value classes"),
        currency: "GBP".to_owned(),
        zone: chrono_tz::Europe::London,
        as_of,
        known_time: Some("2011-12-12T08:30:00Z".parse().unwrap()),
        comparison: Some(Comparison {
            date: earlier,
            migration: migration_matrix(&cells),
            totals: totals(&orders, NaiveDate::MIN, earlier),
        }),
        summary: class_summary(classes.len(), &cells, true),
        members: members(&classes, &cells, as_of),
        example_codes: vec![vec!["GB-HV000001K".to_owned(), "FR-HV000002M".to_owned()]; 6],
        classes,
        unclassified: 3,
        pareto: pareto_curve(&amounts, 100),
        heat_map: heat_map(&scored),
        months: months(&orders, as_of),
        totals: totals(&orders, NaiveDate::MIN, as_of),
    }
}

/// Every tag that is opened is closed, in order.
fn assert_well_formed(page: &str) {
    let mut open = Vec::new();
    let style_end = page.find("</style>").unwrap();
    let rest = page[page.find('>').unwrap() + 1..page.find("<style>").unwrap() + 7].to_owned()
        + &page[style_end..];
    for piece in rest.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        assert!(!text.contains('>'), "{text}");
        let name = tag.split(' ').next().unwrap();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
            None if ["meta", "br"].contains(&name) => {}
            None => open.push(name.to_owned()),
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert!(open.is_empty(), "{open:?}");
}

/// What a reader sees: no tags, no style.
fn visible(page: &str) -> String {
    let body = &page[page.find("<body>").unwrap()..];
    body.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text).collect()
}

fn save(name: &str, page: &str) {
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), page).unwrap();
}

#[test]
fn pages_are_well_formed_and_in_one_language() {
    let figures = figures();
    let (en, zh) = (render(&figures, Language::En), render(&figures, Language::ZhCn));
    save("report-en.html", &en);
    save("report-zh.html", &zh);
    for page in [&en, &zh] {
        assert_well_formed(page);
        assert!(!page.contains("http"), "nothing is fetched");
    }
    assert!(en.contains("<html lang=\"en\">") && zh.contains("<html lang=\"zh-CN\">"));
    let chinese = |it: &char| ('\u{2e80}'..='\u{9fff}').contains(it) || *it >= '\u{f900}';
    assert_eq!(visible(&en).chars().find(chinese), None);
    let zh = visible(&zh);
    let foreign: Vec<_> = zh
        .split(|it: char| !it.is_ascii_alphabetic())
        .filter(|word| word.len() > 1)
        .filter(|word| {
            !["RFM", "ABC", "Kehu", "GBP", "GB", "FR", "HV", "Europe", "London"].contains(word)
        })
        .filter(|word| *word != "K" && *word != "M")
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn the_same_figures_give_the_same_page() {
    assert_eq!(render(&figures(), Language::En), render(&figures(), Language::En));
}

#[test]
fn a_base_without_anything_has_a_page() {
    let as_of = day("2011-12-31");
    let figures = Figures {
        known_time: None,
        comparison: None,
        as_of,
        summary: class_summary(6, &[], false),
        pareto: pareto_curve(&[], 100),
        heat_map: heat_map(&[]),
        months: months(&[], as_of),
        totals: Totals::default(),
        unclassified: 0,
        members: MonthlyMembers::default(),
        example_codes: Vec::new(),
        ..figures()
    };
    let page = render(&figures, Language::En);
    save("report-empty.html", &page);
    assert_well_formed(&page);
    assert!(!page.contains("id=\"migration\"") && !visible(&page).contains('*'));
}

#[test]
fn texts_from_outside_are_escaped() {
    let mut figures = figures();
    figures.classes[0].label = Label::new("<b>", "<script>alert(1)</script>\"'&");
    figures.example_codes[0] = vec!["</code><img src=x onerror=alert(1)>".to_owned()];
    let page = render(&figures, Language::En);
    assert_well_formed(&page);
    assert!(!page.contains("<script") && !page.contains("<img"));
}
