//! Reports by class, as the table for managing sales customers asks for them.

use std::collections::BTreeMap;
use std::fmt::Write;

use kehu_contract::ingestion::CustomerProfile;
use kehu_contract::reporting::{
    GetReportRequest, reporting_service_client::ReportingServiceClient,
};
use kehu_contract::shared::Value;
use kehu_tests::each_database;

use crate::records::{answer, basket, customer, order, orders};
use crate::world::{World, text};

const AS_OF: &str = "2024-03-31";

/// Sales of a month, a quarter and a year that grew by a fifth, by 15 and by 10 percent. The first of
/// April 2023 is the last day before the last 365, the second is their first.
const GROWTH: &str = "h h1 2023-03-20T10:00 1000
    h h2 2024-03-20T10:00 1200
    h h3 2024-01-05T10:00 300
    m m1 2023-03-20T10:00 400
    m m2 2024-03-20T10:00 480
    m m3 2024-03-21T10:00 -20
    m m4 2023-04-01T10:00 40
    m m5 2023-04-02T10:00 60
    l l1 2023-03-31T23:30 100
    l l2 2024-03-01T00:30 110
    l l3 2024-04-01T00:30 999";

#[tokio::test]
async fn req_2_25_sales_grow_by_class_against_the_same_period_before() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        world.ingest(orders(GROWTH)).await;
        let classes = [
            ("high", "amount_30d >= 1000"),
            ("middle", "amount_30d >= 200"),
            ("low", "amount_90d > 0"),
            ("rest", ""),
        ];
        world.taxonomy("worth", &classes).await;
        world.classify(AS_OF).await;
        let columns = ["period", "class_id", "amount", "before_amount", "amount_growth"];
        let counts = ["customer_count", "before_customer_count", "order_count"];
        let columns = [&columns[..], &counts].concat();
        let to_date = |period: &str| {
            [
                format!("{period} high 1500 1000 0.5 1 1 2"),
                format!("{period} middle 460 400 0.15 1 1 1"),
                format!("{period} low 110 100 0.1 1 1 1"),
                format!("{period} rest 0 0 null 0 0 0"),
                format!("{period} total 2070 1500 0.38 3 3 4"),
            ]
        };
        let month = [
            "month high 1200 1000 0.2 1 1 1",
            "month middle 460 400 0.15 1 1 1",
            "month low 110 100 0.1 1 1 1",
            "month rest 0 0 null 0 0 0",
            "month total 1770 1500 0.18 3 3 3",
        ];
        let days = [
            "365-days high 1500 1000 0.5 1 1 2",
            "365-days middle 520 440 0.1818 1 1 2",
            "365-days low 110 100 0.1 1 1 1",
            "365-days rest 0 0 null 0 0 0",
            "365-days total 2130 1540 0.3831 3 3 5",
        ];
        let expected = [month.map(str::to_owned), to_date("quarter"), to_date("year")].concat();
        let expected = [expected, days.map(str::to_owned).to_vec()].concat();
        assert_eq!(world.report("class-growth", "worth", &columns).await, expected);
    })
    .await;
}

/// Of two kinds of customers. On the eve of 2024 the last order of `p1` is 270 days ago and that of
/// `p2` 271.
const PURCHASES: &str = "d1 o1 2024-01-10T10:00 10
    d1 o2 2024-02-10T10:00 10
    d2 o3 2024-01-15T10:00 10
    d3 o4 2023-01-10T10:00 10
    d3 o5 2024-03-05T10:00 10
    d4 o6 2023-02-01T10:00 10
    d4 o7 2023-03-01T10:00 10
    p1 o8 2023-04-05T10:00 10
    p2 o9 2023-04-04T10:00 10
    p2 o10 2024-02-20T10:00 10";

/// The rates say what they are.
async fn check_definitions(world: &World) {
    let request = GetReportRequest {
        report: "customer-rates".to_owned(),
        taxonomy: "kinds".to_owned(),
        ..Default::default()
    };
    let mut service = ReportingServiceClient::new(world.client.clone());
    let answer = service.get_report(request).await.unwrap().into_inner();
    for rate in ["repurchase_rate", "win_back_rate", "csat_mean"] {
        let column = answer.columns.iter().find(|column| column.id == rate).unwrap();
        let definition = column.definition.as_ref().unwrap();
        assert!(!definition.zh.is_empty() && !definition.en.is_empty());
    }
}

