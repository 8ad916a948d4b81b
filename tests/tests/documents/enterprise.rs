//! How an enterprise manages customers by class.

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::{DateTime, Utc};
use kehu_contract::coding::GetTaxonomyRequest;
use kehu_contract::ingestion::CustomerProfile;
use kehu_contract::reporting::{
    GetReportRequest, ReportTime, reporting_service_client::ReportingServiceClient,
};
use kehu_server::convert;
use kehu_tests::{date, each_database};

use crate::records::{answer, customer, order, orders};
use crate::world::{World, text};

const AS_OF: &str = "2024-03-31";

/// An order on the tenth of each of these months.
fn monthly(key: &str, months: &[&str], amount: u32) -> String {
    let mut text = String::new();
    for month in months {
        writeln!(text, "{key} {key}-{month} {month}-10T10:00 {amount}").unwrap();
    }
    text
}

const MONTHS: [&str; 13] = [
    "2023-03", "2023-04", "2023-05", "2023-06", "2023-07", "2023-08", "2023-09", "2023-10",
    "2023-11", "2023-12", "2024-01", "2024-02", "2024-03",
];

#[tokio::test]
async fn req_4_4_lasting_customers_and_those_of_a_moment() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut text = monthly("steady", &MONTHS, 100);
        // As long a customer, but without any rule.
        text += &monthly("irregular", &["2022-01", "2022-02", "2024-03"], 100);
        // As regular, but new.
        text += &monthly("new", &["2024-01", "2024-02", "2024-03"], 100);
        text += &monthly("once", &["2024-03"], 9_999);
        world.ingest(orders(&text)).await;
        let rule = "tenure_days >= 365 AND active_months_12m >= 9 AND interpurchase_days_cv < 0.5";
        world.taxonomy("constancy", &[("lasting", rule), ("casual", "")]).await;
        world.classify(AS_OF).await;
        let keys = ["steady", "irregular", "new", "once"];
        let found = world.classes_of(&keys, "constancy", AS_OF).await;
        assert_eq!(found, ["lasting", "casual", "casual", "casual"]);
    })
    .await;
}

#[tokio::test]
async fn req_4_15_classes_by_the_products_that_are_bought() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let text = "c1 o1 2024-03-01T10:00 30 - tea\nc1 o2 2024-03-02T10:00 20 - mugs
                    c2 o3 2024-03-01T10:00 30 - tea\nc2 o4 2024-03-02T10:00 40 - mugs
                    c3 o5 2024-03-01T10:00 30 - books\nc4 o6 2024-03-01T10:00 30";
        world.ingest(orders(text)).await;
        let classes = [
            ("tea", "top_category = 'tea'"),
            ("tableware", "top_category IN ('mugs', 'plates')"),
            ("other", "top_category IS NOT NULL"),
            ("unknown", ""),
        ];
        world.taxonomy("family", &classes).await;
        world.classify(AS_OF).await;
        let found = world.classes_of(&["c1", "c2", "c3", "c4"], "family", AS_OF).await;
        assert_eq!(found, ["tea", "tableware", "other", "unknown"]);
    })
    .await;
}

#[tokio::test]
async fn req_4_17_stages_of_life_with_the_days_on_which_they_began() {
    each_database(async |test| {
        let world = World::new(test, "2023-05-15").await;
        let profile =
            CustomerProfile { registration_date: date("2023-05-01"), ..Default::default() };
        world.ingest([customer("c1", profile), order("c1 o1 2023-06-01T10:00 100")]).await;
        world.template("lifecycle").await;
        let stages = [
            ("prospect", "2023-05-15"),
            ("new", "2023-06-10"),
            ("dormant", "2023-10-15"),
            ("churned", "2024-03-15"),
        ];
        for (_, day) in stages {
            world.today_is(day).await;
            world.classify(day).await;
        }
        world.today_is("2024-06-20").await;
        world.day_begins().await;
        world.ingest([order("c1 o2 2024-06-20T10:00 100")]).await;
        world.follow().await;
        let mut found = Vec::new();
        for stay in world.history("c1", "lifecycle").await.into_iter().rev() {
            found.push((stay.class_id, stay.valid_from_date, stay.valid_to_date));
        }
        let mut expected = Vec::new();
        let all = stages.into_iter().chain([("returned", "2024-06-20")]);
        let ends = all.clone().skip(1).map(|(_, day)| date(day)).chain([None]);
        for ((class, day), end) in all.zip(ends) {
            expected.push((class.to_owned(), date(day), end));
        }
        assert_eq!(found, expected);
    })
    .await;
}

#[tokio::test]
async fn req_4_23_large_steady_and_long_silent_customers() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut text = monthly("large", &["2024-01", "2024-03"], 60_000);
        text += &monthly("steady", &MONTHS, 100);
        text += &monthly("silent", &["2023-05", "2023-06"], 90_000);
        text += &monthly("other", &["2024-03"], 100);
        world.ingest(orders(&text)).await;
        let classes = [
            ("silent", "recency_days > 180"),
            ("large", "amount_365d >= 100000"),
            ("steady", "orders_365d >= 12"),
            ("other", ""),
        ];
        world.taxonomy("three", &classes).await;
        world.classify(AS_OF).await;
        let keys = ["large", "steady", "silent", "other"];
        assert_eq!(world.classes_of(&keys, "three", AS_OF).await, keys);
    })
    .await;
}

