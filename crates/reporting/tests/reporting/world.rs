//! A reporting service on a database with six customers, three classes, scores and codes.
//!
//! | | orders up to 2011-12-10 | amount | class on 2011-09-10 | on 2011-12-10 | R, F |
//! |---|---|---|---|---|---|
//! | c1 | 600 in January, 400 in November, −100 in December | 900 | silver | gold | 5, 5 |
//! | c2 | 200 in June | 200 | silver | silver, later restated as bronze | 3, 1 |
//! | c3 | 50 in February, 50 in March, 999 cancelled | 100 | gold | bronze | 1, 3 |
//! | c4 | 80 in December | 80 | | silver | 5, 1 |
//! | c5 | none | null | bronze | bronze | |
//! | c6 | one in 2012 | null | | | |

use chrono::{DateTime, Utc};
use kehu_analytics::{Analytics, Limits};
use kehu_contract::reporting::ReportTime;
use kehu_core::{
    CustomerId, Label, Reference, Value,
    code_scheme::{CodeScheme, Recoding},
    scorecard::{Scorer, calibrate, templates},
    taxonomy::{Class, Taxonomy},
};
use kehu_reporting::Reporting;
use kehu_server::convert;
use kehu_storage::{
    Database,
    coding::codes,
    definitions::{self, Signed},
    ingestion::{Entry, NewOrder, OrderKind, OrderStatus, Profile},
    scoring::{scorecards::Calibrated, scores},
};
use kehu_tests::{
    TestDatabase, at, date, day,
    shop::{self, reference},
};
use rust_decimal::Decimal;

pub(crate) const NOW: &str = "2011-12-10";
pub(crate) const EARLIER: &str = "2011-09-10";

pub(crate) struct World {
    pub(crate) db: Database,
    pub(crate) reporting: Reporting,
    /// When the classes of the earlier date, those of the later one and the restated one were
    /// known.
    pub(crate) known: [DateTime<Utc>; 3],
}

/// A business date as it was known at a time.
pub(crate) fn time(as_of: Option<&str>, known: Option<DateTime<Utc>>) -> Option<ReportTime> {
    let (as_of_date, known_time) = (as_of.and_then(date), known.map(convert::timestamp));
    Some(ReportTime { as_of_date, known_time, ..ReportTime::default() })
}

impl World {
    /// Without anything.
    pub(crate) async fn empty(test: &TestDatabase) -> Self {
        let db = test.database.clone();
        shop::fix_business_date(&db, day(NOW)).await;
        let analytics = Analytics::new(db.clone(), Limits::of_memory(1 << 30));
        let reporting = Reporting::new(db.clone(), shop::settings(), analytics);
        Self { reporting, db, known: [at(0); 3] }
    }

    /// With all of the table above.
    pub(crate) async fn full(test: &TestDatabase) -> Self {
        let mut world = Self::empty(test).await;
        world.orders().await;
        world.publish_tiers().await;
        world.score(&[(1, 5, 5), (2, 3, 1), (3, 1, 3), (4, 5, 1)]).await;
        world.score_loyalty(&[(1, [9, 400, 2, 2, 9]), (2, [188, 188, 1, 1, 3])]).await;
        world.publish(&sides()).await;
        let sides = [("left", 1), ("right", 2), ("left", 3), ("left", 4), ("right", 5)];
        world.classify_under("sides", NOW, &sides).await;
        let before = [("silver", 1), ("silver", 2), ("gold", 3), ("bronze", 5)];
        world.known[0] = world.classify(EARLIER, &before).await;
        let first = [("gold", 1), ("silver", 2), ("bronze", 3), ("silver", 4), ("bronze", 5)];
        world.known[1] = world.classify(NOW, &first).await;
        world.known[2] = world.classify(NOW, &[("bronze", 2)]).await;
        world.code().await;
        world
    }

    async fn orders(&self) {
        let mut entries = Vec::new();
        for number in 1..=6 {
            let profile = Profile {
                region_code: (number == 5).then(|| "CN".to_owned()),
                ..Profile::default()
            };
            let codes = Vec::new();
            let (external_id, source_updated_at) = (key(number), None);
            entries.push(Entry::Customer { external_id, profile, codes, source_updated_at });
        }
        for (number, on, units) in [
            (1, "2011-01-10", 600),
            (1, "2011-11-20", 400),
            (2, "2011-06-05", 200),
            (3, "2011-02-01", 50),
            (3, "2011-03-01", 50),
            (4, "2011-12-05", 80),
            (6, "2012-03-01", 70),
        ] {
            entries.push(Entry::Order(order(number, on, units)));
        }
        let back = order(1, "2011-12-01", -100);
        entries.push(Entry::Order(NewOrder { kind: OrderKind::Return, ..back }));
        let cancelled = order(3, "2011-04-01", 999);
        entries.push(Entry::Order(NewOrder { status: OrderStatus::Cancelled, ..cancelled }));
        shop::ingest(&self.db, "first", entries, at(0)).await;
    }

    pub(crate) async fn publish_tiers(&self) {
        self.publish(&tiers()).await;
    }

    async fn publish(&self, taxonomy: &Taxonomy) {
        let signed = Signed::at(at(0));
        let draft = definitions::save_draft(&self.db, taxonomy, None, &signed).await.unwrap();
        definitions::publish(&self.db, &draft, &(), &signed).await.unwrap();
    }