#[tokio::test]
async fn req_2_26_who_buys_again_comes_back_and_is_satisfied() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let kinds = [("d1", "dealer"), ("d2", "dealer"), ("d3", "dealer"), ("d4", "dealer")];
        world
            .ingest(kinds.into_iter().chain([("p1", "person"), ("p2", "person")]).map(
                |(key, kind)| {
                    let customer_type = kind.to_owned();
                    customer(key, CustomerProfile { customer_type, ..Default::default() })
                },
            ))
            .await;
        world.ingest(orders(PURCHASES)).await;
        let answers = ["d4 a1 2023-02-01T10:00 csat 4", "d1 a2 2024-02-01T10:00 csat 5"];
        let more = ["d2 a3 2024-03-01T10:00 csat 4", "d2 a4 2024-03-01T10:00 nps 10"];
        world.ingest(answers.into_iter().chain(more).map(answer)).await;
        world.taxonomy("kinds", &[("dealers", "customer_type = 'dealer'"), ("persons", "")]).await;
        world.classify(AS_OF).await;
        let columns = [
            "period",
            "class_id",
            "buyer_count",
            "repurchase_rate",
            "before_repurchase_rate",
            "repurchase_rate_growth",
            "lost_count",
            "win_back_rate",
            "before_win_back_rate",
            "csat_count",
            "csat_mean",
            "before_csat_mean",
            "csat_mean_growth",
            "nps",
        ];
        let found = world.report("customer-rates", "kinds", &columns).await;
        assert_eq!(
            found[..6],
            [
                "month dealers 1 0 0 null 2 0.5 null 1 75 null null 100",
                "month persons 0 null null null 1 0 null 0 null null null null",
                "month total 1 0 0 null 3 0.3333 null 1 75 null null 100",
                "quarter dealers 3 0.3333 0.5 -0.3334 2 0.5 null 2 87.5 75 0.1667 100",
                "quarter persons 1 0 null null 1 1 null 0 null null null null",
                "quarter total 4 0.25 0.5 -0.5 3 0.6667 null 2 87.5 75 0.1667 100",
            ]
        );
        check_definitions(&world).await;
    })
    .await;
}

/// Orders of the last year of each customer, in yuan.
const BOUGHT: [(&str, &[u32]); 8] = [
    ("c1", &[500, 250]),
    ("c2", &[1_200]),
    ("c3", &[700, 300, 80]),
    ("c4", &[90]),
    ("c5", &[40, 20]),
    ("c6", &[130, 60, 10, 5]),
    ("c7", &[310]),
    ("c8", &[505]),
];

/// Who answered, in points.
const SATISFIED: [(&str, f64); 3] = [("c1", 100.0), ("c2", 75.0), ("c6", 25.0)];

/// A report about features, a map a row.
async fn featured(world: &World, report: &str, features: &[&str]) -> Vec<BTreeMap<String, String>> {
    let request = GetReportRequest {
        report: report.to_owned(),
        taxonomy: if report == "cross-tab" { String::new() } else { "sizes".to_owned() },
        features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        ..Default::default()
    };
    let mut service = ReportingServiceClient::new(world.client.clone());
    let answer = service.get_report(request).await.unwrap().into_inner();
    let ids: Vec<String> = answer.columns.into_iter().map(|column| column.id).collect();
    let row = |cells: Vec<Value>| {
        let cells = cells.into_iter().map(|cell| text(Some(cell)));
        ids.iter().cloned().zip(cells).collect()
    };
    answer.rows.into_iter().map(|row| row.cells).map(row).collect()
}