#[tokio::test]
async fn req_4_25_three_bands_of_loyalty_each_with_its_strategy() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut text = monthly("loyal", &MONTHS, 100);
        text += &monthly("detractor", &MONTHS, 100);
        text += &monthly("middling", &["2023-10", "2024-01"], 9_000);
        text += &monthly("once", &["2024-03"], 9_000);
        world.ingest(orders(&text)).await;
        let answers = ["loyal s1 2024-03-01T10:00 nps 9", "detractor s2 2024-03-01T10:00 nps 3"];
        world.ingest(answers.map(answer)).await;
        world.ingest([customer("nobody", CustomerProfile::default())]).await;
        world.template("loyalty").await;
        world.classify(AS_OF).await;
        let keys = ["loyal", "detractor", "middling", "once", "nobody"];
        let found = world.classes_of(&keys, "loyalty", AS_OF).await;
        assert_eq!(found, ["high", "medium", "medium", "low", "no-purchase"]);
        let request = GetTaxonomyRequest { name: "taxonomies/loyalty".to_owned(), version: 0 };
        let taxonomy = world.taxonomies().get_taxonomy(request).await.unwrap().into_inner();
        let classes = taxonomy.taxonomy.unwrap().definition.unwrap().classes;
        let strategies: BTreeSet<String> =
            classes[..3].iter().map(|class| class.strategy_summary.clone().unwrap().zh).collect();
        assert!(strategies.len() == 3 && !strategies.contains(""), "{strategies:?}");
    })
    .await;
}

#[tokio::test]
async fn req_4_19_dissatisfied_members_of_class_a_in_one_query() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let text = "c1 o1 2024-03-01T10:00 900\nc2 o2 2024-03-01T10:00 900
                    c3 o3 2024-03-01T10:00 900\nc4 o4 2024-03-01T10:00 9";
        world.ingest(orders(text)).await;
        let answers = [
            "c1 s1 2024-03-01T10:00 csat 1",
            "c2 s2 2024-03-01T10:00 csat 5",
            "c4 s3 2024-03-01T10:00 csat 1",
        ];
        world.ingest(answers.map(answer)).await;
        world.taxonomy("rank", &[("a", "amount_365d >= 500"), ("b", "")]).await;
        world.classify(AS_OF).await;
        let [c1, c2] = [world.customer("c1").await, world.customer("c2").await];
        assert_eq!(world.chosen("rank", "a", "csat_mean_365d < 60").await, [c1]);
        assert_eq!(world.chosen("rank", "a", "csat_mean_365d >= 60").await, [c2]);
        assert_eq!(
            world.chosen("rank", "a", "surveys_365d = 0").await.len(),
            1,
            "who said nothing"
        );
    })
    .await;
}

/// The monthly report, as a text a row: class, figure, count, count and change of the month before
/// and of the same month of the year before.
async fn monthly_members(world: &World, month: &str, known: Option<DateTime<Utc>>) -> Vec<String> {
    let request = GetReportRequest {
        report: "monthly-members".to_owned(),
        taxonomy: "size".to_owned(),
        time: Some(ReportTime {
            known_time: known.map(convert::timestamp),
            ..ReportTime::default()
        }),
        ..Default::default()
    };
    let mut service = ReportingServiceClient::new(world.client.clone());
    let answer = service.get_report(request).await.unwrap().into_inner();
    let mut rows = Vec::new();
    for row in answer.rows {
        let cells: Vec<String> = row.cells.into_iter().map(|cell| text(Some(cell))).collect();
        if cells[1] == month {
            rows.push([&cells[2..3], &cells[4..5], &cells[6..]].concat().join(" "));
        }
    }
    rows
}

/// Who bought for how much on the tenth of a month. Large are 1,000 a month, middle ones 100.
const SALES: &str = "kept 2023-02 1000, kept 2023-03 1000, kept 2024-01 1000, kept 2024-02 1000,
    kept 2024-03 1000, rises 2024-01 100, rises 2024-02 100, rises 2024-03 1000,
    new 2024-03 2000, falls 2023-02 500, falls 2023-03 1000, falls 2024-02 1000,
    falls 2024-03 200, leaves 2023-03 1500, leaves 2024-02 1000, second 2024-02 1000,
    second 2024-03 1000";

fn sales() -> String {
    let mut text = String::new();
    for sale in SALES.split(',') {
        let words: Vec<&str> = sale.split_whitespace().collect();
        text += &monthly(words[0], &[words[1]], words[2].parse().unwrap());
    }
    text
}