    /// Records classes of a date, and returns when that became known.
    async fn classify(&self, on: &str, classes: &[(&str, i64)]) -> DateTime<Utc> {
        self.classify_under("tiers", on, classes).await
    }

    async fn classify_under(
        &self,
        taxonomy: &str,
        on: &str,
        classes: &[(&str, i64)],
    ) -> DateTime<Utc> {
        let version = definitions::get(&self.db, taxonomy, None).await.unwrap();
        let mut results: Vec<_> = classes
            .iter()
            .map(|(class, customer)| kehu_tests::classes::class((*customer, *class, 0)))
            .collect();
        results.sort_by_key(|result| result.customer);
        let recorded = kehu_tests::classes::classify(&self.db, &version, on, &results, None);
        recorded.await.unwrap().known
    }

    async fn score(&self, bins: &[(i64, u32, u32)]) {
        let population: Vec<_> =
            (1..=5).map(|bin| (reference(bin.into()), vec![number(10 * bin); 3])).collect();
        // Of recency few days are the best.
        let values = |(customer, recency, frequency): &(i64, u32, u32)| {
            (*customer, vec![number(60 - 10 * recency), number(10 * frequency), number(20)])
        };
        self.score_under("rfm", &population, bins.iter().map(values).collect()).await;
    }

    /// Days since the last order, days as a customer, active months, orders and the answer to NPS.
    async fn score_loyalty(&self, customers: &[(i64, [u32; 5])]) {
        let values =
            |(customer, values): &(i64, [u32; 5])| (*customer, values.map(number).to_vec());
        self.score_under("loyalty-index", &[], customers.iter().map(values).collect()).await;
    }

    async fn score_under(
        &self,
        id: &str,
        population: &[(Reference, Vec<Value>)],
        customers: Vec<(i64, Vec<Value>)>,
    ) {
        let card = templates().into_iter().find(|card| card.id == id).unwrap();
        let calibration = calibrate(&card, population).unwrap();
        let scorer = Scorer::new(&card, &calibration).unwrap();
        let signed = Signed::at(at(0));
        let draft = definitions::save_draft(&self.db, &card, None, &signed).await.unwrap();
        let frozen = Calibrated { calibration, calibrated_on: day(NOW) };
        let version = definitions::publish(&self.db, &draft, &frozen, &signed).await.unwrap();
        let found = |(customer, values): (i64, Vec<Value>)| {
            let score = scorer.score(&reference(customer), &values);
            scores::Evaluated { customer: CustomerId(customer), values, score }
        };
        let found: Vec<_> = customers.into_iter().map(found).collect();
        kehu_tests::scores::score(&self.db, &version, (NOW, 0), &found).await.unwrap();
    }

    async fn code(&self) {
        let scheme = CodeScheme {
            id: "standard".to_owned(),
            label: Label::new("标准编码", "Standard"),
            template: "K{seq:6}".to_owned(),
            taxonomy: "tiers".to_owned(),
            tables: Vec::new(),
            recoding: Recoding::Permanent,
        };
        definitions::create(&self.db, &scheme, &(), &Signed::at(at(0))).await.unwrap();
        let code = |customer: i64| codes::NewCode {
            code: format!("K{customer:06}"),
            normal: format!("K{customer:06}"),
            prefix: "K".to_owned(),
            number: customer,
            customer: CustomerId(customer),
            class_code: "X".to_owned(),
        };
        let transaction = self.db.begin().await.unwrap();
        let new: Vec<_> = (1..=4).map(code).collect();
        let given = codes::Given { as_of: day(NOW), run_id: None, now: at(40) };
        codes::give(&transaction, "standard", &new, given).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

fn number(number: u32) -> Value {
    Value::Number(Decimal::from(number))
}

/// The key of a customer in its source; that of the fifth looks like a formula.
fn key(number: i64) -> String {
    if number == 5 { "=1+1".to_owned() } else { format!("c{number}") }
}

fn tiers() -> Taxonomy {
    let class = |id: &str, code: &str, zh: &str, en: &str| Class {
        id: id.to_owned(),
        code: code.to_owned(),
        label: Label::new(zh, en),
        tags: vec![Label::new("标签", "Tag"), Label::new("重点", "Key")],
        strategy_summary: Label::new("多联系。", "Call them often."),
        ..Class::default()
    };
    Taxonomy {
        id: "tiers".to_owned(),
        label: Label::new("三级", "Three tiers"),
        classes: vec![
            class("gold", "G", "金", "Gold"),
            class("silver", "S", "银", "Silver"),
            class("bronze", "B", "铜", "Bronze, or less"),
        ],
        default_class: "bronze".to_owned(),
        ..Taxonomy::default()
    }
}

/// Another taxonomy of the same customers.
fn sides() -> Taxonomy {
    let class = |id: &str, code: &str, zh: &str, en: &str| Class {
        id: id.to_owned(),
        code: code.to_owned(),
        label: Label::new(zh, en),
        ..Class::default()
    };
    Taxonomy {
        id: "sides".to_owned(),
        label: Label::new("两侧", "Two sides"),
        classes: vec![class("left", "L", "左", "Left"), class("right", "R", "右", "Right")],
        default_class: "right".to_owned(),
        ..Taxonomy::default()
    }
}

fn order(customer: i64, on: &str, pounds: i64) -> NewOrder {
    shop::sale(&key(customer), &format!("{customer} {on}"), day(on), pounds)
}