/// The cells of a row are these numbers to four decimals; NaN is null.
fn assert_numbers(row: &BTreeMap<String, String>, expected: &[(&str, f64)]) {
    for (column, expected) in expected {
        match row[*column].as_str() {
            "null" => assert!(expected.is_nan(), "{column} of {row:?} is not {expected}"),
            found => {
                let found: f64 = found.parse().unwrap();
                assert!((found - expected).abs() < 6e-5, "{column} of {row:?} is not {expected}");
            }
        }
    }
}

/// The quantile by its definition: so far between the neighbours of rank (n − 1) p.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() - 1) as f64 * share;
    let (below, above) = (rank.floor() as usize, rank.ceil() as usize);
    sorted[below] * (1.0 - rank.fract()) + sorted[above] * rank.fract()
}

/// Half the mean difference of all pairs over the mean.
fn gini(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let differences = values.iter().flat_map(|one| values.iter().map(move |two| (one - two).abs()));
    differences.sum::<f64>() / (2.0 * count * values.iter().sum::<f64>())
}

fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let count = pairs.len() as f64;
    let sum = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let (x, y, xy) = (sum(|it| it.0), sum(|it| it.1), sum(|it| it.0 * it.1));
    let (xx, yy) = (sum(|it| it.0 * it.0), sum(|it| it.1 * it.1));
    (count * xy - x * y) / ((count * xx - x * x) * (count * yy - y * y)).sqrt()
}

/// Amount and number of the orders of a customer.
fn bought(key: &str) -> (f64, f64) {
    let (_, amounts) = BOUGHT.iter().find(|(known, _)| *known == key).unwrap();
    (f64::from(amounts.iter().sum::<u32>()), amounts.len() as f64)
}

/// The classes with their members, and all of them.
fn classes() -> [(&'static str, Vec<&'static str>); 3] {
    [
        ("large", vec!["c1", "c2", "c3", "c8"]),
        ("small", vec!["c4", "c5", "c6", "c7"]),
        ("total", BOUGHT.map(|(key, _)| key).to_vec()),
    ]
}

/// The statistics of two features, of which not everybody has the second.
async fn check_statistics(world: &World) {
    let features = ["amount_365d", "orders_365d", "csat_mean_365d"];
    let found = featured(world, "class-statistics", &features).await;
    assert_eq!(found.len(), 9);
    for (place, (class, members)) in classes().iter().enumerate() {
        let amounts: Vec<f64> = members.iter().map(|key| bought(key).0).collect();
        let count = amounts.len() as f64;
        let mean = amounts.iter().sum::<f64>() / count;
        let squares: f64 = amounts.iter().map(|amount| amount * amount).sum();
        let deviation = ((squares - count * mean * mean) / (count - 1.0)).sqrt();
        let row = &found[3 * place];
        assert_eq!((row["class_id"].as_str(), row["feature"].as_str()), (*class, features[0]));
        let expected = [
            ("customer_count", count),
            ("missing_count", 0.0),
            ("mean", mean),
            ("standard_deviation", deviation),
            ("minimum", quantile(&amounts, 0.0)),
            ("quantile_10", quantile(&amounts, 0.1)),
            ("quantile_25", quantile(&amounts, 0.25)),
            ("median", quantile(&amounts, 0.5)),
            ("quantile_75", quantile(&amounts, 0.75)),
            ("quantile_90", quantile(&amounts, 0.9)),
            ("maximum", quantile(&amounts, 1.0)),
            ("gini", gini(&amounts)),
        ];
        assert_numbers(row, &expected);
        let points = SATISFIED.iter().filter(|(key, _)| members.contains(key));
        let points: Vec<f64> = points.map(|(_, points)| *points).collect();
        let expected = [
            ("customer_count", points.len() as f64),
            ("missing_count", count - points.len() as f64),
            ("mean", points.iter().sum::<f64>() / points.len() as f64),
        ];
        assert_numbers(&found[3 * place + 2], &expected);
    }
}

/// The correlation of two features.
async fn check_correlations(world: &World) {
    let found = featured(world, "class-correlations", &["amount_365d", "orders_365d"]).await;
    assert_eq!(found.len(), 3);
    for (row, (_, members)) in found.iter().zip(&classes()) {
        let pairs: Vec<(f64, f64)> = members.iter().map(|key| bought(key)).collect();
        let expected = [("customer_count", pairs.len() as f64)];
        assert_numbers(row, &expected);
        assert_numbers(row, &[("correlation", correlation(&pairs))]);
    }
}