#[tokio::test]
async fn req_4_24_large_customers_of_the_month_against_those_before() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest(orders(&sales())).await;
        let classes =
            [("large", "amount_30d >= 1000"), ("middle", "amount_30d >= 100"), ("small", "")];
        world.taxonomy("size", &classes).await;
        for end in ["2023-02-28", "2023-03-31", "2024-01-31", "2024-02-29", AS_OF] {
            world.classify(end).await;
        }
        let march = monthly_members(&world, "2024-03-01", None).await;
        let expected = [
            "large members 4 4 0 3 1",
            "large joined 2 3 -1 2 0",
            "large new 1 1 0 1 0",
            "large upgraded 1 2 -1 1 0",
            "large downgraded 0 0 0 0 0",
            "large kept 2 1 1 1 1",
            "large lost 2 0 2 0 2",
            "middle members 1 1 0 0 1",
            "middle joined 1 0 1 0 1",
            "middle new 0 0 0 0 0",
            "middle upgraded 0 0 0 0 0",
            "middle downgraded 1 0 1 0 1",
            "middle kept 0 1 -1 0 0",
            "middle lost 1 0 1 1 0",
            "small members 1 0 1 0 1",
        ];
        assert_eq!(march[..15], expected);
        let total = ["total members 6 5 1 3 3", "total joined 1 1 0 1 0", "total new 1 1 0 1 0"];
        assert_eq!(march[21..24], total);

        // The next month leaves the last one as it was.
        world.today_is("2024-04-30").await;
        world.classify("2024-04-30").await;
        assert_eq!(monthly_members(&world, "2024-03-01", None).await, march);
        let april = monthly_members(&world, "2024-04-01", None).await;
        assert_eq!(april[..2], ["large members 0 4 -4 3 -3", "large joined 0 2 -2 0 0"]);

        // An order that comes late restates it, but not what was known before.
        let known = kehu_tests::classes::known(&world.db).await.unwrap();
        world.ingest(orders("rises late 2024-02-11T10:00 1000")).await;
        world.follow().await;
        assert_eq!(monthly_members(&world, "2024-03-01", Some(known)).await, march);
        let restated = monthly_members(&world, "2024-03-01", None).await;
        assert_eq!(
            restated[..7],
            [
                "large members 4 5 -1 3 1",
                "large joined 1 4 -3 2 -1",
                "large new 1 1 0 1 0",
                "large upgraded 0 3 -3 1 -1",
                "large downgraded 0 0 0 0 0",
                "large kept 3 1 2 1 2",
                "large lost 2 0 2 0 2",
            ]
        );
    })
    .await;
}

/// Customers with who is responsible for them, what they bought and how satisfied they are.
const OWNED: &str = "a1 o1 2024-03-01T10:00 1000
    a1 o2 2023-03-01T10:00 500
    a2 o3 2024-02-01T10:00 200
    b1 o4 2023-02-01T10:00 300
    c1 o5 2024-03-02T10:00 50";

/// By hand, the first owner's two customers brought 1,200 after 500 and are satisfied with 100 and 50
/// points; the second has lost the only one; nobody is responsible for the last.
#[tokio::test]
async fn req_4_21_what_the_customers_of_each_owner_bring_by_class() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let owned = [("a1", "李雷"), ("a2", "李雷"), ("b1", "韩梅梅")].map(|(key, owner)| {
            let attributes = [("owner".to_owned(), owner.to_owned())].into();
            customer(key, CustomerProfile { attributes, ..Default::default() })
        });
        world.ingest(owned.into_iter().chain(orders(OWNED))).await;
        let satisfied = ["a1 s1 2024-03-01T12:00 csat 5", "a2 s2 2024-03-01T12:00 csat 3"];
        world.ingest(satisfied.map(answer)).await;
        world.taxonomy("sizes", &[("big", "amount_365d >= 1000"), ("rest", "")]).await;
        world.classify(AS_OF).await;
        let columns = [
            "value",
            "class_id",
            "customer_count",
            "customer_share",
            "buyer_count",
            "order_count",
            "amount",
            "before_amount",
            "amount_growth",
            "amount_mean",
            "profit",
            "csat_count",
            "csat_mean",
        ];
        let expected = [
            "李雷 total 2 1 2 2 1200 500 1.4 600 null 2 75",
            "李雷 big 1 0.5 1 1 1000 500 1 1000 null 1 100",
            "李雷 rest 1 0.5 1 1 200 0 null 200 null 1 50",
            "韩梅梅 total 1 1 0 0 0 300 -1 0 null 0 null",
            "韩梅梅 rest 1 1 0 0 0 300 -1 0 null 0 null",
            "null total 1 1 1 1 50 0 null 50 null 0 null",
            "null rest 1 1 1 1 50 0 null 50 null 0 null",
            "All customers total 4 1 3 3 1250 800 0.5625 312.5 null 2 75",
            "All customers big 1 0.25 1 1 1000 500 1 1000 null 1 100",
            "All customers rest 3 0.75 2 2 250 300 -0.1667 83.3333 null 1 50",
        ];
        assert_eq!(world.report("group-summary", "sizes", &columns).await, expected);
    })
    .await;
}