/// The amounts go from 60 to 1,200: ten parts of 114.
async fn check_distributions(world: &World) {
    let found = featured(world, "class-distributions", &["amount_365d"]).await;
    assert_eq!(found.len(), 30);
    for (place, (_, members)) in classes().iter().enumerate() {
        for part in 0..10_u8 {
            let low = 60.0 + 114.0 * f64::from(part);
            let within = members.iter().filter(|key| {
                let amount = bought(key).0;
                amount >= low && (amount < low + 114.0 || part == 9)
            });
            let within = within.count() as f64;
            let expected = [
                ("bin", f64::from(part) + 1.0),
                ("from_value", low),
                ("to_value", low + 114.0),
                ("customer_count", within),
                ("customer_share", within / members.len() as f64),
            ];
            assert_numbers(&found[10 * place + usize::from(part)], &expected);
        }
    }
}

#[tokio::test]
async fn req_2_15_statistics_of_each_class_as_computed_otherwise() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut lines = String::new();
        for (key, amounts) in BOUGHT {
            for (number, amount) in amounts.iter().enumerate() {
                let day = number + 1;
                writeln!(lines, "{key} {key}-{day} 2024-02-0{day}T10:00 {amount}").unwrap();
            }
        }
        world.ingest(orders(&lines)).await;
        let scores = SATISFIED.map(|(key, points)| {
            answer(&format!("{key} {key}-s 2024-03-01T10:00 csat {}", points / 25.0 + 1.0))
        });
        world.ingest(scores).await;
        world.taxonomy("sizes", &[("large", "amount_365d >= 500"), ("small", "")]).await;
        world.classify(AS_OF).await;
        check_statistics(&world).await;
        check_correlations(&world).await;
        check_distributions(&world).await;
    })
    .await;
}

/// Customers of a type, by the channel that they buy by: 9 and 3 of dealers, 2 and 10 of persons.
const BY_CHANNEL: [(&str, &str, u32); 4] =
    [("dealer", "web", 9), ("dealer", "shop", 3), ("person", "web", 2), ("person", "shop", 10)];

/// χ² = 24 (9·10 − 3·2)² / (12·12·11·13) = 8.2238, whose tail of one degree is 0.004135, and V its
/// root over 24.
#[tokio::test]
async fn two_features_are_set_side_by_side_with_what_is_chance() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let (mut records, mut number) = (Vec::new(), 0);
        for (kind, channel, count) in BY_CHANNEL {
            for _ in 0..count {
                number += 1;
                let key = format!("{kind}-{number}");
                let customer_type = kind.to_owned();
                let profile = CustomerProfile { customer_type, ..Default::default() };
                records.push(customer(&key, profile));
                records.push(order(&format!("{key} o{number} 2024-03-01T10:00 10 {channel}")));
            }
        }
        records.push(order("unknown o99 2024-03-01T10:00 10 web"));
        world.ingest(records).await;
        let rows = featured(&world, "cross-tab", &["customer_type", "preferred_channel"]).await;
        let counts: Vec<String> = rows
            .iter()
            .map(|row| {
                format!("{} {} {}", row["row_value"], row["column_value"], row["customer_count"])
            })
            .collect();
        let expected = ["dealer shop 3", "dealer web 9", "person shop 10", "person web 2"];
        assert_eq!(counts[..4], expected);
        assert_numbers(&rows[0], &[("row_share", 0.25), ("expected_count", 6.5)]);
        let total = &rows[4];
        assert_numbers(total, &[("customer_count", 24.0), ("missing_count", 1.0)]);
        assert_numbers(total, &[("chi_square", 8.223_776), ("degrees_of_freedom", 1.0)]);
        assert_numbers(total, &[("p_value", 0.004_135), ("cramers_v", 0.585_369)]);
        // A number of few values is itself.
        let rows = featured(&world, "cross-tab", &["customer_type", "orders_365d"]).await;
        assert_eq!((rows.len(), rows[0]["column_value"].as_str()), (3, "1"));
        assert_eq!(rows[2]["chi_square"], "null");
        let mut service = ReportingServiceClient::new(world.client.clone());
        let request = GetReportRequest {
            report: "cross-tab".to_owned(),
            features: vec!["orders_365d".to_owned()],
            ..Default::default()
        };
        let status = service.get_report(request).await.unwrap_err();
        assert!(status.message().contains("must be two"), "{}", status.message());
    })
    .await;
}

/// Products of baskets by class, each so often. Tea and cups go together with dealers.
const BASKETS: [(&str, &str, usize); 7] = [
    ("dealer", "tea cup", 12),
    ("dealer", "tea", 4),
    ("dealer", "pot", 20),
    ("dealer", "cup pot", 4),
    ("person", "tea cup", 5),
    ("person", "tea pot", 15),
    ("person", "pot", 4),
];

/// The same by counting baskets one by one: support, confidence and lift to four decimals.
fn rules_of(kind: &str) -> Vec<String> {
    let baskets = BASKETS.iter().filter(|basket| basket.0 == kind);
    let baskets: Vec<Vec<&str>> = baskets
        .flat_map(|(_, products, count)| vec![products.split(' ').collect(); *count])
        .collect();
    let with = |wanted: &[&str]| {
        let has = |basket: &&Vec<&str>| wanted.iter().all(|one| basket.contains(one));
        baskets.iter().filter(has).count() as f64
    };
    let all = baskets.len() as f64;
    let mut rules = Vec::new();
    for one in ["cup", "pot", "tea"] {
        for two in ["cup", "pot", "tea"] {
            let both = with(&[one, two]);
            let lift = both * all / (with(&[one]) * with(&[two]));
            if one != two && both >= 5.0 && lift > 1.0 {
                let (support, confidence) = (both / all, both / with(&[one]));
                rules.push(format!("{one} {two} {both} {support:.4} {confidence:.4} {lift:.4}"));
            }
        }
    }
    rules
}

#[tokio::test]
async fn req_4_6_what_customers_of_a_class_buy_together() {
    each_database(async |test| {
        let world = World::new(test, AS_OF).await;
        let mut records = Vec::new();
        for kind in ["dealer", "person"] {
            let customer_type = kind.to_owned();
            let profile = CustomerProfile { customer_type, ..Default::default() };
            records.push(customer(kind, profile));
        }
        for (place, (kind, products, count)) in BASKETS.iter().enumerate() {
            for number in 0..*count {
                let key = format!("{place}-{number}");
                records.push(basket(kind, &key, "2024-03-01T10:00", products));
            }
        }
        // Too old to be a basket of the year.
        records.push(basket("dealer", "old", "2023-03-01T10:00", "tea cup pot"));
        world.ingest(records).await;
        world.taxonomy("kinds", &[("dealer", "customer_type = 'dealer'"), ("person", "")]).await;
        world.classify(AS_OF).await;
        let columns = ["class_id", "product_code", "other_product_code", "basket_count"];
        let columns = [&columns[..], &["support", "confidence", "lift"]].concat();
        let found = world.report("cross-sell", "kinds", &columns).await;
        for kind in ["dealer", "person"] {
            let of_class = found.iter().filter_map(|row| row.strip_prefix(&format!("{kind} ")));
            let mut of_class: Vec<String> = of_class.map(padded).collect();
            assert!(!of_class.is_empty(), "{found:?}");
            of_class.sort();
            assert_eq!(of_class, rules_of(kind), "{found:?}");
        }
    })
    .await;
}

/// A row of a rule with four decimals, as they are counted.
fn padded(row: &str) -> String {
    let cells: Vec<&str> = row.split(' ').collect();
    let number = |place: usize| cells[place].parse::<f64>().unwrap();
    let [support, confidence, lift] = [3, 4, 5].map(number);
    format!("{} {} {} {support:.4} {confidence:.4} {lift:.4}", cells[0], cells[1], cells[2])
}
